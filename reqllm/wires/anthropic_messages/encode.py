"""Writes requests of Anthropic's Messages. https://docs.anthropic.com/en/api/messages"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.errors import InvalidInputError
from reqllm.wires.anthropic_messages.turns import WIRE, write_messages, write_system
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged

PATH = "/v1/messages"
DEFAULT_MAX_TOKENS = 4096
"""The wire demands a limit; this one holds for the answer where none is asked for."""
LEAST_BUDGET = 1024
ANTHROPIC = Dialect()
_NOT_OF_THE_WIRE = frozenset({"seed", "n", "logprobs", "top_logprobs"})
_SAMPLING = ("temperature", "top_p", "top_k")


def headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the wire's own that go with `body`.

    Version 2026-10-21 answers 400 to `temperature`, `top_p` and `top_k`, whatever
    their value; 2023-06-01 still takes them, with the models that do. Both stream the
    same events, so the older one is asked for exactly where the request needs it: a
    warning and an unsent temperature would help nobody.
    """
    sampling = not body.keys().isdisjoint(_SAMPLING)
    return {"anthropic-version": "2023-06-01" if sampling else "2026-10-21"}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = ANTHROPIC
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    `max_tokens` is 4096 where it is not given, above what thinking may use.
    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    body: dict[str, Any] = {"model": model, "max_tokens": _max_tokens(asked), "stream": True}
    system = write_system(context, warnings)
    if system is not None:
        body["system"] = system
    body["messages"] = write_messages(context, warnings)
    body.update(_tool_fields(asked, context))
    body.update(_thinking_fields(asked, warnings))
    if asked.stop:
        body["stop_sequences"] = asked.stop
    for option in (*_SAMPLING, *sorted(_NOT_OF_THE_WIRE)):
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, option)] = value
    metadata = _metadata(asked, warnings)
    if metadata:
        body["metadata"] = metadata
    return merged(body, asked.provider_options), warnings.chunks()


def _max_tokens(asked: Options) -> int:
    """Return the limit; thinking counts towards it and must leave room for an answer."""
    budget = asked.reasoning_budget
    if budget is not None and budget < LEAST_BUDGET:
        raise InvalidInputError(
            f"expected reasoning_budget to be at least {LEAST_BUDGET} tokens on {WIRE}, "
            f"got {budget}"
        )
    if asked.max_tokens is None:
        return DEFAULT_MAX_TOKENS + (budget or 0)
    if budget is not None and budget >= asked.max_tokens:
        raise InvalidInputError(
            f"expected reasoning_budget to be less than max_tokens on {WIRE}, since thinking "
            f"counts towards it, got {budget} and {asked.max_tokens}"
        )
    return asked.max_tokens


def _tool_fields(asked: Options, context: Context) -> dict[str, Any]:
    tools = asked.tools_with(context)
    fields: dict[str, Any] = {}
    if tools:
        fields["tools"] = [_tool(tool) for tool in tools]
    if tools or "tools" in asked.provider_options:
        choice = _tool_choice(asked)
        if choice is not None:
            fields["tool_choice"] = choice
    return fields


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description:
        written["description"] = tool.description
    written["input_schema"] = {"type": "object", **tool.parameters}
    if tool.strict:
        written["strict"] = True
    return written


def _tool_choice(asked: Options) -> dict[str, Any] | None:
    one_at_a_time = asked.parallel_tool_calls is False
    match asked.tool_choice:
        case None:
            choice: dict[str, Any] = {"type": "auto"} if one_at_a_time else {}
        case "none":
            return {"type": "none"}
        case "required":
            choice = {"type": "any"}
        case str():
            choice = {"type": "auto"}
        case one:
            choice = {"type": "tool", "name": one["name"]}
    if one_at_a_time:
        choice["disable_parallel_tool_use"] = True
    return choice or None


def _thinking_fields(asked: Options, warnings: Warnings) -> dict[str, Any]:
    """Return `thinking` and `output_config`: a budget fixes what an effort leaves to the model."""
    effort, budget = asked.reasoning_effort, asked.reasoning_budget
    if effort == "minimal":
        effort = "low"
        warnings.add(
            "option_adjusted", f"{WIRE} knows no reasoning_effort 'minimal': sent as 'low'"
        )
    fields: dict[str, Any] = {}
    config: dict[str, Any] = {}
    if effort == "none":
        fields["thinking"] = {"type": "disabled"}
    elif budget is not None:
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif effort is not None:
        fields["thinking"] = {"type": "adaptive"}
    if effort not in (None, "none"):
        config["effort"] = effort
    if asked.response_schema is not None:
        config["format"] = {"type": "json_schema", "schema": asked.response_schema}
    return {**fields, "output_config": config} if config else fields


def _metadata(asked: Options, warnings: Warnings) -> dict[str, Any]:
    """Return the one entry that the wire has: who the user is."""
    given = dict(asked.metadata or {})
    known = {"user_id": given.pop("user_id")} if "user_id" in given else {}
    if given:
        asked.refuse(f"metadata ({', '.join(given)})", WIRE, warnings)
    return {"user_id": asked.user} if asked.user is not None else known
