"""A stream that the client left at its last event has an end for who waits for it."""

from __future__ import annotations

import httpx
import pytest

from reqllm_fixtures import RecordingEndedError
from reqllm_fixtures.bodies.endings import says_it_is_over
from reqllm_fixtures.transports.transport import replay_transport
from tests.fixtures_side.making import URL, cassette, interaction

SSE = (("Content-Type", "text/event-stream; charset=utf-8"),)
LINES = (("content-type", "application/x-ndjson"),)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"data: {}\n\ndata: [DONE]\n\n", SSE),
        (b"data: {}\r\n\r\ndata:[DONE]\r\n\r\n", SSE),
        (b'event: message_stop\ndata: {"type":"message_stop"}\n\n', SSE),
        (b'data: {"type": "message_stop"}\n\n', SSE),
        (b'event: response.completed\ndata: {"type":"response.completed"}\n\n', SSE),
        (b'event: message-end\ndata: {"type":"message-end"}\n\n', SSE),
        (b'{"done":false}\n{"model":"x","done":true}\n', LINES),
    ],
)
def test_last_event(body, headers):
    """The last event of each wire that has one is known; one byte less is not the last event."""
    assert says_it_is_over(body, headers)
    assert not says_it_is_over(body[:-2], headers)
    assert not says_it_is_over(body, (("content-type", "text/plain"),))


@pytest.mark.parametrize(
    "body",
    [b"", b"data: 1\n\n", b"data: [DONE]\n\ndata: 1\n\n", b'data: {"text":"data: [DONE]"}\n\n'],
)
def test_any_other_event(body):
    """What only speaks of an end is none."""
    assert not says_it_is_over(body, SSE)


def test_playing_it():
    """Reading on past the last event ends; reading on past any other is the harness's error."""
    tape = cassette(
        interaction(b"data: [DONE]\n\n", end="client_closed"),
        interaction(b"data: 1\n\n", end="client_closed"),
    )
    with httpx.Client(transport=replay_transport(tape, httpx)) as client:
        assert client.post(URL, json={"a": 1}).text == "data: [DONE]\n\n"
        with pytest.raises(RecordingEndedError):
            client.post(URL, json={"a": 1})
