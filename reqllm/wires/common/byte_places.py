"""Places in an answer's text that a provider counts in bytes of UTF-8, as Google does. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate

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
