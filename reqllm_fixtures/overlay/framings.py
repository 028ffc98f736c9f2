"""How a body is made of events, so that they can be taken out, put in and exchanged. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from reqllm_fixtures.bodies.cutting import CutEvent, sse_events
from reqllm_fixtures.bodies.other_framings import array_items, json_lines, wrapped_events
from reqllm_fixtures.bodies.pieces import content_type

_LINE_TYPES = ("application/x-ndjson", "application/jsonl", "application/stream+json")
_FRAME_TYPE = "application/vnd.amazon.eventstream"
_SSE_STARTS = (b"data:", b"event:", b":", b"id:", b"retry:")
_SEPARATOR = b",\r\n"
_TEXT_HEADER = 7


class Framing(Struct, frozen=True):
    """One way to write events one after the other."""

    name: str
    cut: Callable[[bytes], Iterator[CutEvent]]
    has_comments: bool = False
    padding: bytes | None = None
    """What may stand between events and means nothing."""

    def events(self, body: bytes) -> list[CutEvent]:
        """Cut a body into its events, each with its place."""
        return [event for event in self.cut(body) if not event.is_stray]

    def mark(self, body: bytes) -> bytes:
        """Return what closes an event."""
        return b""

    def write(self, name: str, data: bytes, body: bytes, *, kind: str = "event") -> bytes:
        """Write an event as this body would have it."""
        raise NotImplementedError

    def without(self, events: Sequence[CutEvent], index: int) -> tuple[int, int]:
        """Return the range to take out, so that an event is gone."""
        return events[index].start, events[index].stop

    def inserted(
        self, events: Sequence[CutEvent], index: int, new: bytes, body: bytes
    ) -> tuple[int, bytes]:
        """Return where, and with what about it, an event goes in as the one of this index."""
        if index < len(events):
            return events[index].start, new
        if events and not events[-1].is_finished:
            return len(body), self.mark(body) + new
        return (events[-1].stop if events else len(body)), new

    def closed(self, body: bytes) -> bytes:
        """Return what is still to come, for a body that ends here on purpose."""
        return b""


class _SSE(Framing, frozen=True):
    def mark(self, body: bytes) -> bytes:
        return b"\r\n\r\n" if b"\r\n" in body else b"\n\n"

    def write(self, name: str, data: bytes, body: bytes, *, kind: str = "event") -> bytes:
        line = b"\r\n" if b"\r\n" in body else b"\n"
        named = b"event: " + name.encode() + line if name else b""
        return named + b"data: " + data + line + line


class _Lines(Framing, frozen=True):
    def mark(self, body: bytes) -> bytes:
        return b"\n"

    def write(self, name: str, data: bytes, body: bytes, *, kind: str = "event") -> bytes:
        return data + b"\n"


class _Array(Framing, frozen=True):
    def write(self, name: str, data: bytes, body: bytes, *, kind: str = "event") -> bytes:
        return data

    def without(self, events: Sequence[CutEvent], index: int) -> tuple[int, int]:
        if index:
            return events[index - 1].stop, events[index].stop
        return events[0].start, events[1].start if len(events) > 1 else events[0].stop

    def inserted(
        self, events: Sequence[CutEvent], index: int, new: bytes, body: bytes
    ) -> tuple[int, bytes]:
        if index < len(events):
            return events[index].start, new + _SEPARATOR
        if events:
            return events[-1].stop, _SEPARATOR + new
        return body.find(b"[") + 1, new

    def closed(self, body: bytes) -> bytes:
        return b"" if body.rstrip().endswith(b"]") else b"]"


class _Frames(Framing, frozen=True):
    def write(self, name: str, data: bytes, body: bytes, *, kind: str = "event") -> bytes:
        texts = {
            f":{kind}-type": name,
            ":content-type": "application/json",
            ":message-type": kind,
        }
        return frame(b"".join(_header(key, value) for key, value in texts.items()), data)


SSE = _SSE("server-sent events", sse_events, has_comments=True)
LINES = _Lines("lines of JSON", json_lines, padding=b"\n")
ARRAY = _Array("one JSON array", array_items, padding=b"\n")
FRAMES = _Frames("an AWS event stream", wrapped_events)


def framing_of(headers: Sequence[tuple[str, str]], body: bytes) -> Framing | None:
    """Return how the events of a body are written; None for a body that is no stream."""
    kind = content_type(tuple(headers))
    start = body[:64].lstrip()
    if kind == _FRAME_TYPE:
        return FRAMES
    if kind in _LINE_TYPES:
        return LINES
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b""):
        return ARRAY
    if start.startswith(_SSE_STARTS) or (kind == "text/event-stream" and start[:1] != b"{"):
        return SSE
    return None


def frame(headers: bytes, payload: bytes) -> bytes:
    """Write one message of an AWS event stream around headers that are written already.

    https://smithy.io/2.0/aws/amazon-eventstream.html
    """
    lengths = (len(headers) + len(payload) + 16).to_bytes(4) + len(headers).to_bytes(4)
    whole = lengths + zlib.crc32(lengths).to_bytes(4) + headers + payload
    return whole + zlib.crc32(whole).to_bytes(4)


def reframed(message: bytes, payload: bytes) -> bytes:
    """Write a message again, with another payload."""
    of_headers = int.from_bytes(message[4:8])
    return frame(message[12 : 12 + of_headers], payload)


def payload_of(message: bytes) -> bytes:
    """Return the payload of one whole message."""
    return message[12 + int.from_bytes(message[4:8]) : -4]


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + bytes([_TEXT_HEADER]) + len(text).to_bytes(2) + text
