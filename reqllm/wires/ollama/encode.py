"""Writes requests of Ollama's chat. https://docs.ollama.com/api/chat"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged
from reqllm.wires.common.tools import function_tool
from reqllm.wires.ollama.turns import WIRE, write_messages

PATH = "/api/chat"
OLLAMA = Dialect()
_NOT_OF_THE_WIRE = frozenset({"n", "parallel_tool_calls", "user", "metadata", "reasoning_budget"})
# What the runner of the model is told, by its own names.
_SETTINGS = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
}
_LEVELS = {"minimal": "low", "xhigh": "high", "max": "high"}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = OLLAMA
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    `provider_options` takes what else there is, as `{"keep_alive": "5m", "options": {...}}`.
    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    body: dict[str, Any] = {
        "model": model,
        "messages": write_messages(context, warnings),
        "stream": True,
    }
    tools = _tools(asked, context, warnings)
    if tools:
        body["tools"] = [function_tool(tool) for tool in tools]
    if asked.response_schema is not None:
        body["format"] = asked.response_schema
    if asked.reasoning_effort is not None:
        body["think"] = _think(asked.reasoning_effort, model, warnings)
    if asked.logprobs or asked.top_logprobs is not None:
        body["logprobs"] = asked.logprobs is not False
    if asked.top_logprobs is not None:
        body["top_logprobs"] = asked.top_logprobs
    given = {name: getattr(asked, option) for option, name in _SETTINGS.items()}
    settings = {name: value for name, value in given.items() if value is not None}
    if settings:
        body["options"] = settings
    return merged(body, asked.provider_options), warnings.chunks()


def _tools(asked: Options, context: Context, warnings: Warnings) -> tuple[Tool, ...]:
    """Return the tools that are sent: the wire knows no choice, but without tools there is none."""
    tools = asked.tools_with(context)
    match asked.tool_choice:
        case None | "auto":
            pass
        case "none":
            return ()
        case "required" | Mapping():
            asked.refuse("tool_choice other than 'auto' and 'none'", WIRE, warnings)
    if any(tool.strict for tool in tools):
        asked.refuse("strict tools", WIRE, warnings)
    return tools


def _think(effort: str, model: str, warnings: Warnings) -> bool | str:
    """Return what `think` is: gpt-oss takes levels and nothing else, all others yes or no."""
    if "gpt-oss" not in model:
        if effort not in ("none", "medium"):
            warnings.add(
                "option_adjusted",
                f"{WIRE}: {model} can think or not, but knows no reasoning_effort {effort!r}: "
                "sent as think=true",
            )
        return effort != "none"
    level = "low" if effort == "none" else _LEVELS.get(effort, effort)
    if level != effort:
        warnings.add(
            "option_adjusted",
            f"{WIRE}: {model} knows no reasoning_effort {effort!r}: sent as {level!r}",
        )
    return level
