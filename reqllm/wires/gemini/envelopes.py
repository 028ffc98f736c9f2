"""What Gemini's events may lie in: a list of one, or an object beside what a gateway says. Pure."""

from __future__ import annotations

from typing import Any


def opened(value: Any) -> Any:
    """Return the event that lies in a value; the value itself where nothing lies in it."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]  # failures come so, as if the array of the other framing had just begun
    if isinstance(value, dict) and "candidates" not in value:
        inner = value.get("response")
        # Google's own Code Assist puts the event beside the id of a trace.
        return inner if isinstance(inner, dict) else value
    return value
