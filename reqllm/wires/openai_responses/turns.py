"""Writes a conversation as the `input` of a Responses request: a flat list of items. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.openai_responses.tool_turns import call_item, kind_of_call, result_item
from reqllm.wires.openai_responses.tools import CALLS, ITEM_ID, OUTPUTS
from reqllm.wires.openai_responses.user_content import user_content
from reqllm.wires.openai_responses.words import WIRE

_ANNOTATIONS = frozenset(("url_citation", "file_citation", "container_file_citation", "file_path"))
_PLACES = (("summary", "summary_text"), ("content", "reasoning_text"))


def write_input(
    context: Context, warnings: Warnings, *, is_kept: bool = False
) -> list[dict[str, Any]]:
    """Return the items in order.

    is_kept: the provider keeps what it said, so that an item's id alone brings it back.

    Raises InvalidContextError for what the wire has no form for.
    """
    writer = _Writer(context, warnings, is_kept=is_kept)
    return [item for message in context for item in writer.items(message)]


class _Writer:
    """Writes items, and remembers what the conversation says elsewhere."""

    def __init__(self, context: Context, warnings: Warnings, *, is_kept: bool) -> None:
        self._answered = turns.answered_calls(context)
        calls = [call for message in context for call in message.tool_calls]
        self._kinds = {call.id: kind_of_call(call) for call in calls}
        self._warnings = warnings
        self._is_kept = is_kept

    def items(self, message: Message) -> list[dict[str, Any]]:
        turns.without_name(message, WIRE, self._warnings)
        match message.role:
            case "system":
                return [{"role": "system", "content": message.text}] if message.text else []
            case "assistant":
                return self._said(message)
            case _:
                return self._asked(message)

    # What the user said, and what tools answered.
    def _asked(self, message: Message) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        parts: list[ContentPart] = []
        for part in message.content:
            match part:
                case ToolResultPart():
                    kind = self._kinds.get(part.tool_call_id, "function_call")
                    items.append(result_item(part, kind))
                case CustomPart() if part.custom_kind.startswith(f"{WIRE}."):
                    items.append(_custom(part))
                case _:
                    parts.append(part)
        if parts:
            items.append({"role": "user", "content": user_content(parts)})
        return items

    # What the model said.
    def _said(self, message: Message) -> list[dict[str, Any]]:
        groups = _groups(message)
        thoughts = [group for group in groups if isinstance(group[0], ReasoningPart)]
        unsent = [group for group in thoughts if not self._may_send_thought(group)]
        if unsent:
            fault = "cannot be taken up again without what the provider did not give"
            turns.reasoning_not_sent(fault, WIRE, self._warnings)
        # An item that was made with reasoning is refused without it, if it is known by its id.
        with_ids = not unsent
        results = [part for part in message.content if isinstance(part, ToolResultPart)]
        images = {part.tool_call_id for part in results if _holds_image(part)}
        items: list[dict[str, Any]] = []
        for group in groups:
            if group not in unsent:
                items.extend(self._written(group, images, with_ids=with_ids))
        while items and items[-1]["type"] == "reasoning":
            # Refused without what it led to, which the answer did not come to.
            items.pop()
            self._not_sent("reasoning that led to nothing")
        return items

    def _may_send_thought(self, group: list[Any]) -> bool:
        if not all(part.complete and ITEM_ID in part.provider_metadata for part in group):
            return False
        has_text = any("content_index" in part.provider_metadata for part in group)
        return self._is_kept or has_text or any(part.signature for part in group)

    def _written(
        self, group: list[Any], images: set[str], *, with_ids: bool
    ) -> list[dict[str, Any]]:
        part = group[0]
        match part:
            case TextPart() | RefusalPart():
                return _message(group, with_ids=with_ids)
            case ReasoningPart():
                return [_reasoning(group)]
            case ToolCall():
                return self._call(part, with_ids=with_ids)
            case ToolResultPart():
                kind = part.result.get("type") if isinstance(part.result, Mapping) else None
                if kind in CALLS or kind in OUTPUTS:
                    return [dict(part.result)]
                self._not_sent("the result of a tool that another provider ran")
            case CustomPart() if part.custom_kind.startswith(f"{WIRE}."):
                return [_custom(part)]
            case FilePart() if part.id in images:
                pass  # it goes back with the call that made it
            case _:
                what = getattr(part, "custom_kind", type(part).__name__)
                self._not_sent(f"a {what} in an assistant message")
        return []

    def _call(self, call: ToolCall, *, with_ids: bool) -> list[dict[str, Any]]:
        if not turns.may_send_call(call, self._answered, self._warnings):
            return []
        if call.provider_executed and self._kinds[call.id] is None:
            self._not_sent(f"{call.name!r}, a call that another provider ran")
            return []
        item = call_item(call, self._kinds[call.id] or "function_call", with_id=with_ids)
        return [item] if item is not None else []

    def _not_sent(self, what: str) -> None:
        turns.not_sent(what, WIRE, self._warnings)


def _groups(message: Message) -> list[list[Any]]:
    """Return the parts that were one item together: those of a message, and of reasoning."""
    groups: list[list[Any]] = []
    for part in message.content:
        if groups and _belong_together(groups[-1][-1], part):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _belong_together(last: Any, part: Any) -> bool:
    if not isinstance(part, TextPart | RefusalPart | ReasoningPart):
        return False
    are_thoughts = isinstance(part, ReasoningPart)
    if not isinstance(last, ReasoningPart if are_thoughts else TextPart | RefusalPart):
        return False
    return bool(last.provider_metadata.get(ITEM_ID) == part.provider_metadata.get(ITEM_ID))


def _message(group: list[Any], *, with_ids: bool) -> list[dict[str, Any]]:
    metadata = group[0].provider_metadata
    item_id = metadata.get(ITEM_ID)
    phase = {"phase": metadata["phase"]} if "phase" in metadata else {}
    if item_id is None or not with_ids:
        text = "".join(part.content for part in group)
        named = {"type": "message", "role": "assistant"}
        return [{**named, "content": text, **phase}] if text else []
    return [
        {
            "type": "message",
            "id": item_id,
            "role": "assistant",
            "status": "completed",
            "content": [_message_part(part) for part in group],
            **phase,
        }
    ]


def _message_part(part: TextPart | RefusalPart) -> dict[str, Any]:
    if isinstance(part, RefusalPart):
        return {"type": "refusal", "refusal": part.content}
    raw = [citation.raw for citation in part.citations]
    own = [c for c in raw if isinstance(c, Mapping) and c.get("type") in _ANNOTATIONS]
    return {"type": "output_text", "text": part.content, "annotations": own}


def _reasoning(group: list[ReasoningPart]) -> dict[str, Any]:
    metadata = group[0].provider_metadata
    item: dict[str, Any] = {"type": "reasoning", "id": metadata[ITEM_ID]}
    for member, kind in _PLACES:
        place = f"{member}_index"
        texts = [part for part in group if place in part.provider_metadata]
        if texts or member == "summary":
            item[member] = [{"type": kind, "text": part.content} for part in texts]
    signature = next((part.signature for part in group if part.signature), None)
    return {**item, "encrypted_content": signature} if signature else item


def _custom(part: CustomPart) -> dict[str, Any]:
    if not isinstance(part.data, Mapping):
        raise turns.cannot_send(part, WIRE, "expected its data to be an item, as a map")
    return {"type": part.custom_kind.removeprefix(f"{WIRE}."), **part.data}


def _holds_image(part: ToolResultPart) -> bool:
    result = part.result
    return isinstance(result, Mapping) and result.get("type") == "image_generation_call"
