"""Judges requests by the types that the vendors' SDKs write theirs with.

Pydantic turns the SDK's types into a JSON Schema. Checked as they are they would say
little: it draws no Iterable and lets unknown fields pass, so the schema is made strict.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

import anthropic.types
import groq.types.chat.completion_create_params as groq_chat
import jsonschema
import mistralai.client.models
import ollama._types
import openai.types.chat.completion_create_params as openai_chat
import openai.types.responses.response_create_params as openai_responses
import pydantic
from cohere.v2.client import V2Client
from google.genai import types as google
from google.genai._gaos.types.interactions.createmodelinteraction import (
    CreateModelInteractionParam,
)
from pydantic.json_schema import GenerateJsonSchema


class GeminiBody(pydantic.BaseModel):
    """The members of a body, which Google's SDK joins by hand, each of the SDK's own type."""

    contents: list[google.Content]
    systemInstruction: google.Content = google.Content()  # noqa: N815
    tools: list[google.Tool] = []
    toolConfig: google.ToolConfig = google.ToolConfig()  # noqa: N815
    generationConfig: google.GenerationConfig = google.GenerationConfig()  # noqa: N815
    safetySettings: list[google.SafetySetting] = []  # noqa: N815
    cachedContent: str = ""  # noqa: N815


class _Generator(GenerateJsonSchema):
    def handle_invalid_for_json_schema(self, schema, error_info):
        """Open files, paths and the like: nothing that a body could hold."""
        return {"not": {}}


def _params(kind: Any) -> dict[str, Any]:
    """Return the schema of a TypedDict."""
    schema = pydantic.TypeAdapter(kind).json_schema(schema_generator=_Generator)
    for name in schema["$defs"]:
        if _is_response(name):
            schema["$defs"][name] = False
    return schema


def _cohere() -> dict[str, Any]:
    """Return the schema of what the method that asks takes: there is no type of a request."""
    types = typing.get_type_hints(V2Client.chat_stream)
    given = inspect.signature(V2Client.chat_stream).parameters
    fields: dict[str, Any] = {
        name: (types[name], ... if parameter.default is inspect.Parameter.empty else None)
        for name, parameter in given.items()
        if name not in ("self", "request_options")
    }
    return pydantic.create_model("Request", **fields, stream=(bool, ...)).model_json_schema()


def _ollama() -> dict[str, Any]:
    """Return the schema of the SDK's request, without the maps that it takes for anything."""
    schema = ollama._types.ChatRequest.model_json_schema()
    defs, properties = schema["$defs"], schema["properties"]
    properties["messages"] = {"type": "array", "items": {"$ref": "#/$defs/Message"}}
    properties["options"] = {"$ref": "#/$defs/Options"}
    # Bytes and paths become text before they are sent.
    defs["Image"] = {"type": "string"}
    # The server takes ids of calls since 2025; the SDK has no place for them yet.
    defs["Message"]["properties"]["tool_call_id"] = {"type": "string"}
    defs["ToolCall"]["properties"]["id"] = {"type": "string"}
    return schema


def _interactions() -> dict[str, Any]:
    """Return the schema of a TypedDict that also takes open files, which no body holds."""
    config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    body: Any = (CreateModelInteractionParam, ...)
    schema = _params(pydantic.create_model("Body", __config__=config, body=body))
    # A result is any object; the SDK names none of its members.
    schema["$defs"]["FunctionResultStepResultParam"] = {"type": "object"}
    return {"$ref": "#/$defs/CreateModelInteractionParam", "$defs": schema["$defs"]}


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "openai-chat": lambda: _params(openai_chat.CompletionCreateParamsStreaming),
    "openai-responses": lambda: _params(openai_responses.ResponseCreateParamsStreaming),
    "anthropic-messages": lambda: _params(
        anthropic.types.message_create_params.MessageCreateParamsStreaming
    ),
    "groq": lambda: _params(groq_chat.CompletionCreateParams),
    "mistral": mistralai.client.models.ChatCompletionStreamRequest.model_json_schema,
    "cohere-v2": _cohere,
    "gemini": lambda: _params(GeminiBody),
    "gemini-interactions": _interactions,
    "ollama": _ollama,
}
"""By wire, and by provider where a dialect has an SDK of its own."""


@functools.cache
def _validator(judge: str) -> Any:
    return jsonschema.Draft202012Validator(_strict(SCHEMAS[judge]()))


def _is_response(name: str) -> bool:
    """Request types also take the SDK's own response objects, which know fewer limits."""
    kind = getattr(anthropic.types, name, None)
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _strict(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("additionalProperties", True) is True:
        schema["additionalProperties"] = False
    return schema


def problems(judge: str, body: Any) -> list[str]:
    """Return what the vendor's types have against a body."""
    found = []
    for error in _validator(judge).iter_errors(body):
        deepest = jsonschema.exceptions.best_match([error])
        found.append(f"{deepest.json_path}: {deepest.message:.300}")
    return found
