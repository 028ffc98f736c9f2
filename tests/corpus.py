"""Streams that public projects recorded from live providers, for tests that read them in place.

The corpus is no part of this repository: set REQLLM_CORPUS to where it lies, or put it beside the
checkout as `../shared/corpus`. Tests that need it skip, and say so, where it is absent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

CORPUS = Path(
    os.environ.get("REQLLM_CORPUS") or Path(__file__).parents[2].joinpath("shared", "corpus")
)
INDEX = CORPUS / "INDEX.jsonl"
ABSENT = f"no corpus: {INDEX} is absent; set REQLLM_CORPUS"

# The corpus' folders by the wire that reads them.
FOLDERS = {
    "openai-chat": ("openai-chat", "openai-chat-compat", "groq-chat", "mistral-chat"),
    "openai-responses": ("openai-responses",),
    "anthropic-messages": ("anthropic-messages",),
    "gemini": ("gemini-sse", "gemini-json-array"),
    "gemini-interactions": ("gemini-interactions",),
    "cohere-v2": ("cohere-v2",),
    "ollama": ("ollama-ndjson",),
}


class Capture(Struct, frozen=True):
    """One captured answer: what was asked, what came, and how far it can be trusted."""

    wire: str
    name: str
    """Folder and slug: stable, and what tables of exceptions name."""
    status: int
    provider: str
    fidelity: str
    """How true to the wire: "bytes" and "text" are what was on it, all others were rewritten."""
    content_type: str
    body_file: str

    @property
    def folder(self) -> Path:
        return CORPUS / self.name

    @property
    def body(self) -> bytes:
        return self.folder.joinpath(self.body_file).read_bytes()

    @property
    def meta(self) -> dict[str, Any]:
        return dict(json.loads(self.folder.joinpath("meta.json").read_bytes()))


@cache
def index() -> tuple[dict[str, Any], ...]:
    """Return the index, empty where the corpus is absent."""
    if not INDEX.is_file():
        return ()
    return tuple(map(json.loads, INDEX.read_text(encoding="utf-8").splitlines()))


def captures(wire: str, *, ok: bool = True) -> tuple[Capture, ...]:
    """Return a wire's captures in the order of their names: of status 200, or of all others."""
    folders = FOLDERS.get(wire, (wire,))
    found = (
        Capture(
            wire,
            entry["dir"],
            entry["status"],
            entry["provider"],
            entry["fidelity"],
            entry["content_type"] or "text/event-stream",
            entry["body_file"],
        )
        for entry in index()
        if entry["wire_format"] in folders and (entry["status"] == 200) is ok
    )
    return tuple(sorted(found, key=lambda capture: capture.name))


def params(found: Iterable[Capture]) -> list[Any]:
    """Return a test parameter for each capture, or a single one that skips if there is none."""
    made = [pytest.param(capture, id=capture.name) for capture in found]
    return made or [pytest.param(None, id="no corpus", marks=pytest.mark.skip(reason=ABSENT))]
