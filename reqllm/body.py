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
    """Holds the first bytes back until they tell what the body is."""

    def __init__(self) -> None:
        self.held = b""
        self.kind: BodyKind | None = None

    def receive(self, piece: bytes) -> BodyKind | None:
        """Take a piece; return what the body is once it is known."""
        self.held += piece
        head = self.held.removeprefix(_BOM).lstrip(_BLANK)
        if not head or (len(self.held) < len(_BOM) and _BOM.startswith(self.held)):
            if len(self.held) > _MOST_PADDING:
                self.kind = "stream"
        elif head[:1] in (b"{", b"["):
            self.kind = "json"
        elif head[:1] == b"<" or self.held[:2] == _GZIP:
            self.kind = "foreign"
        elif self.held != _GZIP[:1]:
            self.kind = "stream"
        return self.kind


def describe_start(body: bytes) -> str:
    """Say in words what a body that is no stream looks like."""
    if body[:2] == _GZIP:
        return "gzip data without a content-encoding that says so"
    text = body[:START_KEPT].decode("utf-8", "replace").strip()
    kind = "HTML" if text[:1] == "<" else "text"
    return f"{kind} beginning with {text[:200]!r}"
