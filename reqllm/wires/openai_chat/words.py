"""The words of the chat completions wire: why an answer ends, and the members that are known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reqllm.wires.common.error_reports import is_report
from reqllm.wires.common.fillers import FILLER_KEYS

if TYPE_CHECKING:
    from reqllm.chunk import FinishReason

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    # What gateways leave of their models' own words.
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "completed": "stop",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "safety": "content_filter",
    "refusal": "content_filter",
    "content-filter": "content_filter",
    "prohibited_content": "content_filter",
    "recitation": "content_filter",
    "error": "error",
    "abort": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
}
# Told of by other means, or filler against traffic analysis.
PLAIN_KEYS = frozenset(
    ("id", "object", "created", "model", "choices", "usage", "error", "citations", *FILLER_KEYS)
)
CHOICE_KEYS = frozenset(
    ("index", "delta", "message", "text", "logprobs", "finish_reason", "error", "usage")
)
# Those that say nothing are here as well: who speaks, in which channel, the token's number.
DELTA_KEYS = frozenset(
    (
        "content",
        "reasoning_content",
        "reasoning",
        "reasoning_text",
        "thinking",
        "reasoning_details",
        "reasoning_opaque",
        "thinking_blocks",
        "refusal",
        "tool_calls",
        "function_call",
        "audio",
        "images",
        "annotations",
        "executed_tools",
        "role",
        "name",
        "channel",
        "token_id",
        *FILLER_KEYS,
    )
)
# Members of a delta that says of what type it is, as Snowflake's: what they hold is told elsewhere.
TYPED_KEYS = frozenset(("type", "text", "content_list", "tool_use_id", "input"))
# The members in which each kind of block is told.
SAID_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("content",),
        "reasoning": (
            *("reasoning_content", "reasoning", "reasoning_text", "thinking"),
            *("reasoning_details", "reasoning_opaque", "thinking_blocks"),
        ),
        "refusal": ("refusal",),
        "tools": ("tool_calls", "function_call"),
    }
)


def reason_of(raw: str) -> FinishReason:
    """Return what a server's word for its finish means; some shout it."""
    return REASONS.get(raw) or REASONS.get(raw.lower(), "other")


def finish_of(entry: dict[str, Any]) -> str | None:
    """Return a choice's finish reason; some spell the absence of one as text."""
    reason = entry.get("finish_reason")
    return reason if isinstance(reason, str) and reason not in ("", "null") else None


def is_flat_error(value: dict[str, Any]) -> bool:
    """Whether an object that is no chunk reports an error by itself, as gateways do."""
    if "choices" in value or isinstance(value.get("usage"), dict):
        return False
    return is_report(value)


def reported_error(value: dict[str, Any]) -> Any:
    """Return the error that a chunk reports beside its choices; nothing if it reports none."""
    groq, minimax = value.get("x_groq"), value.get("base_resp")
    reported = value.get("error") or (groq.get("error") if isinstance(groq, dict) else None)
    if not reported and isinstance(minimax, dict) and minimax.get("status_code"):
        return minimax
    return reported
