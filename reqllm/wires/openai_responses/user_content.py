"""Writes what a user says, and what tools answer: text, images and files. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reqllm.content import ContentPart, FilePart, ImagePart, TextPart
from reqllm.wires.common import turns
from reqllm.wires.openai_responses.words import WIRE


def user_content(parts: Iterable[ContentPart]) -> str | list[dict[str, Any]]:
    """Return the content of a user's message: a single text as it is, anything else as a list.

    Raises InvalidContextError for what the wire has no form for.
    """
    parts = list(parts)
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].content
    return [content_part(part) for part in parts]


def content_part(part: ContentPart) -> dict[str, Any]:
    """Return one part. Raises InvalidContextError for what the wire has no form for."""
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.content}
        case ImagePart():
            return _image(part)
        case FilePart():
            return _file(part)
    raise turns.cannot_send(part, WIRE, "give text, an image or a file")


def _image(part: ImagePart) -> dict[str, Any]:
    url = image_url(part)
    if url is None:
        raise turns.cannot_send(part, WIRE, "it has neither bytes nor an address")
    return {"type": "input_image", "detail": "auto", "image_url": url}


def image_url(part: ImagePart) -> str | None:
    """Return where an image is: its address, or a data URL that holds it."""
    if part.data is not None:
        return turns.data_url(part.data, turns.image_type(part))
    return part.url


def _file(part: FilePart) -> dict[str, Any]:
    image = turns.as_image(part)
    if image is not None:
        return _image(image)
    if part.id is not None:
        if (part.media_type or "").startswith("image/"):
            return {"type": "input_image", "detail": "auto", "file_id": part.id}
        return {"type": "input_file", "file_id": part.id}
    if part.data is None:
        if part.url is None:
            raise turns.cannot_send(part, WIRE, "it has neither bytes, an address nor an id")
        return {"type": "input_file", "file_url": part.url}
    media_type = part.media_type or "application/octet-stream"
    if media_type.startswith("audio/"):
        raise turns.cannot_send(part, WIRE, "it hears nothing; chat completions take audio")
    if media_type == "application/octet-stream" and part.data.startswith(b"%PDF-"):
        media_type = "application/pdf"
    return {
        "type": "input_file",
        "filename": part.filename or "file",
        "file_data": turns.data_url(part.data, media_type),
    }
