"""Writes a conversation as the `system` and `messages` of an Anthropic request. Pure."""

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
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings

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
    writer = _Writer(context, warnings)
    written = turns.two_sided(context, WIRE, warnings, writer.asked, writer.said)
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


class _Writer:
    """Writes blocks, and remembers what the conversation says elsewhere."""

    def __init__(self, context: Context, warnings: Warnings) -> None:
        self._answered = turns.answered_calls(context)
        calls = (call for message in context for call in message.tool_calls)
        self._server_calls = {call.id: call.name for call in calls if _is_server_call(call)}
        self._warnings = warnings

    def asked(self, part: ContentPart) -> dict[str, Any] | None:
        """Write a part of the user's or of a tool's."""
        match part:
            case TextPart():
                return {"type": "text", "text": part.content} if part.content else None
            case ImagePart():
                return _image(part)
            case FilePart():
                return _file(part)
            case ToolResultPart():
                return self._result(part)
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
            case ToolResultPart():
                return self._server_result(part)
            case CustomPart():
                return self._custom(part)
        # Version 2026-10-21 refuses documents here, and images were never taken.
        self._not_sent(f"a {type(part).__name__} in an assistant message")
        return None

    def _not_sent(self, what: str) -> None:
        turns.not_sent(what, WIRE, self._warnings)

    def _reasoning(self, part: ReasoningPart) -> dict[str, Any] | None:
        foreign = bool(part.provider_metadata)  # Anthropic's own brings none
        if part.complete and not foreign and part.redacted and part.data:
            return {"type": "redacted_thinking", "data": part.data}
        if part.complete and not foreign and part.signature:
            return {"type": "thinking", "thinking": part.content, "signature": part.signature}
        self._warnings.add(
            "reasoning_not_sent",
            f"{WIRE}: reasoning that was cut off, or that Anthropic did not sign, was not sent",
        )
        return None

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
        if not turns.may_send_call(call, self._answered, self._warnings):
            return None
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
        content: Any = turns.result_text(part) if parts is None else [self.asked(p) for p in parts]
        block = {"type": "tool_result", "tool_use_id": part.tool_call_id, "content": content}
        if part.is_error:
            block["is_error"] = True
        return block

    def _server_result(self, part: ToolResultPart) -> dict[str, Any] | None:
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

    def _custom(self, part: CustomPart) -> dict[str, Any] | None:
        wire, _, kind = part.custom_kind.partition(".")
        if wire == WIRE and isinstance(part.data, Mapping):
            return {"type": kind, **part.data}
        self._not_sent(f"{part.custom_kind!r}")
        return None


def _is_server_call(call: ToolCall) -> bool:
    """Whether Anthropic ran the call: its blocks bring their type, other wires' metadata none."""
    metadata = call.provider_metadata
    return call.provider_executed and (not metadata or "type" in metadata)


def _said_text(part: TextPart) -> dict[str, Any] | None:
    if not part.content.strip():
        return None  # refused as empty, although answers do hold such blocks
    block: dict[str, Any] = {"type": "text", "text": part.content}
    raw = [citation.raw for citation in part.citations]
    own = [c for c in raw if isinstance(c, Mapping) and c.get("type") in _CITATIONS]
    return {**block, "citations": own} if own else block


def _image(part: ImagePart) -> dict[str, Any]:
    source = turns.image_source(part, WIRE)
    if isinstance(source, str):
        return _block("image", {"type": "url", "url": source})
    return _block("image", _base64(*source))


def _file(part: FilePart) -> dict[str, Any]:
    image = turns.as_image(part)
    if image is not None:
        return _image(image)
    media_type = (part.media_type or "").partition(";")[0].strip()
    if part.id is not None:
        kind = "image" if media_type.startswith("image/") else "document"
        return _block(kind, {"type": "file", "file_id": part.id})
    block = _block("document", _document(part, media_type))
    return {**block, "title": part.filename} if part.filename else block


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
