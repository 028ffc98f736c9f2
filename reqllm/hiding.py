"""Keeps the keys of a request out of the errors that its answer becomes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from reqllm.errors import ReqLLMError

_HOLDS_SECRET = re.compile("auth|key|token|secret", re.IGNORECASE)
# Shorter values are words, which an error may say for itself.
_SHORTEST = 8
_SHOWN = "***"
# Where errors keep what the provider sent.
_QUOTING = ("message", "body", "body_start", "data")


def secrets_of(headers: Mapping[str, str]) -> list[str]:
    """Return the values that must not be repeated, the longest first."""
    values = (value for name, value in headers.items() if _HOLDS_SECRET.search(name))
    bare = {value.removeprefix("Bearer ").removeprefix("Basic ") for value in values}
    return sorted((value for value in bare if len(value) >= _SHORTEST), key=len, reverse=True)


def hide(error: ReqLLMError, secrets: Iterable[str]) -> None:
    """Take the secrets out of all that the error quotes."""
    for secret in secrets:
        for name in _QUOTING:
            if hasattr(error, name):
                setattr(error, name, _without(getattr(error, name), secret))
    error.args = (error.message,)


def _without(value: Any, secret: str) -> Any:
    match value:
        case str():
            return value.replace(secret, _SHOWN)
        case bytes():
            return value.replace(secret.encode(), _SHOWN.encode())
        case dict():
            return {_without(key, secret): _without(item, secret) for key, item in value.items()}
        case list():
            return [_without(item, secret) for item in value]
        case _:
            return value
