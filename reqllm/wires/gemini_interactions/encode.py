"""Writes requests of Google's Interactions. https://ai.google.dev/api/interactions-api"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common import turns
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged
from reqllm.wires.gemini_interactions.turns import write_steps
from reqllm.wires.gemini_interactions.words import WIRE

PATH = "/v1beta/interactions"
GOOGLE = Dialect()
_NOT_OF_THE_WIRE = frozenset(
    {
        "top_k",
        "n",
        "logprobs",
        "top_logprobs",
        "reasoning_budget",
        "parallel_tool_calls",
        "user",
        "metadata",
    }
)
# Option and field of `generation_config`. The order is the body's.
_FIELDS = {
    "max_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop_sequences",
    "seed": "seed",
}
# Levels that the wire has not, and the nearest that it has.
_NEAREST = {"none": "minimal", "max": "xhigh"}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = GOOGLE
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    The whole conversation is sent, so nothing needs to be kept at Google's: with
    `provider_options={"store": False}` nothing is.
    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    if options.get("parallel_tool_calls") is True:  # what happens anyway
        options = {name: value for name, value in options.items() if name != "parallel_tool_calls"}
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    body: dict[str, Any] = {
        "model": model,
        "input": write_steps(context, warnings),
        "stream": True,
    }
    system = "\n\n".join(turns.leading_system(context, WIRE, warnings))
    if system:
        body["system_instruction"] = system
    tools = asked.tools_with(context)
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    config = _generation_config(asked, dialect, warnings)
    if (tools or "tools" in asked.provider_options) and asked.tool_choice is not None:
        config["tool_choice"] = _tool_choice(asked)
    if config:
        body["generation_config"] = config
    if asked.response_schema is not None:
        body["response_format"] = {
            "type": "text",
            "mime_type": "application/json",
            "schema": asked.response_schema,
        }
    for option in sorted(_NOT_OF_THE_WIRE):
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, option)] = value
    return merged(body, asked.provider_options), warnings.chunks()


def _generation_config(asked: Options, dialect: Dialect, warnings: Warnings) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for option, field in _FIELDS.items():
        value = getattr(asked, option)
        if value is not None:
            config[dialect.rename.get(option, field)] = value
    effort = asked.reasoning_effort
    if effort is not None:
        level = _NEAREST.get(effort, effort)
        if level != effort:
            warnings.add(
                "option_adjusted",
                f"{WIRE} knows no reasoning_effort {effort!r}: sent as {level!r}",
            )
        config["thinking_level"] = level
        config["thinking_summaries"] = "none" if effort == "none" else "auto"
    return config


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        written["description"] = tool.description
    if tool.parameters.get("properties") or tool.parameters.keys() - {"type", "properties"}:
        # An object without any members is refused; no schema means no arguments.
        written["parameters"] = {"type": "object", **tool.parameters}
    return written


def _tool_choice(asked: Options) -> str | dict[str, Any]:
    match asked.tool_choice:
        case "required":
            return "any"
        case str() as choice:
            return choice
        case one:
            name = one["name"] if one is not None else ""
            return {"allowed_tools": {"mode": "any", "tools": [name]}}
