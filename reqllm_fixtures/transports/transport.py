"""Transports that answer from a cassette, or send on and note what comes: httpx and httpx2.

Where nothing goes out no socket is opened, and no TLS context is built.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import FixtureError, MissingDependencyError
from reqllm_fixtures.transports.answering import Answering, headers_of
from reqllm_fixtures.transports.replaying import AsyncReplay, Replay
from reqllm_fixtures.transports.sources import (
    AsyncSleep,
    Clock,
    Recorded,
    Rhythmic,
    Sleep,
    Source,
    checked_pace,
)

if TYPE_CHECKING:
    from reqllm_fixtures.transports.recording import Recorder, Tape
    from reqllm_fixtures.virtual_time import VirtualClock

LIBRARIES = ("httpx", "httpx2")


def replay_transport(
    cassette: Recorded,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Any:
    """Make a transport for `module.Client` that plays the cassette."""
    return transport(Source(cassette), module, pace=pace, clock=clock, sleep=sleep)


def async_replay_transport(
    cassette: Recorded,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock | None = None,
    sleep: AsyncSleep | None = None,
) -> Any:
    """Make a transport for `module.AsyncClient` that plays the cassette."""
    return async_transport(Source(cassette), module, pace=pace, clock=clock, sleep=sleep)


def transport(
    source: Source,
    module: ModuleType | None,
    *,
    upstream: Any = None,
    on_close: Callable[[], None] | None = None,
    pace: float = 0.0,
    clock: Clock | VirtualClock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Any:
    """Make a transport for `module.Client`; by default of the library of `upstream`, else httpx.

    upstream: what sends; the module's own HTTPTransport by default, made when first used.
    on_close: called when the transport was closed.
    clock, sleep: by what recorded times are kept; a `VirtualClock` is both.
    """
    library = _checked_library(module, upstream, "BaseTransport")
    rhythmic = Rhythmic.of_threads(pace, clock, sleep)
    return _kinds(library).transport(source, library, upstream, on_close, rhythmic)


def async_transport(
    source: Source,
    module: ModuleType | None,
    *,
    upstream: Any = None,
    on_close: Callable[[], None] | None = None,
    pace: float = 0.0,
    clock: Clock | None = None,
    sleep: AsyncSleep | None = None,
) -> Any:
    """Make a transport for `module.AsyncClient`; clock and sleep are anyio's by default."""
    library = _checked_library(module, upstream, "AsyncBaseTransport")
    if checked_pace(pace) and (clock is None or sleep is None):
        import anyio  # here, because a replay at once needs no event loop's help

        clock, sleep = clock or anyio.current_time, sleep or anyio.sleep
    rhythmic = Rhythmic(pace, clock, sleep)
    return _kinds(library).async_transport(source, library, upstream, on_close, rhythmic)


def _checked_library(module: ModuleType | None, upstream: Any, kind: str) -> ModuleType:
    """Return the library of a transport; what sends must be its own, and of the same colour."""
    library: Any = module or _library_of(upstream)
    base = getattr(library, kind, None)
    if base is None:
        raise FixtureError(
            f"Expected the module httpx or httpx2, as in transport(httpx2). Came: {library!r}."
        )
    sends = "handle_request" if kind == "BaseTransport" else "handle_async_request"
    if upstream is not None and not hasattr(upstream, sends):
        raise FixtureError(
            f"Expected upstream to be a {library.__name__}.{kind}. Came: a "
            f"{type(upstream).__name__}; transport() takes sync ones, async_transport() async ones."
        )
    return library  # type: ignore[no-any-return]


def _library_of(upstream: Any) -> ModuleType:
    """Return the library that a transport is of, else the first that is installed."""
    for name in LIBRARIES if upstream is not None else ():
        library: Any = sys.modules.get(name)
        if library and isinstance(upstream, (library.BaseTransport, library.AsyncBaseTransport)):
            return library  # type: ignore[no-any-return]
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise MissingDependencyError(
        "Neither httpx nor httpx2 is installed, and a transport belongs to one of them. "
        "Install the one that your client uses."
    )


class _Kinds(NamedTuple):
    transport: type[Any]
    async_transport: type[Any]
    stream: type[Any]
    async_stream: type[Any]


@cache
def _kinds(module: ModuleType) -> _Kinds:
    """Give our classes the bases by which this library knows transports and streams."""
    return _Kinds(
        type("CassetteTransport", (_Transport, module.BaseTransport), {}),
        type("AsyncCassetteTransport", (_AsyncTransport, module.AsyncBaseTransport), {}),
        type("ReplayStream", (Replay, module.SyncByteStream), {}),
        type("AsyncReplayStream", (AsyncReplay, module.AsyncByteStream), {}),
    )


class _Tees(NamedTuple):
    stream: type[Any]
    async_stream: type[Any]


@cache
def _tees(module: ModuleType) -> _Tees:
    """Give our tees the bases by which this library knows streams."""
    from reqllm_fixtures.transports import recording  # here, because a replay records nothing

    return _Tees(
        type("RecordedStream", (recording.Tee, module.SyncByteStream), {}),
        type("AsyncRecordedStream", (recording.AsyncTee, module.AsyncByteStream), {}),
    )


class _Transport(Answering):
    async def __aenter__(self) -> Any:
        raise self._wrong_colour("AsyncClient", "async_transport()")

    def handle_request(self, request: Any) -> Any:
        self._require_own(request)
        if self._source.is_live:
            self._source.hear(_as_asked(request, _loaded(request, self._module)))
            return self._upstream("HTTPTransport").handle_request(request)
        asked = _as_asked(request, request.read())
        self._source.hear(asked)
        played = self._played(request, asked, _kinds(self._module).stream)
        if played is not None:
            return played
        return self._recorded(request, asked, _tees(self._module).stream)

    def _recorded(self, request: Any, asked: RecordedRequest, tee: type[Any]) -> Any:
        upstream, sendable = self._upstream("HTTPTransport"), self._sendable(request)
        self._warn_of_others()
        tape = _begun(self._source.recorder, asked)
        try:
            response = upstream.handle_request(sendable)
        except BaseException as error:
            tape.fail(error)
            raise
        return self._noted(response, tape, tee)

    def close(self) -> None:
        if upstream := self._open_upstream():
            upstream.close()
        self._closed()


class _AsyncTransport(Answering):
    def __enter__(self) -> Any:
        raise self._wrong_colour("Client", "transport()")

    async def handle_async_request(self, request: Any) -> Any:
        self._require_own(request)
        if self._source.is_live:
            self._source.hear(_as_asked(request, _loaded(request, self._module)))
            return await self._upstream("AsyncHTTPTransport").handle_async_request(request)
        asked = _as_asked(request, await request.aread())
        self._source.hear(asked)
        played = self._played(request, asked, _kinds(self._module).async_stream)
        if played is not None:
            return played
        return await self._recorded(request, asked, _tees(self._module).async_stream)

    async def _recorded(self, request: Any, asked: RecordedRequest, tee: type[Any]) -> Any:
        upstream, sendable = self._upstream("AsyncHTTPTransport"), self._sendable(request)
        self._warn_of_others()
        tape = _begun(self._source.recorder, asked)
        try:
            response = await upstream.handle_async_request(sendable)
        except BaseException as error:
            tape.fail(error)
            raise
        return self._noted(response, tape, tee)

    async def aclose(self) -> None:
        if upstream := self._open_upstream():
            await upstream.aclose()
        self._closed()


def _begun(recorder: Recorder | None, asked: RecordedRequest) -> Tape:
    assert recorder is not None
    return recorder.begin(asked)


def _loaded(request: Any, module: Any) -> bytes:
    """Return the body if it is known without reading it, which would hold up an upload."""
    try:
        return request.content  # type: ignore[no-any-return]
    except module.RequestNotRead:
        return b""


def _as_asked(request: Any, body: bytes) -> RecordedRequest:
    return RecordedRequest(request.method, str(request.url), headers_of(request), body)
