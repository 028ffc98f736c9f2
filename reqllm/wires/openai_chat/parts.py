"""The parts of a chat completion delta that are no plain text. Pure readers of JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from reqllm.chunk import Citation
from reqllm.wires.common.fields import as_string

# In which form reasoning goes back whose signature came beside it.
OPAQUE, BLOCKS = "reasoning_text", "thinking_blocks"


def reasoning_of(delta: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a delta's reasoning text, and what must go back to the provider with it.

    Servers name it `reasoning_content`, `reasoning` and the like, and some send it a second
    time in `reasoning_details`, with signatures: then the details speak.
    """
    details = delta.get("reasoning_details")
    if isinstance(details, list) and details:
        entries = [entry for entry in details if isinstance(entry, dict)]
        text = "".join(as_string(e.get("text")) or as_string(e.get("summary")) for e in entries)
        if text:
            return text, {"reasoning_details": entries}
        return _plain_reasoning(delta), {"reasoning_details": entries}
    return _plain_reasoning(delta), {}


def _plain_reasoning(delta: dict[str, Any]) -> str:
    text = _said(delta.get("reasoning_content")) or _said(delta.get("reasoning"))
    if not text and ("reasoning_text" in delta or "thinking" in delta):
        return _said(delta.get("reasoning_text")) or _said(delta.get("thinking"))
    return text


def _said(reasoning: Any) -> str:
    """Return reasoning as text; some gateways leave it an object or a list of parts."""
    if isinstance(reasoning, list):
        return "".join(map(_said, reasoning))
    if isinstance(reasoning, dict):
        found = (_said(reasoning.get(name)) for name in ("text", "content", "thinking", "summary"))
        return next(filter(None, found), "")
    return as_string(reasoning)


def signature_of(delta: dict[str, Any]) -> tuple[str, str] | None:
    """Return the signature of plain reasoning, and in which field that goes back with it.

    GitHub Copilot signs `reasoning_text`; LiteLLM passes on Anthropic's blocks beside the text.
    """
    opaque = delta.get("reasoning_opaque")
    if opaque and isinstance(opaque, str):
        return opaque, OPAQUE
    blocks = delta.get("thinking_blocks")
    for block in blocks if isinstance(blocks, list) else ():
        signature = block.get("signature") if isinstance(block, dict) else None
        if signature and isinstance(signature, str):
            return signature, BLOCKS
    return None


def content_parts(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield (kind, value) for a content string or list of parts.

    The kinds: "text", "reasoning" and its "signature", "reference" (Mistral's), "other".
    """
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, dict):
        yield from content_parts([content])
    elif isinstance(content, list):
        for part in content:
            yield from _content_part(part)


def _content_part(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, str):
        yield "text", part
    elif isinstance(part, dict):
        match part.get("type"):
            case "text" | "output_text":
                yield "text", as_string(part.get("text"))
            case "thinking" | "reasoning" | "summary_text":
                # A part of Databricks' holds summaries, which are signed one by one.
                inner = part.get("thinking", part.get("text", part.get("summary")))
                for kind, value in content_parts(inner):
                    yield ("reasoning", value) if kind == "text" else (kind, value)
                if part.get("signature"):
                    yield "signature", part["signature"]
            case "reference":
                yield "reference", part
            case _:
                yield "other", part


def citations_of(annotations: Any) -> Iterator[Citation]:
    """Yield the citations among OpenAI's annotations."""
    for entry in annotations if isinstance(annotations, list) else ():
        if not isinstance(entry, dict):
            continue
        detail = entry.get(str(entry.get("type")))
        detail = detail if isinstance(detail, dict) else entry
        yield Citation(
            kind="url" if "url" in detail else "file" if "file_id" in detail else "other",
            url=detail.get("url"),
            title=detail.get("title"),
            start=detail.get("start_index"),
            end=detail.get("end_index"),
            raw=entry,
        )


def cited_urls(citations: Any) -> Iterator[Citation]:
    """Yield citations that are bare addresses, as Perplexity and xAI send them."""
    for number, entry in enumerate(citations if isinstance(citations, list) else ()):
        if isinstance(entry, str):
            yield Citation(kind="url", url=entry, source_index=number, raw=entry)


def image_of(entry: Any) -> tuple[str | None, bytes | None, str | None]:
    """Return (media type, bytes, URL) of an image that a delta carries."""
    image = entry.get("image_url") if isinstance(entry, dict) else entry
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        return None, None, None
    if not url.startswith("data:"):
        return None, None, url
    head, _, text = url[5:].partition(",")
    try:
        return head.partition(";")[0] or None, base64.b64decode(text, validate=True), None
    except binascii.Error:
        return None, None, url
