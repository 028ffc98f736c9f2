"""The cutter knows the place of each event, and cuts as our framing does."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from reqllm.framing.event import WireEvent
from reqllm.framing.sse import SSEDecoder
from reqllm_fixtures.checking.cutting import sse_events
from tests.framing.test_sse_properties import FRAGMENTS, NAMED, ODD

bodies = st.lists(
    st.sampled_from((*FRAGMENTS, *NAMED, *ODD, b"{\n", b'  "error": 1\n')), max_size=20
).map(b"".join)


def framed(body: bytes) -> list[tuple[str, bytes]]:
    decoder = SSEDecoder()
    events = [*decoder.receive(body), *decoder.end()]
    return [
        ("" if event.event == "message" else event.event, event.data)
        for event in events
        if isinstance(event, WireEvent)
    ]


@given(bodies)
@example(b"data: a\n\ndata: b")
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
