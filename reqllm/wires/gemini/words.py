"""The words of the Gemini wire: why an answer ends, and the members that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import FinishReason

WIRE = "gemini"
# In the order of the protocol's numbers, which some clients ask to have instead of the names.
_FINISH_REASONS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
)
_FILTERED = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "ESCALATION",
    "PUP_LIMITED_DISABLED",
    "MODEL_ARMOR",
)
_FAILED = (
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
)
REASONS: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    "TOO_MANY_TOOL_CALLS": "pause",
    **dict.fromkeys(_FILTERED, "content_filter"),
    **dict.fromkeys(_FAILED, "error"),
}
# Told of by other means; anything else that an event says is kept.
EVENT_KEYS = frozenset(
    ("candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback", "error")
)
CANDIDATE_KEYS = frozenset(("content", "finishReason", "index", "logprobsResult"))
CONTENT_KEYS = frozenset(("parts", "role"))
# What a part can be, and what else a part may say of itself.
PART_KINDS = (
    "text",
    "functionCall",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
)
SIGNATURE, THOUGHT = "thoughtSignature", "thought"
PART_EXTRAS = frozenset(
    (
        SIGNATURE,
        THOUGHT,
        "mediaResolution",
        "videoMetadata",
        "partMetadata",
        "audioTranscription",
        "mediaProcessing",
        "speechMetadata",
        "documentMetadata",
        "spreadsheetMetadata",
        "audioMetadata",
    )
)


def is_answer(body: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is an answer, and so no report of an error."""
    return not body.keys().isdisjoint(("candidates", "promptFeedback", "usageMetadata"))


def finish_reason_of(value: Any) -> str | None:
    """Return a finish reason's name, also where its number came; one not specified is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        known = 0 <= value < len(_FINISH_REASONS)
        value = _FINISH_REASONS[value] if known else str(value)
    return value if isinstance(value, str) and value and value != _FINISH_REASONS[0] else None
