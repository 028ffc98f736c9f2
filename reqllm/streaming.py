"""The way in: `start_stream`, `AsyncClient` and its sync twin `Client`; `read_response` beside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from msgspec import structs

from reqllm.attempts import Attempts
from reqllm.calling import CallOptions, Retries, Timeouts
from reqllm.chunk import StreamChunk
from reqllm.context import Context
from reqllm.deadlines import Deadlines
from reqllm.errors import InvalidInputError, MissingKeyError
from reqllm.hooks import AttemptStart, Hooks, StreamEnd
from reqllm.http_client import AsyncOpener, Opener
from reqllm.http_libraries import library_of, network_errors
from reqllm.model import Model
from reqllm.own_clients import new_client
from reqllm.places import Place, Places, loop_here, process_here
from reqllm.providers.base import Provider, WireRequest
from reqllm.providers.registry import provider_named
from reqllm.pump import Pump
from reqllm.pump_base import CallState, Opened
from reqllm.signing import Signer
from reqllm.stream_response import StreamResponse, SyncStreamResponse
from reqllm.stream_server import StreamServer
from reqllm.timing import AsyncTimer, Timer

# What stands for a key where a recording answers and nobody asks for one.
_NO_KEY_NEEDED = "replayed"
# RFC 9110, a token.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


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


class _Call:
    """One call, ready to be sent."""

    def __init__(self, request: WireRequest, wire: str, options: CallOptions) -> None:
        self.request = request
        self.wire = wire
        self.options = options

    @property
    def response_schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema that the answer is to fit."""
        schema: Mapping[str, Any] | None = self.options.request.get("response_schema")
        return schema


class _BaseClient:
    """What both clients know: how to write a request. No I/O."""

    # What of the HTTP library this client can use.
    _client_kind: ClassVar[str]
    _transport_kind: ClassVar[str]
    _timer_kind: ClassVar[type[Any]]
    _here: ClassVar[Callable[[], Place]]

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        transport: Any = None,
        http_client: Any = None,
        headers: Mapping[str, str] | None = None,
        max_retries: int | Retries = 3,
        on_attempt: Callable[[AttemptStart], Any] | None = None,
        on_event: Callable[[StreamChunk], Any] | None = None,
        on_end: Callable[[StreamEnd], Any] | None = None,
        **timeouts: float | None,
    ) -> None:
        """
        base_url: an address in place of the provider's own.
        api_key: the key; else it is read from the provider's environment variable.
        transport: a transport of httpx or httpx2, a cassette's for example.
        http_client: a client of httpx or httpx2 to send with; it is not closed by us.
        headers: sent with every request, above the provider's own.
        max_retries: tries after a first that failed before anything of its answer had come, or a
            `Retries`, which also says how long to wait.
        on_attempt: called before each request is sent.
        on_event: called with each chunk, as it arrives.
        on_end: called exactly once for each call that was sent, however it ends.
        timeouts: `connect`, `timeout`, `first_token`, `idle`, `total`, `metadata_timeout`, in
            seconds or None; see `Timeouts`.
        """
        if transport is not None and http_client is not None:
            raise InvalidInputError("expected a transport or an http_client, got both")
        unknown = set(timeouts) - set(Timeouts.__struct_fields__)
        if unknown:
            raise InvalidInputError(
                f"expected the timeouts {', '.join(Timeouts.__struct_fields__)}, "
                f"got {', '.join(sorted(unknown))}"
            )
        self._library = library_of(http_client, transport)
        _require_kind(http_client, self._library, self._client_kind)
        _require_kind(transport, self._library, self._transport_kind)
        self._base_url = base_url
        self._api_key = api_key
        self._transport = transport
        self._http = http_client  # that was given
        self._opens: Any = None  # what opens streams on the HTTP client that served last
        # A transport that was given is one; what we make ourselves is made for each place.
        self._made = Places(type(self)._here if transport is None else _everywhere)
        self._headers = _checked_headers({} if headers is None else headers)
        self._retries = Retries.of(max_retries)
        self._sign = Signer()
        self._timeouts = Timeouts(**timeouts)
        self._is_patient = "timeout" not in timeouts
        self._timer = self._timer_kind.of(transport)
        self._hooks = Hooks(on_attempt=on_attempt, on_event=on_event, on_end=on_end)

    @property
    def base_url(self) -> str | None:
        """The address in place of the provider's own, `None` if there is none."""
        return self._base_url

    @property
    def has_key(self) -> bool:
        """Whether a key was given; else it is read from the environment."""
        return self._api_key is not None

    def _prepare(
        self,
        model: Model,
        context: Any,
        options: Mapping[str, Any],
        wire: str | None,
        provider: str | Provider | None = None,
    ) -> _Call:
        context = Context.new(context)
        sorted_options = CallOptions.of(options, self._timeouts, context)
        speaker = _provider_of(model.provider if provider is None else provider)

        def encoded(api_key: str | None) -> WireRequest:
            return speaker.encode(
                model,
                context,
                sorted_options.request,
                wire=wire,
                api_key=api_key,
                base_url=self._base_url,
            )

        # A cassette may answer without a key; it lets no request out that has this for one.
        stand_in = getattr(self._transport, "key_that_stays", None)
        try:
            request = encoded(self._key())
            if stand_in is not None:
                self._sign.require_credentials(request.signing)
        except MissingKeyError:
            if stand_in is None:
                raise
            request = encoded(stand_in)
        headers = request.headers
        if self._headers:
            headers = type(headers)({**headers, **self._headers})  # type: ignore[call-arg]
        request = structs.replace(request, headers=headers, provider=speaker.name, model=model.name)
        if self._is_patient and "timeout" not in options and request.thinks:
            sorted_options = sorted_options.with_patience()
        return _Call(request, request.wire or wire or speaker.wire, sorted_options)

    def _discard(self) -> None:
        """Have a transport that records forget it: an answer that never began is no fixture."""
        discard = getattr(self._transport, "discard", None)
        if discard is not None:
            discard()

    def _key(self) -> str | None:
        if self._api_key is None and getattr(self._transport, "needs_no_key", False):
            return _NO_KEY_NEEDED
        return self._api_key


class AsyncClient(_BaseClient):
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

    async def _open(self, call: _Call, *, owned: bool = False) -> StreamResponse:
        owned_client = self if owned else None
        pump = await self._opener().open(call.request, call.wire, call.options, owned_client)
        return StreamResponse(pump, call.options.timeouts.metadata_timeout, call.response_schema)

    def _opener(self) -> AsyncOpener:
        http = self._http_client()
        opener: AsyncOpener | None = self._opens
        if opener is None or opener.client is not http:
            opener = self._opens = AsyncOpener(
                http, self._retries, self._sign, timer=self._timer, hooks=self._hooks
            )
        return opener

    def _http_client(self) -> Any:
        return self._made.get_or_make(self._new_http) if self._http is None else self._http

    def _new_http(self) -> Any:
        return new_client(self._library, "AsyncClient", self._transport)

    @property
    def http_client(self) -> Any:
        """The client of httpx or httpx2 that sends; where none was given, the one made here."""
        return self._http_client()

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


class Client(_BaseClient):
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

    def _open(self, call: _Call, *, owned: bool = False) -> SyncStreamResponse:
        owned_client = self if owned else None
        pump = self._opener().open(call.request, call.wire, call.options, owned_client)
        return SyncStreamResponse(
            pump, call.options.timeouts.metadata_timeout, call.response_schema
        )

    def _opener(self) -> Opener:
        http = self._http_client()
        opener: Opener | None = self._opens
        if opener is None or opener.client is not http:
            opener = self._opens = Opener(
                http, self._retries, self._sign, timer=self._timer, hooks=self._hooks
            )
        return opener

    def _http_client(self) -> Any:
        return self._made.get_or_make(self._new_http) if self._http is None else self._http

    def _new_http(self) -> Any:
        return new_client(self._library, "Client", self._transport)

    @property
    def http_client(self) -> Any:
        """The client of httpx or httpx2 that sends; where none was given, the one made here."""
        return self._http_client()

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

    def __init__(self, client: AsyncClient, call: _Call) -> None:
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

    def __init__(self, client: Client, call: _Call) -> None:
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


def _everywhere() -> Place:
    return 0, None


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


def _provider_of(provider: str | Provider) -> Provider:
    return provider_named(provider) if isinstance(provider, str) else provider


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers under lower-case names; a value, which may be a key, is in no message."""
    if not isinstance(headers, Mapping):
        raise InvalidInputError(
            f"expected headers as a map of names and values, got {type(headers).__name__}"
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise InvalidInputError(f"expected the name of a header, got {name!r}")
        if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
            raise InvalidInputError(
                f"expected the header {name!r} to be printable ASCII text, as a header must be"
            )
    return {name.lower(): value for name, value in headers.items()}


def _require_kind(given: Any, library: Any, kind: str) -> None:
    """Refuse an async client where a sync one is needed, and the other way round."""
    if given is not None and not isinstance(given, getattr(library, kind)):
        raise InvalidInputError(
            f"expected a {library.__name__}.{kind}, got {type(given).__module__}."
            f"{type(given).__qualname__}; Client takes sync ones, AsyncClient async ones"
        )
