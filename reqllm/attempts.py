"""The attempts of one call: whether there is to be another, after how long, and what came of each.

Pure: the times are given by who waits.
"""

from __future__ import annotations

from msgspec import Struct

from reqllm.calling import Retries
from reqllm.errors import ReqLLMError


class Attempt(Struct, frozen=True):
    """One try that failed, `number` from 1."""

    number: int
    error: ReqLLMError
    delay: float | None
    """Seconds that were waited before the next; `None` if it was the last."""


class Attempts:
    """Counts the tries of one call, and keeps what failed."""

    def __init__(self, retries: Retries, ends_at: float | None = None) -> None:
        """`ends_at`: when the whole call is out of time, by the clock of `now`."""
        self._retries = retries
        self._ends_at = ends_at
        self.failed: tuple[Attempt, ...] = ()

    def delay_after(self, error: ReqLLMError, chance: float, now: float) -> float | None:
        """Note a failed try; return the seconds to wait before the next, `None` to give up."""
        number = len(self.failed) + 1
        delay = self._retries.delay(number, error, chance)
        if delay is not None and self._ends_at is not None and now + delay >= self._ends_at:
            delay = None  # the next would be cut off before it began
        self.failed = (*self.failed, Attempt(number, error, delay))
        return delay
