"""Writes images, documents, videos and sound of a Converse request. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reqllm.content import FilePart, ImagePart
from reqllm.wires.bedrock_converse.words import WIRE
from reqllm.wires.common import turns

_IMAGES = frozenset({"png", "jpeg", "gif", "webp"})
# By media type, or by the ending of a file's name: the wire's word for a document's format.
_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
        # The wire has no word for it; to the models it is text.
        "application/json": "txt",
    }
)
_FORMATS = frozenset(_DOCUMENTS.values())
# Words of video and sound that differ from their media type.
_MEDIA: Mapping[str, str] = MappingProxyType(
    {
        "quicktime": "mov",
        "x-matroska": "mkv",
        "x-flv": "flv",
        "x-ms-wmv": "wmv",
        "3gpp": "three_gp",
        "x-wav": "wav",
        "wave": "wav",
        "x-m4a": "m4a",
    }
)
# What a document's name may hold, says the vendor; two blanks may not follow each other.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-()\[\]]+")


class Attachments:
    """Writes attachments; documents of one request need names, each its own."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def image(self, part: ImagePart) -> dict[str, Any]:
        media_type, data, url = part.media_type, part.data, part.url
        if url is not None and url.startswith("data:"):
            head, comma, text = url[len("data:") :].partition(",")
            if not comma or not head.endswith(";base64"):
                raise turns.cannot_send(part, WIRE, "expected its data URL in base64")
            source: dict[str, Any] = {"bytes": text}
            media_type = head.partition(";")[0]
        else:
            source = _source(part, data, url)
        kind = (media_type or "image/png").partition("/")[2].lower().replace("jpg", "jpeg")
        if kind not in _IMAGES:
            raise turns.cannot_send(part, WIRE, f"expected PNG, JPEG, GIF or WebP, got {kind!r}")
        return {"image": {"format": kind, "source": source}}

    def file(self, part: FilePart) -> dict[str, Any]:
        if part.id is not None:
            raise turns.cannot_send(part, WIRE, "it has no files of its own: give the bytes")
        image = turns.as_image(part)
        if image is not None:
            return self.image(image)
        source = _source(part, part.data, part.url)
        media_type = (part.media_type or "").partition(";")[0].strip().lower()
        kind, _, word = media_type.partition("/")
        if kind in ("video", "audio"):
            return {kind: {"format": _MEDIA.get(word, word), "source": source}}
        document = {"format": _format(part, media_type), "name": self._name(part), "source": source}
        return {"document": document}

    def _name(self, part: FilePart) -> str:
        stem = (part.filename or "").rpartition(".")[0] or part.filename or ""
        stem = _NOT_IN_NAMES.sub(" ", stem).strip()[:190] or "document"
        name, number = stem, 1
        while name in self._names:
            number += 1
            name = f"{stem} {number}"
        self._names.add(name)
        return name


def _source(part: ImagePart | FilePart, data: bytes | None, url: str | None) -> dict[str, Any]:
    if data is not None:
        return {"bytes": turns.base64_text(data)}
    if url is not None and url.startswith("s3://"):
        return {"s3Location": {"uri": url}}
    what = "neither bytes nor an address" if url is None else "an address that is not s3://"
    raise turns.cannot_send(part, WIRE, f"it has {what}: give the bytes")


def _format(part: FilePart, media_type: str) -> str:
    ending = (part.filename or "").rpartition(".")[2].lower()
    known = _DOCUMENTS.get(media_type) or (ending if ending in _FORMATS else None)
    if known is None and (part.data or b"").startswith(b"%PDF-"):
        known = "pdf"
    if known is None:
        raise turns.cannot_send(
            part,
            WIRE,
            f"it takes {', '.join(sorted(_FORMATS))}, video and sound, got "
            f"{media_type or 'no media type'!r}; give the media_type if it is one of them",
        )
    return known
