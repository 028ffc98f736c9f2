"""Chunks joined, so that how an answer was cut does not count in a snapshot. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import structs

from reqllm import chunk as c

# What grows piece by piece, and in which field.
_GROWS: dict[type[c.StreamChunk], str] = {
    c.TextDelta: "text",
    c.ReasoningDelta: "text",
    c.RefusalDelta: "text",
    c.ToolCallDelta: "arguments_delta",
    c.FileDelta: "data",
    c.LogprobsChunk: "logprobs",
}


class _Growing(NamedTuple):
    """The first of several chunks that are pieces of one thing, and what all of them brought."""

    first: c.StreamChunk
    field: str
    pieces: list[Any]

    def whole(self) -> c.StreamChunk:
        grown: Any
        if isinstance(self.pieces[0], list):
            grown = list(chain.from_iterable(self.pieces))
        else:
            grown = type(self.pieces[0])().join(self.pieces)
        return structs.replace(self.first, **{self.field: grown})


def joined(chunks: Iterable[c.StreamChunk]) -> list[c.StreamChunk]:
    """Join the deltas of each block, and put its chunks together where the first of them stands.

    What else depends on the cuts goes too: keepalives, all usages but the last, which holds for the
    stream, and when it was that more became known of the response. Both stand before the end.
    """
    kept: list[c.StreamChunk | _Growing] = []
    growing: dict[Any, _Growing] = {}
    known: c.ResponseMetadata | None = None
    usage: c.UsageChunk | None = None
    for chunk in chunks:
        if isinstance(chunk, c.UsageChunk):
            usage = chunk
        elif isinstance(chunk, c.ResponseMetadata):
            known = _both(known, chunk)
        elif (field := _GROWS.get(type(chunk))) is not None:
            key = _thing(chunk)
            if key not in growing:
                growing[key] = _Growing(chunk, field, [])
                kept.append(growing[key])
            growing[key].pieces.append(getattr(chunk, field))
        elif not isinstance(chunk, c.KeepaliveChunk):
            kept.append(chunk)
    at = len(kept) - 1 if kept and isinstance(kept[-1], c.FinishChunk | c.ErrorChunk) else len(kept)
    kept[at:at] = [each for each in (known, usage) if each is not None]
    whole = [each.whole() if isinstance(each, _Growing) else _with_joined(each) for each in kept]
    begun: dict[Any, int] = {}
    places = [begun.setdefault(_block(chunk), place) for place, chunk in enumerate(whole)]
    return [chunk for _, chunk in sorted(zip(places, whole, strict=True), key=itemgetter(0))]


def _both(known: c.ResponseMetadata | None, more: c.ResponseMetadata) -> c.ResponseMetadata:
    if known is None:
        return more
    metadata = {**known.provider_metadata, **more.provider_metadata}
    return c.ResponseMetadata(more.id or known.id, more.model or known.model, metadata)


def _with_joined(chunk: c.StreamChunk) -> c.StreamChunk:
    """Join the deltas that some providers have in the metadata of reasoning, too."""
    metadata = getattr(chunk, "provider_metadata", {})
    details = metadata.get("reasoning_details")
    if not isinstance(chunk, c.ReasoningEnd) or not isinstance(details, list):
        return chunk
    whole: list[Any] = []
    for detail in details:
        field = _grown(whole[-1], detail) if whole else None
        if field is None:
            whole.append(detail)
        else:
            whole[-1] = {**whole[-1], field: whole[-1][field] + detail[field]}
    return structs.replace(chunk, provider_metadata={**metadata, "reasoning_details": whole})


def _grown(last: Any, detail: Any) -> str | None:
    """Name the text in which two details differ, if that is all they differ in."""
    if not isinstance(last, dict) or not isinstance(detail, dict):
        return None
    differing = [name for name in {**last, **detail} if last.get(name) != detail.get(name)]
    texts = [
        name
        for name in ("text", "summary")
        if isinstance(last.get(name), str) and isinstance(detail.get(name), str)
    ]
    return texts[0] if len(texts) == 1 and differing in (texts, []) else None


def _thing(chunk: Any) -> Any:
    """Tell what a delta is a piece of."""
    of = chunk.of if isinstance(chunk, c.LogprobsChunk) else chunk.index
    return type(chunk), of, chunk.choice


def _block(chunk: Any) -> Any:
    """Tell which block a chunk belongs to; one that belongs to none stands for itself."""
    index = getattr(chunk, "index", None)
    return id(chunk) if index is None else (chunk.choice, index)
