"""The pages say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import reqllm
from reqllm.chunk import StreamChunk

CHUNKS = (Path(__file__).parent.parent / "docs" / "chunks.md").read_text()
ROWS = [
    [re.findall(r"`(\w+)`", names), re.findall(r"`(\w+)`", kinds), family.strip()]
    for names, kinds, family in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \| (.*?) \|", CHUNKS, re.M)
]


def members(kind: type[StreamChunk]) -> set[type[StreamChunk]]:
    found = {kind} if kind.kind else set()
    return found.union(*map(members, kind.__subclasses__()))


def test_every_chunk_is_listed_as_it_is():
    """The table of chunks has every member, with its kind and its type."""
    listed = {
        (name, kind, family)
        for names, kinds, family in ROWS
        for name, kind in zip(names, kinds, strict=True)
    }
    assert listed == {(each.__name__, each.kind, each.type) for each in members(StreamChunk)}


def test_every_listed_chunk_can_be_imported():
    """What the table names is a public name."""
    assert {name for names, *_ in ROWS for name in names} <= set(reqllm.__all__)
