"""Where a body is cut: by what was written down, or, where nothing was, at its events. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, pairwise

from reqllm_fixtures.cassette import Headers, Piece

# https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream:
# a line ends in CRLF, LF or CR, an event in a blank line.
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))+")
_LINE_END = re.compile(rb"\n")
_OF_THE_CODING = {"content-encoding", "content-length", "transfer-encoding"}
_LINES = {"application/x-ndjson", "application/jsonl", "application/stream+json"}


def cut(body: bytes, sizes: str, times: str) -> tuple[Piece, ...]:
    """Cut a body by its written sizes and times; ValueError unless they fit each other and it."""
    # Without a line of Python for each piece: a long recording has tens of thousands.
    lengths = list(map(int, sizes.split()))
    moments = list(map(float, times.split()))
    if min(lengths, default=0) < 0 or sum(lengths) != len(body):
        raise ValueError(f"sizes that sum up to {len(body)}, not to {sum(lengths)}")
    if len(lengths) != len(moments):
        raise ValueError(f"{len(lengths)} times, one a piece, not {len(moments)}")
    ends = list(accumulate(lengths))
    parts = map(body.__getitem__, map(slice, [0, *ends], ends))
    return tuple(map(Piece, parts, moments))


def written(pieces: Iterable[Piece]) -> tuple[str, str]:
    """Write sizes and times down as `cut` reads them; times are kept to the microsecond."""
    pieces = tuple(pieces)
    sizes = " ".join(str(len(piece.data)) for piece in pieces)
    return sizes, " ".join(_moment(piece.at_ms) for piece in pieces)


def cut_at_events(body: bytes, kind: str) -> tuple[Piece, ...]:
    """Cut a body of this content type after each of its events; one piece if it has none."""
    if kind == "text/event-stream":
        ends = [match.end() for match in _BLANK_LINE.finditer(body)]
    elif kind in _LINES:
        ends = [match.end() for match in _LINE_END.finditer(body)]
    elif kind == "application/vnd.amazon.eventstream":
        ends = _message_ends(body)
    else:
        ends = []
    return tuple(Piece(body[start:end]) for start, end in pairwise(sorted({0, *ends, len(body)})))


def content_type(headers: Headers) -> str:
    """Give the content type without its parameters, in lower case, empty if there is none."""
    for name, value in headers:
        if name.lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""


def without_coding(headers: Headers) -> Headers:
    """Drop the headers that tell how a body was coded, for one that was decoded."""
    return tuple((name, value) for name, value in headers if name.lower() not in _OF_THE_CODING)


def _message_ends(body: bytes) -> list[int]:
    """Follow the length prefixes of an AWS event stream as far as they make sense."""
    ends, end = [], 0
    while end + 4 <= len(body):
        length = int.from_bytes(body[end : end + 4])
        if length < 16 or end + length > len(body):  # 16: prelude and checksum of an empty one
            break
        end += length
        ends.append(end)
    return ends


def _moment(at_ms: float) -> str:
    return f"{at_ms:.3f}".rstrip("0").rstrip(".")
