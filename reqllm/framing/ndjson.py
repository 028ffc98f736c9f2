"""Newline-delimited JSON from bytes, however they were cut: one event a line.

Follows https://github.com/ndjson/ndjson-spec, read generously: lines end with LF, with or
without a CR before it, blank ones say nothing, a byte order mark is no part of the first, and
a last line without its end is handed out at a clean end of the body, marked `flushed`. A
document that was laid out over several lines is one event, since no line of it would be JSON.
"""

from __future__ import annotations

from reqllm.errors import EventTooLargeError, ReqLLMError
from reqllm.framing.event import (
    MAX_EVENT_BYTES,
    Comment,
    Framing,
    Known,
    Recognise,
    Take,
    WireEvent,
)

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r"
_ENDS = (b"\n", b"\r\n")
# A whole body in one piece is read in parts: all its lines at once would be many.
_AT_ONCE = 64 * 1024
# A line of one of these alone begins a document that goes on in the next line.
_OPEN = (b"{", b"[")


class NDJSONDecoder:
    """Turns pieces of a byte stream into events; `receive` each piece, then `end`.

    Once a line passes `max_event_bytes`, `error` is set and nothing more comes out. The format
    has no comments, so `comments` changes nothing.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        self.error: ReqLLMError | None = None
        self._limit = max_event_bytes
        self._head: bytes | None = b""  # None once the byte order mark is decided
        self._line = bytearray()  # a line without its end yet
        self._document = False  # that line is a document over many, to the body's end

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        out: list[WireEvent | Comment] = []
        self.feed(piece, out.append)
        return out

    def shortcut(self, known: Known) -> Known | None:
        """Return `known`, where the next byte begins an event."""
        return known if not self._line and self.error is None else None

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order.

        `recognise` is shown whole lines first.
        """
        if self._head is not None:
            piece = self._skip_bom(piece)
        if self.error is not None or not piece:
            return
        for at in range(0, len(piece), _AT_ONCE):
            self._feed_part(piece[at : at + _AT_ONCE], take, recognise)
            if self.error is not None:
                return

    def _feed_part(self, piece: bytes, take: Take, recognise: Recognise | None) -> None:
        if self._document or b"\n" not in piece:
            self._begin_line(piece)
            return
        at = 0
        if self._line:
            # Joined once, with all that it still lacked.
            at = piece.find(b"\n") + 1
            line = bytes(self._line) + piece[:at]
            self._line.clear()
            if recognise is None or not recognise(line, 0):
                self._take_line(line[:-1], take)
        while at < len(piece) and self.error is None and not self._document:
            if recognise is not None:
                at = recognise(piece, at)
            end = piece.find(b"\n", at)
            if end < 0:
                break
            self._take_line(piece[at:end], take)
            at = end + 1
        if at < len(piece) and self.error is None:
            self._begin_line(piece[at:])

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the stream; return the line that lacked its end."""
        out: list[WireEvent | Comment] = []
        if self._head:
            self._line += self._head
            self._head = None
        line = bytes(self._line).strip(_BLANK + b"\n")
        self._line.clear()
        if self.error is None and line:
            out.append(_event(line, flushed=True))
        return out

    def _skip_bom(self, piece: bytes) -> bytes:
        head = (self._head or b"") + piece
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BOM)

    def _take_line(self, line: bytes, take: Take) -> None:
        if len(line) > self._limit:
            self._fail()
            return
        data = line.strip(_BLANK)
        if data in _OPEN:
            self._document = True
            self._begin_line(data + b"\n")
        elif data:
            take(_event(data))

    def _begin_line(self, part: bytes) -> None:
        """Keep a part of a line whose end is yet to come."""
        self._line += part
        if len(self._line) > self._limit:
            self._fail()

    def _fail(self) -> None:
        self._line.clear()
        self.error = EventTooLargeError(
            f"an event passed the limit of {self._limit} bytes; "
            "raise it with max_event_bytes if events of that size are expected",
            limit=self._limit,
        )


def _event(line: bytes, *, flushed: bool = False) -> WireEvent:
    return WireEvent(line, flushed=flushed, head=b"", marks=_ENDS)


NDJSON = Framing(name="ndjson", new=NDJSONDecoder, openers=frozenset((b"{",)), starts=(b"{",))
