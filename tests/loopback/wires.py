"""Builds the events of a wire out of a scenario: `events("openai-chat", scenario, options)`.

Pure: the same arguments give the same bytes. Ids, padding and the places where words are
cut come from the seed; they look like the providers' own.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal

from . import (
    wire_anthropic,
    wire_bedrock,
    wire_bedrock_invoke,
    wire_cohere,
    wire_gemini,
    wire_gemini_interactions,
    wire_ollama,
    wire_openai,
    wire_responses,
)
from .scenario import Scenario
from .wording import Options

Wire = Literal[
    "openai-chat",
    "openai-responses",
    "anthropic-messages",
    "bedrock-converse",
    "bedrock-invoke",
    "cohere-v2",
    "gemini",
    "gemini-interactions",
    "ollama",
]
_BUILDERS: dict[str, ModuleType] = {
    "openai-chat": wire_openai,
    "openai-responses": wire_responses,
    "anthropic-messages": wire_anthropic,
    "bedrock-converse": wire_bedrock,
    "bedrock-invoke": wire_bedrock_invoke,
    "cohere-v2": wire_cohere,
    "gemini": wire_gemini,
    "gemini-interactions": wire_gemini_interactions,
    "ollama": wire_ollama,
}


def events(wire: Wire, scenario: Scenario, options: Options) -> list[bytes]:
    """The stream, one item an event or comment; ValueError for a part the wire cannot say."""
    said: list[bytes] = _BUILDERS[wire].events(scenario, options)
    return said


def whole(wire: Wire, scenario: Scenario, options: Options) -> dict[str, Any]:
    """The same answer as the JSON object that a request without `stream` gets."""
    answer: dict[str, Any] = _BUILDERS[wire].whole(scenario, options)
    return answer
