"""Edits of a body that was cut into pieces: each piece stays where it was. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from reqllm_fixtures.bodies.json_strings import Span
from reqllm_fixtures.cassette import Piece


class Edit(NamedTuple):
    """What stands in the place of a part of a body."""

    start: int
    end: int
    content: bytes


def edited(pieces: Sequence[Piece], edits: Iterable[Edit]) -> tuple[Piece, ...]:
    """Apply edits that do not overlap and do not cross a cut."""
    in_order = sorted(edits)
    starts = [edit.start for edit in in_order]
    done = []
    first = 0
    for number, (piece, (begin, end)) in enumerate(
        zip(pieces, pairwise(cuts(pieces)), strict=True), 1
    ):
        # What is put behind the last byte belongs to the last piece.
        last = bisect_left(starts, end) if number < len(pieces) else len(in_order)
        within, first = in_order[first:last], last
        done.append(Piece(_edited(piece.data, begin, within), piece.at_ms) if within else piece)
    return tuple(done)


def cuts(pieces: Iterable[Piece]) -> list[int]:
    """Give the offsets at which pieces begin and end."""
    return list(accumulate((len(piece.data) for piece in pieces), initial=0))


def spread(
    spans: Iterable[Span], content: bytes, at: Sequence[int], *, same_size: bool = False
) -> list[Edit]:
    """Put a content in the place of spans, cut where the body is cut.

    Every part gets at least a byte, so that no piece and no text of an event becomes empty.
    """
    parts = [part for span in spans for part in _parts(span, at)]
    size = sum(end - start for start, end in parts) if same_size else len(content)
    content = _cycled(content, max(size, len(parts)))
    if same_size:
        ends = accumulate((end - start for start, end in parts), initial=0)
        return [
            Edit(*part, content[a:b]) for part, (a, b) in zip(parts, pairwise(ends), strict=True)
        ]
    first = len(content) - len(parts) + 1
    shares = [content[:first], *(content[i : i + 1] for i in range(first, len(content)))]
    return [Edit(*part, share) for part, share in zip(parts, shares, strict=True)]


def _cycled(content: bytes, size: int) -> bytes:
    return (content * (size // len(content) + 1))[:size]


def _parts(span: Span, at: Sequence[int]) -> Iterable[Span]:
    start, end = span
    inside = at[bisect_right(at, start) : bisect_left(at, end)]
    return pairwise([start, *inside, end])


def _edited(data: bytes, begin: int, edits: Iterable[Edit]) -> bytes:
    kept, done = [], 0
    for edit in edits:
        kept += [data[done : edit.start - begin], edit.content]
        done = edit.end - begin
    return b"".join([*kept, data[done:]])
