"""What a body is before it is read: an event stream, one JSON document, or neither. Pure.

Content types are not to be trusted: errors come as `text/event-stream`, streams without any
type. The first byte that is no white space tells: no event stream begins with a bracket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from reqllm.errors import EventTooLargeError, NotAStreamError
from reqllm.wires.common.api_errors import error_body
from reqllm.wires.common.error_words import unwrapped

BodyKind = Literal["stream", "json", "foreign"]

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_GZIP = b"\x1f\x8b"
# Blanks beyond this are no padding any more; framing may drop them.
_MOST_PADDING = 65_536
START_KEPT = 1024
# Members of a JSON object that is no answer but a report of what went wrong.
_REPORTING = ("error", "message", "Message", "detail", "code", "msg", "Error", "__type")


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


class Document:
    """A body that is no event stream, while it comes: one JSON document, or something foreign."""

    def __init__(self, sniffed: BodySniffer, limit: int) -> None:
        """limit: the most bytes that one may have."""
        self.is_json = sniffed.kind == "json"
        self._held = bytearray(sniffed.held)
        self._limit = limit

    def receive(self, piece: bytes) -> None:
        self._held += piece

    @property
    def body(self) -> bytes:
        """What came so far."""
        return bytes(self._held)

    @property
    def value(self) -> Any:
        """What came so far as JSON, or else as text."""
        return error_body(self.body.removeprefix(_BOM))

    @property
    def is_enough(self) -> bool:
        """Whether more would tell no more: what is foreign is told by its start."""
        return not self.is_json and len(self._held) >= START_KEPT

    @property
    def is_too_large(self) -> bool:
        return len(self._held) > self._limit

    def too_large(self) -> EventTooLargeError:
        return EventTooLargeError(
            f"the body is one document of more than {self._limit} bytes; "
            "raise max_event_bytes if that is expected",
            limit=self._limit,
        )


def reports_error(value: Any, is_answer: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether a document tells what went wrong; `is_answer` knows the wire's own answers."""
    if isinstance(value, list):
        return bool(value) and reports_error(value[0], is_answer)
    if not isinstance(value, dict) or is_answer(value):
        return False
    return any(unwrapped(value).get(key) for key in _REPORTING)


def not_a_stream(wire: str, body: bytes) -> NotAStreamError:
    """Return the error for a body that is neither a stream of the wire nor an answer."""
    return NotAStreamError(
        f"expected an event stream of the wire {wire}, "
        f"got {describe_start(body)}; check the address and the `stream` option",
        body_start=body[:START_KEPT],
    )


def describe_start(body: bytes) -> str:
    """Say in words what a body that is no stream looks like."""
    if body[:2] == _GZIP:
        return "gzip data without a content-encoding that says so"
    text = body[:START_KEPT].decode("utf-8", "replace").strip()
    kind = {"<": "HTML", "{": "JSON", "[": "JSON"}.get(text[:1], "text")
    return f"{kind} beginning with {text[:200]!r}"
