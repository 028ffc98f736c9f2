"""Bedrock's two wires are read as the service and its models' vendors write them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from reqllm import chunk as c
from reqllm import errors as e
from reqllm.content import CustomPart, FilePart, ReasoningPart, TextPart, ToolResultPart
from reqllm.stream_server import decode_stream
from reqllm.wires.common.api_errors import api_error
from tests.framing.frames import frame, message

from .bedrock_cases import (
    CLAUDE_HELLO,
    CONVERSE,
    END,
    HELLO,
    INVOKE,
    META,
    MS,
    STOP,
    chunk,
    chunks,
    claude,
    delta,
    reasoning,
    start,
    stop,
    text,
)
from .cases import Case, check_case
from .invariants import check_stream

WIRE = "bedrock-converse"
WIRES = ("bedrock-converse", "bedrock-invoke")


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in CONVERSE])
def test_a_converse_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in INVOKE])
def test_an_invoke_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case("bedrock-invoke", case)


# Converse's blocks.
def test_reasoning_has_its_signature_and_what_was_hidden() -> None:
    """A signature is set, not appended; hidden reasoning is one text, in its place."""
    body = (
        MS
        + reasoning(0, text="Hm")
        + reasoning(0, signature="abc")
        + reasoning(0, signature="abcdef")
        + stop(0)
        + reasoning(1, redactedContent=b64encode(b"ab").decode())
        + reasoning(1, redactedContent=b64encode(b"cde").decode())
        + stop(1)
        + reasoning(2, signature="only")
        + stop(2)
        + text("Hello", 3)
    )
    response = check_stream(WIRE, body + END)
    assert response.content == (
        ReasoningPart("Hm", signature="abcdef"),
        ReasoningPart(redacted=True, data="abcde"),
        ReasoningPart("", signature="only"),
        TextPart("Hello"),
    )


def test_reasoning_cut_before_its_signature_is_marked() -> None:
    """Without its signature a block of reasoning must not go back, and says so."""
    response = check_stream(WIRE, MS + reasoning(text="H"))
    assert response.content == (ReasoningPart("H", complete=False),)


CITED = {
    "title": "policy",
    "sourceContent": [{"text": "20 "}, {"text": "days."}],
    "location": {"documentChar": {"documentIndex": 2, "start": 0, "end": 8}},
}
FOUND = {"location": {"web": {"url": "https://a.example", "domain": "a.example"}}, "title": "A"}


def test_citations_belong_to_their_text() -> None:
    """Citations come before or between the deltas of their block, and all of them are kept."""
    body = MS + delta({"citation": CITED}) + text("Hello") + delta({"citation": FOUND}) + stop()
    response = check_stream(WIRE, body + END)
    assert response.text == "Hello"
    assert response.citations == (
        c.Citation(
            kind="document", title="policy", cited_text="20 days.", source_index=2, raw=CITED
        ),
        c.Citation(kind="url", url="https://a.example", title="A", raw=FOUND),
    )


def test_results_of_the_providers_tools_are_kept_whole() -> None:
    """A tool that Bedrock ran gives its result in pieces: one result, and whether it failed."""
    begun = {"toolResult": {"toolUseId": "s1", "type": "code", "status": "error"}}
    body = MS + start(begun) + delta({"toolResult": [{"text": "a"}]})
    response = check_stream(WIRE, body + delta({"toolResult": [{"json": {}}]}) + stop() + END)
    (part,) = response.content
    assert isinstance(part, ToolResultPart)
    assert (part.tool_call_id, part.is_error, part.name) == ("s1", True, "code")
    assert part.result == {**begun["toolResult"], "content": [{"text": "a"}, {"json": {}}]}


def test_images_are_files() -> None:
    """An image's bytes, in pieces or at an address, are a file of its type."""
    pieces = [{"image": {"source": {"bytes": b64encode(part).decode()}}} for part in (b"ab", b"c")]
    place = {"image": {"source": {"s3Location": {"uri": "s3://b/k"}}}}
    body = (
        MS
        + start({"image": {"format": "jpeg"}})
        + delta(pieces[0])
        + delta(pieces[1])
        + stop()
        + start({"image": {"format": "png"}}, 1)
        + delta(place, 1)
        + stop(1)
    )
    assert check_stream(WIRE, body + END).content == (
        FilePart(b"abc", None, "image/jpeg"),
        FilePart(url="s3://b/k", media_type="image/png"),
    )


def test_an_image_that_could_not_be_made_says_why() -> None:
    """An image without bytes is no file; what was said of it is kept."""
    body = MS + start({"image": {"format": "png"}}) + delta({"image": {"error": {"message": "x"}}})
    (part,) = check_stream(WIRE, body + stop() + END).content
    assert isinstance(part, CustomPart)
    assert part.custom_kind == "bedrock-converse.image"
    assert part.data["error"] == {"message": "x"}


def test_what_is_unknown_is_kept() -> None:
    """Blocks, deltas and events that nobody knows are handed out, and end nothing."""
    body = (
        MS
        + start({"hologram": {"light": "a", "size": 1}})
        + delta({"hologram": {"light": "b"}})
        + stop()
        + text("He", 1)
        + delta({"glow": 1}, 1)
        + text("llo", 1)
        + frame("brandNew", {"a": 1})
        + frame("initial-response", {})
    )
    response = check_stream(WIRE, body + END)
    assert response.text == "Hello"
    assert response.warnings == ()
    custom = [chunk for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert [(chunk.custom_kind, chunk.data) for chunk in custom] == [
        ("bedrock-converse.hologram", {"light": "ab", "size": 1}),
        ("bedrock-converse.glow", {"contentBlockIndex": 1, "delta": {"glow": 1}}),
        ("bedrock-converse.brandNew", {"a": 1}),
    ]


def test_a_whole_answer_is_read_with_a_warning() -> None:
    """A server that does not stream sends the answer itself; it is one all the same."""
    answer = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "abc"}}},
                    {"reasoningContent": {"redactedContent": "eHk="}},
                    {"text": "Hello"},
                    {"citationsContent": {"content": [{"text": "."}], "citations": [FOUND]}},
                    {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
        "metrics": {"latencyMs": 1},
    }
    response = decode_stream(WIRE, json.dumps(answer).encode())
    assert response.state == "complete"
    assert response.content[:3] == (
        ReasoningPart("Hm", signature="abc"),
        ReasoningPart(redacted=True, data="xy"),
        TextPart("Hello"),
    )
    assert (response.text, response.citations[0].raw) == ("Hello.", FOUND)
    assert response.tool_calls[0].arguments == {"a": 1}
    assert response.finish_reason == c.Finish("tool_calls", "tool_use")
    assert [warning.code for warning in response.warnings] == ["server_ignored_stream"]
    assert response.usage is not None
    assert response.usage.total_tokens == 8


# InvokeModel.
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"results": [{"outputText": "Hello", "completionReason": "FINISH"}]}, "FINISH"),
        ({"generation": "Hello", "stop_reason": "stop"}, "stop"),
        ({"outputs": [{"text": "Hello", "stop_reason": "stop"}]}, "stop"),
        ({"generations": [{"text": "Hello", "finish_reason": "COMPLETE"}]}, "COMPLETE"),
        ({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}, "stop"),
        (
            {
                "output": {"message": {"content": [{"text": "Hello"}]}},
                "stopReason": "end_turn",
                "usage": {},
            },
            "end_turn",
        ),
        (
            {
                "type": "message",
                "content": [{"type": "text", "text": "Hello"}],
                "stop_reason": "end_turn",
            },
            "end_turn",
        ),
    ],
)
def test_whole_answers_of_all_vendors_are_read(answer: dict[str, Any], said: str) -> None:
    """InvokeModel without a stream answers in the vendor's own form."""
    response = decode_stream("bedrock-invoke", json.dumps(answer).encode())
    assert (response.state, response.text) == ("complete", "Hello")
    assert response.finish_reason is not None
    assert response.finish_reason.raw == said


def test_several_texts_are_several_choices() -> None:
    """Texts in a list are different answers."""
    body = chunks(
        {"generations": [{"text": "a", "finish_reason": "COMPLETE"}, {"text": "b"}]},
        {"generations": [{"text": "", "index": 1, "finish_reason": "MAX_TOKENS"}]},
    )
    response = check_stream("bedrock-invoke", body)
    assert [choice.content for choice in response.choices] == [(TextPart("a"),), (TextPart("b"),)]
    assert [choice.finish_reason.raw for choice in response.choices] == ["COMPLETE", "MAX_TOKENS"]


def test_one_of_several_texts_is_not_all() -> None:
    """Where one answer has ended and another has not, the stream was cut off."""
    body = chunks({"generations": [{"text": "a", "finish_reason": "COMPLETE"}, {"text": "b"}]})
    assert check_stream("bedrock-invoke", body).state == "incomplete"


def test_what_no_vendor_is_known_to_send_is_kept() -> None:
    """Events without text are handed out under the name that they give themselves."""
    calls = {"is_finished": False, "event_type": "tool-calls-generation", "tool_calls": [{"a": 1}]}
    body = chunks(calls, {"x": 1}) + frame("brandNew", {"b": 2}) + frame("other", b"\xff")
    response = check_stream("bedrock-invoke", body + chunk({"text": "a", "finish_reason": "x"}))
    custom = [chunk for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert [(chunk.custom_kind, chunk.data) for chunk in custom] == [
        ("bedrock-invoke.tool-calls-generation", calls),
        ("bedrock-invoke.unknown", {"x": 1}),
        ("bedrock-invoke.brandNew", {"b": 2}),
        ("bedrock-invoke.other", "\ufffd"),
    ]
    assert (response.state, response.text) == ("complete", "a")


def test_raw_events_are_those_of_the_model() -> None:
    """What was in the wrapping is shown, not the wrapping."""
    response = check_stream("bedrock-invoke", claude(*CLAUDE_HELLO), include_raw=True)
    raw = [json.loads(chunk.data) for chunk in response.chunks if isinstance(chunk, c.RawChunk)]
    assert raw[1:-2] == list(CLAUDE_HELLO)
    assert response.text == "Hello"


def test_malformed_events_can_be_skipped() -> None:
    """A wrapping that holds no JSON is skipped where that is asked for."""
    body = claude(*CLAUDE_HELLO, end=False) + chunk(b"{oops") + frame("chunk", b"oops")
    response = check_stream(
        "bedrock-invoke", body + claude(end=True)[len(claude(end=False)) :], on_malformed="skip"
    )
    assert [warning.code for warning in response.warnings] == ["malformed_event"] * 2
    assert (response.state, response.text) == ("complete", "Hello")


# What is no stream.
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", e.EmptyStreamError, "the body was empty"),
        (MS[:7], e.EmptyStreamError, "without a whole event"),
        (b"<html>Bad Gateway</html>", e.NotAStreamError, "HTML beginning with"),
        (b"event: x\ndata: {}\n\n", e.NotAStreamError, "text beginning with 'event: x"),
        (b"\x1f\x8b\x08rest", e.NotAStreamError, "gzip data"),
        (b'{"message":"No such model"}', e.ServerError, "No such model"),
        (b'{"Message":"No such model"}', e.ServerError, "No such model"),
        (b'{"Output":{"__type":"a#UnknownOperation"}}', e.ServerError, "(UnknownOperation)"),
        (b'{"a":1}', e.NotAStreamError, "JSON beginning with"),
        (b"\x00" * 40, e.CorruptEventError, "the event at byte 0"),
    ],
)
def test_bodies_that_are_no_stream(
    wire: str, body: bytes, error: type[e.ReqLLMError], words: str
) -> None:
    """A body is judged by its bytes: each that is no stream is the error of what it is."""
    for pieces in ([body], [body[n : n + 1] for n in range(len(body))]):
        response = decode_stream(wire, pieces)
        assert type(response.error) is error
        assert words in str(response.error)


# Refusals.
@pytest.mark.parametrize(
    ("status", "named", "kind"),
    [
        (400, "ValidationException:http://internal.amazon.com/coral/x/", e.InvalidRequestError),
        (400, "ServiceQuotaExceededException", e.QuotaExceededError),
        (403, "AccessDeniedException", e.PermissionDeniedError),
        (403, "UnrecognizedClientException", e.AuthenticationError),
        (403, "com.amazon.coral.service#ExpiredTokenException", e.AuthenticationError),
        (404, "ResourceNotFoundException", e.NotFoundError),
        (408, "ModelTimeoutException", e.ServerError),
        (424, "ModelErrorException", e.ServerError),
        (429, "ThrottlingException", e.RateLimitError),
        (429, "ModelNotReadyException", e.RateLimitError),
        (500, "InternalServerException", e.ServerError),
        (503, "ServiceUnavailableException", e.OverloadedError),
    ],
)
def test_a_refusal_is_named_by_its_header(status: int, named: str, kind: type[e.APIError]) -> None:
    """Bedrock says in a header, not in the body, what kind of failure it is."""
    headers = {"x-amzn-errortype": named, "x-amzn-requestid": "r1"}
    error = api_error({"message": "No."}, status=status, headers=headers)
    assert type(error) is kind
    assert error.type == named.partition(":")[0].rpartition("#")[2]
    assert (error.status, error.request_id) == (status, "r1")


def test_an_exception_inside_keeps_its_stream_from_going_on() -> None:
    """After a failure nothing is read, though more events are in the same piece."""
    body = MS + text("a") + text("b") + text("c")
    body += frame("throttlingException", {"message": "Slow"}, "exception")
    response = check_stream(WIRE, body + text("d") + HELLO + STOP + META)
    assert (response.text, response.state) == ("abc", "failed")


def test_a_payload_that_is_no_json() -> None:
    """A payload that was promised to be JSON and is none is an error that shows it."""
    response = check_stream(WIRE, MS + HELLO + frame("contentBlockDelta", b"oops") + END)
    assert isinstance(response.error, e.MalformedEventError)
    assert response.error.data == b"oops"
    body = MS + HELLO + message(b"oops") + END
    assert check_stream(WIRE, body, on_malformed="skip").state == "complete"
