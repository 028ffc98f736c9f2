"""What a body is before it is read: an event stream, one JSON document, or neither. Pure.

Content types are not to be trusted: errors come as `text/event-stream`, streams without any
type. The first byte that is no white space tells: no event stream begins with a bracket.
"""

from __future__ import annotations

from typing import Literal

BodyKind = Literal["stream", "json", "foreign"]

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_GZIP = b"\x1f\x8b"
# Blanks beyond this are no padding any more; framing may drop them.
_MOST_PADDING = 65_536
START_KEPT = 1024


class BodySniffer:
    """Holds the first bytes back until they tell what the body is.

    openers: first bytes that begin a stream of this framing, though elsewhere JSON does so.
    only: what alone can begin a stream of it, where it is a binary one.
    """

    def __init__(
        self, openers: frozenset[bytes] = frozenset(), only: tuple[bytes, ...] = ()
    ) -> None:
        self._openers = openers
        self._only = only
        self.kind: BodyKind | None = None
        self._held = bytearray()
        self._blank_until = 0  # everything held before here is known to be blank

    @property
    def held(self) -> bytes:
        """What came so far."""
        return bytes(self._held)

    def receive(self, piece: bytes) -> BodyKind | None:
        """Take a piece; return what the body is once it is known."""
        self._held += piece
        held = self._held
        if len(held) < len(_BOM) and _BOM.startswith(held):
            return None
        start = max(self._blank_until, len(_BOM) if held.startswith(_BOM) else 0)
        head = bytes(held[start:]).lstrip(_BLANK)
        if not head:
            self._blank_until = len(held)
            self.kind = "stream" if len(held) > _MOST_PADDING else None
        elif head[:1] in self._openers:
            self.kind = "stream"
        elif head[:1] in (b"{", b"["):
            self.kind = "json"
        elif head[:1] == b"<" or held[:2] == _GZIP or not self._may_begin(held):
            self.kind = "foreign"
        elif held != _GZIP[:1]:
            self.kind = "stream"
        return self.kind

    def _may_begin(self, held: bytearray) -> bool:
        return not self._only or held.startswith(self._only)


def describe_start(body: bytes) -> str:
    """Say in words what a body that is no stream looks like."""
    if body[:2] == _GZIP:
        return "gzip data without a content-encoding that says so"
    text = body[:START_KEPT].decode("utf-8", "replace").strip()
    kind = {"<": "HTML", "{": "JSON", "[": "JSON"}.get(text[:1], "text")
    return f"{kind} beginning with {text[:200]!r}"
