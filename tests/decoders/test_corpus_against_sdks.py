"""Every capture of a live provider is decoded by us and by the vendor's SDK, with one result.

Where the two differ on purpose, a table below names the capture and says why.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import openai
import pytest

from reqllm import errors as e
from reqllm.response import Response
from reqllm.stream_server import decode_stream
from reqllm.wires.common.api_errors import api_error, error_body
from tests.corpus import FOLDERS, Capture, captures, params

from .accounts import payloads
from .answers import Answer, Said, ToolUse, our_chat_answer, our_message_blocks
from .sdks import (
    sdk_chat_answer,
    sdk_chat_chunks,
    sdk_message,
    sdk_message_blocks,
    without_nulls,
)

CHAT = captures("openai-chat")
MESSAGES = captures("anthropic-messages")
REFUSED = [capture for wire in FOLDERS for capture in captures(wire, ok=False)]
COMPARED = "compared with the vendor's SDK"

# The stream reports a failure; the SDK raises it, too.
FAILED = {
    "groq-chat/pydantic-ai-test_groq-test_tool_use_failed_error_streaming-c6bef8.00",
    "groq-chat/req_llm-groq-meta_llama_llama_4_scout_17b_16e_instruct-object_streaming-e3c93a.00",
}
# A server sent its failure as a field named `error`, which no event stream has, and hung up: the
# SDK takes what came before for a whole answer.
TOLD_BARE = {
    (
        "openai-chat-compat/ruby_llm-chat_with_extended_thinking_gpustack_qwen3_streams_thinking_"
        "content_when_available-276746.00"
    ),
}
# The SDK's plain helper does not know these blocks; its helper for beta features does.
BETA = {
    "anthropic-messages/pydantic-ai-test_anthropic-test_anthropic_mcp_servers_stream-f81f17.00": (
        "the arguments of an MCP call are lost"
    ),
    "anthropic-messages/dd-trace-js-dd-trace-llmobs-claude-agent-sdk-claude-agent-sdk_v1_messages_"
    "beta_true_post_34f8336-311c9a.00": "`usage.iterations` is lost",
}
# xAI counts reasoning apart from the rest of the output; our totals include it.
REASONING_APART = {"xai"}


@cache
def decoded(capture: Capture) -> Response:
    return decode_stream(capture.wire, capture.body)


# The answers.
@pytest.mark.parametrize("capture", params(c for c in CHAT if c.name not in FAILED))
def test_a_chat_completion_is_what_openais_sdk_reads(capture: Capture, record_property) -> None:
    """Text, reasoning, refusal, calls, usage, finish, id and model are the SDK's."""
    response = decoded(capture)
    sdk = sdk_chat_answer(sdk_chat_chunks(capture))
    ours = our_chat_answer(response)
    assert (ours.id, ours.model) == (sdk.id, sdk.model)
    assert without_nulls(ours.usage) == sdk.usage
    for number, said in sdk.choices.items():
        assert ours.choices.get(number, Said()) == with_our_ids(said, response, number)
    assert ours.choices.keys() <= sdk.choices.keys()
    check_usage_numbers(response, sdk, capture)
    record_property(COMPARED, "openai-chat")


def with_our_ids(said: Said, response: Response, number: int) -> Said:
    """Fill in the ids that the provider did not give: ours, and marked as ours."""
    made = [c.id for c in response.chunks if c.kind == "tool_call_start" and c.synthetic_id]
    assert len(made) == sum(tool.id is None for tool in said.tools), number
    ids = iter(made)
    said.tools = [ToolUse(t.id or next(ids), t.name, t.arguments) for t in said.tools]
    return said


def check_usage_numbers(response: Response, sdk: Answer, capture: Capture) -> None:
    """Check that what is not reported is `None`, and what is, is the reported number."""
    if not sdk.usage:
        assert response.usage is None
        return
    details = sdk.usage.get("completion_tokens_details") or {}
    reasoning = details.get("reasoning_tokens", sdk.usage.get("reasoning_tokens"))
    completion = sdk.usage["completion_tokens"]
    if capture.provider in REASONING_APART:
        completion += reasoning or 0
    cached = (sdk.usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    assert response.usage is not None
    assert response.usage.input_tokens == sdk.usage["prompt_tokens"]
    assert response.usage.output_tokens == completion
    assert response.usage.total_tokens == sdk.usage["total_tokens"]
    assert response.usage.reasoning_output_tokens == reasoning
    if cached is not None:
        assert response.usage.cache_read_input_tokens == cached


@pytest.mark.parametrize("capture", params(c for c in CHAT if c.name in FAILED))
def test_a_failed_chat_completion_fails_as_openais_sdk_says(
    capture: Capture, record_property
) -> None:
    """An error inside a stream of status 200 carries the message that the SDK raises."""
    response = decoded(capture)
    with pytest.raises(openai.APIError) as raised:
        sdk_chat_chunks(capture)
    assert isinstance(response.error, e.InvalidRequestError)
    assert response.state == "failed"
    assert response.error.message.startswith(raised.value.message)
    assert (response.error.type, response.error.code) == (raised.value.type, raised.value.code)
    assert (response.error.http_status, response.error.status) == (200, 400)
    record_property(COMPARED, "openai-chat")


@pytest.mark.parametrize("capture", params(MESSAGES))
def test_a_message_is_what_anthropics_sdk_reads(capture: Capture, record_property) -> None:
    """Blocks in their order, usage, stop reason, id and model are those of the SDK's message."""
    response = decoded(capture)
    message = sdk_message(capture, beta=capture.name in BETA)
    plain = message.to_dict(mode="json", warnings=False)
    assert (response.id, response.model) == (message.id, message.model)
    assert our_message_blocks(response) == sdk_message_blocks(message)
    assert response.finish_reason is not None
    assert response.finish_reason.raw == message.stop_reason
    for key in ("stop_sequence", "stop_details"):
        assert response.finish_reason.details.get(key) == plain.get(key)
    assert without_nulls(response.usage and response.usage.raw) == without_nulls(plain["usage"])
    check_message_usage(response, plain["usage"])
    record_property(COMPARED, "anthropic-messages")


def check_message_usage(response: Response, usage: dict[str, Any]) -> None:
    """Check that the totals include what the cache gave and took."""
    cached = [usage.get(key) for key in ("cache_read_input_tokens", "cache_creation_input_tokens")]
    assert response.usage is not None
    assert response.usage.input_tokens == usage["input_tokens"] + sum(n or 0 for n in cached)
    assert response.usage.output_tokens == usage["output_tokens"]
    assert [response.usage.cache_read_input_tokens, response.usage.cache_creation_input_tokens] == (
        cached
    )


@pytest.mark.parametrize("name", sorted(BETA))
def test_the_sdks_plain_helper_still_loses_what_the_table_says(name: str) -> None:
    """A capture stays in the table of the SDK's faults only as long as the SDK has them."""
    found = [capture for capture in MESSAGES if capture.name == name]
    if not found:
        pytest.skip("no corpus")
    plain, beta = sdk_message(found[0]), sdk_message(found[0], beta=True)
    assert plain.to_dict(mode="json", warnings=False) != beta.to_dict(mode="json", warnings=False)


# The endings.
@pytest.mark.parametrize("capture", params([*CHAT, *MESSAGES]))
def test_an_ending_is_told_as_the_bytes_show_it(capture: Capture) -> None:
    """Complete needs a sentinel, a last event or a finish reason; its lack of the last is told."""
    response = decoded(capture)
    events = list(payloads(capture))
    if capture.wire == "openai-chat":
        closed = "[DONE]" in events or any(_says_done(event) for event in events)
        finished = any(_finish_reasons(event) for event in events)
    else:
        closed = any(event["type"] == "message_stop" for event in events)
        finished = any(event.get("delta", {}).get("stop_reason") for event in events)
    if capture.name in FAILED | TOLD_BARE:
        assert response.state == "failed"
    elif not (closed or finished):
        assert response.state == "incomplete"
        assert isinstance(response.error, e.IncompleteStreamError)
    else:
        assert response.state == "complete"
        codes = [warning.code for warning in response.warnings]
        missing = [code for code in codes if code in ("missing_done", "missing_message_stop")]
        assert bool(missing) is not closed


def _says_done(event: Any) -> bool:
    return isinstance(event, dict) and event.get("object") == "chat.completion.done"


def _finish_reasons(event: Any) -> list[str]:
    choices = event.get("choices") or () if isinstance(event, dict) else ()
    return [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]


# The refusals.
CLASSES = {
    400: e.InvalidRequestError,
    401: e.AuthenticationError,
    404: e.NotFoundError,
    429: e.RateLimitError,
}


@pytest.mark.parametrize("capture", params(REFUSED))
def test_an_error_status_becomes_its_class_with_the_providers_words(capture: Capture) -> None:
    """A captured refusal is our error for its status and says what the provider said."""
    body = capture.body
    error = api_error(error_body(body), status=capture.status)
    assert type(error) is CLASSES[capture.status]
    assert error.status == error.http_status == capture.status
    try:
        sent = json.loads(body)
    except ValueError:
        assert "404 Not Found" in error.message  # a proxy's page, shown as it is
        return
    said = sent.get("error", sent)
    assert error.message.startswith(said if isinstance(said, str) else said["message"])
    assert error.body == sent


def test_no_table_names_a_capture_that_is_not_there() -> None:
    """The tables of exceptions stay true when the corpus changes."""
    if not CHAT:
        pytest.skip("no corpus")
    known = {capture.name for capture in (*CHAT, *MESSAGES)}
    assert {*FAILED, *TOLD_BARE, *BETA} <= known


def test_no_capture_interleaves_calls() -> None:
    """The plain reading of the SDK's tool chunks is right for every capture."""
    for capture in CHAT:
        seen: list[Any] = []
        for event in payloads(capture):
            choices = event.get("choices") or () if isinstance(event, dict) else ()
            for choice in choices:
                for entry in (choice.get("delta") or {}).get("tool_calls") or ():
                    mark = (choice["index"], entry.get("index"))
                    if mark in seen[:-1] and mark != seen[-1] and entry.get("index") is not None:
                        raise AssertionError(f"{capture.name}: {mark} comes back")
                    seen.append(mark)
