"""Whatever the bytes and wherever the cuts: one reading, the one that the WHATWG text gives."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reqllm.framing.event import MAX_EVENT_BYTES
from reqllm.framing.sse import SSEDecoder

from .reading import Reading, cut, in_pieces_of, places_in, read
from .whatwg import interpret

# What event streams are made of, and what is nearly that.
FRAGMENTS = (
    b"data",
    b"data:",
    b"data: ",
    b"data: a\n\n",
    b"data: {}\n\n",
    b"data: \xc3\xa9\r\n\r\n",
    b"\ndata: ",
    b"event: ",
    b"event:",
    b"event: e\n",
    b"event: e\ndata: b\n\n",
    b"event: f\ndata: c\ndata: d\n\n",
    b"event",
    b"id: ",
    b"id",
    b"id: 1\n",
    b"retry: ",
    b"retry: 10\n",
    b"retry:007\n",
    b": ping\n",
    b":",
    b": ",
    b" ",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\xef\xbb\xbf",
    b"\xef",
    b"\xbb\xbf",
    b"\xff",
    b"\xf0\x9f",
    b"\x00",
    b"5",
    b"x",
    b"\xe2\x80\xa8",
    b"\x0b",
)
wild = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=30).map(b"".join)
# Streams as providers send them, and what only looks like that: a decoder may take regular
# ones by a short way, and must notice where they are not.
BARE = (b"data: {}\n\n", b"data: \n\n", b"data: a: b\n\n", b"data:  a\n\n", b"data: data: \n\n")
NAMED = (
    b"event: e\ndata: b\n\n",
    b"event: f\ndata: \n\n",
    b"event: e\ndata: event: f\n\n",
)
ODD = (
    b"\n",
    b"\n\n",
    b": ping\n\n",
    b"data: x\ndata: y\n\n",
    b"data: x\n",
    b"data\n\n",
    b"event: e\n\n",
    b"event: e\ndata:x\n\n",
    b"event: e\ndata: x\ndata: y\n\n",
    b"event: e\nid: 1\ndata: x\n\n",
    b"event: e.data: x\n\n",
    b"event: \ndata: x\n\n",
    b"event:e\ndata: x\n\n",
    b"event: new\ndata: x\n\n",
    b"data: x\nevent: e\n\n",
    b"id: 1\ndata: x\n\n",
    b"id: 2\n\n",
    b"data: x\nid\n\n",
    b"xdata: x\n\n",
    b"\xef\xbb\xbfdata: x\n\n",
)


def regular(usual: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Streams of usual events with some odd ones among them."""
    odd_now_and_then = st.sampled_from(usual * 12 + ODD)
    return st.lists(odd_now_and_then, max_size=40).map(b"".join)


tame = regular(BARE) | regular(NAMED) | regular(BARE + NAMED)
bodies = wild | tame | tame.map(lambda body: body.replace(b"\n", b"\r\n"))
limits = st.integers(0, 24)


@st.composite
def cut_bodies(draw: st.DrawFn) -> list[bytes]:
    body = draw(bodies)
    return cut(body, draw(places_in(body)))


@settings(max_examples=1000, deadline=None)
@given(pieces=cut_bodies(), comments=st.booleans())
@example(pieces=[b"\xef\xbb\xbf", b"\xef\xbb\xbfdata\n\ndata\n", b"\n"], comments=False)
@example(pieces=[b"event: e\ndata: a\n\nevent: e\ndata: b\ndata: c\n\n"], comments=False)
def test_any_stream_any_cut(pieces: list[bytes], comments: bool):
    """Any bytes in any pieces are read as the WHATWG text reads them whole."""
    assert read(pieces, comments=comments) == interpret(b"".join(pieces), comments=comments)


@pytest.mark.untraced
@settings(max_examples=1000, deadline=None)
@given(pieces=cut_bodies(), limit=limits)
@example(pieces=[b"\xef"], limit=0)
@example(pieces=[b"id: 1\ndata: xxxxxxxx"], limit=10)
@example(pieces=[b"\xef\xbb\xbf"], limit=2)
@example(pieces=[b"da", b"ta: x\n\ndata: b\n\n"], limit=4)
@example(pieces=[b"id: 1\n: much\ndata: a\n\ndata: b\n\n"], limit=10)
def test_any_limit_any_cut(pieces: list[bytes], limit: int):
    """An event over the limit stops every cut of the stream after the same events."""
    assert read(pieces, limit=limit) == interpret(b"".join(pieces), limit=limit)


@settings(max_examples=300, deadline=None)
@given(body=bodies, limit=st.none() | limits)
def test_nothing_is_held_back(body: bytes, limit: int | None):
    """After each byte everything is out that the bytes so far decide."""
    limit = 1000 if limit is None else limit
    decoder = SSEDecoder(max_event_bytes=limit)
    events = []
    for seen, byte in enumerate(in_pieces_of(1, body), start=1):
        events += decoder.receive(byte)
        assert tuple(events) == interpret(body[:seen], end=False, limit=limit).events


@settings(max_examples=300, deadline=None)
@given(body=bodies, line_end=st.sampled_from([b"\r", b"\r\n"]), data=st.data())
def test_line_ends_are_equal(body: bytes, line_end: bytes, data: st.DataObject):
    """A stream says the same with CR or CRLF for each LF."""
    assume(b"\r" not in body)
    other = body.replace(b"\n", line_end)
    assert read(cut(other, data.draw(places_in(other)))) == read([body])


@settings(max_examples=300, deadline=None)
@given(body=bodies, data=st.data())
def test_one_byte_order_mark_says_nothing(body: bytes, data: st.DataObject):
    """A stream says the same with a byte order mark put before it."""
    assume(not body.startswith(b"\xef\xbb\xbf"))
    marked = b"\xef\xbb\xbf" + body
    assert read(cut(marked, data.draw(places_in(marked)))) == read([body])


@settings(max_examples=20, deadline=None)
@given(body=bodies, times=st.integers(1, 3), limit=st.none() | st.integers(10, 30))
def test_one_large_piece(body: bytes, times: int, limit: int | None):
    """A body that is far larger than any network read may come in one piece."""
    assume(body)
    limit = MAX_EVENT_BYTES if limit is None else limit
    large = body * (times * 70_000 // len(body) + 1)
    assert read([large], limit=limit) == interpret(large, limit=limit)


def test_nothing_follows_an_error_in_a_large_piece():
    """Past the limit a piece of any size says nothing more, wherever it is divided to be read."""
    events = b"data: a\n\n:\n\nretry: 1\n\n" * 10_000
    for shift in range(len(b"data: a\n\n:\n\nretry: 1\n\n")):
        assert read([b"x" * (40 + shift) + b"\n" + events], limit=30) == Reading(too_large=True)


@settings(max_examples=300, deadline=None)
@given(first=tame, second=tame)
def test_streams_follow_each_other(first: bytes, second: bytes):
    """Past a blank line nothing but the last id and the reconnection time is carried on."""
    assume(not second.startswith(b"\xef\xbb\xbf"))
    head, tail = read([first + b"\n"]), read([second])
    joined = read([first + b"\n", second])
    assert [e.data for e in joined.events] == [e.data for e in (*head.events, *tail.events)]
    assert [e.event for e in joined.events] == [e.event for e in (*head.events, *tail.events)]
    assert joined.keepalives == head.keepalives + tail.keepalives
