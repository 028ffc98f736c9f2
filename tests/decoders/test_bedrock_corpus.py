"""Captured Bedrock streams: what we read is what botocore and the models' vendors read."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reqllm import chunk as c
from reqllm import errors as e
from reqllm.content import ReasoningPart, TextPart, ToolCall
from reqllm.response import Response
from reqllm.stream_server import decode_stream
from reqllm.wires.common.api_errors import api_error, error_body
from tests.corpus import ABSENT, Capture, captures, params

from .accounts import leaves, payloads
from .answers import our_message_blocks
from .botocore_reading import botocore_events, converse_blocks, texts_said
from .invariants import check_stream, fed_in_pieces, pieces_at, pieces_of, plain
from .sdks import sdk_message, sdk_message_blocks
from .test_any_cut import QUICK
from .test_corpus_against_sdks import COMPARED

CONVERSE = captures("bedrock-converse")
INVOKE = captures("bedrock-invoke")
ALL = [*CONVERSE, *INVOKE]
REFUSED = [*captures("bedrock-converse", ok=False), *captures("bedrock-invoke", ok=False)]
SMALL = [capture for capture in ALL if len(capture.body) <= 1300]
METRICS = "amazon-bedrock-invocationMetrics"
needs_corpus = pytest.mark.skipif(not ALL, reason=ABSENT)


@cache
def decoded(capture: Capture) -> Response:
    return decode_stream(capture.wire, capture.body)


def our_converse_blocks(response: Response) -> list[tuple[Any, ...]]:
    return [_block(part) for part in response.content]


def _block(part: Any) -> tuple[Any, ...]:
    match part:
        case TextPart():
            return "text", part.content, [citation.raw for citation in part.citations]
        case ReasoningPart(redacted=True):
            return "redacted", part.data
        case ReasoningPart():
            return "reasoning", part.content, part.signature
        case ToolCall():
            return "tool", part.id, part.name, part.arguments
    raise AssertionError(f"no block of this kind is expected here: {part!r}")


def unwrapped(capture: Capture) -> list[dict[str, Any]]:
    """Return the vendor's events, out of the wrapping by botocore."""
    return [json.loads(event["chunk"]["bytes"]) for event in botocore_events(capture)]


@cache
def events_of(capture: Capture) -> list[dict[str, Any]]:
    return unwrapped(capture) if capture.wire == "bedrock-invoke" else list(payloads(capture))


# The answers.
@pytest.mark.parametrize("capture", params(CONVERSE))
def test_a_converse_answer_is_what_botocore_reads(capture: Capture, record_property: Any) -> None:
    """Blocks in their order, stop reason and usage are those of botocore's events."""
    check_converse(capture, botocore_events(capture), record_property)


def check_converse(capture: Capture, events: list[dict[str, Any]], record_property: Any) -> None:
    response = decoded(capture)
    blocks = converse_blocks(events)
    if capture.wire == "bedrock-invoke":
        blocks = joined(blocks)  # each piece of a text is a block there
    assert our_converse_blocks(response) == blocks
    (stop,) = (event["messageStop"]["stopReason"] for event in events if "messageStop" in event)
    (counted,) = (event["metadata"]["usage"] for event in events if "metadata" in event)
    assert response.finish_reason is not None
    assert response.finish_reason.raw == stop
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (
        counted["inputTokens"],
        counted["outputTokens"],
    )
    # Nothing was cached in any capture: then the provider's own total is ours.
    assert response.usage.total_tokens == counted.get("totalTokens", response.usage.total_tokens)
    record_property(COMPARED, capture.wire)


def joined(blocks: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the blocks with texts that follow each other made one."""
    found: list[tuple[Any, ...]] = []
    for block in blocks:
        if block[0] == "text" and found and found[-1][0] == "text":
            block = ("text", found.pop()[1] + block[1], [])
        found.append(block)
    return found


@pytest.mark.parametrize("capture", params(INVOKE))
def test_an_invoked_answer_is_what_its_vendors_sdk_reads(
    capture: Capture, record_property: Any
) -> None:
    """Claude's is read by Anthropic's SDK, Amazon's as Converse's events, others plainly."""
    events = unwrapped(capture)
    if "messageStart" in events[0]:
        check_converse(capture, events, record_property)
        return
    if events[0].get("type") == "message_start":
        check_claude(capture, events)
    else:
        check_text(capture, events)
    record_property(COMPARED, capture.wire)


def check_claude(capture: Capture, events: list[dict[str, Any]]) -> None:
    response = decoded(capture)
    message = sdk_message(_as_sse(capture, events))
    assert (response.id, response.model) == (message.id, message.model)
    assert our_message_blocks(response) == sdk_message_blocks(message)
    assert response.finish_reason is not None
    assert response.finish_reason.raw == message.stop_reason
    assert response.usage is not None
    assert response.usage.output_tokens == message.usage.output_tokens
    cached = (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens)
    assert response.usage.input_tokens == message.usage.input_tokens + sum(n or 0 for n in cached)


class _Translated(Capture, frozen=True):
    """A capture whose events are sent as server-sent ones."""

    sse: bytes = b""

    @property
    def body(self) -> bytes:
        return self.sse


def _as_sse(capture: Capture, events: list[dict[str, Any]]) -> Capture:
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    given = structs.asdict(capture) | {"content_type": "text/event-stream"}
    return _Translated(**given, sse="".join(lines).encode())


def check_text(capture: Capture, events: list[dict[str, Any]]) -> None:
    response, said = decoded(capture), texts_said(events)
    assert (response.text, response.finish_reason and response.finish_reason.raw) == (
        said.text,
        said.finish,
    )
    metrics = events[-1][METRICS]
    assert response.usage is not None
    assert response.usage.input_tokens == metrics["inputTokenCount"]
    assert response.usage.output_tokens == metrics["outputTokenCount"]


@pytest.mark.parametrize("capture", params(REFUSED))
def test_a_refusal_is_the_error_that_botocore_raises(capture: Capture) -> None:
    """A captured refusal has the status, the kind and the words of botocore's error."""
    with pytest.raises(ClientError) as raised:
        botocore_events(capture)
    told = raised.value.response
    headers = {name.lower(): value for name, value in capture.meta["response"]["headers"]}
    error = api_error(error_body(capture.body), status=capture.status, headers=headers)
    assert error.status == told["ResponseMetadata"]["HTTPStatusCode"] == capture.status
    assert error.type == told["Error"]["Code"]
    assert error.message.startswith(told["Error"]["Message"])
    assert error.request_id == told["ResponseMetadata"]["RequestId"]


# Nothing is lost, nothing is unknown.
@pytest.mark.parametrize("capture", params(ALL))
def test_no_capture_is_odd_to_us(capture: Capture) -> None:
    """Every captured stream is complete, warns of nothing and holds nothing unknown."""
    response = decoded(capture)
    assert response.state == "complete"
    assert response.warnings == ()
    assert [chunk for chunk in response.chunks if chunk.kind in ("custom", "raw")] == []


# Members of events that say nothing, or say again what another says.
SAYS_NOTHING = {
    ".p": "filler against traffic analysis",
    ".role": "always the assistant",
    ".contentBlockIndex": "the number of the block",
    ".messageStart.role": "always the assistant",
    ".contentBlockDelta.contentBlockIndex": "the number of the block",
    ".contentBlockStop.contentBlockIndex": "the number of the block",
    ".contentBlockStart.contentBlockIndex": "the number of the block",
    ".index": "the number of the block, or of the answer",
    ".type": "the kind of event",
    ".delta.type": "the kind of delta",
    ".content_block.type": "the kind of block",
    ".message.type": "the kind of object",
    ".message.role": "always the assistant",
    ".object": "the kind of event",
    ".created": "a time, which tells nothing of the answer",
    ".choices[].index": "the number of the choice",
    ".choices[].delta.role": "always the assistant",
    ".is_finished": "Cohere: whether this is the last event, as the reason in it says",
    ".event_type": "Cohere: the kind of event",
}


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_every_event_is_accounted_for(capture: Capture) -> None:
    """Each value of each event is found in our chunks, unless a table says that it says nothing."""
    told = {value for chunk in decoded(capture).chunks for _, value in leaves(chunk.as_dict())}
    # Hidden reasoning is told as the text that it is where it comes from.
    told |= {b64encode(text.encode()).decode() for text in told if isinstance(text, str)}
    lost = [
        (path, value)
        for event in events_of(capture)
        for path, value in leaves(event)
        if path not in SAYS_NOTHING and value not in told
    ]
    assert lost == []


# Cuts.
@cache
def whole(capture: Capture) -> list[dict[str, Any]]:
    return plain(decoded(capture))


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_every_stream_keeps_its_promises_byte_by_byte(capture: Capture) -> None:
    """A start, whole blocks, one end; the same chunks when each byte comes alone."""
    check_stream(capture.wire, capture.body)
    response = fed_in_pieces(capture.wire, pieces_of(1, capture.body))
    assert plain(response) == whole(capture)


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_any_cut_is_the_same_as_whole(data: st.DataObject) -> None:
    """Random cuts, also several at one place, change nothing."""
    capture = data.draw(st.sampled_from(ALL[::3]))
    cuts = data.draw(st.lists(st.integers(0, len(capture.body)), max_size=20))
    assert plain(fed_in_pieces(capture.wire, pieces_at(cuts, capture.body))) == whole(capture)


# What an answer cannot be complete without, in some event that came whole.
EVIDENCE = re.compile(
    r'"(stopReason|stop_reason|completionReason|finish_reason)": "|"message_stop"|' + METRICS
)


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(SMALL))
def test_cut_off_at_every_byte(capture: Capture) -> None:
    """A body that stops at any byte raises nothing and is never called complete too early."""
    for end in range(len(capture.body)):
        check_cut_off(capture, end)


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_cut_off_anywhere(data: st.DataObject) -> None:
    """A body that stops anywhere keeps every promise."""
    capture = data.draw(st.sampled_from(ALL))
    check_cut_off(capture, data.draw(st.integers(0, len(capture.body))))


def check_cut_off(capture: Capture, end: int) -> None:
    response = check_stream(capture.wire, capture.body[:end])
    came = "".join(json.dumps(event) for event in events_before(capture, end))
    if response.state == "complete":
        assert EVIDENCE.search(came)
        return
    assert response.state == "incomplete"
    assert isinstance(response.chunks[-1], c.ErrorChunk)
    told = plain(response)[:-1]
    if told != [{"kind": "stream_start"}]:
        assert told == whole(capture)[: len(told)]


def events_before(capture: Capture, end: int) -> Iterator[Any]:
    """Yield the events whose frames came whole."""
    at = 0
    for event in events_of(capture):
        at += int.from_bytes(capture.body[at : at + 4])
        if at <= end:
            yield event


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_damage_anywhere_is_found(data: st.DataObject) -> None:
    """One wrong byte, anywhere in a body, is an error; what was told before it is the truth."""
    capture = data.draw(st.sampled_from(ALL))
    at = data.draw(st.integers(0, len(capture.body) - 1))
    damaged = bytearray(capture.body)
    damaged[at] ^= data.draw(st.integers(1, 255))
    response = check_stream(capture.wire, bytes(damaged))
    assert isinstance(response.error, e.CorruptEventError if at else e.StreamError)
    told = plain(response)[:-1]
    if told != [{"kind": "stream_start"}]:
        assert told == whole(capture)[: len(told)]


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_bytes_lost_or_added_raise_nothing(data: st.DataObject) -> None:
    """Bytes that were lost or put in between are told: by an error, or the last event is missed."""
    capture = data.draw(st.sampled_from(ALL))
    begin = data.draw(st.integers(0, len(capture.body) - 2))
    end = data.draw(st.integers(begin, min(begin + 300, len(capture.body) - 1)))
    more = data.draw(st.binary(min_size=begin == end, max_size=20))
    changed = capture.body[:begin] + more + capture.body[end:]
    response = check_stream(capture.wire, changed)
    told = response.state in ("failed", "incomplete") or response.warnings
    assert told or changed == capture.body
