"""What events of several wires are called."""

from __future__ import annotations

from typing import Any

from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR, foreign_error


def by_type(value: dict[str, Any], name: str) -> str | None:
    """Name an event by its `type`, where that is not a gateway's."""
    kind = value.get("type")
    if kind == "error":
        return kind if isinstance(value.get("error"), dict) else FOREIGN_ERROR
    if isinstance(kind, str) and value.get("object") != "error":
        return kind
    return foreign_error(value, name)
