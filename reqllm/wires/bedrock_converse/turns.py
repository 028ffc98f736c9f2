"""Writes a conversation as the `system` and `messages` of a Converse request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context
from reqllm.wires.bedrock_converse.attachments import Attachments
from reqllm.wires.bedrock_converse.words import HIDDEN, WIRE
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings


def write_system(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the system prompt's blocks; the wire has one place for them, before all turns."""
    said = turns.leading_system(context, WIRE, warnings)
    return [{"text": text} for text in said if text.strip()]


def write_messages(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the turns; neighbours of one role become one, tool results lead a user's.

    Raises InvalidContextError for what the wire has no form for.
    """
    writer = _Writer(context, warnings)
    written = turns.two_sided(context, WIRE, warnings, writer.asked, writer.said)
    return [
        {"role": "assistant", "content": blocks}
        if is_models
        # A result that does not follow its call at once is refused.
        else {"role": "user", "content": sorted(blocks, key=lambda b: "toolResult" not in b)}
        for is_models, blocks in written
    ]


class _Writer:
    """Writes blocks, and remembers what the conversation says elsewhere."""

    def __init__(self, context: Context, warnings: Warnings) -> None:
        self._answered = turns.answered_calls(context)
        self._attachments = Attachments()
        self._warnings = warnings

    def asked(self, part: ContentPart) -> dict[str, Any] | None:
        """Write a part of the user's or of a tool's."""
        match part:
            case TextPart():
                return {"text": part.content} if part.content.strip() else None
            case ImagePart():
                return self._attachments.image(part)
            case FilePart():
                return self._attachments.file(part)
            case ToolResultPart():
                return {"toolResult": self._result(part)}
            case CustomPart() if part.custom_kind.startswith(f"{WIRE}."):
                return self._custom(part)
        raise turns.cannot_send(part, WIRE, "give text, an image, a file or a tool's result")

    def said(self, part: ContentPart) -> dict[str, Any] | None:
        """Write a part of the model's own, or leave it out with a warning."""
        match part:
            case TextPart():
                return _said_text(part)
            case RefusalPart():
                return _said_text(TextPart(part.content))
            case ReasoningPart():
                return self._reasoning(part)
            case ToolCall():
                return self._call(part)
            case ToolResultPart(result=Mapping() as result) if "toolUseId" in result:
                return {"toolResult": dict(result)}  # of a tool that Bedrock ran, as it came
            case CustomPart():
                return self._custom(part)
        self._not_sent(f"a {type(part).__name__} in an assistant message")
        return None

    def _not_sent(self, what: str) -> None:
        turns.not_sent(what, WIRE, self._warnings)

    def _reasoning(self, part: ReasoningPart) -> dict[str, Any] | None:
        # A signature that another provider marked is none of a Claude's.
        foreign = bool(part.provider_metadata.keys() - {HIDDEN})
        if part.complete and not foreign and part.redacted and part.data:
            as_it_came = part.provider_metadata.get(HIDDEN)
            hidden = as_it_came or turns.base64_text(part.data.encode())
            return {"reasoningContent": {HIDDEN: hidden}}
        if part.complete and not foreign and part.signature:
            text = {"text": part.content, "signature": part.signature}
            return {"reasoningContent": {"reasoningText": text}}
        self._warnings.add(
            "reasoning_not_sent",
            f"{WIRE}: reasoning that was cut off, or that its model did not sign, was not sent",
        )
        return None

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
        if not turns.may_send_call(call, self._answered, self._warnings):
            return None
        own = call.provider_metadata.get("type") == "server_tool_use"
        if call.provider_executed and not own:
            self._not_sent(f"{call.name!r}, a call that another provider ran")
            return None
        arguments = turns.arguments_object(call, self._warnings)
        block = {"toolUseId": call.id, "name": call.name, "input": arguments}
        return {"toolUse": {**block, "type": "server_tool_use"} if own else block}

    def _result(self, part: ToolResultPart) -> dict[str, Any]:
        parts = turns.result_parts(part)
        if parts is not None:
            content = [self.asked(each) or {"text": ""} for each in parts]
        elif isinstance(part.result, Mapping):
            content = [{"json": part.result}]
        else:
            content = [{"text": turns.result_text(part)}]
        result: dict[str, Any] = {"toolUseId": part.tool_call_id, "content": content}
        return {**result, "status": "error"} if part.is_error else result

    def _custom(self, part: CustomPart) -> dict[str, Any] | None:
        wire, _, kind = part.custom_kind.partition(".")
        if wire == WIRE:
            return {kind: part.data}
        self._not_sent(f"{part.custom_kind!r}")
        return None


def _said_text(part: TextPart) -> dict[str, Any] | None:
    if not part.content.strip():
        return None  # refused as empty, although answers do hold such blocks
    raw = [citation.raw for citation in part.citations]
    own = [one for one in raw if isinstance(one, Mapping) and "location" in one]
    if own:
        return {"citationsContent": {"content": [{"text": part.content}], "citations": own}}
    return {"text": part.content}
