"""The AWS event stream: every header, every cut, every damage; what came before it is kept."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm.errors import CorruptEventError, EventTooLargeError, ReqLLMError
from reqllm.framing.event import WireEvent
from reqllm.framing.eventstream import EventStreamDecoder

from .frames import frame, header, message, prelude, texts
from .reading import cut, in_pieces_of, places_in, usual_cuts
from .test_sse_growth import KIB, MIB, READ, feed, memory, work

# Written by the service: a message of 133 bytes.
VECTOR = bytes.fromhex(
    "0000008500000051004881e90b3a6576656e742d7479706507000b6d65737361676553746f700d3a636f6e74656e"
    "742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e"
    "747b2273746f70526561736f6e223a22656e645f7475726e222c2270223a2261626364227dc15d6953"
)
HELLO = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}})
STREAM = frame("messageStart", {"role": "assistant"}) + HELLO + VECTOR
EVERY_TYPE = b"".join(
    (
        header("yes", b"", 0),
        header("no", b"", 1),
        header("byte", b"\xff", 2),
        header("short", b"\x01\x00", 3),
        header("integer", b"\xff\xff\xff\xfe", 4),
        header("long", (2**40).to_bytes(8), 5),
        header("bytes", b"\x00\x01", 6),
        header("text", "é".encode()),
        header("time", (1_700_000_000_123).to_bytes(8), 8),
        header("uuid", bytes(range(16)), 9),
    )
)


def read(pieces: Iterable[bytes], **options: Any) -> tuple[list[WireEvent], ReqLLMError | None]:
    """Feed the pieces and the end; return the events and why no more came."""
    decoder = EventStreamDecoder(**options)
    events = [event for piece in pieces for event in decoder.receive(piece)]
    return [*events, *decoder.end()], decoder.error


def seen(result: tuple[list[WireEvent], ReqLLMError | None]) -> tuple[Any, ...]:
    """Return a reading as values that can be compared."""
    events, error = result
    said = [(event.event, event.data, dict(event.headers)) for event in events]
    return said, type(error), str(error)


def test_the_vector() -> None:
    """A message that the service wrote is read: its name, its headers, its payload."""
    [event], error = read([VECTOR])
    assert error is None
    assert event.event == "messageStop"
    assert event.data == b'{"stopReason":"end_turn","p":"abcd"}'
    assert event.headers == {
        ":event-type": "messageStop",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert event.head + event.data == VECTOR[12:-4]


def test_headers_of_every_type() -> None:
    """Each type of header becomes text: truths, numbers, bytes in base64, a time, a UUID."""
    [event], _ = read([message(b"", EVERY_TYPE)])
    assert event.headers == {
        "yes": "true",
        "no": "false",
        "byte": "-1",
        "short": "256",
        "integer": "-2",
        "long": str(2**40),
        "bytes": "AAE=",
        "text": "é",
        "time": "1700000000123",
        "uuid": str(UUID(bytes=bytes(range(16)))),
    }
    assert event.event == "message"


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({":message-type": "event", ":event-type": "a"}, "a"),
        ({":event-type": "a"}, "a"),
        ({":message-type": "exception", ":exception-type": "b", ":event-type": "a"}, "b"),
        ({":message-type": "error", ":error-code": "c", ":error-message": "d"}, "c"),
        ({":message-type": "error"}, "message"),
        ({":message-type": "new", ":event-type": "a"}, "a"),
        ({}, "message"),
    ],
)
def test_names(headers: dict[str, str], name: str) -> None:
    """A message is named by the header that its type asks for."""
    [event], _ = read([message(b"{}", texts(headers))])
    assert event.event == name
    assert event.headers == headers


@pytest.mark.parametrize("body", [STREAM, message(b"", EVERY_TYPE) * 2, b"", message(b"")])
def test_any_cut(body: bytes) -> None:
    """Whole, byte by byte and in two at every place, the same events come out."""
    whole = seen(read([body]))
    assert whole[1] is type(None)
    for pieces in usual_cuts(body):
        assert seen(read(pieces)) == whole


def botocore_events(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(event.headers, event.payload) for event in buffer]


def as_text(value: Any) -> str:
    """Return what we make of the value that botocore reads."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return b64encode(value).decode()
    return str(value)


SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8}


@st.composite
def written_headers(draw: st.DrawFn) -> bytes:
    """Headers of any type, each of another name."""
    names = draw(st.lists(st.text("abc-:", min_size=1, max_size=9), max_size=4, unique=True))
    kinds = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7])
    return b"".join(_header(draw, name, draw(kinds)) for name in names)


def _header(draw: st.DrawFn, name: str, kind: int) -> bytes:
    if kind == 7:
        return header(name, draw(st.text(max_size=9)).encode())
    size = SIZES.get(kind, draw(st.integers(0, 9)))
    return header(name, draw(st.binary(min_size=size, max_size=size)), kind)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(st.tuples(st.binary(max_size=60), written_headers()), max_size=4),
    data=st.data(),
)
def test_the_events_are_botocores(parts: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    """Whatever the headers, payloads and cuts: what botocore reads, we read."""
    body = b"".join(message(*part) for part in parts)
    events, error = read(cut(body, data.draw(places_in(body))))
    assert error is None
    assert [(event.headers, event.data) for event in events] == [
        ({name: as_text(value) for name, value in headers.items()}, payload)
        for headers, payload in botocore_events(body)
    ]


# Damage.
@pytest.mark.parametrize("at", range(len(HELLO)))
def test_a_wrong_byte_anywhere(at: int) -> None:
    """One wrong byte is an error that says where its message begins; the one before is kept."""
    body = bytearray(VECTOR + HELLO + VECTOR)
    body[len(VECTOR) + at] ^= 0x10
    whole = read([bytes(body)])
    events, error = whole
    assert [event.event for event in events] == ["messageStop"]
    assert isinstance(error, CorruptEventError)
    assert error.offset == len(VECTOR)
    assert f"at byte {len(VECTOR)} of the body is corrupt" in error.message
    assert seen(read(in_pieces_of(1, bytes(body)))) == seen(whole)


@pytest.mark.parametrize(
    ("total", "headers", "words"),
    [
        (0, 0, "0 bytes cannot hold 0 bytes of headers"),
        (15, 0, "15 bytes cannot hold 0"),
        (100, 85, "100 bytes cannot hold 85"),
        (16, 2**32 - 1, "16 bytes cannot hold 4294967295"),
    ],
)
def test_lengths_that_cannot_be(total: int, headers: int, words: str) -> None:
    """Lengths that contradict each other are an error at once, before anything is waited for."""
    events, error = read([VECTOR, prelude(total, headers)])
    assert len(events) == 1
    assert isinstance(error, CorruptEventError)
    assert words in error.message
    assert error.offset == len(VECTOR)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (b"\x05ab", "they end at byte 3, in the middle of one"),
        (b"\x01a", "in the middle of one"),
        (b"\x01a\x07\x00", "in the middle of one"),
        (b"\x01a\x07\x00\x05abc", "in the middle of one"),
        (b"\x01a\x04\x00", "in the middle of one"),
        (b"\x01a\x0a", "'a' is of the type 10, which there is not"),
    ],
)
def test_headers_that_cannot_be_read(headers: bytes, words: str) -> None:
    """Headers that are none are an error, though their checksum is right."""
    events, error = read([VECTOR + message(b"{}", headers) + VECTOR])
    assert len(events) == 1
    assert isinstance(error, CorruptEventError)
    assert words in error.message


def test_the_limit() -> None:
    """A message past the limit is an error as soon as its lengths are there."""
    fits = message(b"x" * 84)
    assert len(read([fits], max_event_bytes=100)[0]) == 1
    events, error = read([VECTOR[:0], message(b"x" * 85)[:12]], max_event_bytes=100)
    assert events == []
    assert isinstance(error, EventTooLargeError)
    assert error.limit == 100


@pytest.mark.parametrize("end", range(len(VECTOR)))
def test_a_message_that_was_cut_off_says_nothing(end: int) -> None:
    """What the body ended in the middle of is no event, and no error of framing."""
    events, error = read([HELLO + VECTOR[:end]])
    assert [event.event for event in events] == ["contentBlockDelta"]
    assert error is None


def test_after_an_error_nothing_comes() -> None:
    """What follows damage is not guessed at."""
    decoder = EventStreamDecoder()
    decoder.receive(b"\x00" * 12)
    assert decoder.error is not None
    assert decoder.receive(VECTOR) == decoder.end() == []


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=80), data=st.data())
def test_any_bytes(body: bytes, data: st.DataObject) -> None:
    """Bytes of any kind, after a message, raise nothing and are the same however they are cut."""
    body = VECTOR + body
    assert seen(read(cut(body, data.draw(places_in(body))))) == seen(read([body]))


# The short way.
def test_what_is_recognised_is_not_taken_apart() -> None:
    """Each message is shown as headers and payload; what is known is not handed out."""
    shown: list[bytes] = []
    taken: list[Any] = []

    def recognise(block: bytes, at: int) -> int:
        shown.append(block[at:])
        return len(block) if b"Hello" in block else at

    EventStreamDecoder().feed(STREAM, taken.append, recognise)
    assert [event.event for event in taken] == ["messageStart", "messageStop"]
    assert shown[1:] == [HELLO[12:-4], VECTOR[12:-4]]


def test_a_checksum_is_checked_before_a_message_is_recognised() -> None:
    """What is recognised is whole: damage is found first."""
    decoder = EventStreamDecoder()
    decoder.feed(HELLO[:-1] + b"\x00", lambda _: None, lambda block, _: len(block))
    assert isinstance(decoder.error, CorruptEventError)


# Growth.
@pytest.mark.parametrize(("size", "amount"), [(1, 16 * KIB), (READ, 128 * KIB)])
def test_work_is_linear(size: int, amount: int) -> None:
    """Twice the message in twice as many pieces takes twice the memory traffic, not four times."""
    once = work(in_pieces_of(size, message(b"x" * amount)), EventStreamDecoder)
    twice = work(in_pieces_of(size, message(b"x" * 2 * amount)), EventStreamDecoder)
    assert twice < 2.5 * once + 64 * KIB


def test_a_large_message_in_small_pieces() -> None:
    """One message of 16 MiB in pieces of 1,400 bytes comes out whole."""
    [event] = feed(EventStreamDecoder(), in_pieces_of(READ, message(b"x" * 16 * MIB)))
    assert len(event.data) == 16 * MIB


def test_what_is_remembered_is_bounded() -> None:
    """A stream of messages that are all different holds no memory."""
    pieces = [message(b"x" * (n % 999), header(f"h{n}", b"y" * 99)) for n in range(5000)]
    decoder = EventStreamDecoder()
    with memory() as peak:
        for piece in pieces:
            decoder.receive(piece)
        assert peak(now=True) < 512 * KIB
