"""Writes requests of Gemini's streamGenerateContent. https://ai.google.dev/api/generate-content"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.chunk import WarningChunk
from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common.options import Dialect, Options
from reqllm.wires.common.request_body import Warnings, merged
from reqllm.wires.gemini.thinking import thinking_config
from reqllm.wires.gemini.turns import write_contents, write_system
from reqllm.wires.gemini.words import WIRE

PATH = "/v1beta/models/{model}:streamGenerateContent?alt=sse"
GEMINI = Dialect()
_NOT_OF_THE_WIRE = frozenset({"user", "metadata", "parallel_tool_calls"})
# Option and field of `generationConfig`. The order is the body's.
_FIELDS = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "stop": "stopSequences",
    "seed": "seed",
    "n": "candidateCount",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}


def encode(
    model: str, context: Context, options: Mapping[str, Any], dialect: Dialect = GEMINI
) -> tuple[dict[str, Any], list[WarningChunk]]:
    """Return the JSON body, and warnings for what it could not take; the address names the model.

    Raises InvalidInputError for what cannot be sent at all.
    """
    context.require_prompt()
    warnings = Warnings()
    asked = Options.of(_without_defaults(options)).taken(
        WIRE, dialect.refused(_NOT_OF_THE_WIRE), warnings
    )
    body: dict[str, Any] = {"contents": write_contents(context, warnings)}
    system = write_system(context, warnings)
    if system is not None:
        body["systemInstruction"] = system
    body.update(_tool_fields(asked, context))
    config = _generation_config(model, asked, dialect, warnings)
    if config:
        body["generationConfig"] = config
    for option in sorted(_NOT_OF_THE_WIRE):
        value = getattr(asked, option)
        if value is not None:
            body[dialect.rename.get(option, option)] = value
    return merged(body, asked.provider_options), warnings.chunks()


def _without_defaults(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out what happens anyway: the wire has only no word for the opposite."""
    if options.get("parallel_tool_calls") is True:
        return {name: value for name, value in options.items() if name != "parallel_tool_calls"}
    return options


def _generation_config(
    model: str, asked: Options, dialect: Dialect, warnings: Warnings
) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for option, field in _FIELDS.items():
        value = getattr(asked, option)
        if value is not None:
            config[dialect.rename.get(option, field)] = value
    if asked.top_logprobs is not None and asked.logprobs is None:
        config["responseLogprobs"] = True
    if asked.response_schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = asked.response_schema
    thinking = thinking_config(model, asked, warnings)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def _tool_fields(asked: Options, context: Context) -> dict[str, Any]:
    tools = asked.tools_with(context)
    fields: dict[str, Any] = {}
    if tools:
        fields["tools"] = [{"functionDeclarations": [_tool(tool) for tool in tools]}]
    if tools or "tools" in asked.provider_options:
        calling = _calling(asked, strict=any(tool.strict for tool in tools))
        if calling:
            fields["toolConfig"] = {"functionCallingConfig": calling}
    return fields


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description:
        written["description"] = tool.description
    if tool.parameters.get("properties") or tool.parameters.keys() - {"type", "properties"}:
        # An object without any members is refused; no schema means no arguments.
        written["parametersJsonSchema"] = {"type": "object", **tool.parameters}
    return written


def _calling(asked: Options, *, strict: bool) -> dict[str, Any]:
    match asked.tool_choice:
        case None:
            # Arguments that must fit their schemas are asked for by a mode, not by the tool.
            return {"mode": "VALIDATED"} if strict else {}
        case "auto":
            return {"mode": "VALIDATED" if strict else "AUTO"}
        case "none":
            return {"mode": "NONE"}
        case str():
            return {"mode": "ANY"}
        case one:
            return {"mode": "ANY", "allowedFunctionNames": [one["name"]]}
