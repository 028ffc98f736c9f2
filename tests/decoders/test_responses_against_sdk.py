"""The captures of the Responses wire are to us what they are to OpenAI's SDK.

Where the two differ on purpose, a table below names the capture and says why.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from reqllm.context import Context, Message
from reqllm.response import Response
from reqllm.stream_server import decode_stream
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.openai_responses.turns import write_input
from tests.conftest import COMPARED
from tests.corpus import Capture, captures, params

from .sdks import sdk_response_events

WIRE = "openai-responses"
CAPTURES = captures(WIRE)
# The SDK does not know the older form of the events.
OLDER = {
    "openai-responses/lingua-multimodalRequest-responses-followup-response-streaming-e9616f.00"
}
# Most of the deltas were left out by hand; the text at its end counts.
SHORTENED = {"openai-responses/ai-openai-responses-openai-phase.1.chunks-b1fd9d.00"}
# What a part is in, and what says nothing when it goes back.
UNSENT = ("status", "logprobs")


@cache
def sdk_events(capture: Capture) -> list[Any]:
    return sdk_response_events(capture)


@cache
def decoded(capture: Capture) -> Response:
    return decode_stream(WIRE, capture.body)


@pytest.mark.parametrize("capture", params(c for c in CAPTURES if c.name not in OLDER))
def test_an_answer_is_what_openais_sdk_reads(capture: Capture, record_property) -> None:
    """Text, reasoning, refusals, arguments, usage, status, id and model are those of its events."""
    events = sdk_events(capture)
    response = decoded(capture)
    end = events[-1].response
    assert (response.id, response.model) == (end.id, end.model)
    assert response.finish_reason is not None
    details = end.incomplete_details
    assert response.finish_reason.raw == (details.reason if details else end.status)
    check_usage(response, end.usage)
    said = {"text": response.text, "refusal": response.refusal, "thinking": response.thinking}
    if capture.name not in SHORTENED:
        assert said == {
            "text": joined(events, "response.output_text.delta"),
            "refusal": joined(events, "response.refusal.delta"),
            "thinking": joined(
                events, "response.reasoning_summary_text.delta", "response.reasoning_text.delta"
            ),
        }
    functions = [item for item in end.output if item.type == "function_call"]
    assert [(item.call_id, item.name, item.arguments) for item in functions] == [
        (call.id, call.name, call.arguments_raw)
        for call in response.tool_calls
        if "item_type" not in call.provider_metadata and not call.provider_executed
        if call.provider_metadata.get("type") != "custom"
    ]
    record_property(COMPARED, WIRE)


def check_usage(response: Response, usage: Any) -> None:
    if usage is None:
        assert response.usage is None
        return
    ours = response.usage
    assert ours is not None
    assert (ours.input_tokens, ours.output_tokens, ours.total_tokens) == (
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
    )
    assert ours.cache_read_input_tokens == usage.input_tokens_details.cached_tokens
    assert ours.reasoning_output_tokens == usage.output_tokens_details.reasoning_tokens


def joined(events: list[Any], *kinds: str) -> str:
    return "".join(event.delta for event in events if event.type in kinds)


@pytest.mark.parametrize("capture", params(c for c in CAPTURES if c.name not in OLDER))
def test_every_item_goes_back_as_it_came(capture: Capture) -> None:
    """The answer, written into the next request, is its items as the SDK has them at the end."""
    end = sdk_events(capture)[-1].response
    whole = [plain(item.to_dict(mode="json", warnings=False)) for item in end.output]
    while whole and whole[-1]["type"] == "reasoning":
        whole.pop()  # it led to nothing, and would be refused
    context = Context([Message.user("any"), decoded(capture).message])
    _, *items = write_input(context, Warnings(), is_kept=True)
    assert [plain(item) for item in items] == whole


def plain(value: Any) -> Any:
    """Return a value without what says nothing.

    Encrypted reasoning is another one in the answer's last event than at the item's end; the
    SDK's documentation says to send back the item's.
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: plain(item)
        for key, item in value.items()
        if item is not None and key not in (*UNSENT, "encrypted_content")
        if (key, item) != ("content", [])
    }


@pytest.mark.parametrize("capture", params(CAPTURES))
def test_encrypted_reasoning_is_that_of_the_items_end(capture: Capture) -> None:
    """What goes back of reasoning nobody may read is what came when the item was done."""
    done = [
        event.item.encrypted_content
        for event in sdk_events(capture)
        if event.type == "response.output_item.done" and event.item.type == "reasoning"
    ]
    parts = [part for part in decoded(capture).content if part.kind == "reasoning"]
    assert [part.signature for part in parts] == done  # type: ignore[attr-defined]


def test_the_sdk_does_not_know_the_older_form() -> None:
    """Why the table leaves a capture out: none of its events has a type that the SDK knows."""
    (capture,) = [c for c in CAPTURES if c.name in OLDER] or [pytest.skip("no corpus")]
    assert {event.type for event in sdk_events(capture)} == {None}


def test_no_table_names_a_capture_that_is_not_there() -> None:
    """The tables of exceptions stay true when the corpus changes."""
    if not CAPTURES:
        pytest.skip("no corpus")
    assert {*OLDER, *SHORTENED} <= {capture.name for capture in CAPTURES}
