"""The sources that the text of a Responses answer leans on. Pure."""

from __future__ import annotations

from typing import Any

from reqllm.chunk import Citation
from reqllm.wires.common.fields import filled


def citation_of(annotation: dict[str, Any]) -> Citation:
    """Return an annotation as a citation; `raw` keeps what it says besides."""
    has_file = annotation.get("file_id") is not None
    return Citation(
        kind="url" if annotation.get("url") else "file" if has_file else "other",
        url=filled(annotation.get("url")),
        title=filled(annotation.get("title")) or filled(annotation.get("filename")),
        start=_integer(annotation.get("start_index")),
        end=_integer(annotation.get("end_index")),
        source_index=_integer(annotation.get("index")),
        raw=annotation,
    )


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
