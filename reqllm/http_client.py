"""Opens the request of a stream over httpx or httpx2: errors raise here. Sync and async twins."""

from __future__ import annotations

import importlib
import random
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeAlias, cast

import anyio
from anyio.to_thread import run_sync

from reqllm.calling import CallOptions, Retries, Timeouts, may_pass
from reqllm.errors import APIError, InvalidInputError, ReqLLMError, TransportError
from reqllm.hiding import hide, secrets_of
from reqllm.providers.base import WireRequest
from reqllm.pump import AsyncPump, NetworkErrors, Pump, aclose_response, close_response
from reqllm.signing import Signer
from reqllm.stream_server import StreamServer
from reqllm.wires.common.api_errors import api_error, error_body

# An error's body is for reading; beyond this it is something else.
_MOST_ERROR_BYTES = 65_536
_LIBRARIES = ("httpx", "httpx2")

AsyncSleep: TypeAlias = Callable[[float], Awaitable[None]]
Sleep: TypeAlias = Callable[[float], None]
Chance: TypeAlias = Callable[[], float]
Clock: TypeAlias = Callable[[], datetime]
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


def timeout_of(library: Any, timeouts: Timeouts) -> Any:
    """Return the library's own timeout object."""
    silence = timeouts.timeout
    return library.Timeout(connect=timeouts.connect, read=silence, write=silence, pool=silence)


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
        sleep: AsyncSleep = anyio.sleep,
        chance: Chance = random.random,
        clock: Clock = _now,
    ) -> None:
        self._client = client
        self._library = library_of(client)
        self._errors = network_errors(self._library)
        self._retries = retries
        self._sign = sign or Signer()
        self._sleep = sleep
        self._chance = chance
        self._clock = clock

    async def open(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any = None
    ) -> AsyncPump:
        """Return the pump of an open stream; try again what may pass. Raises ReqLLMError."""
        attempt = 1
        while True:
            try:
                return await self._open_once(request, wire, options, owned_client)
            except ReqLLMError as error:
                delay = self._retries.delay(attempt, error, self._chance())
                if delay is None:
                    raise
            await self._sleep(delay)
            attempt += 1

    async def _open_once(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any
    ) -> AsyncPump:
        server = StreamServer(wire, **options.stream.for_server(), warnings=request.warnings)
        request = await self._signed(request)
        try:
            http = await self._client.send(
                self._built(request, options), stream=True, follow_redirects=False
            )
        except self._errors as error:
            raise _unreachable(request, error, options.timeouts) from error
        except RuntimeError as error:
            raise _unusable(error) from error
        if http.status_code != 200:
            raise await self._refusal(http)
        pump = AsyncPump(
            http,
            server,
            network_errors=self._errors,
            silence=options.timeouts.timeout,
            owned_client=owned_client,
        )
        if not _declares_events(http):
            await self._require_stream(pump)
        return pump

    async def _signed(self, request: WireRequest) -> WireRequest:
        # Credentials may have to be asked for, over the network: not on the event loop.
        return request if request.signing is None else await run_sync(self._sign, request)

    def _built(self, request: WireRequest, options: CallOptions) -> Any:
        return self._client.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=timeout_of(self._library, options.timeouts),
        )

    async def _refusal(self, http: Any) -> APIError:
        content = b""
        pieces = http.aiter_bytes()
        try:
            async for piece in pieces:
                content += piece
                if len(content) > _MOST_ERROR_BYTES:
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
        sleep: Sleep = time.sleep,
        chance: Chance = random.random,
        clock: Clock = _now,
    ) -> None:
        self._client = client
        self._library = library_of(client)
        self._errors = network_errors(self._library)
        self._retries = retries
        self._sign = sign or Signer()
        self._sleep = sleep
        self._chance = chance
        self._clock = clock

    def open(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any = None
    ) -> Pump:
        """Return the pump of an open stream; try again what may pass. Raises ReqLLMError."""
        attempt = 1
        while True:
            try:
                return self._open_once(request, wire, options, owned_client)
            except ReqLLMError as error:
                delay = self._retries.delay(attempt, error, self._chance())
                if delay is None:
                    raise
            self._sleep(delay)
            attempt += 1

    def _open_once(
        self, request: WireRequest, wire: str, options: CallOptions, owned_client: Any
    ) -> Pump:
        server = StreamServer(wire, **options.stream.for_server(), warnings=request.warnings)
        request = self._signed(request)
        try:
            http = self._client.send(
                self._built(request, options), stream=True, follow_redirects=False
            )
        except self._errors as error:
            raise _unreachable(request, error, options.timeouts) from error
        except RuntimeError as error:
            raise _unusable(error) from error
        if http.status_code != 200:
            raise self._refusal(http)
        pump = Pump(
            http,
            server,
            network_errors=self._errors,
            silence=options.timeouts.timeout,
            owned_client=owned_client,
        )
        if not _declares_events(http):
            self._require_stream(pump)
        return pump

    def _signed(self, request: WireRequest) -> WireRequest:
        return self._sign(request)

    def _built(self, request: WireRequest, options: CallOptions) -> Any:
        return self._client.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=timeout_of(self._library, options.timeouts),
        )

    def _refusal(self, http: Any) -> APIError:
        content = b""
        pieces = http.iter_bytes()
        try:
            for piece in pieces:
                content += piece
                if len(content) > _MOST_ERROR_BYTES:
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


def _unreachable(request: WireRequest, error: BaseException, timeouts: Timeouts) -> TransportError:
    kind = type(error).__name__
    said = f"{kind}: {error}".rstrip(": ")
    if "Timeout" in kind:
        which = "connect" if kind == "ConnectTimeout" else "timeout"
        said = f"{kind} after {getattr(timeouts, which)} s ({which}={getattr(timeouts, which)})"
    return TransportError(f"could not reach {request.url.partition('?')[0]} ({said})")


def _unusable(error: RuntimeError) -> InvalidInputError:
    return InvalidInputError(
        f"expected an HTTP client that is open and belongs to this event loop ({error}); "
        "make one for each event loop, and close it last"
    )


def _refused(http: Any, content: bytes, now: datetime) -> APIError:
    """Return the error of an answer that is none, without the key that it may repeat."""
    body = error_body(content)
    if 300 <= http.status_code < 400 and not body:
        # Following it would hand the key to whoever is there.
        body = f"redirected to {http.headers.get('location')!r}; redirects are not followed"
    error = api_error(body, status=http.status_code, headers=http.headers, now=now)
    error.retryable = may_pass(error, http.headers.get("x-should-retry"))
    hide(error, secrets_of(http.request.headers))
    return error
