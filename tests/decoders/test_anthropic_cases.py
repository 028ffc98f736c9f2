"""The Anthropic Messages decoder reads what servers of the wire really send."""

from __future__ import annotations

import json

import pytest

from reqllm import chunk as c
from reqllm import errors as e
from reqllm.content import CustomPart, ReasoningPart, TextPart, ToolResultPart
from reqllm.stream_server import decode_stream

from .anthropic_cases import (
    END,
    HELLO,
    MESSAGES,
    MS,
    OVERLOADED,
    TOOL_END,
    TOOLS,
    delta,
    event,
    message_delta,
    start,
    stop,
    text,
    text_start,
    tool_start,
)
from .cases import Case, check_case
from .invariants import check_stream

WIRE = "anthropic-messages"


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in (*MESSAGES, *TOOLS)])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


def test_a_block_of_an_unknown_kind_can_be_sent_back() -> None:
    """A11: start and deltas are put together: text is joined, anything else is the last."""
    body = (
        MS
        + start({"type": "hologram", "light": "", "size": 1})
        + delta("hologram_delta", light="a")
        + delta("hologram_delta", light="b", size=2)
        + stop()
        + HELLO
        + END
    )
    response = check_stream(WIRE, body)
    whole = {"type": "hologram", "light": "ab", "size": 2}
    assert response.content[0] == CustomPart("anthropic-messages.hologram", whole)
    assert response.text == "Hello"


def test_an_unknown_delta_of_a_known_block_is_kept() -> None:
    """A11: what belongs to a text and is no text is handed out as it came."""
    response = check_stream(WIRE, MS + text_start() + delta("glow_delta", x=1) + stop() + END)
    (custom,) = (chunk for chunk in response.chunks if isinstance(chunk, c.CustomChunk))
    assert custom.custom_kind == "anthropic-messages.glow_delta"
    assert custom.data == {"index": 0, "delta": {"type": "glow_delta", "x": 1}}


def test_a_signature_is_set_and_not_appended() -> None:
    """A13: a signature sent twice is the second one, and goes with the end of its block."""
    body = (
        MS
        + start({"type": "thinking", "thinking": "", "signature": ""})
        + delta("thinking_delta", thinking="Hm")
        + delta("signature_delta", signature="abc")
        + delta("signature_delta", signature="abcdef")
        + stop()
        + text_start(1)
        + text("Hello", 1)
        + stop(1)
        + END
    )
    response = check_stream(WIRE, body)
    assert response.content == (ReasoningPart("Hm", signature="abcdef"), TextPart("Hello"))


def test_thinking_cut_before_its_signature_is_marked() -> None:
    """A14: without its signature a thinking block must not go back, and says so."""
    body = MS + start({"type": "thinking", "thinking": ""}) + delta("thinking_delta", thinking="H")
    response = check_stream(WIRE, body)
    assert response.state == "incomplete"
    assert response.content == (ReasoningPart("H", complete=False),)


def test_redacted_thinking_is_kept_in_its_place() -> None:
    """A15: data without any delta is reasoning, redacted, between its neighbours."""
    body = MS + start({"type": "redacted_thinking", "data": "xyz"}) + stop()
    response = check_stream(WIRE, body + text_start(1) + text("Hi", 1) + stop(1) + END)
    assert response.content == (
        ReasoningPart(redacted=True, data="xyz"),
        TextPart("Hi"),
    )


def test_thinking_without_text_keeps_its_signature() -> None:
    """A16: a thinking block that is left out but for its signature is a part of the answer."""
    body = (
        MS
        + start({"type": "thinking", "thinking": "", "signature": ""})
        + delta("signature_delta", signature="abc")
        + stop()
        + END
    )
    assert check_stream(WIRE, body).content == (ReasoningPart("", signature="abc"),)


def test_citations_belong_to_their_text() -> None:
    """A17: citations come between the deltas of their block, and all of them are kept."""
    page = {
        "type": "page_location",
        "cited_text": "x",
        "document_index": 2,
        "document_title": "A",
        "start_page_number": 1,
    }
    found = {"type": "web_search_result_location", "url": "https://a.example", "title": "B"}
    body = (
        MS
        + start({"type": "text", "text": "", "citations": []})
        + delta("citations_delta", citation=page)
        + text("Hello")
        + delta("citations_delta", citation=found)
        + stop()
        + END
    )
    response = check_stream(WIRE, body)
    assert response.citations == (
        c.Citation(kind="document", title="A", cited_text="x", source_index=2, raw=page),
        c.Citation(kind="url", url="https://a.example", title="B", raw=found),
    )
    assert response.text == "Hello"


def test_a_failed_tool_of_the_provider_is_an_error_result() -> None:
    """A18: a result that is an error says so, and is kept whole."""
    block = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
    }
    response = check_stream(WIRE, MS + start(block) + stop() + END)
    (part,) = response.content
    assert isinstance(part, ToolResultPart)
    assert (part.tool_call_id, part.result, part.is_error) == ("s1", block, True)


def test_members_of_a_call_go_with_its_end() -> None:
    """What else a call's start says, such as who called or on which server, is kept."""
    body = MS + tool_start(caller={"type": "direct"}, cache_control=None) + stop() + TOOL_END
    (call,) = check_stream(WIRE, body).tool_calls
    assert call.provider_metadata == {"type": "tool_use", "caller": {"type": "direct"}}


def test_an_error_is_found_without_its_type() -> None:
    """A gateway's error object without a type ends the stream as an error."""
    response = check_stream(WIRE, MS + event({"error": {"message": "Gone"}}, ""))
    assert isinstance(response.error, e.ServerError)
    assert response.error.message == "Gone"


def test_an_error_after_the_stop_reason_is_still_an_error() -> None:
    """Only message_stop ends the stream: an error before it is told."""
    response = check_stream(WIRE, MS + HELLO + message_delta() + event(OVERLOADED))
    assert response.state == "failed"
    assert response.text == "Hello"


def test_a_whole_message_is_read_with_a_warning() -> None:
    """A server that does not stream sends the message itself; it is an answer all the same."""
    message = {
        "id": "c1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "abc"},
            {"type": "text", "text": "Hello"},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    }
    response = decode_stream(WIRE, json.dumps(message).encode())
    assert response.state == "complete"
    assert (response.text, response.thinking) == ("Hello", "Hm")
    assert response.tool_calls[0].arguments == {"a": 1}
    assert response.finish_reason == c.Finish("tool_calls", "tool_use")
    assert [warning.code for warning in response.warnings] == ["server_ignored_stream"]
    assert response.usage is not None
    assert response.usage.total_tokens == 8
