"""Tools as several wires write them. Pure."""

from __future__ import annotations

from typing import Any

from reqllm.content import Tool


def function_tool(tool: Tool) -> dict[str, Any]:
    """Return a tool as a function, with the schema of an object; strictness is told elsewhere."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", **tool.parameters}
    return {"type": "function", "function": function}
