"""The words of the Responses wire: statuses, the kinds of items, and the members that are known."""

from __future__ import annotations

from typing import Any

from reqllm.chunk import FinishReason
from reqllm.wires.common.fillers import FILLER_KEYS

WIRE = "openai-responses"

REASONS: dict[str, FinishReason] = {
    "completed": "stop",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
    "max_messages": "pause",
    "steered": "pause",
    # Of an answer that is made in the background and not done yet.
    "queued": "pause",
    "in_progress": "pause",
}
FAILED = frozenset(("failed", "cancelled"))
CUT_OFF = "incomplete"
# What an item or a part of it is unless something is odd.
USUAL_STATUS = (None, "completed", "in_progress")

# Members of an event that are told by other means, say where it belongs, or are filler.
EVENT_KEYS = frozenset(
    (
        "type",
        "sequence_number",
        "output_index",
        "content_index",
        "summary_index",
        "annotation_index",
        "command_index",
        "item_id",
        "item",
        "part",
        "response",
        "delta",
        "text",
        "refusal",
        "arguments",
        "input",
        "code",
        "command",
        "diff",
        "annotation",
        "logprobs",
        "status",
        "error",
        "message",
        "param",
        *FILLER_KEYS,
    )
)
# Members of a response that are told by other means, or that only repeat the request, which
# may be long and may hold secrets.
RESPONSE_KEYS = frozenset(
    (
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "model",
        "output",
        "output_text",
        "usage",
        "error",
        "incomplete_details",
        "background",
        "frequency_penalty",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "presence_penalty",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    )
)


def others(item: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return what an object says besides the members that are known."""
    return {key: value for key, value in item.items() if key not in known and value is not None}


def odd_status(item: dict[str, Any]) -> dict[str, Any]:
    """Return the status of an item if it is not the usual one."""
    status = item.get("status")
    return {} if status in USUAL_STATUS else {"status": status}
