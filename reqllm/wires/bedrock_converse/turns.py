"""Writes a conversation as the `system` and `messages` of a Converse request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import (
    FilePart,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context
from reqllm.wires.bedrock_converse.attachments import Attachments
from reqllm.wires.bedrock_converse.words import HIDDEN, WIRE
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.common.two_sided import TwoSidedWriter


def write_system(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the system prompt's blocks; the wire has one place for them, before all turns."""
    said = turns.leading_system(context, WIRE, warnings)
    return [{"text": text} for text in said if text.strip()]


def write_messages(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the turns; neighbours of one role become one, tool results lead a user's.

    Raises InvalidContextError for what the wire has no form for.
    """
    written = _Writer(context, warnings).sides()
    return [
        {"role": "assistant", "content": blocks}
        if is_models
        # A result that does not follow its call at once is refused.
        else {"role": "user", "content": sorted(blocks, key=lambda b: "toolResult" not in b)}
        for is_models, blocks in written
    ]


class _Writer(TwoSidedWriter):
    """Writes blocks, and numbers the attachments."""

    wire = WIRE
    fault_of_reasoning = "its model did not sign"

    def __init__(self, context: Context, warnings: Warnings) -> None:
        super().__init__(context, warnings)
        self._attachments = Attachments()

    def _asked_text(self, part: TextPart) -> dict[str, Any] | None:
        return {"text": part.content} if part.content.strip() else None

    def _said_text(self, part: TextPart) -> dict[str, Any] | None:
        if not part.content.strip():
            return None  # refused as empty, although answers do hold such blocks
        raw = [citation.raw for citation in part.citations]
        own = [one for one in raw if isinstance(one, Mapping) and "location" in one]
        if own:
            return {"citationsContent": {"content": [{"text": part.content}], "citations": own}}
        return {"text": part.content}

    def _image(self, part: ImagePart) -> dict[str, Any]:
        return self._attachments.image(part)

    def _file(self, part: FilePart) -> dict[str, Any]:
        return self._attachments.file(part)

    def _reasoning(self, part: ReasoningPart) -> dict[str, Any] | None:
        # A signature that another provider marked is none of a Claude's.
        if part.provider_metadata.keys() - {HIDDEN}:
            return None
        if part.redacted and part.data:
            as_it_came = part.provider_metadata.get(HIDDEN)
            hidden = as_it_came or turns.base64_text(part.data.encode())
            return {"reasoningContent": {HIDDEN: hidden}}
        if part.signature:
            text = {"text": part.content, "signature": part.signature}
            return {"reasoningContent": {"reasoningText": text}}
        return None

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
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
            content = [self._asked(each) or {"text": ""} for each in parts]
        elif isinstance(part.result, Mapping):
            content = [{"json": part.result}]
        else:
            content = [{"text": turns.result_text(part)}]
        result: dict[str, Any] = {"toolUseId": part.tool_call_id, "content": content}
        return {"toolResult": {**result, "status": "error"} if part.is_error else result}

    def _own_result(self, part: ToolResultPart) -> dict[str, Any] | None:
        """Write the result of a tool that Bedrock ran, as it came."""
        if isinstance(part.result, Mapping) and "toolUseId" in part.result:
            return {"toolResult": dict(part.result)}
        return self._said_other(part)

    def _own(self, kind: str, data: Any) -> dict[str, Any] | None:
        return {kind: data}
