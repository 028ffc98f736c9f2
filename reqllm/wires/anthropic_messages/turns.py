"""Writes a conversation as the `system` and `messages` of an Anthropic request. Pure."""

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
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.common.two_sided import TwoSidedWriter

WIRE = "anthropic-messages"
_CITATIONS = frozenset(
    {
        "char_location",
        "page_location",
        "content_block_location",
        "web_search_result_location",
        "search_result_location",
    }
)


def write_system(context: Context, warnings: Warnings) -> str | None:
    """Return the system prompt; the wire has one place for it, before all turns."""
    return "\n\n".join(turns.leading_system(context, WIRE, warnings)) or None


def write_messages(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the turns; neighbours of one role become one, tool results lead a user's.

    Raises InvalidContextError for what the wire has no form for.
    """
    written = _Writer(context, warnings).sides()
    return [
        {
            "role": "assistant" if is_models else "user",
            "content": _content(blocks, is_models=is_models),
        }
        for is_models, blocks in written
    ]


def _content(blocks: list[dict[str, Any]], *, is_models: bool) -> str | list[dict[str, Any]]:
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    if is_models:
        return blocks
    # A result that does not follow its call at once is refused.
    return sorted(blocks, key=lambda block: block["type"] != "tool_result")


class _Writer(TwoSidedWriter):
    """Writes blocks, and remembers what the conversation says elsewhere."""

    wire = WIRE
    fault_of_reasoning = "Anthropic did not sign"

    def __init__(self, context: Context, warnings: Warnings) -> None:
        super().__init__(context, warnings)
        calls = (call for message in context for call in message.tool_calls)
        self._server_calls = {call.id: call.name for call in calls if _is_server_call(call)}

    def _asked_text(self, part: TextPart) -> dict[str, Any] | None:
        return {"type": "text", "text": part.content} if part.content else None

    def _said_text(self, part: TextPart) -> dict[str, Any] | None:
        if not part.content.strip():
            return None  # refused as empty, although answers do hold such blocks
        block: dict[str, Any] = {"type": "text", "text": part.content}
        raw = [citation.raw for citation in part.citations]
        own = [c for c in raw if isinstance(c, Mapping) and c.get("type") in _CITATIONS]
        return {**block, "citations": own} if own else block

    # Version 2026-10-21 refuses documents in what the model said, and images were never taken.
    def _image(self, part: ImagePart) -> dict[str, Any]:
        source = turns.image_source(part, WIRE)
        if isinstance(source, str):
            return _block("image", {"type": "url", "url": source})
        return _block("image", _base64(*source))

    def _file(self, part: FilePart) -> dict[str, Any]:
        image = turns.as_image(part)
        if image is not None:
            return self._image(image)
        media_type = (part.media_type or "").partition(";")[0].strip()
        if part.id is not None:
            kind = "image" if media_type.startswith("image/") else "document"
            return _block(kind, {"type": "file", "file_id": part.id})
        block = _block("document", _document(part, media_type))
        return {**block, "title": part.filename} if part.filename else block

    def _reasoning(self, part: ReasoningPart) -> dict[str, Any] | None:
        if part.provider_metadata:
            return None  # Anthropic's own brings none
        if part.redacted and part.data:
            return {"type": "redacted_thinking", "data": part.data}
        if part.signature:
            return {"type": "thinking", "thinking": part.content, "signature": part.signature}
        return None

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
        if call.provider_executed and not _is_server_call(call):
            self._not_sent(f"{call.name!r}, a call that another provider ran")
            return None
        block = {
            "type": "server_tool_use" if call.provider_executed else "tool_use",
            "id": call.id,
            "name": call.name,
            "input": turns.arguments_object(call, self._warnings),
        }
        # With its type, the metadata is what else stood in the block.
        return {**block, **call.provider_metadata} if "type" in call.provider_metadata else block

    def _result(self, part: ToolResultPart) -> dict[str, Any]:
        parts = turns.result_parts(part)
        content: Any = turns.result_text(part) if parts is None else [self._asked(p) for p in parts]
        block = {"type": "tool_result", "tool_use_id": part.tool_call_id, "content": content}
        if part.is_error:
            block["is_error"] = True
        return block

    def _own_result(self, part: ToolResultPart) -> dict[str, Any] | None:
        """Write the result of a tool that Anthropic ran, as it came."""
        result = part.result
        if isinstance(result, Mapping) and "tool_use_id" in result and "type" in result:
            return dict(result)
        if part.tool_call_id not in self._server_calls:
            self._not_sent("the result of a tool that another provider ran")
            return None
        name = part.name or self._server_calls[part.tool_call_id]
        kind = name if name.endswith("_tool_result") else f"{name}_tool_result"
        return {"type": kind, "tool_use_id": part.tool_call_id, "content": result}

    def _own(self, kind: str, data: Any) -> dict[str, Any] | None:
        return {"type": kind, **data} if isinstance(data, Mapping) else None


def _is_server_call(call: ToolCall) -> bool:
    """Whether Anthropic ran the call: its blocks bring their type, other wires' metadata none."""
    metadata = call.provider_metadata
    return call.provider_executed and (not metadata or "type" in metadata)


def _document(part: FilePart, media_type: str) -> dict[str, Any]:
    data = part.data
    if data is None:
        if part.url is None:
            raise turns.cannot_send(part, WIRE, "it has neither bytes, an address nor an id")
        return {"type": "url", "url": part.url}
    if media_type == "application/pdf" or data.startswith(b"%PDF-"):
        return _base64("application/pdf", turns.base64_text(data))
    if media_type.startswith("text/") or media_type == "application/json":
        try:
            return {"type": "text", "media_type": "text/plain", "data": data.decode()}
        except UnicodeDecodeError:
            raise turns.cannot_send(part, WIRE, "expected its text in UTF-8") from None
    raise turns.cannot_send(
        part,
        WIRE,
        f"it takes PDF, text and images, got {media_type or 'no media type'!r}; "
        "give the media_type if it is one of them",
    )


def _block(kind: str, source: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "source": source}


def _base64(media_type: str, text: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": text}
