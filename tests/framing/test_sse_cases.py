"""Every stream of the catalogue is read right, whole and however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm.framing.event import Comment
from reqllm.framing.sse import SSEDecoder

from .cases import CASES, Case
from .reading import cut, places_in, read, usual_cuts
from .whatwg import interpret

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def test_the_table_has_all_of_the_catalogue():
    """No number of the catalogue's fifty is without a row."""
    numbers = {case.id.partition("-")[0] for case in CASES}
    assert numbers == {f"S{number:02}" for number in range(1, 51)}


@each_case
def test_as_the_catalogue_cuts_it(case: Case):
    """The row's own pieces give the row's reading."""
    assert read(case.pieces, limit=case.limit) == case.reading


@each_case
def test_cut_as_usual(case: Case):
    """Whole, byte by byte, in sevens and in two at every place: the reading is the same."""
    for pieces in usual_cuts(case.body):
        assert read(pieces, limit=case.limit) == case.reading, pieces


@each_case
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cut_anywhere(case: Case, data: st.DataObject):
    """However many cuts there are and wherever they fall, the reading is the same."""
    places = data.draw(places_in(case.body), "places")
    assert read(cut(case.body, places), limit=case.limit) == case.reading


@each_case
def test_the_reference_agrees(case: Case):
    """The literal reading of the WHATWG text comes to what the row says."""
    assert interpret(case.body, limit=case.limit) == case.reading


@pytest.mark.parametrize("line_end", [b"\r", b"\n", b"\r\n"])
def test_an_event_is_not_held_back(line_end: bytes):
    """S10: the blank line's first byte hands the event out; nobody waits for an LF after a CR."""
    decoder = SSEDecoder()
    assert decoder.receive(b"data: a" + line_end) == []
    assert [event.text for event in decoder.receive(line_end[:1])] == ["a"]
    assert decoder.receive(line_end[1:]) == []
    assert decoder.end() == []


def test_comments_on_request():
    """S15: whoever asks for comments gets them in their place among the events."""
    decoder = SSEDecoder(comments=True)
    given = decoder.receive(b": OPENROUTER PROCESSING\n\ndata: a\n:  two spaces \n\n:\n")
    assert given == [
        Comment("OPENROUTER PROCESSING"),
        Comment(" two spaces "),
        *read([b"data: a\n\n"]).events,
        Comment(""),
    ]
    assert decoder.keepalives == 3


def test_text_of_bytes_that_are_no_utf8():
    """S26, S27: each maximal wrong sequence shows as one U+FFFD; the bytes are kept in `data`."""
    events = read([b"data: a\xffb\n\ndata: a\xf0\x9f\x98\n\ndata: \xc3\xa9\n\n"]).events
    assert [event.text for event in events] == ["a\ufffdb", "a\ufffd", "é"]
    assert events[1].data == b"a\xf0\x9f\x98"


def test_the_limit_is_named():
    """S43: the error says how large an event may be and what to raise, and stays set."""
    decoder = SSEDecoder(max_event_bytes=64)
    assert decoder.receive(b"data: " + b"x" * 80) == []
    error = decoder.error
    assert error is not None
    assert error.limit == 64
    assert "64 bytes" in str(error)
    assert "max_event_bytes" in str(error)
    assert decoder.receive(b"\n\ndata: b\n\n") + decoder.end() == []
    assert decoder.error is error
