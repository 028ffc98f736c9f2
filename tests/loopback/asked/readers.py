"""The readers by wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.loopback.wires import Wire

from . import (
    anthropic_messages,
    bedrock_converse,
    cohere_v2,
    gemini,
    gemini_interactions,
    ollama,
    openai_chat,
    openai_responses,
)
from .ask import Ask
from .reading import Fields, Malformed, parsed

__all__ = ["READERS", "Malformed", "read"]

READERS: dict[Wire, Callable[[Fields], Ask]] = {
    "openai-chat": openai_chat.read,
    "openai-responses": openai_responses.read,
    "anthropic-messages": anthropic_messages.read,
    "gemini": gemini.read,
    "gemini-interactions": gemini_interactions.read,
    "cohere-v2": cohere_v2.read,
    "ollama": ollama.read,
    "bedrock-converse": bedrock_converse.read,
    "bedrock-invoke": anthropic_messages.read_claude,
}
# Where a stream is not asked for in the body.
ALWAYS_STREAMS = ("gemini", "bedrock-converse", "bedrock-invoke")


def read(wire: Wire, body: bytes, model: str = "") -> Ask:
    """Return what the body asks of `model`, where the address names one; raises Malformed."""
    fields = parsed(body)
    ask = READERS[wire](fields)
    if wire not in ALWAYS_STREAMS and not fields.flag("stream", default=wire == "ollama"):
        raise fields.wrong("stream", "this provider only streams")
    return replace(ask, model=model) if model else ask
