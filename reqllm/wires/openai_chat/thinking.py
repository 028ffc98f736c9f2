"""Takes reasoning out of a text in which a model wrote it, between `<think>` and `</think>`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Kind = Literal["text", "reasoning"]

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkTags:
    """Splits the text of one answer, however it was cut: what may be a tag is held back."""

    def __init__(self) -> None:
        self._kind: Kind = "text"
        self._held = ""

    def split(self, text: str) -> Iterator[tuple[Kind, str]]:
        """Yield what the text adds, in parts that are all text or all reasoning."""
        text = self._held + text
        self._held = ""
        while True:
            tag = _OPEN if self._kind == "text" else _CLOSE
            before, found, after = text.partition(tag)
            if not found:
                break
            if before:
                yield self._kind, before
            self._kind = "reasoning" if self._kind == "text" else "text"
            text = after
        sure = len(text) - _begun(text, tag)
        if sure:
            yield self._kind, text[:sure]
        self._held = text[sure:]  # last: who takes what was yielded may ask for the rest

    def rest(self) -> Iterator[tuple[Kind, str]]:
        """Yield what was held back: there is no more to make it a tag."""
        held, self._held = self._held, ""
        if held:
            yield self._kind, held


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of the text may begin the tag."""
    most = min(len(tag) - 1, len(text))
    return next((n for n in range(most, 0, -1) if text.endswith(tag[:n])), 0)
