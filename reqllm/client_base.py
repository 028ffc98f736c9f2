"""What both clients know without waiting: what they were given, and how a call is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from msgspec import structs

from reqllm.calling import CallOptions, Retries, Timeouts
from reqllm.chunk import StreamChunk
from reqllm.context import Context
from reqllm.errors import InvalidInputError, MissingKeyError
from reqllm.hooks import AttemptStart, Hooks, StreamEnd
from reqllm.http_libraries import library_of
from reqllm.model import Model
from reqllm.own_clients import new_client
from reqllm.places import Place, Places
from reqllm.providers.base import Provider, WireRequest
from reqllm.providers.registry import provider_named
from reqllm.signing import Signer

# What stands for a key where a recording answers and nobody asks for one.
_NO_KEY_NEEDED = "replayed"
# RFC 9110, a token.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Call:
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


class BaseClient:
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

    @property
    def http_client(self) -> Any:
        """The client of httpx or httpx2 that sends; where none was given, the one made here."""
        return self._made.get_or_make(self._new_http) if self._http is None else self._http

    def _new_http(self) -> Any:
        return new_client(self._library, self._client_kind, self._transport)

    def _prepare(
        self,
        model: Model,
        context: Any,
        options: Mapping[str, Any],
        wire: str | None,
        provider: str | Provider | None = None,
    ) -> Call:
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
        return Call(request, request.wire or wire or speaker.wire, sorted_options)

    def _discard(self) -> None:
        """Have a transport that records forget it: an answer that never began is no fixture."""
        discard = getattr(self._transport, "discard", None)
        if discard is not None:
            discard()

    def _key(self) -> str | None:
        if self._api_key is None and getattr(self._transport, "needs_no_key", False):
            return _NO_KEY_NEEDED
        return self._api_key


def _everywhere() -> Place:
    return 0, None


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
