"""The sources that a Gemini answer leans on, and where in its text. Pure readers of JSON.

Google counts places in bytes of UTF-8, from the beginning of the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reqllm.chunk import Citation
from reqllm.wires.common.fields import as_list, as_object, filled, integer

Source = tuple[Citation, int, int | None]
"""A citation without its place, and the bytes that it stands for."""


def grounding_sources(metadata: dict[str, Any]) -> Iterator[Source]:
    """Yield each source of each supported stretch of text, then those that support none."""
    chunks = as_list(metadata.get("groundingChunks"))
    used: set[int] = set()
    for support in map(as_object, as_list(metadata.get("groundingSupports"))):
        segment = as_object(support.get("segment"))
        for number in as_list(support.get("groundingChunkIndices")):
            if isinstance(number, int) and 0 <= number < len(chunks):
                used.add(number)
                citation = _grounding(number, as_object(chunks[number]), support)
                yield citation, integer(segment.get("startIndex")) or 0, _end_of(segment)
    for number, chunk in enumerate(chunks):
        if number not in used and isinstance(chunk, dict):
            yield _grounding(number, chunk, None), 0, None


def _grounding(number: int, chunk: dict[str, Any], support: dict[str, Any] | None) -> Citation:
    kind, source = next(((k, v) for k, v in chunk.items() if isinstance(v, dict)), ("", {}))
    raw = {"groundingChunk": chunk}
    if support is not None:
        raw["groundingSupport"] = support
    url = filled(source.get("uri")) or filled(source.get("sourceUri"))
    return Citation(
        kind="document" if kind == "retrievedContext" else "url" if url else "other",
        url=url,
        title=filled(source.get("title")),
        cited_text=filled(as_object((support or {}).get("segment")).get("text")),
        source_index=number,
        raw=raw,
    )


def cited_sources(metadata: dict[str, Any]) -> Iterator[Source]:
    """Yield what was recited; the two servers name the list differently."""
    found = (*as_list(metadata.get("citationSources")), *as_list(metadata.get("citations")))
    for number, entry in enumerate(found):
        if isinstance(entry, dict):
            url = filled(entry.get("uri"))
            citation = Citation(
                kind="url" if url else "other",
                url=url,
                title=filled(entry.get("title")),
                source_index=number,
                raw=entry,
            )
            yield citation, integer(entry.get("startIndex")) or 0, _end_of(entry)


def _end_of(segment: dict[str, Any]) -> int | None:
    return integer(segment.get("endIndex"))
