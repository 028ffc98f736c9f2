"""A clock that jumps to the next moment at which something is due, so that nobody sleeps.

Virtual is what goes by the clock of the event loop: `sleep`, timeouts and deadlines of asyncio,
trio and anyio, the read timeouts of httpx and httpx2 on an event loop, all limits of our async
client, and when pieces are replayed. Real stays what goes by none: `time.sleep`, `time.monotonic`,
dates, other threads, and how long code takes. On trio it is trio's own `MockClock`.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from reqllm_fixtures.errors import FixtureError

T = TypeVar("T")
BACKENDS = ("asyncio", "trio")


def run(
    main: Callable[..., Awaitable[T]],
    *args: object,
    backend: str = "asyncio",
    threshold: float = 0.0,
) -> T:
    """Run a coroutine function to its end on an event loop whose time is virtual.

    backend, threshold: as for `backend_options`.
    """
    import anyio

    options = backend_options(backend, threshold=threshold)
    return anyio.run(main, *args, backend=backend, backend_options=options)


def backend_options(backend: str, *, threshold: float = 0.0) -> dict[str, Any]:
    """Return the options by which anyio runs this backend in virtual time.

    backend: asyncio or trio.
    threshold: real seconds for which nothing must have happened before time jumps. Above 0 where
        real sockets or threads are waited for: what they do takes no virtual time.

    Raises FixtureError for another backend.
    """
    if backend == "asyncio":
        return {"loop_factory": partial(VirtualEventLoop, threshold)}
    if backend == "trio":
        from trio.testing import MockClock

        return {"clock": MockClock(autojump_threshold=threshold)}
    raise FixtureError(f"Expected a backend of {', '.join(BACKENDS)}. Came: {backend!r}.")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop with a clock that begins at 0 and goes on only by jumping."""

    def __init__(self, threshold: float = 0.0) -> None:
        """threshold: as for `backend_options`."""
        self._now = 0.0
        super().__init__(_Selector(threshold, self._jump))

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def _jump(self, seconds: float) -> None:
        self._now += seconds


class _Selector(selectors.DefaultSelector):
    """Tells what is ready; where nothing is, it has time pass and does not wait for it."""

    def __init__(self, threshold: float, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._threshold, self._jump = threshold, jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(min(self._threshold, timeout))
        if not ready:
            self._jump(timeout)
        return ready


class VirtualClock:
    """A clock for sync code: whoever sleeps has time pass at once.

    For `use_cassette(..., clock=clock)`, and for the code that is tested. A `reqllm.Client` on a
    transport of that cassette goes by it with all of its limits. Threads may share it.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self._alarms: list[tuple[float, int, _Alarm]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Have so many seconds pass."""
        until = self._now + max(seconds, 0.0)
        while self._pass(until):
            pass

    def wait(self, seconds: float) -> None:
        """Have so many seconds pass, or fewer if an alarm rings: it may be for who waits here."""
        self._pass(self._now + max(seconds, 0.0))

    def alarm(self, seconds: float, act: Callable[[], Any]) -> _Alarm:
        """Have something done when so many seconds have passed, unless it is stopped before."""
        alarm = _Alarm(act)
        with self._lock:
            due = self._now + max(seconds, 0.0)
            heapq.heappush(self._alarms, (due, next(self._numbers), alarm))
        return alarm

    def _pass(self, until: float) -> bool:
        """Go on to the next alarm, and ring it; to `until` and return False if none is due."""
        with self._lock:
            while self._alarms and self._alarms[0][2].is_over:
                heapq.heappop(self._alarms)
            if not self._alarms or self._alarms[0][0] > until:
                self._now = max(self._now, until)
                return False
            due, _, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, due)
        alarm.ring()
        return True


class _Alarm:
    """Something that is done once, unless it is stopped before."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self.is_over = False

    def stop(self) -> bool:
        """Stop it; return whether that was in time."""
        with self._lock:
            was_over, self.is_over = self.is_over, True
        return not was_over

    def ring(self) -> None:
        if self.stop():
            self._act()
