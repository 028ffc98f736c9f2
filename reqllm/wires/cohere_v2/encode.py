"""Writes requests of Cohere's v2 chat. https://docs.cohere.com/v2/reference/chat-stream"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.context import Context
from reqllm.wires.cohere_v2.turns import write_documents, write_messages
from reqllm.wires.cohere_v2.words import WIRE
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged
from reqllm.wires.common.tools import function_tool

PATH = "/v2/chat"
COHERE = Dialect()
_NOT_OF_THE_WIRE = frozenset({"n", "top_logprobs", "parallel_tool_calls", "user", "metadata"})
_FIELDS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_k": "k",
    "stop": "stop_sequences",
    "seed": "seed",
    "logprobs": "logprobs",
}
LEAST_P, MOST_P = 0.01, 0.99


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = COHERE
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    Text files of the user's go into `documents`, which the model can cite.
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
    documents = write_documents(context)
    if documents:
        body["documents"] = documents
    body.update(_tool_fields(asked, context, warnings))
    body.update(_thinking(asked, warnings))
    if asked.response_schema is not None:
        body["response_format"] = {"type": "json_object", "json_schema": asked.response_schema}
    for option, field in _FIELDS.items():
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, field)] = value
    if asked.top_p is not None:
        body["p"] = _p(asked.top_p, warnings)
    return merged(body, asked.provider_options), warnings.chunks()


def _p(asked: float, warnings: Warnings) -> float:
    within = min(max(asked, LEAST_P), MOST_P)
    if within != asked:
        warnings.add(
            "option_adjusted",
            f"{WIRE} takes a top_p from {LEAST_P} to {MOST_P}: {asked} was sent as {within}",
        )
    return within


def _tool_fields(asked: Options, context: Context, warnings: Warnings) -> dict[str, Any]:
    tools = asked.tools_with(context)
    fields: dict[str, Any] = {}
    match asked.tool_choice:
        case None | "auto":
            pass  # the wire has no word for it: it is what happens anyway
        case "none" | "required" as word:
            if tools or "tools" in asked.provider_options:
                fields["tool_choice"] = word.upper()
        case one:
            # The wire cannot name a tool, but a model that must call the only one calls it.
            tools = tuple(tool for tool in tools if tool.name == one["name"]) or tools
            fields["tool_choice"] = "REQUIRED"
            warnings.add(
                "option_adjusted",
                f"{WIRE} cannot be told which tool to call: only {one['name']!r} was sent",
            )
    if tools:
        fields["tools"] = [function_tool(tool) for tool in tools]
        if all(tool.strict for tool in tools):
            fields["strict_tools"] = True
        elif any(tool.strict for tool in tools):
            asked.refuse("strict tools beside others", WIRE, warnings)
    return fields


def _thinking(asked: Options, warnings: Warnings) -> dict[str, Any]:
    """Return `thinking`: it can be on or off, and have a budget, but there are no efforts."""
    effort, budget = asked.reasoning_effort, asked.reasoning_budget
    if effort is None and budget is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if effort is not None and budget is None:
        warnings.add(
            "option_adjusted",
            f"{WIRE} knows no reasoning_effort {effort!r}: thinking was enabled "
            "(reasoning_budget limits it)",
        )
    thinking: dict[str, Any] = {"type": "enabled"}
    if budget is not None:
        thinking["token_budget"] = budget
    return {"thinking": thinking}
