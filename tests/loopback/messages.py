"""What the loopback server receives and sends, as values: no sockets here.

An `Answer` says more than HTTP libraries let a server say: which bytes go out in
which write and when, how the body is framed, and how (or whether) it ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

Headers = tuple[tuple[str, str], ...]

Framing = Literal["chunked", "length", "close"]

End = Literal["clean", "no_terminator", "close", "reset", "stall"]
"""How the body ends, after the last write:

clean          as the framing promised; the connection is kept alive
no_terminator  every chunk is whole, the last-chunk never comes, FIN
close          FIN in the middle of the framing: inside a chunk, or short of content-length
reset          RST
stall          nothing more is said until the client leaves or the server is closed
"""


class Write(NamedTuple):
    """One network write of `data`, `after` seconds of silence."""

    data: bytes
    after: float = 0.0


class Interim(NamedTuple):
    """A 1xx response that precedes the answer."""

    status: int = 103
    headers: Headers = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One response, down to its network writes; `body` may be endless when it is not counted."""

    status: int = 200
    reason: str | None = None
    headers: Headers = ()
    body: Iterable[Write] = ()
    framing: Framing = "chunked"
    end: End = "clean"
    interim: tuple[Interim, ...] = ()
    head: bool = True  # False: not even a status line is sent; only `end` happens
    head_after: float = 0.0  # seconds before the status line
    length: int | None = None  # a content-length that need not be true
    trailers: Headers = ()
    terminator_after: float = 0.0  # seconds between the last write and the last-chunk
    last_words: bytes | None = None  # raw bytes past the framing, before an unclean end
    hang_up: bool = False  # close after a clean end, without having announced it

    def head_bytes(self) -> bytes:
        """The status line and headers, with those that the framing needs."""
        return head(self.status, self.headers + self._framing_headers(), self.reason)

    def frame(self, data: bytes) -> bytes:
        """`data` as it goes over the wire."""
        if self.framing != "chunked" or not data:
            return data
        return b"%x\r\n%b\r\n" % (len(data), data)

    def terminator(self) -> bytes:
        """What a clean end adds."""
        if self.framing != "chunked":
            return b""
        trailers = "".join(f"{name}: {value}\r\n" for name, value in self.trailers)
        return b"0\r\n" + trailers.encode("latin-1") + b"\r\n"

    def parting(self) -> bytes:
        """What an unclean end adds before it happens."""
        if self.last_words is not None:
            return self.last_words
        # A chunk of one byte is opened and never filled.
        return b"1\r\n" if self.end == "close" and self.framing == "chunked" else b""

    def _framing_headers(self) -> Headers:
        if self.framing == "chunked":
            return (("transfer-encoding", "chunked"),)
        if self.framing == "close":
            return (("connection", "close"),)
        return (("content-length", str(self._promised_length())),)

    def _promised_length(self) -> int:
        if self.length is not None:
            return self.length
        if not isinstance(self.body, tuple | list):
            raise TypeError('framing="length" counts the body: give a tuple of writes')
        sent = sum(len(write.data) for write in self.body)
        return sent if self.end == "clean" else sent + 1


def head(status: int, headers: Headers, reason: str | None = None) -> bytes:
    """A status line and headers as bytes."""
    reason = HTTPStatus(status).phrase if reason is None else reason
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it came; header names as sent, in their order."""

    method: str
    target: str
    headers: Headers
    body: bytes
    connection: int  # which accepted connection it came on, from 1

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        """The body read as JSON; ValueError when it is not."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that name in any case, or None."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)
