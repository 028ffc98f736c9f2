"""Newline-delimited JSON: one reading for any cut, linear work, memory bounded by the limit."""

from __future__ import annotations

from collections.abc import Iterable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm.errors import EventTooLargeError
from reqllm.framing.event import MAX_EVENT_BYTES, WireEvent
from reqllm.framing.ndjson import NDJSONDecoder

from .reading import cut, in_pieces_of, places_in, usual_cuts

BOM = b"\xef\xbb\xbf"
FRAGMENTS = (
    *(
        b'{"a":1}',
        b'{"a":1}\n',
        b'{"b":"\xe2\x80\xa8"}\r\n',
        b"{",
        b"[",
        b"}",
        b"]",
        b"{\n",
        b"[\n",
    ),
    *(b"\n", b"\r", b"\r\n", b"\n\n", b" ", b"\t", b" \n", BOM, b"\xef", b"\xbb\xbf", b"\xff"),
    *(b"null\n", b"x", b"\x00", b"\x0b", b"\xc2\x85"),
)
wild = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=30).map(b"".join)


def read(pieces: Iterable[bytes], limit: int = MAX_EVENT_BYTES) -> tuple[list[WireEvent], bool]:
    """Return the events of the pieces, and whether one was too large."""
    decoder = NDJSONDecoder(max_event_bytes=limit)
    events = [event for piece in pieces for event in decoder.receive(piece)] + decoder.end()
    if decoder.error is not None:
        assert isinstance(decoder.error, EventTooLargeError)
        assert decoder.error.limit == limit
    return events, decoder.error is not None


def by_the_rules(body: bytes) -> list[tuple[bytes, bool]]:
    """The plain reading: split at LF, strip, drop what is blank; a lone bracket takes the rest."""
    *lines, last = body.removeprefix(BOM).split(b"\n")
    found = []
    for number, line in enumerate(lines):
        line = line.strip(b" \t\r")
        if line in (b"{", b"["):
            last = b"\n".join([line, *lines[number + 1 :], last])
            break
        if line:
            found.append((line, False))
    last = last.strip(b" \t\r\n")
    return [*found, (last, True)] if last else found


@given(data=st.data(), body=wild)
def test_any_cut_gives_the_plain_reading(data: st.DataObject, body: bytes) -> None:
    """Lines, blanks, marks and ends are those of the whole body, wherever it was cut."""
    expected = by_the_rules(body)
    for pieces in ([body], cut(body, data.draw(places_in(body))), in_pieces_of(1, body)):
        events, too_large = read(pieces)
        assert [(event.data, event.flushed) for event in events] == expected
        assert not too_large


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
        (BOM + b'{"a":1}\n', [b'{"a":1}']),
        (b'\n \n{"a":1}', [b'{"a":1}']),
        (b'{"a":"\xe2\x80\xa8\xc2\x85"}\n', [b'{"a":"\xe2\x80\xa8\xc2\x85"}']),
        (b'{\n  "error": "x"\n}\n', [b'{\n  "error": "x"\n}']),
        (b"", []),
        (BOM, []),
        (BOM[:2], [BOM[:2]]),
    ],
)
def test_a_body_is_read_as_its_row_says(body: bytes, lines: list[bytes]) -> None:
    """Line ends, blank lines, a byte order mark, Unicode's line ends and laid-out documents."""
    for pieces in usual_cuts(body):
        assert [event.data for event in read(pieces)[0]] == lines


@given(data=st.data(), limit=st.integers(1, 12), body=wild)
def test_the_limit_does_not_depend_on_the_cuts(
    data: st.DataObject, limit: int, body: bytes
) -> None:
    """The same events come before an event that is too large, and nothing after it."""
    whole = read([body], limit)
    assert read(cut(body, data.draw(places_in(body))), limit) == whole
    assert read(in_pieces_of(1, body), limit) == whole
    assert all(len(event.data) <= limit for event in whole[0])


@given(body=wild, known=st.sampled_from([b'{"a":1}', b"null", b"x"]))
def test_what_is_recognised_is_not_taken_apart(body: bytes, known: bytes) -> None:
    """Lines that the reader knows do not come out, and all others do, as sent."""
    seen: list[bytes] = []
    events: list[WireEvent] = []

    def recognise(shown: bytes, at: int) -> int:
        seen.append(shown[at:])
        while shown.startswith(known + b"\n", at):
            at += len(known) + 1
        return at

    decoder = NDJSONDecoder()
    decoder.feed(body, events.append, recognise)  # type: ignore[arg-type]
    events += decoder.end()
    left = [event.data for event in events]
    plain = [data for data, _ in by_the_rules(body)]
    for data in left:
        at = plain.index(data)
        assert set(plain[:at]) <= {known}
        plain = plain[at + 1 :]
    assert set(plain) <= {known}


def test_nothing_is_recognised_after_the_limit() -> None:
    """Once a line was too large nothing comes out any more, by whatever way."""
    seen: list[bytes] = []
    decoder = NDJSONDecoder(max_event_bytes=8)
    decoder.feed(b"x" * 9, seen.append)  # type: ignore[arg-type]
    decoder.feed(b'{"a":1}\n', seen.append, lambda line, at: seen.append(line) or at)  # type: ignore[arg-type]
    assert seen == decoder.end() == []


@pytest.mark.untraced
def test_work_is_linear() -> None:
    """A line of 16 MiB in packets, a million blank lines and single bytes: all in no time."""
    deadline = process_time() + 30
    line = b'{"a":"' + b"x" * (16 << 20) + b'"}\n'
    assert len(read(in_pieces_of(1400, line))[0]) == 1
    assert len(read([line])[0]) == 1
    assert read([b"\n" * (1 << 20)]) == ([], False)
    assert len(read(in_pieces_of(1, b'{"a":1}\n' * 20_000))[0]) == 20_000
    document = b"{\n" + b'"a":\n' * 200_000
    assert len(read(in_pieces_of(1400, document))[0]) == 1
    assert process_time() < deadline
