"""How a body is cut into pieces changes nothing; where it is cut off is always told."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqllm import chunk as c
from reqllm.stream_server import decode_stream
from tests.corpus import ABSENT, FOLDERS, Capture, captures, params

from .invariants import check_stream, fed_in_pieces, pieces_at, pieces_of, plain

ALL = [capture for wire in FOLDERS for capture in captures(wire)]
# Cut off at every single byte: a few kilobytes take a second.
SMALL = [capture for capture in ALL if len(capture.body) <= 1400]
# One body in this many is cut at random.
SAMPLED = ALL[::7]
# What a stream cannot be complete without.
EVIDENCE = {
    "openai-chat": re.compile(
        rb'\[DONE\]|"finish_reason": ?"[^"]|"object": ?"chat\.completion\.done'
    ),
    "openai-responses": re.compile(rb'"type": ?"response\.(?:completed|incomplete|failed|stop)"'),
    "anthropic-messages": re.compile(rb'"message_stop"|"stop_reason": ?"[^"]'),
    "cohere-v2": re.compile(rb'"finish_reason": ?"[^"]'),
    "gemini": re.compile(rb'"finishReason": ?["0-9]|"blockReason"'),
    "gemini-interactions": re.compile(rb'"event_type": ?"interaction\.completed"'),
    "ollama": re.compile(rb'"done": ?true|"done_reason": ?"[^"]'),
}
QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
needs_corpus = pytest.mark.skipif(not ALL, reason=ABSENT)


@cache
def whole(capture: Capture) -> list[dict[str, Any]]:
    return plain(decode_stream(capture.wire, capture.body))


@pytest.mark.parametrize("capture", params(ALL))
def test_every_stream_keeps_its_promises(capture: Capture) -> None:
    """A start, whole blocks, one end, strict arguments and clean text, for every capture."""
    check_stream(capture.wire, capture.body)


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_byte_by_byte_is_the_same_as_whole(capture: Capture) -> None:
    """A body fed one byte at a time gives the chunks that it gives at once."""
    response = fed_in_pieces(capture.wire, pieces_of(1, capture.body))
    assert plain(response) == whole(capture)


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_any_cut_is_the_same_as_whole(data: st.DataObject) -> None:
    """Random cuts, also several at one place, change nothing."""
    capture = data.draw(st.sampled_from(SAMPLED))
    places = st.integers(0, len(capture.body))
    cuts = data.draw(st.lists(places, max_size=30))
    assert plain(fed_in_pieces(capture.wire, pieces_at(cuts, capture.body))) == whole(capture)


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(SMALL))
def test_cut_off_at_every_byte(capture: Capture) -> None:
    """A body that stops at any byte raises nothing and is never called complete too early."""
    for end in range(len(capture.body)):
        check_cut_off(capture, end)


@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_cut_off_around_its_last_events(capture: Capture) -> None:
    """A body that loses its last bytes, which is what broken streams lose, is told as such."""
    body = capture.body
    marks = [mark.end() for mark in EVIDENCE[capture.wire].finditer(body)]
    ends = {at + step for at in [*marks[:3], *marks[-2:]] for step in (-3, -1, 0, 1, 4)}
    ends |= {len(body) * tenth // 10 for tenth in range(10)}
    for end in ends:
        if 0 <= end <= len(body):
            check_cut_off(capture, end)


@pytest.mark.untraced
@needs_corpus
@QUICK
@given(data=st.data())
def test_cut_off_anywhere(data: st.DataObject) -> None:
    """A body that stops anywhere keeps every promise."""
    capture = data.draw(st.sampled_from(SAMPLED))
    check_cut_off(capture, data.draw(st.integers(0, len(capture.body))))


def check_cut_off(capture: Capture, end: int) -> None:
    body = capture.body[:end]
    response = check_stream(capture.wire, body)
    if response.state == "complete":
        assert EVIDENCE[capture.wire].search(body)
        return
    assert isinstance(response.chunks[-1], c.ErrorChunk)
    # What arrived is what the whole stream begins with; notes may be told early at the end.
    told = plain(response)[:-1]
    early = ("response_metadata", "usage")
    while told and told[-1]["kind"] in early and told != whole(capture)[: len(told)]:
        told.pop()
    if told != [{"kind": "stream_start"}]:
        assert told == whole(capture)[: len(told)]
