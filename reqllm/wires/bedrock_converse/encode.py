"""Writes requests of Amazon Bedrock's ConverseStream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.errors import InvalidInputError
from reqllm.wires.bedrock_converse.turns import write_messages, write_system
from reqllm.wires.bedrock_converse.words import WIRE
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged, to_json
from reqllm.wires.common.structured import by_tool

PATH = "/model/{model}/converse-stream"
BEDROCK = Dialect()
CACHE_POINT = "cachePoint"
"""Among provider_options: where the prompt may be kept, as a map from "tools", "system" or
"messages" to a cache point, or to true for `{"type": "default"}`; each stands at the end there."""
_NOT_OF_THE_WIRE = frozenset(
    {"seed", "n", "logprobs", "top_logprobs", "user", "parallel_tool_calls"}
)
_PLACES = ("tools", "system", "messages")
LEAST_BUDGET = 1024
# Models that take no schema of the answer itself; the object comes as the arguments of a tool.
_WITHOUT_SCHEMAS = re.compile("nova|titan|llama|command|jamba|claude-(?:3|v2|instant)")
# Of those, models of which a tool can be asked for by name.
_CAN_FORCE = re.compile("nova|claude-3")


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = BEDROCK
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body that asks `model`, and warnings for what it could not take.

    What only some models take (`top_k`, reasoning) goes into `additionalModelRequestFields` in
    the form of the model's vendor, which the model's name tells. `provider_options` takes
    `cachePoint` besides the wire's own fields. Raises InvalidInputError for what cannot be sent.
    """
    context.require_prompt()
    warnings = Warnings()
    if _WITHOUT_SCHEMAS.search(model):
        options = by_tool(options, context, can_force=_CAN_FORCE.search(model) is not None)
    asked = Options.of(options).taken(WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings)
    own = dict(asked.provider_options)
    points = _cache_points(own.pop(CACHE_POINT, {}))
    body: dict[str, Any] = {"messages": write_messages(context, warnings)}
    system = write_system(context, warnings)
    if system:
        body["system"] = system
    inference = _inference(asked)
    if inference:
        body["inferenceConfig"] = inference
    tools = _tool_config(asked, context, body["messages"], warnings)
    if tools:
        body["toolConfig"] = tools
    fields = _fields_of_models(model, asked, warnings)
    for option in sorted(_NOT_OF_THE_WIRE & dialect.also_takes):
        value = getattr(asked, option)
        if value is not None:
            fields[dialect.rename.get(option, option)] = value
    if fields:
        body["additionalModelRequestFields"] = fields
    output = _output_config(model, asked, warnings)
    if output:
        body["outputConfig"] = output
    if asked.metadata:
        body["requestMetadata"] = {key: str(value) for key, value in asked.metadata.items()}
    _put_points(body, points)
    return merged(body, own), warnings.chunks()


def _inference(asked: Options) -> dict[str, Any]:
    given = {
        "maxTokens": asked.max_tokens,
        "temperature": asked.temperature,
        "topP": asked.top_p,
        "stopSequences": asked.stop or None,
    }
    return {name: value for name, value in given.items() if value is not None}


# Tools.
def _tool_config(
    asked: Options, context: Context, messages: list[dict[str, Any]], warnings: Warnings
) -> dict[str, Any]:
    tools = asked.tools_with(context)
    spoken_of = any(
        "toolUse" in block or "toolResult" in block
        for message in messages
        for block in message["content"]
    )
    if not tools:
        if spoken_of and "toolConfig" not in asked.provider_options:
            warnings.add(
                "tools_missing",
                f"{WIRE} refuses tool calls and their results where the request has no tools: "
                "give the context the tools that were called",
            )
        return {}
    config: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    match asked.tool_choice:
        case "none" if not spoken_of:
            return {}  # the wire has no such choice: without tools none can be called
        case "none":
            asked.refuse("tool_choice 'none' in a conversation about tools", WIRE, warnings)
        case "required":
            config["toolChoice"] = {"any": {}}
        case "auto":
            config["toolChoice"] = {"auto": {}}
        case Mapping() as one:
            config["toolChoice"] = {"tool": {"name": one["name"]}}
    return config


def _tool(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": {"type": "object", **tool.parameters}}
    if tool.strict:
        spec["strict"] = True
    return {"toolSpec": spec}


# What depends on the model.
def _fields_of_models(model: str, asked: Options, warnings: Warnings) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if is_claude(model):
        if asked.top_k is not None:
            fields["top_k"] = asked.top_k
        fields.update(_thinking(asked))
    else:
        if asked.top_k is not None and "nova" in model:
            fields["inferenceConfig"] = {"topK": asked.top_k}
        elif asked.top_k is not None:
            asked.refuse(f"top_k for {model}", WIRE, warnings)
        if asked.reasoning_budget is not None:
            asked.refuse(f"reasoning_budget for {model}", WIRE, warnings)
        if asked.reasoning_effort == "none":
            asked.refuse(f"reasoning_effort 'none' for {model}", WIRE, warnings)
    return fields


def is_claude(model: str) -> bool:
    """Whether a model's name, or its ARN, says that it is Anthropic's."""
    return "anthropic" in model or "claude" in model


def _thinking(asked: Options) -> dict[str, Any]:
    """Return Claude's `thinking`: a budget fixes what an effort leaves to the model."""
    effort, budget = asked.reasoning_effort, asked.reasoning_budget
    if budget is not None:
        _check_budget(budget, asked.max_tokens)
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if effort is None:
        return {}
    return {"thinking": {"type": "disabled" if effort == "none" else "adaptive"}}


def _check_budget(budget: int, max_tokens: int | None) -> None:
    if budget < LEAST_BUDGET or (max_tokens is not None and budget >= max_tokens):
        raise InvalidInputError(
            f"expected reasoning_budget on {WIRE} from {LEAST_BUDGET} up and below max_tokens, "
            f"since thinking counts towards it, got {budget} and {max_tokens}"
        )


def _output_config(model: str, asked: Options, warnings: Warnings) -> dict[str, Any]:
    config: dict[str, Any] = {}
    effort = asked.reasoning_effort
    if effort == "minimal" and is_claude(model):
        effort = "low"
        warnings.add(
            "option_adjusted", f"{model} knows no reasoning_effort 'minimal': sent as 'low'"
        )
    if effort not in (None, "none"):
        config["effort"] = effort
    if asked.response_schema is not None:
        schema = to_json(asked.response_schema, "response_schema").decode()
        config["textFormat"] = {
            "type": "json_schema",
            "structure": {"jsonSchema": {"schema": schema}},
        }
    return config


# Cache points.
def _cache_points(given: Any) -> dict[str, dict[str, Any]]:
    known = isinstance(given, Mapping) and all(
        place in _PLACES and (point is True or isinstance(point, Mapping))
        for place, point in given.items()
    )
    if not known:
        raise InvalidInputError(
            f"expected {CACHE_POINT} as a map from {', '.join(_PLACES)} to a cache point or "
            f"True, got {given!r:.200}"
        )
    return {
        place: {"type": "default"} if point is True else dict(point)
        for place, point in given.items()
    }


def _put_points(body: dict[str, Any], points: Mapping[str, dict[str, Any]]) -> None:
    places = {
        "tools": body.get("toolConfig", {}).get("tools"),
        "system": body.get("system"),
        "messages": body["messages"][-1]["content"],
    }
    for place, point in points.items():
        blocks = places[place]
        if not blocks:
            raise InvalidInputError(f"expected {place} to put a cache point after, got none")
        blocks.append({"cachePoint": point})
