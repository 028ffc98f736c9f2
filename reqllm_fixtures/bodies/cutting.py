"""Bodies cut into events, each with its place in the body.

It cuts as `reqllm.framing` does (a test holds it to that), but knows where it is; a whole body is
at hand, so nothing is kept between pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_FIELDS = (b"data", b"event", b"id", b"retry", b"")


class CutEvent(Struct, frozen=True, gc=False):
    """One event, or bytes of none (`is_stray`); the mark that closes it is in its range."""

    start: int
    stop: int
    data: bytes
    name: str = ""
    is_finished: bool = True
    """Whether the mark that closes it is there."""
    is_stray: bool = False


def sse_events(
    body: bytes, passes: Callable[[bytes], bool] = lambda block: False
) -> Iterator[CutEvent]:
    """Cut a body into its events, in order; comments are passed over.

    passes: says of the lines of a whole event whether it, too, is passed over.
    """
    start = len(_BOM) if body.startswith(_BOM) else 0
    line_end = _line_end(body)
    if line_end is None:
        yield from _by_lines(body, start, len(body))
        return
    names: dict[bytes, str] = {}
    blocks = body[start:].split(line_end * 2)
    rest = blocks.pop()
    for block in blocks:
        stop = start + len(block) + len(line_end) * 2
        if passes(block):
            start = stop
            continue
        if b"\n" not in block:
            if block[:6] == b"data: ":
                yield CutEvent(start, stop, block[6:])
                start = stop
                continue
        elif block[:7] == b"event: ":
            head, _, data = block.partition(line_end + b"data: ")
            if data and b"\n" not in data and b"\n" not in head:
                name = names.get(head)
                if name is None:
                    name = names[head] = head[7:].decode("utf-8", "replace")
                yield CutEvent(start, stop, data, name)
                start = stop
                continue
        yield from _by_lines(body, start, stop)
        start = stop
    yield from _by_lines(body, start, start + len(rest))


def _line_end(body: bytes) -> bytes | None:
    """Return what ends the lines of a body, if all of them end so."""
    if b"\r" not in body:
        return b"\n"
    ends = {body.count(end) for end in (b"\r", b"\n", b"\r\n")}
    return b"\r\n" if len(ends) == 1 else None


def _by_lines(body: bytes, position: int, stop: int) -> Iterator[CutEvent]:
    """Cut what has any line ends, several data lines, comments, or text of no event in it."""
    begun, stray_from = position, -1
    name = ""
    lines: list[bytes] = []
    while position < stop:
        match = _LINE.match(body, position, stop)
        assert match is not None  # it matches the empty rest
        line, at, position = match[1], position, match.end()
        field, _, value = line.partition(b":")
        if not line:
            if stray_from >= 0:
                yield CutEvent(stray_from, at, body[stray_from:at], is_stray=True)
            if lines:
                yield CutEvent(begun, position, b"\n".join(lines), name)
            begun, stray_from, name, lines = position, -1, "", []
        elif field not in _FIELDS:
            stray_from = at if stray_from < 0 else stray_from
        elif field == b"data":
            lines.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode("utf-8", "replace")
        elif not field and not lines and not name:
            begun = position  # a comment before an event is no part of it
    if stray_from >= 0:
        yield CutEvent(stray_from, stop, body[stray_from:stop], is_stray=True)
    if lines:
        yield CutEvent(begun, stop, b"\n".join(lines), name, is_finished=False)
