"""Which wire something is of that does not say so: by its address, or by its first event. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

# What the path of an address ends in.
_PATHS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/chat/completions$"), "openai-chat"),
    (re.compile(r"/messages$|/anthropic/models/[^/]+:streamRawPredict$"), "anthropic-messages"),
    (re.compile(r":(?:streamGenerateContent|generateContent)$"), "gemini"),
    (re.compile(r"/interactions$"), "gemini-interactions"),
    (re.compile(r"/v2/chat$"), "cohere-v2"),
    (re.compile(r"/api/(?:chat|generate)$"), "ollama"),
    (re.compile(r"/model/.+/converse(?:-stream)?$"), "bedrock-converse"),
    (re.compile(r"/model/.+/invoke(?:-with-response-stream)?$"), "bedrock-invoke"),
    # Also of one that is taken up again by its id.
    (re.compile(r"/responses(/[^/]+)?$"), "openai-responses"),
)


def _is_openai_chat(event: Mapping[str, Any]) -> bool:
    named = str(event.get("object", ""))
    return named.startswith("chat.completion") or isinstance(event.get("choices"), list)


def _is_cohere(event: Mapping[str, Any]) -> bool:
    is_whole = isinstance(event.get("message"), Mapping) and "finish_reason" in event
    return event.get("type") == "message-start" or is_whole


def _is_converse(event: Mapping[str, Any]) -> bool:
    output = event.get("output")
    is_whole = isinstance(output, Mapping) and isinstance(output.get("message"), Mapping)
    return is_whole or isinstance(event.get("messageStart"), Mapping)


def _is_invoke(event: Mapping[str, Any]) -> bool:
    chunk = event.get("chunk")
    return isinstance(chunk, Mapping) and isinstance(chunk.get("bytes"), str)


def _is_gemini(event: Mapping[str, Any]) -> bool:
    inner = event.get("response")  # a gateway of Google's own puts the event there
    event = inner if isinstance(inner, Mapping) and "candidates" in inner else event
    return isinstance(event.get("candidates"), list) or not event.keys().isdisjoint(
        ("usageMetadata", "promptFeedback")
    )


def _is_interactions(event: Mapping[str, Any]) -> bool:
    named = str(event.get("event_type", ""))
    return named.startswith(("interaction.", "step.")) or event.get("object") == "interaction"


def _is_ollama(event: Mapping[str, Any]) -> bool:
    return isinstance(event.get("done"), bool) and ("message" in event or "response" in event)


def _is_openai_responses(event: Mapping[str, Any]) -> bool:
    response = event.get("response")
    begun = isinstance(response, Mapping) and str(event.get("type", "")).startswith("response.")
    return begun or event.get("object") in ("response", "response.delta")


# The first rule that holds tells: those that ask for more stand before those that ask for less.
_EVENTS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = MappingProxyType(
    {
        "anthropic-messages": lambda event: event.get("type") in ("message_start", "message"),
        "bedrock-converse": _is_converse,
        "bedrock-invoke": _is_invoke,
        "cohere-v2": _is_cohere,
        "gemini": _is_gemini,
        "gemini-interactions": _is_interactions,
        "ollama": _is_ollama,
        "openai-responses": _is_openai_responses,
        "openai-chat": _is_openai_chat,
    }
)


def wire_of_path(path: str) -> str | None:
    """Return the wire that is served at the path of an address."""
    found = (wire for pattern, wire in _PATHS if pattern.search(path.rstrip("/")))
    return next(found, None)


def wire_of_event(event: Any) -> str | None:
    """Return the wire whose streams begin with this event, or whose whole answer it is."""
    if not isinstance(event, Mapping):
        return None
    return next((wire for wire, begins in _EVENTS.items() if begins(event)), None)
