"""Whether an object tells of a failure, in a form that is of no wire. Pure."""

from __future__ import annotations

from typing import Any

# What stands beside the message of an error that is not wrapped in anything.
_CODES = frozenset(("code", "type", "status", "status_code"))


def is_report(value: Any) -> bool:
    """Whether a value that is no event of its wire reports an error, as gateways do."""
    if not isinstance(value, dict):
        return False
    if value.get("object") == "error" or value.get("success") is False:
        return True
    if any(value.get(key) for key in ("error", "detail", "errors", "error_code")):
        return True
    message = value.get("message")
    return isinstance(message, str) and bool(message) and not _CODES.isdisjoint(value)
