"""Reads a member of a provider's JSON as the type it should have, whatever it holds. Pure."""

from __future__ import annotations

from typing import Any

NOTHING: tuple[Any, ...] = (None, "", [], {})
"""Values that say nothing, whatever member they are of."""
NULL: tuple[Any, ...] = (None,)


def as_object(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_string(value: Any) -> str:
    """Return a string; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def integer(value: Any) -> int | None:
    """Return a whole number; `None` for anything else, `true` and `false` among it."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def filled(value: Any) -> str | None:
    """Return a string that says something; `None` for anything else, and for an empty one."""
    return value if isinstance(value, str) and value else None
