"""Server-sent events, and JSON documents that stand between them without any `data:`.

The specification has lines of no known field dropped. But a server that fails in the middle of a
stream writes its error as it would have in place of one, or, as llama.cpp, as a field `error`.
What such a document means is said above.
"""

from __future__ import annotations

from reqllm.framing.event import MAX_EVENT_BYTES, Comment, Take, WireEvent
from reqllm.framing.json_scan import ValueScanner
from reqllm.framing.sse import SSEDecoder

_FIELD = b"error:"
_OPENERS = (b"{", b"[")


class SSEAndDocuments(SSEDecoder):
    """Base of the decoders that look at documents; what they are taken for is theirs to say."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, comments: bool = False) -> None:
        super().__init__(max_event_bytes=max_event_bytes, comments=comments)
        self._document = bytearray()
        self._scanner = ValueScanner()

    def _take_unknown(self, line: bytes, take: Take) -> None:
        if not self._document:
            line = line.removeprefix(_FIELD).lstrip()
            if line[:1] not in _OPENERS:
                return
            self._scanner.restart()
        self._document += line + b"\n"
        if len(self._document) > self._limit:
            self._fail()
        end = self._scanner.find_end(self._document)
        if end >= 0:
            self._take_document(bytes(self._document[:end]), take)
            self._document.clear()

    def _take_document(self, document: bytes, take: Take, *, flushed: bool = False) -> None:
        """Take a document; `flushed` if the stream ended in the middle of it."""
        raise NotImplementedError

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the stream; return what lacked its closing mark."""
        out = super().end()
        if self.error is None and self._document:
            self._take_document(bytes(self._document), out.append, flushed=True)
        self._document.clear()
        return out
