"""The kinds of items that are calls of a tool: what each is called, and where its parts are. Pure.

Some calls are the caller's to answer, with an item of the kind's own; others the provider ran
itself. Of those the item holds the result as well, or an item of its own brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from reqllm.wires.common.fields import as_object, filled
from reqllm.wires.openai_responses.composed import Composed


class CallKind(Struct, frozen=True, kw_only=True):
    """How one kind of item says what is called."""

    name: str | None = None
    """The tool's name; none: the item says it."""
    member: str
    """Where the arguments are: a text, or an object."""
    arguments: Callable[[dict[str, Any]], Any] | None = None
    """Reads the arguments where they are more than one member."""
    executed: Callable[[dict[str, Any]], bool] = lambda item: False
    """Whether the provider runs it."""
    holds_result: bool = False
    """The item of a call that the provider ran holds its result."""
    composed: Callable[[dict[str, Any]], Composed] | None = None
    """Makes what joins the arguments where they are streamed as bare text."""
    output: str | None = None
    """The kind of item that answers it, where the caller does."""

    def arguments_of(self, item: dict[str, Any]) -> Any:
        """Return the arguments: a text, an object, or `None` where they are not told."""
        if self.arguments is not None:
            return self.arguments(item)
        return item.get(self.member)


def _always(_: dict[str, Any]) -> bool:
    return True


def _is_hosted(item: dict[str, Any]) -> bool:
    kind = filled(as_object(item.get("environment")).get("type"))
    return kind is not None and kind != "local"


def _picked(*members: str) -> Callable[[dict[str, Any]], Any]:
    def pick(item: dict[str, Any]) -> dict[str, Any] | None:
        return {key: item[key] for key in members if item.get(key) is not None} or None

    return pick


def _web_search(item: dict[str, Any]) -> Any:
    # xAI writes the arguments as those of a function are.
    return item.get("action") or filled(item.get("arguments"))


def _computer(item: dict[str, Any]) -> Any:
    actions = item.get("actions")
    return item.get("action") or ({"actions": actions} if actions is not None else None)


def _code(item: dict[str, Any]) -> Composed:
    return Composed("code", {"container_id": item.get("container_id")})


def _commands(item: dict[str, Any]) -> Composed:
    return Composed("commands", {}, is_list=True)


def _diff(item: dict[str, Any]) -> Composed:
    return Composed("diff", as_object(item.get("operation")))


CALLS: Mapping[str, CallKind] = MappingProxyType(
    {
        "function_call": CallKind(member="arguments", output="function_call_output"),
        "custom_tool_call": CallKind(member="input", output="custom_tool_call_output"),
        "mcp_call": CallKind(member="arguments", executed=_always, holds_result=True),
        "web_search_call": CallKind(
            name="web_search",
            member="action",
            arguments=_web_search,
            executed=_always,
            holds_result=True,
        ),
        "file_search_call": CallKind(
            name="file_search",
            member="queries",
            arguments=_picked("queries"),
            executed=_always,
            holds_result=True,
        ),
        "code_interpreter_call": CallKind(
            name="code_interpreter",
            member="code",
            arguments=_picked("container_id", "code"),
            executed=_always,
            holds_result=True,
            composed=_code,
        ),
        "image_generation_call": CallKind(
            name="image_generation",
            member="revised_prompt",
            arguments=lambda item: None,
            executed=_always,
            holds_result=True,
        ),
        "computer_call": CallKind(
            name="computer", member="action", arguments=_computer, output="computer_call_output"
        ),
        "local_shell_call": CallKind(
            name="local_shell", member="action", output="local_shell_call_output"
        ),
        "shell_call": CallKind(
            name="shell",
            member="action",
            executed=_is_hosted,
            composed=_commands,
            output="shell_call_output",
        ),
        "apply_patch_call": CallKind(
            name="apply_patch",
            member="operation",
            composed=_diff,
            output="apply_patch_call_output",
        ),
        "tool_search_call": CallKind(
            name="tool_search",
            member="arguments",
            executed=lambda item: item.get("execution") != "client",
            output="tool_search_output",
        ),
    }
)
# The kinds that bring the result of a call, whoever ran it.
OUTPUTS = frozenset(
    (
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "tool_search_output",
    )
)
ITEM_TYPE = "item_type"
ITEM_ID = "item_id"
