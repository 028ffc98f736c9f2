"""Transports that answer from a cassette: for httpx and httpx2, sync and async.

The two libraries are one code here: the module is a parameter, and nothing asks which one it is.
No socket is opened, and a client built on one of these builds no TLS context.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from reqllm_fixtures.cassette import Cassette, EndError, Piece, RecordedRequest, RecordedResponse
from reqllm_fixtures.errors import RecordingEndedError

Clock = Callable[[], float]
Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
Rhythm = Callable[[Piece], float]
Failure = Callable[[], Exception]


def replay_transport(
    cassette: Cassette,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Any:
    """Make a transport for `module.Client`. `pace` 0 is at once, 1 as recorded, 2 half as fast."""
    return _kinds(module).transport(cassette, module, checked_pace(pace), clock, sleep)


def async_replay_transport(
    cassette: Cassette,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock | None = None,
    sleep: AsyncSleep | None = None,
) -> Any:
    """Make a transport for `module.AsyncClient`; clock and sleep are anyio's by default."""
    if checked_pace(pace) and (clock is None or sleep is None):
        import anyio  # here, because a replay at once needs no event loop's help

        clock, sleep = clock or anyio.current_time, sleep or anyio.sleep
    return _kinds(module).async_transport(cassette, module, pace, clock, sleep)


def checked_pace(pace: float) -> float:
    """Return the pace if it is one. Raises ValueError."""
    if not 0 <= pace < float("inf"):
        raise ValueError(f"Expected a pace from 0 (at once) up; 1 is as recorded. Came: {pace!r}.")
    return pace


class _Kinds(NamedTuple):
    transport: type[Any]
    async_transport: type[Any]
    stream: type[Any]
    async_stream: type[Any]


@cache
def _kinds(module: ModuleType) -> _Kinds:
    """Give our classes the bases by which this library knows transports and streams."""
    return _Kinds(
        type("ReplayTransport", (_Transport, module.BaseTransport), {}),
        type("AsyncReplayTransport", (_AsyncTransport, module.AsyncBaseTransport), {}),
        type("ReplayStream", (_Stream, module.SyncByteStream), {}),
        type("AsyncReplayStream", (_AsyncStream, module.AsyncByteStream), {}),
    )


class _Replay:
    # What our client looks for: a replay asks for no key, and none is to be had.
    needs_no_key = True

    def __init__(
        self, cassette: Cassette, module: Any, pace: float, clock: Any, sleep: Any
    ) -> None:
        self._cassette, self._module = cassette, module
        self._pace, self._clock, self._sleep = pace, clock, sleep

    def _play(self, request: Any, body: bytes, stream: type[Any]) -> Any:
        rhythm = _rhythm(self._pace, self._clock) if self._pace else None
        # Without headers: they take no part in matching, and among them is the key.
        asked = RecordedRequest(request.method, str(request.url), body=body)
        recorded = self._cassette.play(asked).response
        failure = _failure(recorded, self._cassette.path, self._module, request)
        return self._module.Response(
            recorded.status,
            headers=[(name.encode(), value.encode()) for name, value in recorded.headers],
            stream=stream(recorded.pieces, failure, rhythm, self._sleep),
            request=request,
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": recorded.reason.encode("ascii", "ignore"),
            },
        )


class _Transport(_Replay):
    def handle_request(self, request: Any) -> Any:
        return self._play(request, request.read(), _kinds(self._module).stream)


class _AsyncTransport(_Replay):
    async def handle_async_request(self, request: Any) -> Any:
        return self._play(request, await request.aread(), _kinds(self._module).async_stream)


class _Replayed:
    def __init__(
        self,
        pieces: tuple[Piece, ...],
        failure: Failure | None,
        rhythm: Rhythm | None,
        sleep: Any,
    ) -> None:
        self._pieces, self._failure = pieces, failure
        self._rhythm, self._sleep = rhythm, sleep


class _Stream(_Replayed):
    def __iter__(self) -> Iterator[bytes]:
        if self._rhythm is None and self._failure is None:
            return iter([piece.data for piece in self._pieces])
        return self._in_turn(self._rhythm)

    def _in_turn(self, rhythm: Rhythm | None) -> Iterator[bytes]:
        for piece in self._pieces:
            if rhythm and (wait := rhythm(piece)) > 0:
                self._sleep(wait)
            yield piece.data
        if self._failure:
            raise self._failure()


class _AsyncStream(_Replayed):
    def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._pieces)
        if self._rhythm is None:
            return _AtOnce(pieces, self._failure)
        return _InTurn(pieces, self._failure, self._rhythm, self._sleep)


class _AtOnce:
    """Iterates without ever waiting; a class, since an async generator closes late or never."""

    def __init__(self, pieces: Iterator[Piece], failure: Failure | None) -> None:
        self._pieces, self._failure = pieces, failure

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece.data
        raise self._failure() if self._failure else StopAsyncIteration


class _InTurn(_AtOnce):
    """Iterates in the recorded rhythm."""

    def __init__(
        self, pieces: Iterator[Piece], failure: Failure | None, rhythm: Rhythm, sleep: AsyncSleep
    ) -> None:
        super().__init__(pieces, failure)
        self._rhythm, self._sleep = rhythm, sleep

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            if (wait := self._rhythm(piece)) > 0:
                await self._sleep(wait)
            return piece.data
        raise self._failure() if self._failure else StopAsyncIteration


def _rhythm(pace: float, clock: Clock) -> Rhythm:
    """Tell how many seconds a piece is still due in, from now on.

    Against the start, not the piece before: a slow reader must not shift what follows.
    """
    start = clock()
    return lambda piece: start + piece.at_ms * pace / 1000 - clock()


def _failure(recorded: RecordedResponse, path: str, module: Any, request: Any) -> Failure | None:
    """Tell what is to be raised after the last piece, if anything is."""
    match recorded.end:
        case EndError(name=name, message=message):
            return lambda: _error(module, name, message, request)
        case "client_closed":
            length = sum(len(piece.data) for piece in recorded.pieces)
            return lambda: RecordingEndedError(path, length)
        case _:
            return None


def _error(module: Any, name: str, message: str, request: Any) -> Exception:
    """Make the error of this name, or what any other error of a stream looks like to a client."""
    kind = getattr(module, name, None)
    if isinstance(kind, type) and issubclass(kind, module.RequestError):
        error: Exception = kind(message, request=request)
    else:
        error = module.ReadError(f"{name}: {message}", request=request)
    return error
