"""One JSON array that grows, as Google streams it without `alt=sse`: each element is an event.

https://cloud.google.com/apis/docs/http-and-grpc-streaming has no more to say than that. The
opening and the closing bracket are handed out as events of their own: only a reader that saw
the closing one knows that the array is whole.
"""

from __future__ import annotations

import re

import msgspec

from reqllm.errors import EventTooLargeError, ReqLLMError
from reqllm.framing.event import MAX_EVENT_BYTES, Comment, Known, Recognise, Take, WireEvent
from reqllm.framing.json_scan import TokenScanner, ValueScanner

OPEN, CLOSE = b"[", b"]"
_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(rb"[ \t\r\n,]*+")
_is_value = msgspec.json.Decoder(msgspec.Raw).decode
# How Google closes an element; it is looked for only so far, and not for ever in vain.
_CLOSING = b"\n}"
_LOOK_FOR = 64 * 1024
_MISSES = 8


class JSONArrayDecoder:
    """Turns pieces of a JSON array into events; `receive` each piece, then `end`.

    Once an element passes `max_event_bytes`, `error` is set and nothing more comes out.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        self.error: ReqLLMError | None = None
        self._limit = max_event_bytes
        self._buffer = bytearray()  # begins with the element that is open, if one is
        self._at_start = True  # where a byte order mark may stand
        self._opened = False
        self._closed = False
        self._kind = ""  # of the open element: "value" in brackets, "scalar", or none
        self._is_new = False  # nothing of the open element was looked at
        self._misses = 0
        self._value = ValueScanner()
        self._scalar = TokenScanner(rb",\]")

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        out: list[WireEvent | Comment] = []
        self.feed(piece, out.append)
        return out

    def shortcut(self, known: Known) -> Known | None:
        """Return `None`: no element is known by its bytes."""
        return None

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order."""
        if self.error is not None:
            return
        self._buffer += piece
        at = self._take_elements(take)
        del self._buffer[:at]
        self._value.moved(at)
        self._scalar.moved(at)
        if len(self._buffer) > self._limit:
            self._fail()

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the body; return what was begun."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if self.error is not None or not rest.strip():
            return []
        return [WireEvent(rest, flushed=True)]

    def _take_elements(self, take: Take) -> int:
        """Hand out whole elements; return where in the buffer what is left begins."""
        at = 0
        while self.error is None:
            if not self._kind:
                at = self._begin(at, take)
                if not self._kind:
                    return at
            end = self._end_of(at)
            if end < 0:
                return at
            if end - at > self._limit:
                self._fail()
                return at
            self._kind = ""
            take(WireEvent(bytes(self._buffer[at:end])))
            at = end
        return at

    def _begin(self, at: int, take: Take) -> int:
        """Find the next element; return where it begins, or where the buffer is used up."""
        buffer = self._buffer
        while True:
            if self._at_start and buffer:
                if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
                    return at  # perhaps the rest of the mark is still to come
                self._at_start = False
                at = len(_BOM) if buffer.startswith(_BOM) else 0
            gap = _GAP.match(buffer, at)
            at = at if gap is None else gap.end()
            if at == len(buffer):
                return at
            byte = bytes(buffer[at : at + 1])
            if byte == OPEN and not self._opened:
                self._opened = True
            elif byte == CLOSE and not self._closed:
                self._opened = self._closed = True
            else:
                break
            take(WireEvent(byte))
            at += 1
        self._opened = True
        self._kind = "value" if byte in (b"{", b"[") else "scalar"
        if self._kind == "value":
            self._value.restart(at)
        else:
            self._scalar.restart(at + (byte == CLOSE))
        self._is_new = True
        return at

    def _end_of(self, at: int) -> int:
        """Return where the element that begins at `at` ends, -1 if that is not known yet."""
        if self._kind == "scalar":
            return self._scalar.find(self._buffer)
        if self._is_new and self._misses < _MISSES:
            end = self._guess(at)
            if end >= 0:
                return end
        self._is_new = False
        return self._value.find_end(self._buffer)

    def _guess(self, at: int) -> int:
        """Return the end if it is where Google puts it, -1 if it is not or not there yet.

        No object is the beginning of another: what is a whole one is the element.
        """
        end = self._buffer.find(_CLOSING, at, at + _LOOK_FOR) + len(_CLOSING)
        if end < len(_CLOSING):
            self._misses += 1
            return -1
        try:
            with memoryview(self._buffer) as view:
                _is_value(view[at:end])
        except msgspec.MsgspecError:
            self._misses = _MISSES
            return -1
        self._misses = 0
        return end

    def _fail(self) -> None:
        self._buffer.clear()
        self.error = EventTooLargeError(
            f"an element of the array passed the limit of {self._limit} bytes; "
            "raise it with max_event_bytes if events of that size are expected",
            limit=self._limit,
        )
