"""The way in: `start_stream`, `AsyncClient` and its sync twin `Client`; `read_response` beside."""

from __future__ import annotations

import time
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from reqllm.attempts import Attempts
from reqllm.calling import CallOptions, Retries, Timeouts
from reqllm.client_base import BaseClient, Call
from reqllm.deadlines import Deadlines
from reqllm.errors import InvalidInputError
from reqllm.http_client import AsyncOpener, Opener
from reqllm.http_libraries import library_of, network_errors
from reqllm.model import Model
from reqllm.places import loop_here, process_here
from reqllm.providers.base import Provider
from reqllm.pump import Pump
from reqllm.pump_base import CallState, Opened
from reqllm.stream_response import StreamResponse, SyncStreamResponse
from reqllm.stream_server import StreamServer
from reqllm.timing import AsyncTimer, Timer


async def start_stream(
    provider: str | Provider,
    model: str | Model,
    context: Any,
    *,
    timeout: float | None = 30.0,  # noqa: ASYNC109 - of the network, not of this coroutine
    metadata_timeout: float | None = 300.0,
    fixture_path: str | PathLike[str] | None = None,
    client: Any = None,
    wire: str | None = None,
    **options: Any,
) -> StreamResponse:
    """Start an answer and return it as it arrives.

    provider: a name in the table ("openai"), or an object with the Protocol `Provider`.
    model: the model's name, "provider:model", or a `Model`.
    context: a `Context`, or whatever `Context.new` takes.
    timeout: seconds of silence that end the stream, `None` for no limit.
    metadata_timeout: seconds that `metadata()` waits for the end. Where these two are the
        defaults, a given client's own go before them.
    fixture_path: a cassette that answers instead of the provider. What it does not hold is asked
        of the provider and added, unless `REQLLM_MODE` or a CI machine says otherwise.
    client: an `AsyncClient` of ours to send with, or one of httpx or httpx2.
    wire: the wire to ask by, where the provider speaks several; by default the model's usual one.
    options: the model's (`max_tokens`, `tools` ...) and the stream's (`on_incomplete` ...).

    Raises ReqLLMError here for all that happens before the stream begins.
    """
    given, owned = _client_for(client, fixture_path)
    try:
        call = given._prepare(
            _model_of(provider, model),
            context,
            {**_asked(client, timeout, metadata_timeout), **options},
            wire,
            provider,
        )
        return await given._open(call, owned=owned)
    except BaseException:
        if owned:
            given._discard()
            await given.aclose()
        raise


def read_response(
    http: Any,
    wire: str,
    *,
    timeout: float | None = 30.0,
    metadata_timeout: float | None = 300.0,
    **options: Any,
) -> SyncStreamResponse:
    """Read a response that somebody else opened, with `stream=True` and status 200.

    http: a sync response of httpx or httpx2; it is closed with the stream.
    wire: the wire format that it speaks.
    timeout: what its client was set to, in seconds; named in the error of a silence.
    options: the stream's (`on_incomplete` ...), as for `start_stream`.

    Raises InvalidInputError, UnknownWireError. What the body turns out to be is raised by reading.
    """
    library = library_of(http)
    sorted_options = CallOptions.of(
        {"timeout": timeout, "metadata_timeout": metadata_timeout, **options}
    )
    if sorted_options.request:
        raise InvalidInputError(
            f"expected options of the stream, got {', '.join(sorted(sorted_options.request))}"
        )
    call = CallState(provider="", model="", wire=wire, attempts=Attempts(Retries(limit=0)))
    server = StreamServer(wire, **sorted_options.stream.for_server())
    deadlines = Deadlines(sorted_options.timeouts, time.monotonic())
    pump = Pump(
        Opened(call, http, server, deadlines),
        network_errors=network_errors(library),
        timer=Timer(),
        clock=time.monotonic,
    )
    return SyncStreamResponse(pump, metadata_timeout)


class AsyncClient(BaseClient):
    """Streams from any provider. Use it by `async with`, or close it; asyncio and trio.

    It has a pool of connections for each process and each event loop that it is used in, unless
    a transport or an HTTP client was given.
    """

    _client_kind = "AsyncClient"
    _transport_kind = "AsyncBaseTransport"
    _timer_kind = AsyncTimer
    _here = staticmethod(loop_here)

    def stream(
        self, model: str | Model, context: Any, /, *, wire: str | None = None, **options: Any
    ) -> _AsyncOpening:
        """Return an async context manager of a `StreamResponse`; entering it sends the request.

        Raises InvalidInputError here, every other ReqLLMError on entering.
        """
        return _AsyncOpening(self, self._prepare(Model.parse(model), context, options, wire))

    async def _open(self, call: Call, *, owned: bool = False) -> StreamResponse:
        owned_client = self if owned else None
        pump = await self._opener().open(call.request, call.wire, call.options, owned_client)
        return StreamResponse(pump, call.options.timeouts.metadata_timeout, call.response_schema)

    def _opener(self) -> AsyncOpener:
        http = self.http_client
        opener: AsyncOpener | None = self._opens
        if opener is None or opener.client is not http:
            opener = self._opens = AsyncOpener(
                http, self._retries, self._sign, timer=self._timer, hooks=self._hooks
            )
        return opener

    async def aclose(self) -> None:
        """Close the HTTP client that was made here; one that was given stays open."""
        made = self._made.get()
        if made is not None:
            await made.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Client(BaseClient):
    """Streams from any provider. Use it by `with`, or close it.

    It has a pool of connections for each process that it is used in, unless
    a transport or an HTTP client was given.
    """

    _client_kind = "Client"
    _transport_kind = "BaseTransport"
    _timer_kind = Timer
    _here = staticmethod(process_here)

    def stream(
        self, model: str | Model, context: Any, /, *, wire: str | None = None, **options: Any
    ) -> _Opening:
        """Return a context manager of a `SyncStreamResponse`; entering it sends the request.

        Raises InvalidInputError here, every other ReqLLMError on entering.
        """
        return _Opening(self, self._prepare(Model.parse(model), context, options, wire))

    def _open(self, call: Call, *, owned: bool = False) -> SyncStreamResponse:
        owned_client = self if owned else None
        pump = self._opener().open(call.request, call.wire, call.options, owned_client)
        return SyncStreamResponse(
            pump, call.options.timeouts.metadata_timeout, call.response_schema
        )

    def _opener(self) -> Opener:
        http = self.http_client
        opener: Opener | None = self._opens
        if opener is None or opener.client is not http:
            opener = self._opens = Opener(
                http, self._retries, self._sign, timer=self._timer, hooks=self._hooks
            )
        return opener

    def close(self) -> None:
        """Close the HTTP client that was made here; one that was given stays open."""
        made = self._made.get()
        if made is not None:
            made.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _AsyncOpening:
    """A stream about to be opened."""

    def __init__(self, client: AsyncClient, call: Call) -> None:
        self._client = client
        self._call = call
        self._response: StreamResponse | None = None

    if not TYPE_CHECKING:  # a type checker would take it for leave to ask anything

        def __getattr__(self, name: str) -> Any:
            raise _not_open(name, "async with")

    async def __aenter__(self) -> StreamResponse:
        self._response = await self._client._open(self._call)
        return self._response

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            await self._response.aclose()


class _Opening:
    """A stream about to be opened."""

    def __init__(self, client: Client, call: Call) -> None:
        self._client = client
        self._call = call
        self._response: SyncStreamResponse | None = None

    if not TYPE_CHECKING:  # a type checker would take it for leave to ask anything

        def __getattr__(self, name: str) -> Any:
            raise _not_open(name, "with")

    def __enter__(self) -> SyncStreamResponse:
        self._response = self._client._open(self._call)
        return self._response

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()


def _not_open(name: str, way: str) -> AttributeError:
    return AttributeError(
        f"nothing was asked yet, so there is no {name!r}: "
        f"open the stream by `{way} client.stream(...) as response:`"
    )


def _client_for(client: Any, fixture_path: str | PathLike[str] | None) -> tuple[AsyncClient, bool]:
    """Return the client to send with, and whether it is the call's own, to close with it."""
    if client is not None and fixture_path is not None:
        raise InvalidInputError("expected a client or a fixture_path, got both")
    if isinstance(client, AsyncClient):
        return client, False
    if isinstance(client, Client):
        raise InvalidInputError(
            "expected an AsyncClient, got a Client; with it, `with client.stream(...)` streams"
        )
    if client is not None:
        return AsyncClient(http_client=client), False
    if fixture_path is None:
        return AsyncClient(), True
    # The one place where the client reaches for the harness.
    from reqllm_fixtures import fixture_transport

    return AsyncClient(transport=fixture_transport(fixture_path)), True


def _asked(
    client: Any, timeout: float | None, metadata_timeout: float | None
) -> dict[str, float | None]:
    """Return the timeouts that were asked for: of a client of ours, defaults do not change any."""
    asked = {"timeout": timeout, "metadata_timeout": metadata_timeout}
    if not isinstance(client, AsyncClient):
        return asked
    defaults = Timeouts()
    return {name: value for name, value in asked.items() if value != getattr(defaults, name)}


def _model_of(provider: str | Provider, model: str | Model) -> Model:
    """Return the model, whose provider may be said twice but not differently."""
    name = provider if isinstance(provider, str) else getattr(provider, "name", "")
    if isinstance(model, str):
        model = Model(name, model.removeprefix(f"{name}:"))
    if not isinstance(model, Model):
        raise InvalidInputError(f"expected a model's name or a Model, got {type(model).__name__}")
    if model.provider != name:
        raise InvalidInputError(f"expected a model of {name!r}, got {str(model)!r}")
    return model
