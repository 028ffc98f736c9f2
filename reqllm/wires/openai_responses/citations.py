"""The sources that the text of a Responses answer leans on. Pure."""

from __future__ import annotations

from typing import Any

from reqllm.chunk import Citation
from reqllm.wires.common.fields import filled, integer


def citation_of(annotation: dict[str, Any]) -> Citation:
    """Return an annotation as a citation; `raw` keeps what it says besides."""
    has_file = annotation.get("file_id") is not None
    return Citation(
        kind="url" if annotation.get("url") else "file" if has_file else "other",
        url=filled(annotation.get("url")),
        title=filled(annotation.get("title")) or filled(annotation.get("filename")),
        start=integer(annotation.get("start_index")),
        end=integer(annotation.get("end_index")),
        source_index=integer(annotation.get("index")),
        raw=annotation,
    )
