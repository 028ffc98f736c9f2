"""Arguments that are no JSON object, mended where the caller says how."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm import decode_stream
from reqllm.calling import CallOptions
from reqllm.errors import InvalidInputError

WRONG = {
    "single quotes": ("{'a':1}", lambda raw: raw.replace("'", '"')),
    "a trailing comma": ('{"a":1,}', lambda raw: raw.replace(",}", "}")),
    "a fence": ('```json\n{"a":1}\n```', lambda raw: raw.split("\n")[1]),
    "words after it": ('{"a":1} trailing', lambda raw: raw.partition(" ")[0]),
    "encoded twice": ('"{\\"a\\":1}"', json.loads),
    "no JSON at all": ("a is 1", lambda raw: {"a": 1}),
}


def called(wire: str, raw: str) -> bytes:
    if wire == "openai-chat":
        call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": raw}}
        events: list[Any] = [{"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}]
        events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}]
        return b"".join(b"data: %b\n\n" % json.dumps(e).encode() for e in events) + (
            b"data: [DONE]\n\n"
        )
    delta = {"type": "input_json_delta", "partial_json": raw}
    block = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    events = [
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)


each_wire = pytest.mark.parametrize("wire", ["openai-chat", "anthropic-messages"])


@each_wire
@pytest.mark.parametrize(("raw", "repair"), WRONG.values(), ids=WRONG)
def test_mended(wire, raw, repair):
    """What the caller's function mends is valid and marked; the raw text stays as it came."""
    (strict,) = decode_stream(wire, called(wire, raw)).tool_calls
    assert (strict.invalid, strict.arguments, strict.arguments_raw) == (True, {}, raw)
    (call,) = decode_stream(wire, called(wire, raw), repair=repair).tool_calls
    assert (call.invalid, call.arguments, call.arguments_raw) == (False, {"a": 1}, raw)
    assert call.provider_metadata["repaired"] is True


@each_wire
@pytest.mark.parametrize("answer", [None, "", "still no JSON", "[1]", 7, ["a"]])
def test_not_mended(wire, answer):
    """What the function cannot mend, or mends to no object, stays invalid."""
    (call,) = decode_stream(wire, called(wire, "oops"), repair=lambda raw: answer).tool_calls
    assert (call.invalid, call.arguments, call.arguments_raw) == (True, {}, "oops")
    assert "repaired" not in call.provider_metadata


@each_wire
def test_a_repair_that_fails(wire):
    """A function that raises spoils nothing: the call stays invalid, and a warning says why."""
    response = decode_stream(wire, called(wire, "oops"), repair=lambda raw: 1 // 0)
    assert response.state == "complete"
    assert response.tool_calls[0].invalid
    (warning,) = response.warnings
    assert warning.code == "repair_failed"
    assert "ZeroDivisionError" in warning.message


@each_wire
def test_not_asked_for_what_is_right(wire):
    """Arguments that are an object are nobody's to mend."""
    response = decode_stream(wire, called(wire, '{"a":1}'), repair=lambda raw: 1 // 0)
    assert response.tool_calls[0].arguments == {"a": 1}
    assert not response.warnings


def test_what_is_no_function():
    """An option that cannot be called is refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="repair to be callable"):
        CallOptions.of({"repair": "json"})
