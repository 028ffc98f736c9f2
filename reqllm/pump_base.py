"""What both pumps of a stream know and decide without waiting. They loop, await and close."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct, structs

from reqllm.arriving import Gaps
from reqllm.attempts import Attempts
from reqllm.chunk import ErrorChunk, FinishChunk, ResponseMetadata, StreamChunk, StreamStart
from reqllm.deadlines import SIGNS_OF_LIFE, Deadlines
from reqllm.errors import ReqLLMError, StreamTimeoutError
from reqllm.hiding import hide, secrets_of
from reqllm.hooks import Hooks, StreamEnd
from reqllm.releasing import NetworkErrors, wake_reader, warn_dropped
from reqllm.response import StreamMetadata, StreamState
from reqllm.stream_server import StreamServer
from reqllm.timing import Clock
from reqllm.wires.common.api_errors import request_id

# Seconds that the end of an answer's HTTP framing is waited for, so that its connection is reused.
DRAINING = 0.1


class CallState(Struct, kw_only=True):
    """What is known of a call, whichever of its tries is under way."""

    provider: str
    model: str
    wire: str
    attempts: Attempts
    token: object = msgspec.field(default_factory=object)
    """By which those who are told of calls tell them apart."""


class Opened(Struct, frozen=True):
    """A try whose answer has begun."""

    call: CallState
    http: Any
    server: StreamServer
    deadlines: Deadlines


AsyncReopen = Callable[[Any, ReqLLMError, StreamServer], Awaitable[Opened | None]]
Reopen = Callable[[Any, ReqLLMError, StreamServer], Opened | None]


class PumpBase:
    """The state of one stream, and what is made of what comes."""

    http: Any
    server: StreamServer

    def __init__(
        self, opened: Opened, *, network_errors: NetworkErrors, clock: Clock, hooks: Hooks
    ) -> None:
        self._begin(opened)
        self.call = opened.call
        self.error: ReqLLMError | None = None
        self._waiting: list[StreamChunk] = []  # chunks that nobody took yet
        self._network_errors = network_errors
        self.clock = clock
        self._on_event = hooks.on_event
        self._on_end = hooks.on_end
        # Nobody else is told.
        self._gaps = None if hooks.on_end is None else Gaps()
        self._cancelled: tuple[str | None] | None = None
        self._asks_again = False
        self._started = False
        self._released = False
        self._process = os.getpid()

    def _begin(self, opened: Opened) -> None:
        """Take up a try whose answer has begun."""
        self.http = opened.http
        self.server = opened.server
        self._deadlines = opened.deadlines
        self._at_eof = False
        self._flows = False  # pieces are taken as they are: it began, and nothing is watched

    @property
    def is_open(self) -> bool:
        """Whether more may come from the network."""
        return self.server.state == "open" or self._asks_again

    @property
    def state(self) -> StreamState:
        """How the stream stands; a failure that is not final is none."""
        return "open" if self._asks_again else self.server.state

    def _wake(self) -> bool:
        """Wake who reads; tell if that could be."""
        return not self._is_copied and wake_reader(self.http)

    @property
    def _is_copied(self) -> bool:
        """Whether this is a forked process, whose copy must not end the stream of the other."""
        return self._process != os.getpid()

    def _late(self, error: BaseException) -> StreamTimeoutError:
        now = self.clock()
        late = self._deadlines.error(self._deadlines.passed(now) or "total", now)
        late.__cause__ = error
        return late

    def _named(self, error: BaseException) -> BaseException:
        """Return a timeout under its name in our options, any other error as it is."""
        # In the middle of a body a ConnectTimeout is a lost connection: httpx-aiohttp says it so.
        kind = type(error).__name__
        if "Timeout" not in kind or kind == "ConnectTimeout":
            return error
        now = self.clock()
        named = self._deadlines.error(self._deadlines.of_the_network(now), now)
        named.__cause__ = error
        return named

    def _time_left(self) -> float | None:
        """Note that a read begins; return how long it may take, None if no limit could run out."""
        now = self.clock()
        self._deadlines.reading(now)
        return self._deadlines.left(now) if self._deadlines.is_tight else None

    def _goes_on_after(self, piece: bytes) -> bool:
        """Take a piece in; return whether there is to be another."""
        chunks = self.server.receive(piece)
        if self.server.state != "open":
            # All of it may have come at once.
            said = [chunk for chunk in chunks if not isinstance(chunk, FinishChunk | ErrorChunk)]
            now = self.clock()
            self._deadlines.arrived(now, said)
            if self._gaps is not None:
                self._gaps.note(said, now)
            self._keep(chunks)
            return False
        deadlines = self._deadlines
        is_quiet = not chunks or type(chunks[0]) in SIGNS_OF_LIFE
        if self._flows and not is_quiet:
            # More of an answer that flows: no more than this for them.
            deadlines.last = chunks[-1]
            if self._gaps is not None:
                self._gaps.note(chunks, self.clock())
            self._waiting += chunks
            return True
        now = self.clock()
        late = deadlines.arrived(now, chunks)
        if self._gaps is not None:
            self._gaps.note(chunks, now)
        if late is None:
            self._take(chunks)
            return True
        self._keep(chunks + self._end(deadlines.error(late, now)))
        return False

    def _end(self, error: BaseException | None = None) -> list[StreamChunk]:
        # Who cancels wakes the reader: what the reader then finds is no failure.
        if self._cancelled is not None:
            return self.server.cancel(*self._cancelled)
        return self.server.end(error)

    def _keep(self, chunks: list[StreamChunk]) -> None:
        """Take the last chunks; an error is raised after the rest, not handed out."""
        last = chunks[-1] if chunks else None
        if isinstance(last, ErrorChunk):
            self.error = last.error
            self.error.request_id = self.error.request_id or request_id(self.http.headers)
            hide(self.error, secrets_of(self.http.request.headers))
            chunks = chunks[:-1]
        self._take(chunks)

    def _take(self, chunks: list[StreamChunk]) -> None:
        if chunks and self._started and isinstance(chunks[0], StreamStart):
            # It began once already, in a try that failed.
            known = ResponseMetadata(chunks[0].id, chunks[0].model)
            chunks = [known, *chunks[1:]] if known.id or known.model else chunks[1:]
        self._started = self._started or bool(chunks)
        self._flows = self._started and self._on_event is None and not self._deadlines.is_watched
        if self._on_event is not None:
            for chunk in chunks:
                self._on_event(chunk)
        self._waiting += chunks

    def _tell_end(self) -> None:
        """Tell the hook of the end, once."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self._stream_end())

    def _stream_end(self) -> StreamEnd:
        deadlines = self._deadlines
        first = deadlines.first_at
        return StreamEnd(
            provider=self.call.provider,
            model=self.call.model,
            wire=self.call.wire,
            metadata=with_http(self.server.metadata, self.http),
            error=self.error,
            attempts=self.call.attempts.failed,
            first_token=None if first is None else first - deadlines.call_begun,
            gaps=() if self._gaps is None else tuple(self._gaps.seconds),
            seconds=self.clock() - deadlines.call_begun,
            call=self.call.token,
            response=self.server.response,
        )

    def _tell_dropped(self) -> None:
        if self.server.state != "open":
            return  # it was read to its end; only the connection was left
        self.server.cancel("dropped")
        warn_dropped()
        with contextlib.suppress(Exception):
            self._tell_end()


def with_http(metadata: StreamMetadata, http: Any) -> StreamMetadata:
    """Return what is known of a stream together with what its HTTP answer said."""
    return structs.replace(
        metadata,
        status=http.status_code,
        headers=http.headers,
        request_id=request_id(http.headers),
    )
