"""Feeding a decoder: the pieces that a body can come in, and all that a decoder says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from hypothesis import strategies as st
from msgspec import Struct

from reqllm.framing.event import MAX_EVENT_BYTES, Comment, WireEvent
from reqllm.framing.sse import SSEDecoder

Event = WireEvent | Comment


class Reading(Struct, frozen=True):
    """What came out of a decoder, or should."""

    events: tuple[Event, ...] = ()
    retry_ms: int | None = None
    keepalives: int = 0
    last_event_id: str = ""
    too_large: bool = False


def read(
    pieces: Iterable[bytes],
    *,
    end: bool = True,
    limit: int = MAX_EVENT_BYTES,
    comments: bool = False,
) -> Reading:
    """Feed the pieces to a new decoder, then (`end`) the clean end of the stream."""
    decoder = SSEDecoder(max_event_bytes=limit, comments=comments)
    events: list[Event] = []
    for piece in pieces:
        events += decoder.receive(piece)
    if end:
        events += decoder.end()
    if decoder.error is not None:
        assert decoder.error.limit == limit
    return Reading(
        tuple(events),
        decoder.retry_ms,
        decoder.keepalives,
        decoder.last_event_id,
        decoder.error is not None,
    )


def in_pieces_of(size: int, body: bytes) -> Iterator[bytes]:
    """Cut the body every `size` bytes."""
    return (body[at : at + size] for at in range(0, len(body), size))


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut the body at these places; a place named twice gives an empty piece."""
    edges = [0, *sorted(places), len(body)]
    return [body[start:stop] for start, stop in pairwise(edges)]


def usual_cuts(body: bytes) -> Iterator[Sequence[bytes]]:
    """Whole, byte by byte, in sevens, and in two at every place."""
    yield [body]
    yield list(in_pieces_of(1, body))
    yield list(in_pieces_of(7, body))
    for place in range(1, len(body)):
        yield [body[:place], body[place:]]


def places_in(body: bytes) -> st.SearchStrategy[list[int]]:
    """Places to cut the body at, in any order."""
    return st.lists(st.integers(0, len(body)), max_size=12)
