"""The sources that a Gemini answer leans on, and where in its text. Pure readers of JSON.

Google counts places in bytes of UTF-8, from the beginning of the whole answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any

from reqllm.chunk import Citation
from reqllm.wires.common.fields import as_list, as_object, filled

# A place that is not where it should be is looked for, but not for ever.
_MOST_SEARCHES = 256


class AnswerText:
    """The text of an answer, in the blocks in which it was handed out."""

    def __init__(self, blocks: Iterable[tuple[int, str]]) -> None:
        self._blocks = list(blocks)
        self._text = "".join(text for _, text in self._blocks)
        self._searches = 0

    @cached_property
    def _bytes_before(self) -> list[int] | None:
        """Bytes before each character, `None` where every character is one."""
        if self._text.isascii():
            return None
        sizes = (len(char.encode("utf-8", "replace")) for char in self._text)
        return [0, *accumulate(sizes)]

    def place(self, start: int, end: int | None, said: str | None) -> tuple[int, int, int] | None:
        """Return block, first and last place in its characters, of a place in bytes.

        `said` is what should stand there; it is looked for if it does not.
        """
        begin, stop = self._character(start), self._character(end)
        if begin is not None and stop is not None and said in (None, self._text[begin:stop]):
            return self._in_block(begin, stop)
        if said and self._searches < _MOST_SEARCHES:
            self._searches += 1
            found = self._text.find(said)
            return self._in_block(found, found + len(said)) if found >= 0 else None
        return None

    def _character(self, at: int | None) -> int | None:
        if at is None or at < 0:
            return None
        if self._bytes_before is None:
            return at if at <= len(self._text) else None
        found = bisect_left(self._bytes_before, at)
        is_there = found < len(self._bytes_before) and self._bytes_before[found] == at
        return found if is_there else None

    def _in_block(self, begin: int, stop: int) -> tuple[int, int, int] | None:
        for index, text in self._blocks:
            if begin < len(text):
                return index, begin, min(stop, len(text))
            begin, stop = begin - len(text), stop - len(text)
        return None


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
                yield citation, _whole(segment.get("startIndex")) or 0, _end_of(segment)
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
            yield citation, _whole(entry.get("startIndex")) or 0, _end_of(entry)


def _end_of(segment: dict[str, Any]) -> int | None:
    return _whole(segment.get("endIndex"))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
