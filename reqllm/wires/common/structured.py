"""An object by way of a tool, for providers that take no schema of the answer itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import Tool
from reqllm.context import Context
from reqllm.errors import InvalidInputError
from reqllm.objects import STRUCTURED_TOOL


def by_tool(
    options: Mapping[str, Any], context: Context, *, can_force: bool = True
) -> Mapping[str, Any]:
    """Return the options with the schema as a tool that must be called.

    Beside other tools the model has to call one of them, but may choose which.
    can_force: the provider lets a request say which tool is to be called; else the tool's own
        description has to do.
    Raises InvalidInputError for a schema that is none of an object.
    """
    schema = options.get("response_schema")
    if not isinstance(schema, Mapping):
        return options  # none, or one that is refused where options are checked
    if schema.get("type", "object") != "object":
        raise InvalidInputError(
            "expected response_schema to be the schema of an object, since this provider gives it "
            f"as the arguments of a tool, got one of type {schema.get('type')!r}"
        )
    tool = Tool(
        name=STRUCTURED_TOOL,
        description="Give the final answer by calling this, and only by this.",
        parameters=schema,
    )
    others = tuple(options.get("tools") or ())
    by_tool = {**options, "response_schema": None, "tools": (*others, tool)}
    if can_force:
        alone = not (others or context.tools)
        by_tool["tool_choice"] = {"name": STRUCTURED_TOOL} if alone else "required"
    return by_tool
