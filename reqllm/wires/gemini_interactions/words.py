"""The words of Google's Interactions: how one ends, and the members that are known."""

from __future__ import annotations

from collections.abc import Mapping

from reqllm.chunk import FinishReason

WIRE = "gemini-interactions"
STATUSES: Mapping[str, FinishReason] = {
    "completed": "stop",
    "requires_action": "tool_calls",
    "requires_continuation": "pause",
    "incomplete": "length",
    "failed": "error",
    "cancelled": "error",
}
# The names that events had when the protocol was new.
OLDER_EVENTS: Mapping[str, str] = {
    "interaction.start": "interaction.created",
    "interaction.complete": "interaction.completed",
    "content.start": "step.start",
    "content.delta": "step.delta",
    "content.stop": "step.stop",
}
# Told of by other means; anything else that an event or an interaction says is kept.
EVENT_KEYS = frozenset(
    (
        "event_type",
        "event_id",
        "interaction",
        "interaction_id",
        "status",
        "index",
        "step",
        "content",
        "delta",
        "usage",
        "metadata",
        "error",
    )
)
INTERACTION_KEYS = frozenset(
    ("id", "model", "object", "status", "usage", "steps", "outputs", "error")
)
CONTENT_TYPES = ("text", "image", "audio", "video", "document")
# What a content may say of itself besides; another provider's words mean nothing here.
CONTENT_EXTRAS = ("channels", "name", "processing", "resolution", "sample_rate")
# Of a server's tool, as a step's type and as a tool's name.
CALL, RESULT = "_call", "_result"
