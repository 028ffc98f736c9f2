"""`HostedProvider`: a provider that is an address, a key and a wire. Pure but for `find_key`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from msgspec import Struct

from reqllm.context import Context
from reqllm.errors import (
    InvalidContextError,
    InvalidInputError,
    MissingKeyError,
    UnknownWireError,
)
from reqllm.model import Model
from reqllm.providers.base import SigV4, WireRequest
from reqllm.wires.common.options import Dialect
from reqllm.wires.common.request_body import to_json
from reqllm.wires.common.structured import by_tool
from reqllm.wires.table import wire_named
from reqllm.wires.wire import Wire


class Headers(dict[str, str]):
    """Headers whose `repr` hides the key."""

    def __repr__(self) -> str:
        shown = {name: "***" if name in _SECRET else value for name, value in self.items()}
        return repr(shown)


_SECRET = frozenset(
    {"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"}
)
_REGION = re.compile(r"[a-z0-9-]+")
_REGION_OF_HOST = re.compile(r"[.](?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])[.]")


class HostedProvider(Struct, frozen=True, kw_only=True):
    """A provider described by data: adding one is one row in the table."""

    name: str
    wire: str
    """The wire it speaks by default."""
    base_url: str
    host_variable: str = ""
    """Environment variable that may hold another address, perhaps without scheme and port."""
    path: str = ""
    """Where the wire is served below `base_url`; empty for the wire's usual place."""
    other_wires: Mapping[str, str] = {}
    """Further wires it speaks, each with its path."""
    wires_of_models: Mapping[str, str] = {}
    """Models that are served on another wire than the default, as patterns of their names."""
    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold the key, the first set one wins; none: needs no key."""
    auth: str = "bearer"
    """How the key is sent: `bearer`, or the name of the header that holds it."""
    headers: Mapping[str, str] = {}
    """Sent with every request, above the wire's own."""
    dialect: Dialect = Dialect()
    thinkers: str = r"\Z"
    """Pattern of the models that think in silence, unasked."""
    key_optional: bool = False
    """It can be asked without a key."""
    usage: str = ""
    """Where in a stream its usage stands, in words."""
    region_variables: tuple[str, ...] = ()
    """Environment variables that may name the `{region}` of its address; it then takes an
    option `region`, which goes before them."""
    credentials: str = ""
    """What else there may be in place of a key, in words."""
    signed_for: str = ""
    """The AWS service that a request is signed for where there is no key."""

    def encode(
        self,
        model: Model,
        context: Context,
        options: Mapping[str, Any],
        *,
        wire: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> WireRequest:
        """Return the request that asks `model` to answer `context`, streaming.

        Raises InvalidInputError for what cannot be asked, MissingKeyError without a key.
        """
        require_context(context)
        spoken = wire_named(self.wire_for(model) if wire is None else wire)
        options, region = self._region(options, base_url)
        path = self._path(spoken)
        if "{model}" in path:
            path = path.replace("{model}", quote(model.name, safe=""))
        if self.dialect.object_by_tool:
            can_force = "tool_choice" not in self.dialect.refuses
            options = by_tool(options, context, can_force=can_force)
        body, warnings = spoken.encode(model.name, context, options, self.dialect)
        key = self._key(api_key)
        return WireRequest(
            url=join_url(self._own_url(base_url, region), base_url, path),
            thinks=asks_to_think(options) or re.match(self.thinkers, model.name) is not None,
            headers=self._headers({"accept": spoken.accept, **spoken.headers(body)}, key),
            body=to_json(body, "the request"),
            warnings=tuple(warnings),
            wire=spoken.name,
            signing=self._signing(region) if key is None and self.signed_for else None,
        )

    def wire_for(self, model: Model) -> str:
        """Return the wire on which a model is asked where nobody says which."""
        patterns = self.wires_of_models.items()
        return next((wire for name, wire in patterns if re.match(name, model.name)), self.wire)

    def _region(
        self, options: Mapping[str, Any], given: str | None
    ) -> tuple[Mapping[str, Any], str | None]:
        """Return the options without the region, and the region: asked for, of the address, set."""
        if not self.region_variables:
            return options, None
        region = options.get("region")
        if region is not None and not (isinstance(region, str) and _REGION.fullmatch(region)):
            raise InvalidInputError(f"expected a region such as 'us-east-1', got {region!r:.80}")
        others = {name: value for name, value in options.items() if name != "region"}
        of_host = _REGION_OF_HOST.search(urlsplit(given).netloc) if given else None
        if region is None and of_host is not None:
            region = of_host["region"]
        if region is None:
            settings = (os.environ.get(name, "").strip() for name in self.region_variables)
            region = next(filter(None, settings), None)
        return others, region

    def _signing(self, region: str | None) -> SigV4:
        if region is None:
            raise self._no_region()
        return SigV4(self.signed_for, region)

    def _no_region(self) -> InvalidInputError:
        return InvalidInputError(
            f"{self.name} needs a region: pass region=..., or set "
            f"{' or '.join(self.region_variables)}"
        )

    def _completed(self, host: str) -> str:
        """Return an address that may lack scheme, host or port: those of the own one."""
        own = urlsplit(self.base_url)
        address = host if "://" in host else f"{own.scheme}://{host}"
        try:
            parts = _split(address.replace("://:", f"://{own.hostname}:"))
        except InvalidInputError:
            raise InvalidInputError(
                f"expected {self.host_variable} as host:port or http(s)://host/path, "
                f"got {host if '@' not in host else 'one that holds an @'!r}"
            ) from None
        if "://" not in host and parts.port is None and own.port is not None:
            parts = parts._replace(netloc=f"{parts.netloc}:{own.port}")
        return parts.geturl()

    def _own_url(self, given: str | None, region: str | None) -> str:
        """Return the base URL with the variables in it; where one was given, its path counts."""
        host = os.environ.get(self.host_variable, "").strip() if self.host_variable else ""
        if host and given is None:
            return self._completed(host)
        if "{region}" in self.base_url and region is None and given is None:
            raise self._no_region()
        base_url = self.base_url.replace("{region}", region or "given")

        def value_of(variable: re.Match[str]) -> str:
            if given is not None:
                return "https://given.invalid"
            value = os.environ.get(variable[1], "").strip().rstrip("/")
            if not value:
                raise InvalidInputError(
                    f"{self.name} has no address of its own: set {variable[1]}, "
                    "or pass base_url=..."
                )
            return value

        return re.sub(r"\{([A-Z_]+)\}", value_of, base_url) if "{" in base_url else base_url

    def _path(self, wire: Wire) -> str:
        if wire.name == self.wire:
            return self.path or wire.path
        if wire.name not in self.other_wires:
            speaks = ", ".join((self.wire, *self.other_wires))
            raise UnknownWireError(f"{self.name} speaks {speaks}, not {wire.name}")
        return self.other_wires[wire.name] or wire.path

    def _key(self, api_key: str | None) -> str | None:
        optional = self.key_optional or bool(self.signed_for)
        return find_key(self.name, self.key_variables, api_key, optional=optional)

    def _headers(self, of_wire: Mapping[str, str], key: str | None) -> Headers:
        headers = Headers(
            {
                "content-type": "application/json",
                # A recording keeps the bytes as they were sent; compressed ones nobody can read.
                "accept-encoding": "identity",
                **of_wire,
                **{name.lower(): value for name, value in self.headers.items()},
            }
        )
        if key is not None:
            bearer = self.auth == "bearer"
            headers["authorization" if bearer else self.auth] = f"Bearer {key}" if bearer else key
        return headers


def require_context(context: object) -> None:
    """Raise InvalidContextError for what is no Context."""
    if not isinstance(context, Context):
        raise InvalidContextError(
            f"expected a Context, got {type(context).__name__}; make one with Context.new(...)"
        )


def asks_to_think(options: Mapping[str, Any]) -> bool:
    """Whether a model is told to think before it answers."""
    effort = options.get("reasoning_effort")
    return effort not in (None, "none", "minimal") or options.get("reasoning_budget") is not None


def find_key(
    provider: str,
    variables: tuple[str, ...],
    api_key: str | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    optional: bool = False,
) -> str | None:
    """Return the key given, else the first one set in `environ`; `None` if none is needed.

    optional: none is needed, but one that is there is used.

    Raises MissingKeyError naming the variables, never a key.
    """
    if api_key is not None:
        return checked_key(api_key, "the api_key argument")
    for variable in variables:
        if environ.get(variable):
            return checked_key(environ[variable], variable)
    if not variables or optional:
        return None
    empty = [variable for variable in variables if variable in environ]
    raise MissingKeyError(
        f"{provider} needs an API key: set {' or '.join(variables)}, or pass api_key=..."
        + (f" ({', '.join(empty)} is set, but empty)" if empty else "")
    )


def checked_key(key: object, place: str) -> str:
    """Return the key if a header can hold it; the key itself is in no message."""
    if not isinstance(key, str):
        raise InvalidInputError(f"expected the API key as text, got {type(key).__name__}")
    if not key.strip():
        raise MissingKeyError(f"expected an API key in {place}, but it is empty")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidInputError(
            f"the API key in {place} holds a character that no header can carry "
            "(a line end, a space or a non-ASCII letter); was it copied whole, and only it?"
        )
    return key


def join_url(own: str, given: str | None, path: str) -> str:
    """Return the address of `path` below `given`, or below the provider's `own` base URL.

    A base that is only a host takes the place of the own host and keeps the own
    path; one that already ends in the version or the whole path is not given it twice.
    """
    if not isinstance(given, str | None):
        raise _no_address(given)
    return _joined(own, given, path)


@lru_cache(maxsize=256)
def _joined(own: str, given: str | None, path: str) -> str:
    base = _split(own if given is None else given)
    prefix = base.path.rstrip("/")
    if not prefix:
        prefix = urlsplit(own).path.rstrip("/")
    path, _, query = path.partition("?")
    whole = "/" + path.strip("/")
    version = re.match(r"/v[0-9]+(?:beta|alpha)?[0-9]*(?=/)", whole)
    if prefix.endswith(whole):
        whole = ""
    elif version and prefix.endswith(version[0]):
        whole = whole[version.end() :]
    query = "&".join(filter(None, (base.query, query)))
    return urlunsplit((base.scheme, base.netloc, prefix + whole, query, ""))


def _split(url: str) -> SplitResult:
    if url.isprintable() and " " not in url:
        try:
            parts = urlsplit(url)
            has_host, _ = bool(parts.hostname), parts.port
        except ValueError:
            has_host = False
        if has_host and parts.scheme in ("http", "https") and "@" not in parts.netloc:
            return parts
    raise _no_address(url)


def _no_address(url: object) -> InvalidInputError:
    # What is no good is shown only where it cannot hold a password.
    shown = repr(url) if "@" not in str(url) else "one that holds an '@'"
    return InvalidInputError(
        f"expected base_url as http(s)://host/path without user and password, got {shown}"
    )
