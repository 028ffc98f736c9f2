"""Google's bodies: server-sent events, or one JSON array; the first byte tells which.

Among the events a failure may stand as a bare JSON document, without any `data:`. The
specification of event streams would have it dropped; it is handed out as an event here.
"""

from __future__ import annotations

from reqllm.errors import ReqLLMError
from reqllm.framing.event import (
    MAX_EVENT_BYTES,
    Comment,
    Framer,
    Framing,
    Known,
    Recognise,
    Take,
    WireEvent,
)
from reqllm.framing.json_array import OPEN, JSONArrayDecoder
from reqllm.framing.sse import SSE
from reqllm.framing.sse_documents import SSEAndDocuments

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
# More is no beginning of an array any more.
_MOST_PADDING = 65_536


class SSEOrArrayDecoder:
    """Reads a body as what it begins like."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        self.error: ReqLLMError | None = None
        self._limit = max_event_bytes
        self._comments = comments
        self._held = b""  # blank so far
        self._framer: Framer | None = None

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        out: list[WireEvent | Comment] = []
        self.feed(piece, out.append)
        return out

    def shortcut(self, known: Known) -> Known | None:
        """Return what takes a piece that is just one event that `known` knows."""
        return None if self._framer is None else self._framer.shortcut(known)

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order."""
        framer = self._framer
        if framer is None:
            beginning = self._beginning(piece)
            if beginning is None:
                return
            piece = beginning
            framer = self._framer = self._new(beginning)
        framer.feed(piece, take, recognise)
        self.error = framer.error

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the body; return what lacked only its closing mark."""
        if self._framer is None:
            return []
        out = self._framer.end()
        self.error = self._framer.error
        return out

    def _beginning(self, piece: bytes) -> bytes | None:
        """Return all that came once it tells what the body is."""
        self._held += piece
        held = self._held
        if len(held) < len(_BOM) and _BOM.startswith(held):
            return None
        return held if _start_of(held) or len(held) > _MOST_PADDING else None

    def _new(self, beginning: bytes) -> Framer:
        self._held = b""
        new = JSONArrayDecoder if _start_of(beginning).startswith(OPEN) else _SSEAndEvents
        return new(max_event_bytes=self._limit, comments=self._comments)


def _start_of(body: bytes) -> bytes:
    return body.removeprefix(_BOM).lstrip(_BLANK)


class _SSEAndEvents(SSEAndDocuments):
    """Server-sent events, and events that stand between them as they are."""

    def _take_document(self, document: bytes, take: Take, *, flushed: bool = False) -> None:
        self._dispatch(take)
        take(WireEvent(document, flushed=flushed))


SSE_OR_ARRAY = Framing(
    name="sse-or-array",
    new=SSEOrArrayDecoder,
    openers=frozenset({OPEN}),
    starts=(*SSE.starts, OPEN),
)
