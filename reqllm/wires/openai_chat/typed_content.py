"""Content as Mistral has it: a list of parts that think, speak and refer to sources. Pure.

Source: https://docs.mistral.ai/api/ (ContentChunk)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings

WIRE = "openai-chat"
FIELD = "content"
"""How reasoning is marked that came as a part of the content, and must go back as one."""


def typed_answer(parts: tuple[ContentPart, ...], warnings: Warnings) -> str | list[dict[str, Any]]:
    """Return an answer's content in its order; plain text where there is nothing else."""
    written = [chunk for part in parts for chunk in _said(part, warnings)]
    if all(chunk["type"] == "text" for chunk in written):
        return "".join(chunk["text"] for chunk in written)
    return written


def _said(part: ContentPart, warnings: Warnings) -> Iterator[dict[str, Any]]:
    match part:
        case TextPart():
            if part.content:
                yield {"type": "text", "text": part.content}
            raws = (citation.raw for citation in part.citations)
            yield from (dict(raw) for raw in raws if _is(raw, "reference"))
        case RefusalPart():
            yield {"type": "text", "text": part.content}
        case ReasoningPart():
            yield from _thought(part, warnings)
        case CustomPart() if part.custom_kind.startswith(f"{WIRE}.") and _is(part.data):
            yield dict(part.data)
        case ToolCall() if not part.provider_executed:
            pass  # has a field of its own
        case _:
            turns.part_not_sent(part, WIRE, warnings)


def _thought(part: ReasoningPart, warnings: Warnings) -> Iterator[dict[str, Any]]:
    is_own = part.complete and part.provider_metadata.get("reasoning_field") == FIELD
    if not (is_own or turns.is_plain_reasoning(part)):
        turns.reasoning_not_sent("another provider signed", WIRE, warnings)
        return
    thought: dict[str, Any] = {
        "type": "thinking",
        "thinking": [{"type": "text", "text": part.content}],
    }
    yield {**thought, "signature": part.signature} if part.signature else thought


def _is(value: Any, kind: str | None = None) -> bool:
    """Whether a value is a typed part, of that kind if one is named."""
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return False
    return kind is None or value["type"] == kind


def typed_file(part: FilePart) -> dict[str, Any]:
    """Return a file of the user's that is no image.

    Raises InvalidContextError for one that has neither bytes, an address nor an id.
    """
    if part.id is not None:
        return {"type": "file", "file_id": part.id}
    media_type = part.media_type or "application/octet-stream"
    if media_type.startswith("audio/") and part.data is not None:
        return {"type": "input_audio", "input_audio": turns.base64_text(part.data)}
    url = part.url
    if part.data is not None:
        if media_type == "application/octet-stream" and part.data.startswith(b"%PDF-"):
            media_type = "application/pdf"
        url = turns.data_url(part.data, media_type)
    if url is None:
        raise turns.cannot_send(part, WIRE, "it has neither bytes, an address nor an id")
    document = {"type": "document_url", "document_url": url}
    return {**document, "document_name": part.filename} if part.filename else document
