"""Runs what a model asks for: a tool call in, its result out. Nothing that a model sends raises."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from reqllm.content import Tool, ToolCall, ToolResultPart
from reqllm.errors import InvalidToolError
from reqllm.json_schema import first_problem

_SHOWN = 200


class ToolBox:
    """The tools that calls are run with, by name.

    validate: hold the arguments against the tool's schema before they are passed on.
    """

    def __init__(self, tools: Iterable[Tool], *, validate: bool = True) -> None:
        self._tools: Mapping[str, Tool] = {tool.name: tool for tool in tools}
        self._validate = validate

    def run(self, call: ToolCall) -> ToolResultPart:
        """Call the tool with the arguments; what goes wrong is the result, for the model to read.

        Raises InvalidToolError for a tool that cannot be called at all, or that returns what is
        no JSON: no model can mend that.
        """
        ready = self._ready(call)
        if isinstance(ready, ToolResultPart):
            return ready
        try:
            result = ready.callback(**ready.arguments)
        except Exception as error:
            return _failed(call, _described(error))
        if inspect.isawaitable(result):
            _dispose(result)
            raise InvalidToolError(
                f"tool {call.name!r} has a callback that is to be awaited; "
                "use execute_and_append_tools_async"
            )
        return _answered(call, result)

    async def run_async(self, call: ToolCall) -> ToolResultPart:
        """Call the tool with the arguments, and await its result if it is to be awaited.

        As for `run`.
        """
        ready = self._ready(call)
        if isinstance(ready, ToolResultPart):
            return ready
        try:
            result = ready.callback(**ready.arguments)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:
            return _failed(call, _described(error))
        return _answered(call, result)

    def _ready(self, call: ToolCall) -> _Ready | ToolResultPart:
        """Return what is to be called, or the result that says why nothing is."""
        if call.invalid or not call.complete:
            cut = "" if call.complete else " (they were cut off)"
            return _failed(
                call,
                f"the arguments are not one JSON object{cut}: "
                f"{call.arguments_raw or ''!r:.{_SHOWN}}",
            )
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return _failed(call, f"there is no tool {call.name!r}; the tools are: {known}")
        callback = _callback_of(tool)
        problem = self._problem(tool, callback, call.arguments)
        if problem is not None:
            return _failed(call, f"the arguments do not fit: {problem}")
        return _Ready(callback, call.arguments)

    def _problem(
        self, tool: Tool, callback: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> str | None:
        if self._validate:
            problem = first_problem(arguments, tool.parameters, f"tool {tool.name!r}")
            if problem is not None:
                return str(problem)
        try:
            inspect.signature(callback).bind(**arguments)
        except TypeError as error:
            return str(error)
        except ValueError:  # some callables of C have no signature to look at
            return None
        return None


class _Ready(Struct, frozen=True):
    """A call that can be made."""

    callback: Callable[..., Any]
    arguments: Mapping[str, Any]


def _callback_of(tool: Tool) -> Callable[..., Any]:
    if tool.callback is None:
        raise InvalidToolError(
            f"tool {tool.name!r} has no callback to run; give it one, or answer its calls "
            "yourself with Message.tool(tool_call_id, result)"
        )
    return tool.callback


def _answered(call: ToolCall, result: Any) -> ToolResultPart:
    if isinstance(result, ToolResultPart):
        return msgspec.structs.replace(result, tool_call_id=call.id, name=call.name)
    try:
        plain = msgspec.json.decode(msgspec.json.encode(result))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidToolError(
            f"expected tool {call.name!r} to return text or plain JSON values, "
            f"got {type(result).__name__}: {error}"
        ) from error
    return ToolResultPart(call.id, plain, name=call.name)


def _failed(call: ToolCall, why: str) -> ToolResultPart:
    return ToolResultPart(call.id, f"Error: {why}", name=call.name, is_error=True)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _dispose(result: Awaitable[Any]) -> None:
    """Close a coroutine that nobody will await; else it complains when it is collected."""
    if inspect.iscoroutine(result):
        result.close()
