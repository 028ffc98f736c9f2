"""Writes requests of OpenAI's Chat Completions, and of those who copied it.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common.openai_tools import tool_fields
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged, schema_name
from reqllm.wires.openai_chat.turns import OPENAI, WIRE, write_messages

PATH = "/chat/completions"
_NOT_OF_THE_WIRE = frozenset({"top_k", "reasoning_budget"})
# Option and field; a dialect may name the field otherwise. The order is the body's.
_FIELDS = {
    "max_tokens": "max_completion_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "n": "n",
    "reasoning_effort": "reasoning_effort",
    "reasoning_budget": "reasoning_budget",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "user": "user",
    "metadata": "metadata",
}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = OPENAI
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    body: dict[str, Any] = {
        "model": model,
        "messages": write_messages(context, warnings, dialect),
        "stream": True,
        **dialect.always,
    }
    if dialect.include_usage:
        body["stream_options"] = {"include_usage": True}
    body.update(tool_fields(asked, context, dialect, _tool, _one))
    if asked.response_schema is not None:
        body["response_format"] = _response_format(asked.response_schema)
    asked = _told_to_think(asked, dialect, body, warnings)
    for option, field in _FIELDS.items():
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, field)] = value
    if asked.top_logprobs is not None and asked.logprobs is None:
        body[dialect.rename.get("logprobs", "logprobs")] = True
    return merged(body, asked.provider_options), warnings.chunks()


def _told_to_think(
    asked: Options, dialect: Dialect, body: dict[str, Any], warnings: Warnings
) -> Options:
    """Write how much to think in the dialect's own way; return the options that are left."""
    effort, budget = asked.reasoning_effort, asked.reasoning_budget
    if effort is not None and effort in dialect.efforts:
        nearest = dialect.efforts[effort]
        warnings.add(
            "option_adjusted",
            f"this provider knows no reasoning_effort {effort!r}: sent as {nearest!r}",
        )
        asked = structs.replace(asked, reasoning_effort=nearest)
    if dialect.reasoning == "effort" or (effort is None and budget is None):
        return asked
    thinks = effort != "none"
    if dialect.reasoning == "openrouter":
        told: dict[str, Any] = {"enabled": False}
        if thinks:
            told = {"effort": effort} if budget is None else {"max_tokens": budget}
        body["reasoning"] = told
        return structs.replace(asked, reasoning_effort=None, reasoning_budget=None)
    if effort not in (None, "none"):
        warnings.add(
            "option_adjusted",
            f"this provider thinks or does not: reasoning_effort {effort!r} was sent as that",
        )
    if dialect.reasoning == "thinking":
        body["thinking"] = {"type": "enabled" if thinks else "disabled"}
    else:
        body["enable_thinking"] = thinks
    return structs.replace(asked, reasoning_effort=None)


def _one(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": schema_name(schema), "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": named}
