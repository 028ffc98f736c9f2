"""What both of OpenAI's wires say of tools beside the tools themselves. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reqllm.content import Tool
from reqllm.context import Context
from reqllm.wires.common.options import Dialect, Options


def tool_fields(
    asked: Options,
    context: Context,
    dialect: Dialect,
    tool: Callable[[Tool], dict[str, Any]],
    one: Callable[[str], dict[str, Any]],
) -> dict[str, Any]:
    """Return `tools`, `tool_choice` and `parallel_tool_calls`, as far as they are asked for.

    `tool` writes a tool, `one` the choice of the tool of that name.
    """
    tools = asked.tools_with(context)
    fields: dict[str, Any] = {}
    if tools:
        fields["tools"] = [tool(each) for each in tools]
    if not tools and "tools" not in asked.provider_options:
        return fields  # the rest is refused where there are no tools
    match asked.tool_choice:
        case None:
            pass
        case "required":
            fields["tool_choice"] = dialect.tool_choice_required
        case str():
            fields["tool_choice"] = asked.tool_choice
        case named:
            fields["tool_choice"] = one(named["name"])
    if asked.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = asked.parallel_tool_calls
    return fields
