"""Which of a stream's limits of time runs out next. Pure: the times are given by who waits."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from reqllm import chunk as c
from reqllm.calling import Timeouts
from reqllm.errors import StreamTimeoutError

SIGNS_OF_LIFE = frozenset(
    (
        c.StreamStart,
        c.ResponseMetadata,
        c.KeepaliveChunk,
        c.RawChunk,
        c.WarningChunk,
        c.UsageChunk,
    )
)
"""Chunks that a provider which is stuck sends as well: they do not count as progress."""
_SAID = {
    "timeout": "no byte came for {waited:.3g} s",
    "first_token": "nothing of the answer came for {waited:.3g} s",
    "idle": "nothing more of the answer came for {waited:.3g} s",
    "total": "the call took {waited:.3g} s",
}


class Deadlines:
    """The limits of one attempt. Time that its reader spends elsewhere counts for `total` alone.

    begun, call_begun: when this attempt and the whole call began, by the clock of all other times.
    """

    def __init__(self, timeouts: Timeouts, begun: float, call_begun: float | None = None) -> None:
        self.begun = begun
        self.call_begun = begun if call_begun is None else call_begun
        self.first_at: float | None = None
        """When the first of the answer came."""
        self._timeouts = timeouts
        self._since = begun  # when the answer last moved, less the reader's own time
        self._seen_at = begun
        self.last: c.StreamChunk | None = None
        """The chunk that came last."""
        silence = inf if timeouts.timeout is None else timeouts.timeout
        limits = (timeouts.first_token, timeouts.idle, timeouts.total)
        self.is_tight = any(limit is not None and limit < silence for limit in limits)
        """Whether one could run out in the middle of a read."""
        self._is_exact = self.is_tight or timeouts.total is not None
        self.is_watched = True
        """Whether the time of each read counts. Not while the answer flows and no limit is near:
        then the clock starts with the first read that gives none of it."""

    def reading(self, now: float) -> None:
        """Note that a read begins: what passed since the last one was the reader's own time."""
        self._since += now - self._seen_at
        self._seen_at = now

    def left(self, now: float) -> float:
        """Return the seconds until the next limit, of those that are not the network's."""
        return min(due for _, due in self._due()) - now

    def arrived(self, now: float, chunks: Sequence[c.StreamChunk]) -> str | None:
        """Note what a read gave; return the name of the limit that has run out by then."""
        if not self.is_watched:
            self._since = now
        self._seen_at = now
        self.is_watched = True
        if chunks:
            self.last = chunks[-1]
        if any(type(chunk) not in SIGNS_OF_LIFE for chunk in chunks):
            self._moved(now)
        return self.passed(now)

    def _moved(self, now: float) -> None:
        self._since = now
        self.is_watched = self._is_exact
        if self.first_at is None:
            self.first_at = now

    def passed(self, now: float) -> str | None:
        """Return the name of the limit that has run out."""
        return next((which for which, due in self._due() if due <= now), None)

    def of_the_network(self, now: float) -> str:
        """Return the name of the limit that the HTTP library says has run out.

        Some libraries hold on to the limit of the head, which was the shortest then: what runs out
        long before the silence that is allowed is that one.
        """
        silence = self._timeouts.timeout
        if self.is_tight and (silence is None or now - self._seen_at < 0.9 * silence):
            which, _ = min(self._due(), key=lambda named: named[1])
            return which
        return self.passed(now) or "timeout"

    def error(self, which: str, now: float) -> StreamTimeoutError:
        """Return the error that names the limit, how long was waited, and what came last."""
        seconds: float | None = getattr(self._timeouts, which)
        # The network's own limit was measured by the HTTP library.
        since = {"timeout": now, "total": self.call_begun}.get(which, self._since)
        waited = max(now - since, seconds or 0.0)
        said = _SAID[which].format(waited=waited)
        last = self.last.kind if self.last is not None else None
        came = f"the last that came was a {last}" if last else "nothing had come before"
        return StreamTimeoutError(
            f"{said} ({which}={seconds}); {came}; `.partial` holds what had arrived",
            which=which,
            seconds=seconds,
            waited=waited,
            last=last,
        )

    def _due(self) -> tuple[tuple[str, float], ...]:
        which = "first_token" if self.first_at is None else "idle"
        limit: float | None = getattr(self._timeouts, which)
        total = self._timeouts.total
        return (
            (which, inf if limit is None else self._since + limit),
            ("total", inf if total is None else self.call_begun + total),
        )
