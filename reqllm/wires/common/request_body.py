"""What every wire's request body needs: stable JSON, merging, warnings. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reqllm.chunk import WarningChunk
from reqllm.errors import InvalidInputError


def to_json(value: Any, what: str) -> bytes:
    """Return compact JSON; keys stay in their order, so equal values give equal bytes.

    Raises InvalidInputError, naming `what`, for a value that JSON has no form for.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidInputError(
            f"expected {what} to hold plain JSON values, but it cannot be written: {error}"
        ) from error


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"JSON has no form for a {type(value).__name__}")


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body` with `more` laid over it: maps merge, all else is replaced."""
    result = dict(body)
    for key, value in more.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = merged(old, value)
        result[key] = value
    return result


def schema_name(schema: Mapping[str, Any]) -> str:
    """Return the name under which a JSON Schema is sent: its title, as far as names allow."""
    title = schema.get("title")
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", title)[:64] if isinstance(title, str) else ""
    return name or "response"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known word nearest to `word`, or nothing."""
    from difflib import get_close_matches  # only a failure needs it

    lowered = {name.lower(): name for name in known}
    close = get_close_matches(str(word).lower(), lowered, n=1)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


class Warnings:
    """Collects what a request could not take; each thing is said once."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], None] = {}

    def add(self, code: str, message: str) -> None:
        self._said[code, message] = None

    def chunks(self) -> list[WarningChunk]:
        return [WarningChunk(code=code, message=message) for code, message in self._said]
