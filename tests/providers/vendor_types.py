"""Judges requests by the types that the vendors' SDKs write theirs with.

Pydantic turns the SDK's TypedDicts into a JSON Schema. Checked as they are they would say
little: it draws no Iterable and lets unknown fields pass, so the schema is made strict.
"""

from __future__ import annotations

import functools
from typing import Any

import anthropic.types
import jsonschema
import openai.types.chat.completion_create_params as openai_chat
import pydantic
from pydantic.json_schema import GenerateJsonSchema

PARAMS = {
    "openai-chat": openai_chat.CompletionCreateParamsStreaming,
    "anthropic-messages": anthropic.types.message_create_params.MessageCreateParamsStreaming,
}


class _Generator(GenerateJsonSchema):
    def handle_invalid_for_json_schema(self, schema, error_info):
        """Open files, paths and the like: nothing that a body could hold."""
        return {"not": {}}


@functools.cache
def _validator(wire: str) -> Any:
    schema = pydantic.TypeAdapter(PARAMS[wire]).json_schema(schema_generator=_Generator)
    for name in schema["$defs"]:
        if _is_response(name):
            schema["$defs"][name] = False
    return jsonschema.Draft202012Validator(_strict(schema))


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
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def problems(wire: str, body: Any) -> list[str]:
    """Return what the vendor's types have against a body."""
    found = []
    for error in _validator(wire).iter_errors(body):
        deepest = jsonschema.exceptions.best_match([error])
        found.append(f"{deepest.json_path}: {deepest.message:.300}")
    return found
