"""Writes requests of OpenAI's Chat Completions, and of those who copied it.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.context import Context
from reqllm.providers.options import Dialect, Options
from reqllm.providers.request_body import Warnings, merged

WIRE = "openai-chat"
PATH = "/chat/completions"
OPENAI = Dialect()


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = OPENAI
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    asked = Options.of(options)
    warnings = Warnings()
    messages = [{"role": message.role, "content": message.text} for message in context]
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": True}
    if dialect.include_usage:
        body["stream_options"] = {"include_usage": True}
    if asked.max_tokens is not None:
        body[dialect.rename.get("max_tokens", "max_completion_tokens")] = asked.max_tokens
    if asked.temperature is not None:
        body["temperature"] = asked.temperature
    return merged(body, asked.provider_options), warnings.chunks()
