"""Writes requests of Anthropic's Messages. https://docs.anthropic.com/en/api/messages"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.context import Context
from reqllm.providers.options import Dialect, Options
from reqllm.providers.request_body import Warnings, merged

WIRE = "anthropic-messages"
PATH = "/v1/messages"
DEFAULT_MAX_TOKENS = 4096
"""The wire demands a limit; this one holds where none is asked for."""
ANTHROPIC = Dialect()


def headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the wire's own that go with `body`.

    Version 2026-10-21 answers 400 to `temperature`, `top_p` and `top_k`, whatever
    their value; 2023-06-01 still takes them. Both stream the same events, so the older
    one is asked for exactly where the request needs it.
    """
    sampling = not {"temperature", "top_p", "top_k"}.isdisjoint(body)
    return {"anthropic-version": "2023-06-01" if sampling else "2026-10-21"}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = ANTHROPIC
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    asked = Options.of(options)
    warnings = Warnings()
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": asked.max_tokens or DEFAULT_MAX_TOKENS,
        "stream": True,
    }
    if context.system:
        body["system"] = context.system
    body["messages"] = [
        {"role": message.role, "content": message.text}
        for message in context
        if message.role != "system"
    ]
    if asked.temperature is not None:
        body["temperature"] = asked.temperature
    return merged(body, asked.provider_options), warnings.chunks()
