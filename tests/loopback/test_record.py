"""The project's own cassettes are what the recorder writes, and hold what our client sends."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reqllm_fixtures.files.format import load
from reqllm_fixtures.matching.matchers import strict

from .capture import capture
from .catalogue import SKY
from .messages import Answer, Write
from .provider import KEY
from .record import CONVERSATIONS, FOLDER, REQUEST_HEADERS, RESPONSE_HEADERS, Conversation, record
from .server import LoopbackServer

HOSTS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
each = pytest.mark.parametrize("talk", CONVERSATIONS, ids=lambda talk: talk.file)


def test_capture_notes_pieces_and_times() -> None:
    """Each write must be a piece with its time since the request, and the end be told."""
    writes = (Write(b"one"), Write(b"two", 0.06))
    answer = Answer(status=299, reason="Fine", headers=(("X-Mark", "m"),), body=writes, end="reset")
    with LoopbackServer(lambda _: answer) as server:
        got = capture(server.url, (("x-asked", "yes"),), b"{}")
        assert server.requests[0].header("x-asked") == "yes"
    assert (got.status, got.reason, dict(got.headers)["x-mark"]) == (299, "Fine", "m")
    assert [data for data, _ in got.pieces] == [b"one", b"two"]
    # Not the distance between the two: a busy machine may read the first one late.
    assert got.pieces[1][1] > 30
    assert got.end[0] == "ReadError"


@each
def test_recording(talk: Conversation, tmp_path: Path) -> None:
    """A recording must be filed under the real address, whole, in pieces, without the key."""
    path = record(talk, tmp_path, speed=0)
    assert KEY not in path.read_text()
    (interaction,) = load(path).interactions
    asked, answered = interaction.request, interaction.response
    assert (asked.method, urlsplit(asked.uri).hostname) == ("POST", HOSTS[talk.model.provider])
    assert {name for name, _ in asked.headers} <= set(REQUEST_HEADERS)
    assert {name for name, _ in answered.headers} <= set(RESPONSE_HEADERS)
    assert len(answered.headers) == 2
    assert (answered.status, answered.end, len(answered.pieces) > 10) == (200, "eof", True)


@each
def test_committed_cassette_answers_our_client(talk: Conversation) -> None:
    """The committed file must hold the very request that our client makes now.

    When it does not: python -m tests.loopback.record
    """
    (interaction,) = load(FOLDER / talk.file).interactions
    request = talk.request()
    sent = type(interaction.request)(request.method, request.url, (), request.body)
    assert strict.differences(interaction.request, sent) == []


@each
def test_committed_cassette_has_the_answer_of_today(talk: Conversation, tmp_path: Path) -> None:
    """The committed body must be what the provider here answers, so that the two never part."""
    fresh = load(record(talk, tmp_path, speed=0)).interactions[0].response
    assert load(FOLDER / talk.file).interactions[0].response.body == fresh.body


def test_demo_has_the_pace_of_typing() -> None:
    """The demo must last 5 to 8 seconds, with an emoji, an accent, and a character cut in two."""
    response = load(FOLDER / "demo.yaml").interactions[0].response
    assert 5000 < response.pieces[-1].at_ms < 8000
    assert 80 < len(SKY.split()) < 100
    assert {"🌍", "é"} < set(SKY)
    starts = [piece.data[0] for piece in response.pieces]
    assert any(byte & 0xC0 == 0x80 for byte in starts)
