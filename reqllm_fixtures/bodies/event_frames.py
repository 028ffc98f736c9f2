"""The messages of an AWS event stream, whose text may change but not its size. Pure.

https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html: a length, a length of
headers, a checksum, headers, a payload, a checksum over all of it.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterable

CONTENT_TYPE = "application/vnd.amazon.eventstream"

Span = tuple[int, int]
Change = Callable[[bytes], bytes]

_PRELUDE, _CHECKSUM = 12, 4
# Bedrock's InvokeModel wraps the events of a vendor: JSON in base64 in JSON.
_WRAPPED = re.compile(rb'"bytes"\s*:\s*"([A-Za-z0-9+/]+={0,2})"')


def payloads(body: bytes) -> list[Span]:
    """Give the place of every payload; a message that was cut off has what came of it."""
    return [span for _, _, span in _messages(body)]


def unwrapped(body: bytes) -> bytes:
    """Give what the payloads say, one a line, with what they have in base64 after them."""
    spans = payloads(body)
    inner = (base64.b64decode(body[start:end]) for start, end in _wrapped(body, spans))
    return b"\n".join([*(body[start:end] for start, end in spans), *inner])


def changed(body: bytes, change: Change) -> bytes:
    """Change what the payloads say, together, by a change that keeps the size of what it gets."""
    content = bytearray(body)
    wrapped = _wrapped(body, payloads(body))
    inner = [base64.b64decode(body[start:end]) for start, end in wrapped]
    for (start, end), new in zip(wrapped, _changed_together(inner, change), strict=True):
        content[start:end] = base64.b64encode(new)
    spans = payloads(body)
    outer = [bytes(content[start:end]) for start, end in spans]
    for (start, end), new in zip(spans, _changed_together(outer, change), strict=True):
        content[start:end] = new
    for start, end, _ in _messages(body):
        if content[start:end] != body[start:end] and end - start == _size(body, start):
            checksum = zlib.crc32(content[start : end - _CHECKSUM])
            content[end - _CHECKSUM : end] = checksum.to_bytes(_CHECKSUM)
    return bytes(content)


def _messages(body: bytes) -> Iterable[tuple[int, int, Span]]:
    start = 0
    while start + _PRELUDE <= len(body):
        size, headers = _size(body, start), int.from_bytes(body[start + 4 : start + 8])
        if size < _PRELUDE + headers + _CHECKSUM:
            return
        end = min(start + size, len(body))
        first = min(start + _PRELUDE + headers, end)
        last = max(first, min(start + size - _CHECKSUM, end))
        yield start, end, (first, last)
        start = end


def _size(body: bytes, start: int) -> int:
    return int.from_bytes(body[start : start + 4])


def _wrapped(body: bytes, spans: Iterable[Span]) -> list[Span]:
    found = (match for start, end in spans for match in _WRAPPED.finditer(body, start, end))
    return [match.span(1) for match in found if len(match[1]) % 4 == 0]


def _changed_together(parts: list[bytes], change: Change) -> list[bytes]:
    new, at, done = change(b"\n".join(parts)), 0, []
    for part in parts:
        done.append(new[at : at + len(part)])
        at += len(part) + 1
    return done
