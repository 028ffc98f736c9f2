"""Opens the request of a stream over httpx or httpx2: errors raise here. Sync and async twins."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from anyio.to_thread import run_sync

from reqllm.async_pump import AsyncPump
from reqllm.calling import CallOptions, Retries
from reqllm.deadlines import Deadlines
from reqllm.errors import (
    APIError,
    ReqLLMError,
    StreamTimeoutError,
)
from reqllm.hooks import NO_HOOKS, Hooks
from reqllm.http_libraries import library_of, network_errors
from reqllm.opening import (
    Opening,
    declares_events,
    head_came,
    refused,
    unreachable,
    unusable,
)
from reqllm.providers.base import WireRequest
from reqllm.pump import Pump
from reqllm.pump_base import Opened
from reqllm.releasing import aclose_response, close_response
from reqllm.request_building import RequestBuilder
from reqllm.signing import Signer
from reqllm.stream_server import StreamServer
from reqllm.timing import (
    AsyncPause,
    AsyncSleep,
    AsyncTimer,
    Pause,
    Sleep,
    Timer,
)

# An error's body is for reading; beyond this it is something else.
_MOST_ERROR_BYTES = 65_536

Chance: TypeAlias = Callable[[], float]
DateClock: TypeAlias = Callable[[], datetime]
Sign: TypeAlias = Callable[[WireRequest], WireRequest]


def _now() -> datetime:
    return datetime.now(UTC)


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
        call = Opening(request, wire, options, self._retries, self._timer.clock())
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
        if not declares_events(opened.http):
            await self._require_stream(pump)
        return pump

    async def _opened(self, call: Opening, server: StreamServer, failed: Any = None) -> Opened:
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
        self, call: Opening, error: ReqLLMError, server: StreamServer
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

    async def _open_once(self, call: Opening, server: StreamServer, failed: Any) -> Opened:
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
            raise unreachable(request, error, limits) from error
        except RuntimeError as error:
            raise unusable(error) from error
        if http.status_code != 200:
            raise await self._refusal(http, call, call.refusal_ends(limits))
        head_came(http, call.timeouts.timeout)
        return Opened(call.state, http, server, Deadlines(call.timeouts, begun, call.begun))

    async def _signed(self, request: WireRequest) -> WireRequest:
        # Credentials may have to be asked for, over the network: not on the event loop.
        return request if request.signing is None else await run_sync(self._sign, request)

    async def _refusal(self, http: Any, call: Opening, until: float) -> APIError:
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
        return refused(http, content, self._clock())

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
        call = Opening(request, wire, options, self._retries, self._timer.clock())
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
        if not declares_events(opened.http):
            self._require_stream(pump)
        return pump

    def _opened(self, call: Opening, server: StreamServer, failed: Any = None) -> Opened:
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

    def _reopened(self, call: Opening, error: ReqLLMError, server: StreamServer) -> Opened | None:
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

    def _open_once(self, call: Opening, server: StreamServer, failed: Any) -> Opened:
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
            raise unreachable(request, error, limits) from error
        except RuntimeError as error:
            raise unusable(error) from error
        if http.status_code != 200:
            raise self._refusal(http, call, call.refusal_ends(limits))
        head_came(http, call.timeouts.timeout)
        return Opened(call.state, http, server, Deadlines(call.timeouts, begun, call.begun))

    def _signed(self, request: WireRequest) -> WireRequest:
        return self._sign(request)

    def _refusal(self, http: Any, call: Opening, until: float) -> APIError:
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
        return refused(http, content, self._clock())

    def _require_stream(self, pump: Pump) -> None:
        """Read until it is known that the body is a stream; raise what it is instead."""
        while pump.server.is_undecided:
            pump.read_on()
        if pump.error is not None:
            raise pump.error
