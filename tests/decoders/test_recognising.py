"""The wire that a recording is of is known by its address, or by its first event."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from reqllm.wires.recognising import wire_of_event, wire_of_path
from tests.corpus import Capture, captures, params

from .accounts import payloads

CAPTURES = captures("openai-responses")


@pytest.mark.parametrize("capture", params(CAPTURES))
def test_captures_are_recognised_by_their_addresses(capture: Capture) -> None:
    """Whoever serves the wire serves it there, also one that is taken up again by its id."""
    asked = json.loads(capture.folder.joinpath("request.json").read_bytes())
    assert wire_of_path(urlsplit(asked["url"]).path) == "openai-responses"


@pytest.mark.parametrize("capture", params(CAPTURES))
def test_captures_are_recognised_by_their_first_event(capture: Capture) -> None:
    """It holds the response, also where the stream is taken up in the middle."""
    assert wire_of_event(next(payloads(capture))) == "openai-responses"


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        ({"type": "response.created", "response": {}}, "openai-responses"),
        ({"object": "response", "output": []}, "openai-responses"),
        ({"response": "Hi", "done": False}, "ollama"),
        ({"type": "response.created"}, None),
        ({"type": "error", "response": {}}, None),
        ({"response": {"candidates": []}, "traceId": "t"}, "gemini"),
        ([{"object": "response"}], None),
    ],
)
def test_what_begins_a_stream_of_the_wire(event: object, wire: str | None) -> None:
    """No other wire's event is taken for one, and no other event at all."""
    assert wire_of_event(event) == wire


@pytest.mark.parametrize(
    ("publisher", "wire"), [("anthropic", "anthropic-messages"), ("mistralai", None)]
)
def test_vertex_serves_the_wire_of_whoever_made_the_model(publisher: str, wire: str | None) -> None:
    """Of another maker's model the address tells nothing, and its first event is asked."""
    path = f"/v1/projects/p/locations/l/publishers/{publisher}/models/m:streamRawPredict"
    assert wire_of_path(path) == wire
