"""The cutter knows the place of each event, and cuts as our framing does."""

from __future__ import annotations

import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from reqllm.framing.event import Framer, WireEvent
from reqllm.framing.eventstream import EventStreamDecoder
from reqllm.framing.ndjson import NDJSONDecoder
from reqllm.framing.sse import SSEDecoder
from reqllm_fixtures.bodies.cutting import sse_events
from reqllm_fixtures.bodies.other_framings import array_items, frames, json_lines
from tests.checking.more_streams import CONVERSE, array, frame
from tests.framing.test_sse_properties import FRAGMENTS, NAMED, ODD

any_lines = st.lists(
    st.sampled_from((*FRAGMENTS, *NAMED, *ODD, b"{\n", b'  "error": 1\n')), max_size=20
).map(b"".join)
lines_of_crlf = any_lines.map(lambda body: b"\r\n".join(re.split(rb"\r\n|\r|\n", body)))
bodies = any_lines | lines_of_crlf


LINES = (b"{}\n", b'{"a":1}', b"\n", b"\r\n", b"{\n", b"[", b" ", b"x", b"\xef\xbb\xbf", b"]")


def framed(body: bytes, decoder: Framer | None = None) -> list[tuple[str, bytes]]:
    decoder = decoder or SSEDecoder()
    events = [*decoder.receive(body), *decoder.end()]
    return [
        ("" if event.event == "message" else event.event, event.data)
        for event in events
        if isinstance(event, WireEvent)
    ]


@given(bodies)
@example(b"data: a\n\ndata: b")
@example(b"data: a\r\n\r\nevent: b\r\ndata: b\r\n\r\ndata: c\r\n\r\n\r\n")
@example(b"\xef\xbb\xbfdata: a\r\rdata: b\r\n\r\n")
def test_it_cuts_as_our_framing_does(body):
    """The same events come out of any bytes, with the same names and data."""
    cut = [event for event in sse_events(body) if not event.is_stray]

    assert [(event.name.replace("message", ""), event.data) for event in cut] == framed(body)


@given(bodies)
def test_a_range_holds_its_event_alone(body):
    """What lies in an event's range is that event: cut out, it is read the same."""
    for event in sse_events(body):
        if not event.is_stray:
            # The line before keeps a byte order mark inside from becoming the first thing.
            alone = framed(b":\n" + body[event.start : event.stop])
            assert alone == [(event.name.replace("message", ""), event.data)]


@given(st.lists(st.sampled_from((*NAMED, b"data: {}\n\n")), min_size=1))
def test_ranges_follow_one_another(events):
    """Of events without anything between them, one begins where the other ended."""
    body = b"".join(events)
    ranges = [(event.start, event.stop) for event in sse_events(body)]

    assert [body[start:stop] for start, stop in ranges] == events


def test_text_that_belongs_to_no_event_is_told():
    """A bare JSON error after events, which a parser drops without a word, is not dropped here."""
    error = json.dumps({"error": {"code": 503}}, indent=1).encode()
    body = b"data: {}\n\n" + error

    stray = [event for event in sse_events(body) if event.is_stray]

    assert [body[event.start : event.stop] for event in stray] == [error]


@given(st.lists(st.sampled_from(LINES), max_size=8).map(b"".join))
@example(b'{"a":1}')
@example(b"{\n1\n}\n")
@example(b"[ \n{}\n")
def test_lines_are_cut_as_our_framing_does(body):
    """The same events come out of any bytes, each in its place."""
    cut = list(json_lines(body))

    assert [("", event.data) for event in cut] == framed(body, NDJSONDecoder())
    for event in cut:
        # Blanks around a line, and after what opens a document, are no part of its data.
        assert b"".join(event.data.split()) in b"".join(body[event.start : event.stop].split())


@given(
    st.lists(st.sampled_from(CONVERSE), max_size=4),
    st.integers(0, 40),
    st.integers(0, 400),
    st.integers(1, 255),
)
def test_frames_are_cut_as_our_framing_does(events, lost, at, flipped):
    """Up to the first damage the same messages come out, and what comes after it is told."""
    body = bytearray(b"".join(map(frame, events)))
    del body[len(body) - lost :]
    if at < len(body):
        body[at] ^= flipped
    cut = list(frames(bytes(body)))
    whole = [event for event in cut if not event.is_stray]

    assert [(event.name, event.data) for event in whole] == framed(
        bytes(body), EventStreamDecoder()
    )
    assert sum(event.stop - event.start for event in cut) == len(body)


@given(st.lists(st.sampled_from([{"a": "ü, ]"}, {}, {"b": [1, "}"]}])), st.integers(0, 60))
def test_items_of_an_array_are_cut_where_they_are(items, lost):
    """Whole items come out of any part of an array; the rest of it is told."""
    body = array(items)
    body = body[: max(1, len(body) - lost)]
    whole = [event for event in array_items(body) if not event.is_stray]

    assert [json.loads(event.data) for event in whole] == items[: len(whole)]
    assert all(body[event.start : event.stop] == event.data for event in whole)
    assert len(whole) == len(items) or body != array(items)
