"""The tee: passes what the network gives on the moment it comes, and notes it.

Nothing is read that the client did not ask for, and nothing is held back from it. What the
client sees, an error included, is what it would have seen without us.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from reqllm_fixtures.cassette import (
    NO_STATUS,
    End,
    EndError,
    Headers,
    Interaction,
    LazyPieces,
    Piece,
    RecordedRequest,
    RecordedResponse,
)

Clock = Callable[[], float]
Now = Callable[[], datetime]

_WITHOUT_BODY = {204, 304}


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Keeper(Protocol):
    """Who keeps what was recorded; neither of the two raises."""

    def learn(self, request: RecordedRequest) -> None:
        """Hear of a request before it is sent."""

    def add(self, number: int, interaction: Interaction) -> None:
        """Take an interaction that is over; `number` is its place in the order of the requests."""


class Recorder:
    """Gives a tape to each request, in the order in which they start."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        clock: Clock = time.monotonic,
        now: Now = _now,
    ) -> None:
        self._keeper = keeper
        self.clock = clock
        self.now = now
        self._numbers = itertools.count()
        self._running: dict[int, Tape] = {}
        self._lock = threading.Lock()

    def begin(self, request: RecordedRequest) -> Tape:
        """Start the tape of a request that is about to be sent."""
        with self._lock:
            tape = Tape(next(self._numbers), request, self)
            self._running[tape.number] = tape
        self._keeper.learn(request)
        return tape

    def stop(self) -> None:
        """End what still runs, where its client has left it."""
        for tape in list(self._running.values()):
            tape.leave()

    def finish(self, tape: Tape, end: End) -> None:
        """Keep a tape as it is now; what comes later is no longer part of it."""
        with self._lock:
            if self._running.pop(tape.number, None) is None:
                return
            recorded = tape.recorded(end)
        self._keeper.add(tape.number, recorded)


class Tape:
    """One interaction while it happens: begun, filled piece by piece, ended exactly once."""

    def __init__(self, number: int, request: RecordedRequest, recorder: Recorder) -> None:
        self.number = number
        self._request = request
        self._recorder = recorder
        self._head: tuple[int, str, Headers] = (NO_STATUS, "", ())
        self._http_version = "HTTP/1.1"
        self._recorded_at = recorder.now()
        self._left = False
        # What the tee fills, time first: two lists, and nothing is built while a client waits.
        self.times: list[float] = []
        self.pieces: list[bytes] = []
        self.clock = recorder.clock
        self._sent_at = recorder.clock()

    def head(self, status: int, reason: str, headers: Headers, http_version: str) -> None:
        """Note the status line and the headers."""
        self._head = (status, reason, headers)
        self._http_version = http_version

    def piece(self, data: bytes) -> None:
        """Note what one read gave, and when."""
        self.times.append(self.clock())
        self.pieces.append(bytes(data))

    def eof(self) -> None:
        """Note that the answer came to its end."""
        self._recorder.finish(self, "eof")

    def leaving(self) -> None:
        """Note that the client is about to leave: an error that it still sees is its own doing."""
        self._left = True

    def leave(self) -> None:
        """Note that the client reads no further."""
        self._recorder.finish(self, "eof" if self._is_whole() else "client_closed")

    def fail(self, error: BaseException) -> None:
        """Note what ended the answer; a cancellation is the client's leaving."""
        if isinstance(error, Exception) and not self._left:
            self._recorder.finish(self, EndError(type(error).__name__, str(error)))
        else:
            self.leave()

    def recorded(self, end: End) -> Interaction:
        """Return the interaction as it is by now."""
        status, reason, headers = self._head
        timed = partial(_timed, self.pieces.copy(), self.times.copy(), self._sent_at)
        response = RecordedResponse(
            status, reason, headers, LazyPieces(timed), end, self._recorded_at, self._http_version
        )
        return Interaction(self._request, response)

    def _is_whole(self) -> bool:
        """Whether all that was promised has come, so that nothing but its end was left to read."""
        status, _, headers = self._head
        if status in _WITHOUT_BODY or (status and self._request.method.upper() == "HEAD"):
            return True
        promised = {value for name, value in headers if name.lower() == "content-length"}
        return promised == {str(sum(map(len, self.pieces)))}


def _timed(pieces: list[bytes], times: list[float], sent_at: float) -> tuple[Piece, ...]:
    """Put pieces and times together; another thread may have noted only the time of a last one."""
    return tuple(
        Piece(data, (time - sent_at) * 1000) for data, time in zip(pieces, times, strict=False)
    )


class Tee:
    """A body that is noted while it is read; a library's stream class is mixed in."""

    def __init__(self, upstream: Any, tape: Tape) -> None:
        self._upstream = upstream
        self._tape = tape

    def __iter__(self) -> _Reading:
        return _Reading(iter(self._upstream), self._tape)

    def close(self) -> None:
        """Leave: the connection first, since a provider may bill what it generates."""
        self._tape.leaving()
        try:
            self._upstream.close()
        finally:
            self._tape.leave()


class _Reading:
    """Reads on even after the end: what the network's generators need to be finished."""

    __slots__ = ("_clock", "_next", "_note", "_note_time", "_tape")

    def __init__(self, pieces: Any, tape: Tape) -> None:
        self._next, self._tape = pieces.__next__, tape
        self._note, self._note_time, self._clock = tape.pieces.append, tape.times.append, tape.clock

    def __iter__(self) -> _Reading:
        return self

    def __next__(self) -> bytes:
        try:
            piece: bytes = self._next()
        except StopIteration:
            self._tape.eof()
            raise
        except BaseException as error:
            self._tape.fail(error)
            raise
        self._note_time(self._clock())
        self._note(piece if type(piece) is bytes else bytes(piece))  # what is none may be reused
        return piece


class AsyncTee:
    """The twin for an event loop; its iterator is a class, as async generators close late."""

    def __init__(self, upstream: Any, tape: Tape) -> None:
        self._upstream = upstream
        self._tape = tape

    def __aiter__(self) -> _AsyncReading:
        return _AsyncReading(self._upstream.__aiter__(), self._tape)

    async def aclose(self) -> None:
        """Leave: the connection first, since a provider may bill what it generates."""
        self._tape.leaving()
        try:
            await self._upstream.aclose()
        finally:
            self._tape.leave()


class _AsyncReading:
    """Reads on even after the end: what the network's generators need to be finished."""

    __slots__ = ("_clock", "_next", "_note", "_note_time", "_tape")

    def __init__(self, pieces: Any, tape: Tape) -> None:
        self._next, self._tape = pieces.__anext__, tape
        self._note, self._note_time, self._clock = tape.pieces.append, tape.times.append, tape.clock

    def __aiter__(self) -> _AsyncReading:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece: bytes = await self._next()
        except StopAsyncIteration:
            self._tape.eof()
            raise
        except BaseException as error:
            self._tape.fail(error)
            raise
        self._note_time(self._clock())
        self._note(piece if type(piece) is bytes else bytes(piece))  # what is none may be reused
        return piece
