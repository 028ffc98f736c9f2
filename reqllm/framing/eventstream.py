"""Messages of an AWS event stream (`application/vnd.amazon.eventstream`) from bytes.

https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html: two lengths and their
checksum, headers, a payload, and a checksum over all of it. Numbers are big-endian; the
checksums are CRC-32. A message whose checksum is wrong ends the stream with an error: nothing
tells where the next one begins.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from struct import Struct as Layout
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zlib import crc32

from msgspec import Struct

from reqllm.errors import CorruptEventError, EventTooLargeError, ReqLLMError
from reqllm.framing.event import (
    MAX_EVENT_BYTES,
    Comment,
    Framing,
    Known,
    Recognise,
    Take,
    WireEvent,
)

_PRELUDE, _CHECKSUM = 12, 4
_number_at, _numbers = Layout(">I").unpack_from, Layout(">III").unpack
_NO_LENGTHS = -1, 0, 0
# What most messages of a stream share is read once; a hostile server may send endless variants.
_REMEMBERED = 256
_LONGEST_HEAD_REMEMBERED = 1024
# By message type: the header that names the message.
_NAMED_BY: Mapping[str, str] = MappingProxyType(
    {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}
)


def _never(block: bytes, at: int) -> int:
    return at


def _nothing(block: bytes) -> None:
    """Know no event."""


class _Head(Struct, frozen=True):
    """The headers of a message, read."""

    raw: bytes
    name: str
    headers: Mapping[str, str]

    def event(self, payload: bytes) -> WireEvent:
        """Return the message as an event; nothing but its length closes it."""
        return WireEvent(payload, self.name, headers=self.headers, head=self.raw, marks=(b"",))


class EventStreamDecoder:
    """Turns pieces of a byte stream into messages; `receive` each piece, then `end`.

    An event is named by `:event-type`, `:exception-type` or `:error-code`, whichever its
    `:message-type` asks for; all headers are in `headers`, as text. `error` is set, and nothing
    more comes out, once a checksum or a length is wrong, or a message passes `max_event_bytes`.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        self.error: ReqLLMError | None = None
        self._limit = max_event_bytes
        self._held = bytearray()  # a message that is not whole yet
        self._needed = _PRELUDE  # how much must be held before there is something to read
        self._offset = 0  # where in the body `_held` begins
        self._preludes: dict[bytes, tuple[int, int, int]] = {}
        self._heads: dict[bytes, _Head] = {}
        self._known: Known = _nothing

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        out: list[WireEvent | Comment] = []
        self.feed(piece, out.append)
        return out

    def shortcut(self, known: Known) -> Known | None:
        """Return what takes a piece that is just one message that `known` knows."""
        self._known = known
        return None if self._held else self._take_known

    def _take_known(self, piece: bytes) -> Any:
        total, _, checksum = self._preludes.get(piece[:_PRELUDE], _NO_LENGTHS)
        if total != len(piece):
            return None
        block = piece[_PRELUDE:-_CHECKSUM]
        if crc32(block, checksum) != _number_at(piece, total - _CHECKSUM)[0]:
            return None
        meaning = self._known(block)
        if meaning is not None:
            self._offset += total
        return meaning

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order.

        `recognise` is shown the headers and payload of each message first, as they were sent.
        """
        if self.error is not None:
            return
        if self._held:
            self._held += piece
            if len(self._held) < self._needed:
                return
            piece = bytes(self._held)
            self._held.clear()
        read = self._take_messages(piece, take, recognise or _never)
        self._offset += read
        if read < len(piece) and self.error is None:
            self._held += piece[read:]

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the stream. A message that was cut off says nothing."""
        self._held.clear()
        return []

    def _take_messages(self, data: bytes, take: Take, recognise: Recognise) -> int:
        """Take the whole messages at the start of `data`; return how many bytes they are."""
        size, at = len(data), 0
        known_preludes = self._preludes
        while size - at >= _PRELUDE:
            start = at + _PRELUDE
            prelude = data[at:start]
            lengths = known_preludes.get(prelude) or self._read_prelude(prelude, at)
            if lengths is None:
                return at
            total, head_length, checksum = lengths
            end = at + total
            if end > size:
                self._needed = total
                return at
            block = data[start : end - _CHECKSUM]
            if crc32(block, checksum) != _number_at(data, end - _CHECKSUM)[0]:
                self._fail(at, "its checksum is not that of its bytes")
                return at
            if not recognise(block, 0):
                raw = block[:head_length]
                head = self._heads.get(raw) or self._read_head(raw, at)
                if head is None:
                    return at
                take(head.event(block[head_length:]))
            at = end
        self._needed = _PRELUDE
        return at

    def _read_prelude(self, prelude: bytes, at: int) -> tuple[int, int, int] | None:
        """Return the lengths of a message and of its headers, and the checksum up to here."""
        total, head_length, checksum = _numbers(prelude)
        if crc32(prelude[:8]) != checksum:
            self._fail(at, "the checksum of its lengths is not theirs")
        elif total < _PRELUDE + head_length + _CHECKSUM:
            self._fail(at, f"{total} bytes cannot hold {head_length} bytes of headers")
        elif total > self._limit:
            self.error = EventTooLargeError(
                f"an event of {total} bytes passed the limit of {self._limit} bytes; "
                "raise it with max_event_bytes if events of that size are expected",
                limit=self._limit,
            )
        else:
            found = total, head_length, crc32(prelude)
            if len(self._preludes) < _REMEMBERED:
                self._preludes[prelude] = found
            return found
        return None

    def _read_head(self, raw: bytes, at: int) -> _Head | None:
        try:
            headers = dict(_headers(raw))
        except ValueError as problem:
            self._fail(at, f"its headers cannot be read: {problem}")
            return None
        kind = headers.get(":message-type", "event")
        name = headers.get(_NAMED_BY.get(kind, ":event-type"))
        head = _Head(raw, name or "message", MappingProxyType(headers))
        if len(self._heads) < _REMEMBERED and len(raw) <= _LONGEST_HEAD_REMEMBERED:
            self._heads[raw] = head
        return head

    def _fail(self, at: int, problem: str) -> None:
        offset = self._offset + at
        self.error = CorruptEventError(
            f"the event at byte {offset} of the body is corrupt: {problem}; "
            "`.partial` holds what came before it",
            offset=offset,
        )


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield names and values; all values become text. Raises ValueError."""
    at = 0
    while at < len(raw):
        end = at + 1 + raw[at]
        name = _part(raw, at + 1, end).decode("utf-8", "replace")
        (kind,) = _part(raw, end, end + 1)
        at = end + 1
        size = _SIZES.get(kind)
        if size is None:
            if kind not in (_BYTES, _STRING):
                raise ValueError(f"{name!r} is of the type {kind}, which there is not")
            size = int.from_bytes(_part(raw, at, at + 2))
            at += 2
        yield name, _text(kind, _part(raw, at, at + size))
        at += size


_TRUE, _FALSE, _BYTES, _STRING, _UUID = 0, 1, 6, 7, 9
# By type, for those of a fixed length: the bytes of a value. 2 to 5 and 8 are whole numbers.
_SIZES: Mapping[int, int] = MappingProxyType(
    {_TRUE: 0, _FALSE: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, _UUID: 16}
)


def _part(raw: bytes, begin: int, end: int) -> bytes:
    if end > len(raw):
        raise ValueError(f"they end at byte {len(raw)}, in the middle of one")
    return raw[begin:end]


def _text(kind: int, value: bytes) -> str:
    match kind:
        case 0 | 1:
            return "true" if kind == _TRUE else "false"
        case 6:
            return base64.b64encode(value).decode("ascii")
        case 7:
            return value.decode("utf-8", "replace")
        case 9:
            return str(UUID(bytes=value))
    return str(int.from_bytes(value, signed=True))


CONTENT_TYPE = "application/vnd.amazon.eventstream"
EVENT_STREAM = Framing(
    name="eventstream", new=EventStreamDecoder, starts=(b"\x00",), is_binary=True
)
