"""Large, endless and hostile streams: work grows with the bytes, memory with one event.

Nothing here asserts a time. What the work is, is counted: the memory taken while a piece is
read, summed over the pieces, is what was copied and built for them.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

import pytest

from reqllm.framing.event import Framer, NewFramer, WireEvent
from reqllm.framing.sse import SSEDecoder

from .reading import in_pieces_of

pytestmark = pytest.mark.untraced

KIB = 1024
MIB = 1024 * 1024
READ = 1400
"""The size of a piece where a packet is one."""


def feed(decoder: Framer, pieces: Iterable[bytes], within: float = 60) -> list[WireEvent]:
    """Feed the pieces. The bound is no measurement: work that is not linear would take hours."""
    deadline = monotonic() + within
    events: list[WireEvent] = []
    for number, piece in enumerate(pieces):
        events += decoder.receive(piece)
        if not number % 1000 and monotonic() > deadline:
            pytest.fail(f"piece {number} and still reading: work is not linear")
    return events + decoder.end()


class Peak(Protocol):
    def __call__(self, *, now: bool = False) -> int: ...


@contextmanager
def memory() -> Iterator[Peak]:
    """Trace memory: the value tells the most that was held since, or with `now` what is held."""

    def peak(*, now: bool = False) -> int:
        if now:
            gc.collect()
        held, most = tracemalloc.get_traced_memory()
        return held if now else most

    gc.collect()
    tracemalloc.start()
    try:
        yield peak
    finally:
        tracemalloc.stop()


def work(pieces: Iterable[bytes], new: NewFramer = SSEDecoder) -> int:
    """Return how many bytes were allocated, at the peak of each piece, to read the pieces."""
    decoder = new()
    total = 0
    with memory():
        for piece in pieces:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            decoder.receive(piece)
            total += max(0, tracemalloc.get_traced_memory()[1] - before)
    return total


def one_event(size: int) -> bytes:
    return b"data: " + b"x" * (size - 8) + b"\n\n"


@pytest.mark.parametrize(("size", "amount"), [(1, 16 * KIB), (READ, 128 * KIB)])
@pytest.mark.parametrize("line", [b"x" * 8, b"data: y\n", b": ping\n ", b"x\r\ndata:"])
def test_work_is_linear(line: bytes, size: int, amount: int):
    """Twice the event in twice as many pieces takes twice the memory traffic, not four times."""
    lines = line * (amount // 8)
    once = work(in_pieces_of(size, b"data: " + lines))
    twice = work(in_pieces_of(size, b"data: " + lines + lines))
    assert twice < 2.5 * once + 64 * KIB


def test_a_large_event_in_small_pieces():
    """S41: one event of 16 MiB in pieces of 1,400 bytes comes out whole."""
    [event] = feed(SSEDecoder(), in_pieces_of(READ, one_event(16 * MIB)))
    assert len(event.data) == 16 * MIB - 8


def test_a_long_line_byte_by_byte():
    """S42: a line of 1 MiB comes out whole when every piece is one byte."""
    [event] = feed(SSEDecoder(), in_pieces_of(1, one_event(MIB)))
    assert len(event.data) == MIB - 8


def test_a_large_event_costs_a_few_times_its_size():
    """Reading an event of 4 MiB takes no more than the line, its value and what grows meanwhile."""
    pieces = list(in_pieces_of(READ, one_event(4 * MIB)))
    with memory() as peak:
        feed(SSEDecoder(), pieces)
        assert peak() < 5 * 4 * MIB


@pytest.mark.parametrize("start", [b"data: ", b": ", b"event: ", b"id: ", b"", b"nonsense"])
def test_an_endless_line_stops_at_the_limit(start: bytes):
    """S43: a line that never ends is an error as soon as it passes the limit, and then is freed."""
    decoder = SSEDecoder(max_event_bytes=MIB)
    with memory() as peak:
        taken = len(start)
        decoder.receive(start)
        while decoder.error is None:
            assert decoder.receive(b"x" * READ) == []
            taken += READ
            assert taken <= MIB + READ
        assert taken > MIB
        assert peak() < 2 * MIB
        tracemalloc.reset_peak()
        for _ in range(2000):
            assert decoder.receive(b"x" * READ) == []
        assert peak() < 64 * KIB


@pytest.mark.parametrize("line", [b"data\n", b"data: xy\n", b"data: " + b"x" * 100 + b"\n"])
def test_endless_data_stops_at_the_limit(line: bytes):
    """S43: endless data lines are an error at the limit, cost a few times it, and are freed."""
    limit = 256 * KIB
    decoder = SSEDecoder(max_event_bytes=limit)
    piece = line * (READ // len(line))
    with memory() as peak:
        for _ in range(2 * limit // piece.count(b"\n")):
            assert decoder.receive(piece) == []
            if decoder.error is not None:
                break
        assert decoder.error is not None
        assert peak() < 3 * limit
        assert peak(now=True) < 16 * KIB


@pytest.mark.parametrize(
    "line", [b"id: 1\n", b"event: e\n", b": ping\n", b"retry: 1\n", b"what: ever\n", b"\n"]
)
def test_an_endless_event_of_no_data_keeps_nothing(line: bytes):
    """S44: lines that add nothing to an event may come for ever in constant memory."""
    decoder = SSEDecoder()
    pieces = list(in_pieces_of(READ, line * 100_000))
    with memory() as peak:
        assert feed(decoder, pieces) == []
        assert peak() < 256 * KIB


@pytest.mark.parametrize(
    ("line", "size"), [(b"\n", READ), (b"\n", MIB), (b":\n", READ), (b":\n", MIB), (b":\r\n", MIB)]
)
def test_a_million_empty_lines(line: bytes, size: int):
    """S44: a million blank lines or empty comments are no event and leave nothing behind."""
    decoder = SSEDecoder()
    pieces = list(in_pieces_of(size, line * 1_000_000))
    with memory() as peak:
        assert feed(decoder, pieces) == []
        # A piece is copied where its line ends are not LF; its lines are never all held.
        assert peak() < 2 * MIB + len(pieces[0])
        assert peak(now=True) < 16 * KIB
    assert decoder.keepalives == 1_000_000 * line.count(b":")


@pytest.mark.parametrize("line", [b"\n", b":\n"])
def test_empty_lines_byte_by_byte(line: bytes):
    """S44: blank lines and empty comments leave nothing behind when every piece is one byte."""
    decoder = SSEDecoder()
    with memory() as peak:
        assert feed(decoder, in_pieces_of(1, line * 50_000)) == []
        assert peak() < 128 * KIB
    assert decoder.keepalives == 50_000 * line.count(b":")


def test_names_of_events_are_not_hoarded():
    """Event names without end, and long ones, do not fill the memory."""
    decoder = SSEDecoder()
    long_name = b"n" * 256 * KIB
    with memory() as peak:
        for number in range(100):
            [event] = decoder.receive(b"event: %d" % number + long_name + b"\ndata: a\n\n")
            assert len(event.event) > 256 * KIB
        for number in range(20_000):
            [event] = decoder.receive(b"event: %d\ndata: a\n\n" % number)
            assert event.event == str(number)
        del event
        assert peak(now=True) < 256 * KIB
        assert peak() < 4 * MIB


def test_events_do_not_hold_on_to_their_piece():
    """A small event kept from a large piece keeps only itself alive."""
    with memory() as peak:
        [kept, *_] = SSEDecoder().receive(b"data: a\n\n" + one_event(4 * MIB))
        del _
        assert peak(now=True) < 64 * KIB
        assert kept.data == b"a"
