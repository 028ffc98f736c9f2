"""Streams of wires that are none of ours end clearly: never a crash, never a false whole answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm.stream_server import decode_stream
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking import check_events
from tests.corpus import ABSENT, Capture, captures, params

from .invariants import check_stream, fed_in_pieces, pieces_of, plain

# Folder: the wire that is nearest to it.
NEAREST = {
    "anthropic-complete": "anthropic-messages",
    "cohere-v1-ndjson": "ollama",
    "openai-completions": "openai-chat",
    "replicate-sse": "openai-chat",
    "watsonx-sse": "openai-chat",
}
FOREIGN = [capture for folder in NEAREST for capture in captures(folder)]


def said_in(body: bytes) -> str:
    """Return what OpenAI's older completions say: their texts, joined."""
    lines = (line.removeprefix(b"data: ") for line in body.splitlines())
    events = [json.loads(line) for line in lines if line.startswith(b"{")]
    return "".join(choice["text"] for event in events for choice in event["choices"])


@pytest.mark.parametrize("capture", params(FOREIGN))
def test_a_foreign_stream_ends_clearly(capture: Capture) -> None:
    """It is an error of the state that it has, but where all it says is read and it has ended."""
    response = check_stream(NEAREST[capture.wire], capture.body)
    if capture.wire == "openai-completions":
        # The older completions say their text in the choice itself: that much we can read.
        assert response.state == "complete"
        assert response.text == said_in(capture.body)
        return
    assert response.state in ("incomplete", "failed")
    assert response.error is not None
    assert response.finish_reason is None


@pytest.mark.parametrize("capture", params(FOREIGN))
@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_no_wire_takes_it_for_a_whole_answer(wire: str, capture: Capture) -> None:
    """On any wire it is cut as it likes with the same result, and complete only with its text."""
    response = decode_stream(wire, capture.body)
    assert plain(fed_in_pieces(wire, pieces_of(701, capture.body))) == plain(response)
    if response.state == "complete":
        assert capture.wire == "openai-completions"
        assert response.text == said_in(capture.body)


EVENTS: dict[str, Any] = {
    "cohere-v2": {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
    "ollama": {"model": "m", "message": {"content": "x"}, "done": True, "done_reason": "stop"},
}


@pytest.mark.parametrize("wire", EVENTS)
def test_a_line_and_an_event_are_not_the_same(wire: str) -> None:
    """Lines on a wire of events, and events on a wire of lines, are told to be no such stream."""
    line = json.dumps(EVENTS[wire]).encode()
    other = b"data: " + line + b"\n\n" if wire == "ollama" else (line + b"\n") * 2
    response = check_stream(wire, other)
    assert response.state == "failed"
    assert "error" in {each.severity for each in check_events(wire, other)}


def test_there_is_something_to_read() -> None:
    """Each of the folders has captures, so that the tests above prove something."""
    if not FOREIGN:
        pytest.skip(ABSENT)
    assert {capture.wire for capture in FOREIGN} == set(NEAREST)
