"""Checks on streams: each event by its JSON Schema, and all of them by the rules of their order."""

from typing import TYPE_CHECKING, Any

from reqllm_fixtures.checking.events import check_events
from reqllm_fixtures.checking.finding import Finding, Profile, Severity

if TYPE_CHECKING:
    from reqllm_fixtures.checking.chunks import check_chunks

__all__ = ["Finding", "Profile", "Severity", "check_chunks", "check_events"]


def __getattr__(name: str) -> Any:
    if name != "check_chunks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reqllm_fixtures.checking.chunks import check_chunks  # here: it loads our client's chunks

    return check_chunks
