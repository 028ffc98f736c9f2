"""When the chunks of an answer came, one after the other. Pure: the times are given."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from reqllm import chunk as c

OUTPUT = frozenset(
    (
        c.TextDelta,
        c.ReasoningDelta,
        c.RefusalDelta,
        c.ToolCallStart,
        c.ToolCallDelta,
        c.FileChunk,
        c.FileDelta,
    )
)
"""Chunks that are more of the answer itself, and not about it."""


class Gaps:
    """The seconds between each chunk of the answer and the one before it."""

    def __init__(self) -> None:
        self.seconds = array("d")
        """One for each chunk but the first; 0 for one that came in the same read."""
        self._last: float | None = None

    def note(self, chunks: Sequence[c.StreamChunk], now: float) -> None:
        """Note what a read gave."""
        count = sum(type(chunk) in OUTPUT for chunk in chunks)
        if not count:
            return
        if self._last is not None:
            self.seconds.append(now - self._last)
        self.seconds.extend([0.0] * (count - 1))
        self._last = now
