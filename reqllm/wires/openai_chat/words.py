"""The words of the chat completions wire: why an answer ends, and the members that are known."""

from __future__ import annotations

from typing import Any

from reqllm.chunk import FinishReason
from reqllm.wires.common.delta_lane import FILLER_KEYS

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
        "reasoning_details",
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
# Values that say nothing, whatever member they are of.
NOTHING: tuple[Any, ...] = (None, "", [], {})


def is_flat_error(value: dict[str, Any]) -> bool:
    """Whether an object that is no chunk reports an error by itself, as gateways do."""
    if "choices" in value or isinstance(value.get("usage"), dict):
        return False
    if value.get("object") == "error" or value.get("success") is False or value.get("detail"):
        return True
    return bool(value.get("message")) and ("code" in value or "type" in value)
