"""Server-sent events from bytes, however they were cut.

Follows the WHATWG text (https://html.spec.whatwg.org/multipage/server-sent-events.html), on
bytes, always as UTF-8, with two deliberate deviations: an event that is whole but for its
last blank line is not lost at a clean end (`end` hands it out, marked `flushed`), and one
event may not grow past a limit. Which content types count as a stream, and what a sentinel
looks like, are not questions of framing: they are answered above.
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
# A whole body in one piece is read in parts: fields of all its lines at once would be many.
_AT_ONCE = 64 * 1024
# An event that pieces share is held for `recognise`, if it is no larger.
_MOST_HELD = 16 * 1024
# A hostile server may send endless event names; beyond these none is remembered.
_NAMES_REMEMBERED = 64
_NAME_LENGTH_REMEMBERED = 256
# More would be no time (30 million years), and `int` refuses very many.
_RETRY_DIGITS = 18


class SSEDecoder:
    """Turns pieces of a byte stream into events; `receive` each piece, then `end`.

    Once an event passes `max_event_bytes` (one line, or the data of one event), `error`
    is set and nothing more comes out. `comments=True` hands out comment lines as well.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        self.error: ReqLLMError | None = None
        self.retry_ms: int | None = None
        """The reconnection time the server asked for; recorded, never acted on."""
        self.keepalives = 0
        """Comment lines seen."""
        self.last_event_id = ""
        """The id that the last whole event left: what a reconnection would send."""
        self._limit = max_event_bytes
        self._want_comments = comments
        self._names: dict[bytes, str] = {}
        self._head: bytes | None = b""  # None once the byte order mark is decided
        self._after_cr = False
        self._line = bytearray()  # a line without its end yet
        self._data: bytes | bytearray | None = None  # None: no data line so far
        self._event = ""
        self._id = ""
        self._between_events = True
        self._begun: bytearray | None = bytearray()  # of an event so far; None if that is much

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        out: list[WireEvent | Comment] = []
        self.feed(piece, out.append)
        return out

    def shortcut(self, known: Known) -> Known | None:
        """Return `known`, where the next byte begins an event."""
        return known if self._between_events else None

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order.

        `recognise` is shown whole events first, with LF as line end.
        """
        if self._head is not None:
            piece = self._skip_bom(piece)
        if self._after_cr and piece:
            # The CR before this piece already ended its line.
            if piece[:1] == b"\n":
                piece = piece[1:]
            self._after_cr = False
        if self.error is not None or not piece:
            return
        if b"\r" in piece:
            self._after_cr = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in piece:
            self._hold(piece)
            self._begin_line(piece)
        else:
            for at in range(0, len(piece), _AT_ONCE):
                self._receive_lines(piece[at : at + _AT_ONCE], take, recognise)

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the stream; return the event that lacked its blank line."""
        out: list[WireEvent | Comment] = []
        if self._head:
            self._line += self._head
            self._head = None
        if self.error is None and self._line:
            self._take_line(bytes(self._line), out.append)
        self._line.clear()
        if self.error is None:
            self._dispatch(out.append, flushed=True)
        return out

    def _skip_bom(self, piece: bytes) -> bytes:
        head = (self._head or b"") + piece
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head[len(_BOM) :] if head.startswith(_BOM) else head

    def _receive_lines(self, piece: bytes, take: Take, recognise: Recognise | None) -> None:
        """Take a piece with line ends, all of them LF.

        Whole events between two blank lines are taken at once; only the edges of a piece go
        line by line. That is what makes large pieces cheap.
        """
        if self.error is not None:
            return
        start = 0
        if not self._between_events:
            start = self._end_of_begun_event(piece)
            rest = piece if start < 0 else piece[:start]
            self._hold(rest)
            if start < 0 or not self._recognise_begun(recognise):
                self._take_lines(rest, take)
            if start < 0 or self.error is not None:
                return
        while start < len(piece):
            if recognise is not None:
                start = recognise(piece, start)
            stop = piece.find(b"\n\n", start)
            if stop < 0:
                break
            self._take_block(piece[start:stop], take)
            if self.error is not None:
                return
            start = stop + 2
        if start < len(piece):
            self._hold(piece[start:])
            self._take_lines(piece[start:], take)

    def _end_of_begun_event(self, piece: bytes) -> int:
        """Return where in the piece the event ends that began before it; -1: not in it."""
        if not self._line and piece[:1] == b"\n":
            return 1
        blank = piece.find(b"\n\n")
        return blank if blank < 0 else blank + 2

    def _hold(self, part: bytes) -> None:
        """Hold what came of an event, so that it can be shown once it is whole."""
        if self._begun is not None:
            self._begun += part
            if len(self._begun) > _MOST_HELD:
                self._begun = None

    def _recognise_begun(self, recognise: Recognise | None) -> bool:
        """Show an event that pieces share, now that it is whole."""
        begun, self._begun = self._begun, bytearray()
        if begun is None or recognise is None or not recognise(bytes(begun), 0):
            return False
        # Its lines were taken as they came: they are told another way.
        self._line.clear()
        self._data, self._event = None, ""
        self._between_events = True
        return True

    def _take_block(self, block: bytes, take: Take) -> None:
        """Take a whole event of any kind; one of the two common kinds not line by line."""
        if len(block) <= self._limit:
            if block[:6] == b"data: " and b"\n" not in block:
                take(WireEvent(block[6:], "message", self._id))
                return
            if block[:7] == b"event: ":
                head, _, data = block.partition(b"\ndata: ")
                name = self._names.get(head)
                if name is not None and data and b"\n" not in data:
                    take(WireEvent(data, name, self._id))
                    return
        if block:
            self._take_lines(block + b"\n\n", take)

    def _take_lines(self, data: bytes, take: Take) -> None:
        """Take lines one by one; the last may be unfinished."""
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            if self._line:
                self._line += line
                line = bytes(self._line)
                self._line.clear()
            self._take_line(line, take)
            if self.error is not None:
                return
        if rest:
            self._begin_line(rest)

    def _begin_line(self, part: bytes) -> None:
        """Keep a part of a line whose end is yet to come."""
        self._line += part
        self._between_events = False
        if len(self._line) > self._limit:
            self._fail()

    def _take_line(self, line: bytes, take: Take) -> None:
        if not line:
            self._dispatch(take)
            return
        self._between_events = False
        if len(line) > self._limit:
            self._fail()
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        match name:
            case b"data":
                self._take_data(value)
            case b"":
                self._take_comment(value, take)
            case b"event":
                self._event = value.decode("utf-8", "replace")
                if value:
                    self._remember_name(line)
            case b"id" if b"\x00" not in value:
                self._id = value.decode("utf-8", "replace")
            case b"retry" if value.isdigit():
                digits = value.lstrip(b"0")
                if len(digits) <= _RETRY_DIGITS:
                    self.retry_ms = int(digits or b"0")
            case _:
                self._take_unknown(line, take)

    def _take_data(self, value: bytes) -> None:
        if self._data is None:
            self._data = value
            return
        if isinstance(self._data, bytes):
            # Further lines are joined as they come: kept apart, many short ones would
            # take many times the memory that the limit allows.
            self._data = bytearray(self._data)
        self._data += b"\n"
        self._data += value
        if len(self._data) > self._limit:
            self._fail()

    def _take_unknown(self, line: bytes, take: Take) -> None:
        """Take a line that no event stream has: the standard drops it."""

    def _take_comment(self, value: bytes, take: Take) -> None:
        self.keepalives += 1
        if self._want_comments:
            take(Comment(value.decode("utf-8", "replace")))

    def _remember_name(self, line: bytes) -> None:
        if len(self._names) < _NAMES_REMEMBERED and len(line) <= _NAME_LENGTH_REMEMBERED:
            self._names[line] = self._event

    def _dispatch(self, take: Take, *, flushed: bool = False) -> None:
        self.last_event_id = self._id
        if self._data is not None:
            name = self._event or "message"
            take(WireEvent(bytes(self._data), name, self._id, flushed))
            self._data = None
        self._event = ""
        self._between_events = True

    def _fail(self) -> None:
        self._line.clear()
        self._data = None
        self._between_events = False
        self.error = EventTooLargeError(
            f"an event passed the limit of {self._limit} bytes; "
            "raise it with max_event_bytes if events of that size are expected",
            limit=self._limit,
        )


SSE = Framing(name="sse", new=SSEDecoder, starts=(b":", b"data", b"event", b"id", b"retry"))
