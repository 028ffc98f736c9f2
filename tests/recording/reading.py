"""How the recording's tests ask: with any client, and any way to leave it."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import httpx2

from tests.loopback.messages import Answer, Request, Write
from tests.loopback.server import LoopbackServer
from tests.shells.ways import LOOPS, WAYS, Way

__all__ = ["LOOPS", "WAYS", "Answers", "Seen", "Way", "answer", "fetch", "transport_of"]

LIBRARIES = (httpx, httpx2)


@dataclass
class Seen:
    """What a client got of an answer."""

    status: int | None = None
    version: str | None = None  # of HTTP
    pieces: list[bytes] = field(default_factory=list)
    error: Exception | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def failure(self) -> tuple[str, str] | None:
        """The class and the words of the error, equal for equal failures."""
        return None if self.error is None else (type(self.error).__name__, str(self.error))


class Answers:
    """A handler that gives to each path what was laid down for it."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._numbers = itertools.count()

    def path_of(self, answer: Answer) -> str:
        """Lay an answer down, under a path of its own."""
        path = f"/{next(self._numbers)}"
        self._answers[path] = answer
        return path

    def __call__(self, request: Request) -> Answer:
        return self._answers[request.path]


def answer(*pieces: bytes, after: float = 0.0, **how: Any) -> Answer:
    headers = how.pop("headers", (("content-type", "text/event-stream"),))
    writes = tuple(Write(piece, after if number else 0) for number, piece in enumerate(pieces))
    return Answer(body=writes, headers=headers, **how)


def transport_of(way: Way, cassette: Any, **upstream: Any) -> Any:
    """A transport for this way, whose upstream builds no TLS context."""
    options = {"verify": False, "trust_env": False, **upstream}
    if way.is_sync:
        real = way.library.HTTPTransport(**options)
        return cassette.transport(upstream=real)
    return cassette.async_transport(upstream=way.library.AsyncHTTPTransport(**options))


def fetch(
    way: Way,
    url: str,
    cassette: Any = None,
    *,
    leave_after: int | None = None,
    timeout: float = 5.0,
    speaking: dict[str, bool] | None = None,
    **request: Any,
) -> Seen:
    """Ask once, through a cassette if one is given, and leave after so many pieces if told to.

    speaking: the versions of HTTP, as `httpx.HTTPTransport` has them.
    """
    options: dict[str, Any] = {"timeout": timeout, **(speaking or {})}
    if cassette is not None:
        options["transport"] = transport_of(way, cassette, **(speaking or {}))
    sent = {"method": "POST", "json": {"a": 1}, **request}
    seen = Seen()
    if way.is_sync:
        with way.http(**options) as client, contextlib.suppress(way.library.RequestError):
            _read(client, sent | {"url": url}, seen, leave_after)
    else:

        async def run() -> None:
            left: list[Any] = []
            async with way.http(**options) as client:
                with contextlib.suppress(way.library.RequestError):
                    await _aread(client, sent | {"url": url}, seen, leave_after, left)
            # Else the library's generators are left to the garbage collector, of which trio
            # complains; and now that the client is closed none of them finds more to read.
            for pieces in left:
                with contextlib.suppress(StopAsyncIteration, Exception):
                    while True:
                        await pieces.__anext__()

        anyio.run(run, backend=way.loop)
    return seen


def _read(client: Any, sent: dict[str, Any], seen: Seen, leave_after: int | None) -> None:
    try:
        with client.stream(**sent) as response:
            seen.status, seen.version = response.status_code, response.http_version
            for piece in itertools.islice(iter(response.stream), leave_after):
                seen.pieces.append(piece)
    except Exception as error:
        seen.error = error
        raise


async def _aread(
    client: Any, sent: dict[str, Any], seen: Seen, leave_after: int | None, left: list[Any]
) -> None:
    try:
        async with client.stream(**sent) as response:
            seen.status, seen.version = response.status_code, response.http_version
            pieces = response.stream.__aiter__()
            with contextlib.suppress(StopAsyncIteration):
                while leave_after is None or len(seen.pieces) < leave_after:
                    seen.pieces.append(await pieces.__anext__())
    except Exception as error:
        seen.error = error
        raise
    if leave_after is not None:
        left.append(pieces)


def served(answers: Answers) -> LoopbackServer:
    return LoopbackServer(answers)
