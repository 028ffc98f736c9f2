"""The table of providers: for the terminal, for programs, and for the documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reqllm.providers.base import Provider
from reqllm.providers.provider import HostedProvider
from reqllm.wires.common.options import Dialect
from reqllm.wires.table import wire_named

_HEADS = ("provider", "wires", "address", "key")
_REASONING = {
    "effort": "`reasoning_effort`",
    "thinking": "`thinking`, on or off",
    "enable_thinking": "`enable_thinking`, on or off",
    "openrouter": "`reasoning`",
}


def as_text(providers: Iterable[Provider]) -> str:
    """Return what one needs to ask each, in columns."""
    rows = [_HEADS, *(tuple(_cells(provider)) for provider in providers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def as_rows(providers: Iterable[Provider]) -> list[dict[str, Any]]:
    """Return all that is known of each, as plain JSON values."""
    return [_row(provider) for provider in providers]


def as_markdown(providers: Iterable[Provider]) -> str:
    """Return the table of the documents."""
    heads = ("provider", "wires", "address", "key", "not taken", "thinking", "usage")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(_in_markdown(_row(each))) + " |" for each in providers]
    return "\n".join(lines) + "\n"


def _cells(provider: Provider) -> Sequence[str]:
    row = _row(provider)
    key = " or ".join(row["key_variables"]) or "none"
    optional = " (if the server wants one)" if row["key_optional"] else ""
    optional = f" or {row['credentials']}" if row["credentials"] else optional
    return (row["name"], ", ".join(row["wires"]), row["address"], key + optional)


def _row(provider: Provider) -> dict[str, Any]:
    # Of somebody else's provider no more may be known than the Protocol says.
    dialect: Dialect = getattr(provider, "dialect", Dialect())
    address: str = getattr(provider, "base_url", "")
    if isinstance(provider, HostedProvider):
        address = address.rstrip("/") + (provider.path or wire_named(provider.wire).path)
    return {
        "name": provider.name,
        "wires": list(dict.fromkeys((provider.wire, *getattr(provider, "other_wires", ())))),
        "address": address,
        "key_variables": list(getattr(provider, "key_variables", ())),
        "key_optional": getattr(provider, "key_optional", False),
        "credentials": getattr(provider, "credentials", ""),
        "headers": dict(getattr(provider, "headers", {})),
        "refuses": sorted(dialect.refuses),
        "also_takes": sorted(dialect.also_takes),
        "rename": dict(dialect.rename),
        "reasoning": dialect.reasoning,
        "usage": getattr(provider, "usage", ""),
    }


def _in_markdown(row: dict[str, Any]) -> Iterable[str]:
    yield f"`{row['name']}`"
    yield ", ".join(f"`{wire}`" for wire in row["wires"])
    yield f"`{row['address']}`" if row["address"] else ""
    keys = " or ".join(f"`{name}`" for name in row["key_variables"]) or "none"
    keys += ", if the server wants one" if row["key_optional"] else ""
    yield keys + (f" or {row['credentials']}" if row["credentials"] else "")
    yield ", ".join(f"`{name}`" for name in row["refuses"])
    yield _REASONING[row["reasoning"]]
    yield row["usage"]
