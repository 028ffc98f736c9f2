"""A provider for any server that speaks like one of those there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reqllm.errors import InvalidInputError
from reqllm.providers.provider import HostedProvider, join_url
from reqllm.wires.common.options import Dialect
from reqllm.wires.table import wire_named

# What most servers that copied the wire take.
USUAL = Dialect(rename={"max_tokens": "max_tokens"}, also_takes=frozenset({"top_k"}))


def openai_compatible(
    base_url: str,
    *,
    name: str = "openai_compatible",
    wire: str = "openai-chat",
    key_variables: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    dialect: Dialect = USUAL,
) -> HostedProvider:
    """Return a provider for the server at `base_url`; pass it to `start_stream`, or register it.

    name: what models of it are asked for by, once it is registered: "name:model".
    wire: what it speaks.
    key_variables: environment variables that may hold its key; none: it needs no key, though
        `api_key=` is sent where it is given.
    headers: sent with every request.
    dialect: how it departs from the wire; by default as most servers do.

    Raises InvalidInputError for an address that is none, UnknownWireError.
    """
    wire_named(wire)
    if isinstance(key_variables, str):
        raise InvalidInputError(
            f"expected key_variables as several names, got one text {key_variables!r}; "
            f"write [{key_variables!r}]"
        )
    return HostedProvider(
        name=name,
        wire=wire,
        base_url=join_url(base_url, None, "").rstrip("/"),
        key_variables=tuple(key_variables),
        headers=dict(headers or {}),
        dialect=dialect,
    )
