"""Hands out a recorded body: all of it at once, or each piece when it is due. Sync and async."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from typing import Any, NamedTuple

from reqllm_fixtures.cassette import Piece

Failure = Callable[[], BaseException]


class Waits(NamedTuple):
    """How a reader waits for pieces that are not due yet."""

    due_in: Callable[[Piece], float]
    """Seconds from now on."""
    sleep: Any
    limit: Callable[[], float | None]
    """The longest silence that the request lets be, in seconds."""
    late: Failure
    """What a reader gets whose limit ran out, as it would from the network."""
    left: Failure
    """What a reader gets whose response was closed meanwhile."""


class _Silence:
    """How long nothing has come; pieces without bytes are no more than time."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._waited = 0.0

    def until(self, piece: Piece) -> tuple[float, bool]:
        """Return the seconds to wait, and whether the reader gives up then."""
        wait, limit = max(self._waits.due_in(piece), 0.0), self._waits.limit()
        left = inf if limit is None else limit - self._waited
        if wait > left:
            return left, True
        self._waited = 0.0 if piece.data else self._waited + wait
        return wait, False


class _Body:
    def __init__(
        self, pieces: tuple[Piece, ...], failure: Failure | None, waits: Waits | None
    ) -> None:
        self._pieces, self._failure, self._waits = pieces, failure, waits


class Replay(_Body):
    """A body for threads."""

    def __init__(
        self, pieces: tuple[Piece, ...], failure: Failure | None, waits: Waits | None
    ) -> None:
        super().__init__(pieces, failure, waits)
        self._closed = None if waits is None else threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        if self._waits is None and self._failure is None:
            return iter([piece.data for piece in self._pieces])
        return self._at_once() if self._waits is None else self._in_turn(self._waits)

    def close(self) -> None:
        """Wake a thread that waits for a piece."""
        if self._closed is not None:
            self._closed.set()

    def _at_once(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece.data
        if self._failure:
            raise self._failure()

    def _in_turn(self, waits: Waits) -> Iterator[bytes]:
        silence = _Silence(waits)
        for piece in self._pieces:
            wait, is_late = silence.until(piece)
            if wait > 0:
                self._sleep(wait, waits)
            if is_late:
                raise waits.late()
            if piece.data:
                yield piece.data
        if self._failure:
            raise self._failure()

    def _sleep(self, seconds: float, waits: Waits) -> None:
        closed = self._closed
        assert closed is not None
        # A sleep that can be broken off, if it is to take time at all.
        sleep = closed.wait if waits.sleep is time.sleep else waits.sleep
        sleep(seconds)
        if closed.is_set():
            raise waits.left()


class AsyncReplay(_Body):
    """A body for tasks."""

    def __init__(
        self, pieces: tuple[Piece, ...], failure: Failure | None, waits: Waits | None
    ) -> None:
        super().__init__(pieces, failure, waits)
        self._reading: _InTurn | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._pieces)
        if self._waits is None:
            return _AtOnce(pieces, self._failure)
        self._reading = _InTurn(pieces, self._failure, self._waits)
        return self._reading

    async def aclose(self) -> None:
        """Wake a task that waits for a piece."""
        if self._reading is not None:
            self._reading.leave()


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
    """Iterates in time."""

    def __init__(self, pieces: Iterator[Piece], failure: Failure | None, waits: Waits) -> None:
        super().__init__(pieces, failure)
        self._waits = waits
        self._silence = _Silence(waits)
        self._scope: Any = None
        self._is_left = False

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            wait, is_late = self._silence.until(piece)
            if wait > 0:
                await self._sleep(self._waits.sleep, wait)
            if is_late:
                raise self._waits.late()
            if piece.data:
                return piece.data
        raise self._failure() if self._failure else StopAsyncIteration

    def leave(self) -> None:
        """Have whoever waits wait no longer."""
        self._is_left = True
        if self._scope is not None:
            self._scope.cancel()

    async def _sleep(self, sleep: Callable[[float], Awaitable[None]], seconds: float) -> None:
        import anyio  # here, because a replay at once needs no event loop's help

        if not self._is_left:
            with anyio.CancelScope() as self._scope:
                await sleep(seconds)
            self._scope = None
        if self._is_left:
            raise self._waits.left()
