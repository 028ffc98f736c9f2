"""Opens the request of a stream over httpx or httpx2: errors raise here. Sync and async twins."""

from __future__ import annotations

import importlib
import logging
import math
import random
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeAlias, cast

import anyio
from anyio.to_thread import run_sync

from reqllm.async_pump import AsyncPump
from reqllm.attempts import Attempts
from reqllm.calling import CallOptions, Limits, Retries, may_pass
from reqllm.deadlines import Deadlines
from reqllm.errors import (
    APIError,
    InvalidInputError,
    ReqLLMError,
    StreamTimeoutError,
    TransportError,
)
from reqllm.hiding import hide, secrets_of
from reqllm.hooks import NO_HOOKS, AttemptStart, Hooks, StreamEnd
from reqllm.providers.base import WireRequest
from reqllm.pump import Pump
from reqllm.pump_base import CallState, Opened
from reqllm.releasing import NetworkErrors, aclose_response, close_response
from reqllm.request_building import RequestBuilder
from reqllm.response import StreamMetadata
from reqllm.signing import Signer
from reqllm.stream_server import StreamServer
from reqllm.timing import (
    AsyncPause,
    AsyncSleep,
    AsyncTimer,
    Clock,
    Pause,
    Sleep,
    Timer,
)
from reqllm.wires.common.api_errors import api_error, error_body

_log = logging.getLogger("reqllm")
# An error's body is for reading; beyond this it is something else.
_MOST_ERROR_BYTES = 65_536
_LIBRARIES = ("httpx", "httpx2")
# What fails once there is a connection: somebody was reached, and gave no answer.
_CONNECTED = frozenset(
    ("ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError", "EndOfStream")
)

Chance: TypeAlias = Callable[[], float]
DateClock: TypeAlias = Callable[[], datetime]
Sign: TypeAlias = Callable[[WireRequest], WireRequest]


def library_of(*objects: Any) -> ModuleType:
    """Return the HTTP library that the first given client, transport or response is of."""
    # By the classes themselves: some SDKs rename the module that a class says it is from.
    loaded: list[Any] = [sys.modules[name] for name in _LIBRARIES if name in sys.modules]
    for given in objects:
        for library in loaded:
            kinds = (library.Client, library.AsyncClient, library.Response)
            if isinstance(given, (*kinds, library.BaseTransport, library.AsyncBaseTransport)):
                return cast("ModuleType", library)
        if given is not None:
            raise InvalidInputError(
                f"expected a client or transport of {' or '.join(_LIBRARIES)}, "
                f"got {type(given).__module__}.{type(given).__qualname__}"
            )
    return importlib.import_module(_LIBRARIES[0])


def network_errors(library: Any) -> NetworkErrors:
    """Return what a network failure can be raised as; some still escape their library."""
    anyio_errors = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
    return (library.RequestError, library.StreamError, ssl.SSLError, OSError, *anyio_errors)


def _now() -> datetime:
    return datetime.now(UTC)


class _Opening:
    """One call being opened: what is asked, and what its tries have in common."""

    def __init__(
        self,
        request: WireRequest,
        wire: str,
        options: CallOptions,
        retries: Retries,
        clock: Clock,
    ) -> None:
        self.request = request
        self.clock = clock
        self.begun = clock()
        self.timeouts = options.timeouts
        self.pause: Any = None
        """What is waited with between two tries."""
        self.was_told = False
        """Whether the hooks know of it."""
        self._options = options
        total = self.timeouts.total
        self._attempts = Attempts(retries, None if total is None else self.begun + total)
        self.state = CallState(
            provider=request.provider, model=request.model, wire=wire, attempts=self._attempts
        )

    def new_server(self) -> StreamServer:
        options = self._options.stream.for_server()
        return StreamServer(self.state.wire, **options, warnings=self.request.warnings)

    def limits_of_head(self, now: float) -> Limits:
        """Return the limits that hold until the head of the answer has come."""
        return self.timeouts.of_head(now - self.begun)

    def delay_after(self, error: ReqLLMError, chance: float) -> float | None:
        """Note a failed try; return the seconds to wait before the next, `None` to give up."""
        delay = self._attempts.delay_after(error, chance, self.clock())
        error.attempts = self._attempts.failed
        if delay is not None:
            _log.info("%s: %s; trying again in %.2f s", self._who, error, delay)
        return delay

    def refusal_ends(self, limits: Limits) -> float:
        """Return the moment until which the body of an error is waited for.

        However slowly it comes: it is worth no more than the silence before a head.
        """
        seconds = limits.read[1]
        return math.inf if seconds is None else self.clock() + seconds

    def start(self, failed: ReqLLMError | None) -> AttemptStart:
        return AttemptStart(
            provider=self.state.provider,
            model=self.state.model,
            wire=self.state.wire,
            url=self.request.url.partition("?")[0],
            number=len(self._attempts.failed) + 1,
            failed=failed,
            call=self.state.token,
            options=self._options.request,
            context=self._options.context,
        )

    def end(self, error: BaseException) -> StreamEnd:
        """Return the end of a call whose stream never began."""
        failed = error if isinstance(error, ReqLLMError) else None
        return StreamEnd(
            provider=self.state.provider,
            model=self.state.model,
            wire=self.state.wire,
            metadata=StreamMetadata(state="interrupted" if failed is None else "failed"),
            error=failed,
            attempts=self._attempts.failed,
            seconds=self.clock() - self.begun,
            call=self.state.token,
        )

    @property
    def _who(self) -> str:
        return f"{self.state.provider}:{self.state.model}"


class AsyncOpener:
    """Opens streams on one client."""

    def __init__(
        self,
        client: Any,
        retries: Retries,
        sign: Sign | None = None,
        *,
        sleep: AsyncSleep | None = None,
        chance: Chance = random.random,
        clock: DateClock = _now,
        timer: AsyncTimer | None = None,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self.client = client
        library = library_of(client)
        self._errors = network_errors(library)
        self._built = RequestBuilder(client, library).build
        self._retries = retries
        self._sign = sign or Signer()
        self._chance = chance
        self._clock = clock
        self._timer = timer or AsyncTimer()
        self._sleep = sleep or self._timer.sleep
        self._hooks = hooks

    async def open(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any = None
    ) -> AsyncPump:
        """Return the pump of an open stream; try again what may pass. Raises ReqLLMError."""
        call = _Opening(request, wire, options, self._retries, self._timer.clock())
        call.pause = pause = AsyncPause(self._sleep)
        try:
            opened = await self._opened(call, call.new_server())
        except BaseException as error:
            if self._hooks.on_end is not None and call.was_told:
                self._hooks.on_end(call.end(error))
            raise
        pump = AsyncPump(
            opened,
            network_errors=self._errors,
            timer=self._timer,
            clock=call.clock,
            hooks=self._hooks,
            reopen=self._reopened,
            opening=call,
            pause=pause,
            owned_client=owned_client,
        )
        if not _declares_events(opened.http):
            await self._require_stream(pump)
        return pump

    async def _opened(self, call: _Opening, server: StreamServer, failed: Any = None) -> Opened:
        while True:
            try:
                return await self._open_once(call, server, failed)
            except ReqLLMError as error:
                failed = error
                delay = call.delay_after(error, self._chance())
                if delay is None:
                    raise
            await call.pause.wait(delay)
            if call.pause.is_stopped:
                raise failed

    async def _reopened(
        self, call: _Opening, error: ReqLLMError, server: StreamServer
    ) -> Opened | None:
        """Ask again after a stream that failed before it said anything."""
        if isinstance(error, StreamTimeoutError):
            return None  # the provider is at work on it: asking again would not be quicker
        delay = call.delay_after(error, self._chance())
        if delay is None:
            return None
        await call.pause.wait(delay)
        if call.pause.is_stopped:
            return None
        return await self._opened(call, server.again(), error)

    async def _open_once(self, call: _Opening, server: StreamServer, failed: Any) -> Opened:
        if self._hooks.on_attempt is not None:
            self._hooks.on_attempt(call.start(failed))
        call.was_told = True
        begun = call.clock()
        limits = call.limits_of_head(begun)
        request = await self._signed(call.request)
        try:
            http = await self.client.send(
                self._built(request, limits), stream=True, follow_redirects=False
            )
        except self._errors as error:
            raise _unreachable(request, error, limits) from error
        except RuntimeError as error:
            raise _unusable(error) from error
        if http.status_code != 200:
            raise await self._refusal(http, call, call.refusal_ends(limits))
        _head_came(http, call.timeouts.timeout)
        return Opened(call.state, http, server, Deadlines(call.timeouts, begun, call.begun))

    async def _signed(self, request: WireRequest) -> WireRequest:
        # Credentials may have to be asked for, over the network: not on the event loop.
        return request if request.signing is None else await run_sync(self._sign, request)

    async def _refusal(self, http: Any, call: _Opening, until: float) -> APIError:
        content = b""
        pieces = http.aiter_bytes()
        try:
            async for piece in pieces:
                content += piece
                if len(content) > _MOST_ERROR_BYTES or call.clock() > until:
                    break
        except self._errors:
            pass  # the status alone tells enough
        finally:
            await aclose_response(http, pieces, self._errors)
        return _refused(http, content, self._clock())

    async def _require_stream(self, pump: AsyncPump) -> None:
        """Read until it is known that the body is a stream; raise what it is instead."""
        while pump.server.is_undecided:
            await pump.read_on()
        if pump.error is not None:
            raise pump.error


class Opener:
    """Opens streams on one client."""

    def __init__(
        self,
        client: Any,
        retries: Retries,
        sign: Sign | None = None,
        *,
        sleep: Sleep | None = None,
        chance: Chance = random.random,
        clock: DateClock = _now,
        timer: Timer | None = None,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self.client = client
        library = library_of(client)
        self._errors = network_errors(library)
        self._built = RequestBuilder(client, library).build
        self._retries = retries
        self._sign = sign or Signer()
        self._chance = chance
        self._clock = clock
        self._timer = timer or Timer()
        self._sleep = sleep or self._timer.sleep
        self._hooks = hooks

    def open(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any = None
    ) -> Pump:
        """Return the pump of an open stream; try again what may pass. Raises ReqLLMError."""
        call = _Opening(request, wire, options, self._retries, self._timer.clock())
        call.pause = pause = Pause(self._sleep)
        try:
            opened = self._opened(call, call.new_server())
        except BaseException as error:
            if self._hooks.on_end is not None and call.was_told:
                self._hooks.on_end(call.end(error))
            raise
        pump = Pump(
            opened,
            network_errors=self._errors,
            timer=self._timer,
            clock=call.clock,
            hooks=self._hooks,
            reopen=self._reopened,
            opening=call,
            pause=pause,
            owned_client=owned_client,
        )
        if not _declares_events(opened.http):
            self._require_stream(pump)
        return pump

    def _opened(self, call: _Opening, server: StreamServer, failed: Any = None) -> Opened:
        while True:
            try:
                return self._open_once(call, server, failed)
            except ReqLLMError as error:
                failed = error
                delay = call.delay_after(error, self._chance())
                if delay is None:
                    raise
            call.pause.wait(delay)
            if call.pause.is_stopped:
                raise failed

    def _reopened(self, call: _Opening, error: ReqLLMError, server: StreamServer) -> Opened | None:
        """Ask again after a stream that failed before it said anything."""
        if isinstance(error, StreamTimeoutError):
            return None  # the provider is at work on it: asking again would not be quicker
        delay = call.delay_after(error, self._chance())
        if delay is None:
            return None
        call.pause.wait(delay)
        if call.pause.is_stopped:
            return None
        return self._opened(call, server.again(), error)

    def _open_once(self, call: _Opening, server: StreamServer, failed: Any) -> Opened:
        if self._hooks.on_attempt is not None:
            self._hooks.on_attempt(call.start(failed))
        call.was_told = True
        begun = call.clock()
        limits = call.limits_of_head(begun)
        request = self._signed(call.request)
        try:
            http = self.client.send(
                self._built(request, limits), stream=True, follow_redirects=False
            )
        except self._errors as error:
            raise _unreachable(request, error, limits) from error
        except RuntimeError as error:
            raise _unusable(error) from error
        if http.status_code != 200:
            raise self._refusal(http, call, call.refusal_ends(limits))
        _head_came(http, call.timeouts.timeout)
        return Opened(call.state, http, server, Deadlines(call.timeouts, begun, call.begun))

    def _signed(self, request: WireRequest) -> WireRequest:
        return self._sign(request)

    def _refusal(self, http: Any, call: _Opening, until: float) -> APIError:
        content = b""
        pieces = http.iter_bytes()
        try:
            for piece in pieces:
                content += piece
                if len(content) > _MOST_ERROR_BYTES or call.clock() > until:
                    break
        except self._errors:
            pass  # the status alone tells enough
        finally:
            close_response(http, pieces, self._errors)
        return _refused(http, content, self._clock())

    def _require_stream(self, pump: Pump) -> None:
        """Read until it is known that the body is a stream; raise what it is instead."""
        while pump.server.is_undecided:
            pump.read_on()
        if pump.error is not None:
            raise pump.error


def _declares_events(http: Any) -> bool:
    declared: str = http.headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower() == "text/event-stream"


def _head_came(http: Any, silence: float | None) -> None:
    """Let the silence between pieces be as long as was asked for, now that the head has come.

    Both libraries look at the request's own limits again when they begin with the body.
    """
    limits = http.request.extensions.get("timeout")
    if limits:
        limits["read"] = silence


def _unreachable(request: WireRequest, error: BaseException, limits: Limits) -> TransportError:
    kind = type(error).__name__
    said = f"{kind}: {error}".rstrip(": ")
    if "Timeout" in kind:
        which, seconds = limits.of(kind)
        said = f"{kind} after {seconds:.3g} s ({which}={seconds:.3g})"
    what = "no answer came from" if kind in _CONNECTED else "could not reach"
    return TransportError(f"{what} {request.url.partition('?')[0]} ({said})")


def _unusable(error: RuntimeError) -> InvalidInputError:
    return InvalidInputError(
        f"expected an HTTP client that is open and belongs to this event loop ({error}); "
        "make one for each event loop, and close it last"
    )


def _refused(http: Any, content: bytes, now: datetime) -> APIError:
    """Return the error of an answer that is none, without the key that it may repeat."""
    status = http.status_code
    said = None
    if 300 <= status < 400 and "location" in http.headers:
        # Following it would hand the key to whoever is there.
        said = (
            f"redirected by status {status} to {http.headers['location']!r}; redirects are not "
            "followed: give the address that it leads to as base_url, if it is to be trusted"
        )
    elif status < 400:
        said = f"expected status 200 and a stream, got status {status}"
    error = api_error(error_body(content), status=status, headers=http.headers, now=now, said=said)
    error.retryable = may_pass(error, http.headers.get("x-should-retry"))
    hide(error, secrets_of(http.request.headers))
    return error
