"""What framing makes of bytes, whatever the framing: events, and signs of life between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from msgspec import Struct

from reqllm.errors import ReqLLMError

MAX_EVENT_BYTES = 64 * 1024 * 1024
_NONE: Mapping[str, str] = MappingProxyType({})


class WireEvent(Struct, frozen=True, gc=False):
    """One event as sent: its payload, and what its frame said of it."""

    data: bytes
    event: str = "message"
    """The name that the frame gave it; framings without names leave it so."""
    id: str = ""
    flushed: bool = False
    """The stream ended before the mark that should close the event."""
    headers: Mapping[str, str] = _NONE
    """What else the frame said, in framings that have headers."""
    head: bytes | None = None
    """What stands before `data` in the bytes that `Recognise` is shown; `None`: lines of SSE."""
    marks: tuple[bytes, ...] = (b"\n\n", b"\r\n\r\n")
    """What may close them, as `Recognise` is shown it first."""

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing: no data, or the sentinel that many put after every stream."""
        return self.data.strip() in (b"", b"[DONE]")

    @property
    def text(self) -> str:
        """`data` as text; bytes that are no UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")


class Comment(Struct, frozen=True, gc=False):
    """A comment line: providers send them to keep the connection alive."""

    text: str


Take = Callable[[WireEvent | Comment], None]
# Shown bytes and a place in them where an event begins, it takes those events that it knows at
# once, and returns where the first begins that it does not.
Recognise = Callable[[bytes, int], int]
# Shown the bytes of one event, it returns what that means, or `None` if it does not know it.
Known = Callable[[bytes], Any]


class Framer(Protocol):
    """Turns pieces of one body into events; it never raises for what is in them."""

    error: ReqLLMError | None
    """Why nothing more comes out."""

    def shortcut(self, known: Known) -> Known | None:
        """Return what takes the next piece, if that is just one event that `known` knows.

        `None`: it could not be one. What is returned holds until a piece is fed.
        """
        ...

    def feed(self, piece: bytes, take: Take, recognise: Recognise | None = None) -> None:
        """Take the next piece; hand each event that it completed to `take`, in order.

        `recognise` may be shown bytes where an event begins first, as its framing defines; the
        events that it takes are not taken apart.
        """
        ...

    def receive(self, piece: bytes) -> list[WireEvent | Comment]:
        """Take the next piece; return the events that it completed."""
        ...

    def end(self) -> list[WireEvent | Comment]:
        """Take the clean end of the body; return what lacked only its closing mark."""
        ...


class NewFramer(Protocol):
    """Makes the framer of one body."""

    def __call__(self, *, max_event_bytes: int = ..., comments: bool = ...) -> Framer:
        """`comments`: hand out signs of life as well."""
        ...


class Framing(Struct, frozen=True, kw_only=True):
    """How a wire's bodies are cut into events, and how such a body begins."""

    name: str
    new: NewFramer
    openers: frozenset[bytes] = frozenset()
    """First bytes of a stream that elsewhere begin a JSON document."""
    starts: tuple[bytes, ...] = ()
    """What a body of this framing begins with; none: it can begin with anything."""
    is_binary: bool = False
    """Nothing but `starts` can begin a body: there is no padding, and no byte order mark."""
