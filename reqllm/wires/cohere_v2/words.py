"""The words of Cohere's v2 chat: why an answer ends, members that are known, citations."""

from __future__ import annotations

from typing import Any

from reqllm.chunk import Citation, FinishReason
from reqllm.wires.common.fields import as_list, as_object, filled, integer

WIRE = "cohere-v2"
TOOL_PLAN = "tool_plan"
"""Marks reasoning that came in this field, and goes back in it."""

REASONS: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR": "error",
    "TIMEOUT": "error",
}
ERRORS = frozenset(raw for raw, reason in REASONS.items() if reason == "error")
# Told of by other means; anything else that is said is kept.
EVENT_KEYS = frozenset(("type", "id", "index", "delta", "logprobs"))
DELTA_KEYS = frozenset(("message",))
END_KEYS = frozenset(("message", "finish_reason", "usage", "error"))
MESSAGE_KEYS = frozenset(("role", "content", "tool_plan", "tool_calls", "citations"))
CONTENT_KEYS = frozenset(("type", "text", "thinking"))
CALL_KEYS = frozenset(("id", "type", "function"))


def citation_of(entry: dict[str, Any]) -> Citation:
    """Return a citation: the place in the answer, and the first of the sources that it names."""
    source = next(map(as_object, as_list(entry.get("sources"))), {})
    document = as_object(source.get("document") or source.get("tool_output"))
    return Citation(
        kind="document" if source.get("type") == "document" else "other",
        url=filled(document.get("url")),
        title=filled(document.get("title")) or filled(source.get("id")),
        cited_text=filled(entry.get("text")),
        start=integer(entry.get("start")),
        end=integer(entry.get("end")),
        raw=entry,
    )
