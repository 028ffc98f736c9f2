"""Writes calls of tools, and what is answered to them, each in its own kind's form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import ImagePart, TextPart, ToolCall, ToolResultPart
from reqllm.errors import InvalidContextError
from reqllm.wires.common import turns
from reqllm.wires.openai_responses.tools import CALLS, ITEM_ID, ITEM_TYPE
from reqllm.wires.openai_responses.user_content import content_part, image_url
from reqllm.wires.openai_responses.words import WIRE

# Told of by other members of the item, or by none.
_OWN_KEYS = frozenset((ITEM_TYPE, ITEM_ID, "type", "google"))


def kind_of_call(call: ToolCall) -> str | None:
    """Return the kind of item that a call is; none for what another provider ran."""
    kind = call.provider_metadata.get(ITEM_TYPE)
    if kind in CALLS:
        return str(kind)
    if call.provider_executed:
        return None
    custom = call.provider_metadata.get("type") == "custom"
    return "custom_tool_call" if custom else "function_call"


def call_item(call: ToolCall, kind: str, *, with_id: bool) -> dict[str, Any] | None:
    """Return a call as an item; `None` where the item is sent with its result."""
    described, metadata = CALLS[kind], call.provider_metadata
    if call.provider_executed and described.holds_result:
        return None
    item: dict[str, Any] = {"type": kind}
    item_id = metadata.get(ITEM_ID)
    if item_id is not None and (with_id or described.name is not None):
        item["id"] = item_id
    if call.id != item_id:
        item["call_id"] = call.id
    if described.name is None:
        item["name"] = call.name
    item.update(_arguments(call, kind))
    if described.name is not None:
        item["status"] = "completed"  # what most of them demand
    own = ITEM_ID in metadata
    rest = {key: value for key, value in metadata.items() if key not in _OWN_KEYS} if own else {}
    return {**item, **rest}


def _arguments(call: ToolCall, kind: str) -> dict[str, Any]:
    member = CALLS[kind].member
    if kind == "custom_tool_call":
        return {member: call.arguments_raw or ""}
    if CALLS[kind].name is None:
        return {member: turns.raw_arguments(call)}
    if call.arguments.keys() == {"actions"}:
        return dict(call.arguments)
    return {member: call.arguments}


def result_item(part: ToolResultPart, kind: str | None) -> dict[str, Any]:
    """Return what the caller answers to a call of that kind.

    Raises InvalidContextError for a result that such a call cannot have.
    """
    kind = kind or "function_call"
    output = CALLS[kind].output
    if output is None:
        raise InvalidContextError(
            f"{WIRE} runs {kind} itself: expected no result of yours for {part.tool_call_id!r}"
        )
    if isinstance(part.result, Mapping) and part.result.get("type") == output:
        return dict(part.result)  # in the wire's own form already
    item: dict[str, Any] = {"type": output, "call_id": part.tool_call_id}
    match kind:
        case "computer_call":
            return {**item, "output": _screenshot(part)}
        case "local_shell_call":
            return {"type": output, "id": part.tool_call_id, "output": turns.result_text(part)}
        case "shell_call":
            return {**item, "output": _shell_output(part)}
        case "apply_patch_call":
            status = "failed" if part.is_error else "completed"
            return {**item, "status": status, "output": turns.result_text(part)}
        case "tool_search_call":
            return {**item, "execution": "client", "tools": _tools(part)}
    return {**item, "output": _output(part)}


def _output(part: ToolResultPart) -> Any:
    parts = turns.result_parts(part)
    if parts is None:
        return turns.result_text(part)
    if all(isinstance(item, TextPart) for item in parts):
        return turns.joined_text(parts)
    return [content_part(item) for item in parts]


def _screenshot(part: ToolResultPart) -> dict[str, Any]:
    parts = turns.result_parts(part) or ()
    url = image_url(parts[0]) if len(parts) == 1 and isinstance(parts[0], ImagePart) else None
    if url is None:
        raise InvalidContextError(
            f"{WIRE}: expected one image, the screen, as the result of computer call "
            f"{part.tool_call_id!r}"
        )
    return {"type": "computer_screenshot", "image_url": url}


def _shell_output(part: ToolResultPart) -> list[Any]:
    if isinstance(part.result, list):
        return part.result
    outcome = {"type": "exit", "exit_code": 1 if part.is_error else 0}
    text = turns.result_text(part)
    said = {"stdout": "", "stderr": text} if part.is_error else {"stdout": text, "stderr": ""}
    return [{**said, "outcome": outcome}]


def _tools(part: ToolResultPart) -> list[Any]:
    if isinstance(part.result, list):
        return part.result
    raise InvalidContextError(
        f"{WIRE}: expected a list of tools as the result of tool search {part.tool_call_id!r}"
    )
