"""Waiting that can end early: a read that may take so long, a pause that can be broken off.

Async and sync twins. A thread that is blocked in a read cannot be called back: another one, which
lives only while there is something to watch, shuts the socket under it.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import anyio

T = TypeVar("T")
Clock = Callable[[], float]
AsyncSleep = Callable[[float], Awaitable[None]]
Sleep = Callable[[float], None]
# Alarms that may be kept before those are looked for that were stopped.
_MANY = 64


class TimeUpError(Exception):
    """What was waited for did not come in time."""


def loop_clock() -> Clock:
    """Return the clock of the event loop that runs here, by which its timeouts go."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        with contextlib.suppress(RuntimeError):
            clock: Clock = asyncio.get_running_loop().time
            return clock
    return anyio.current_time


def thread_clock() -> Clock:
    """Return the clock of threads."""
    return time.monotonic


class TimeOfThreads(Protocol):
    """What threads may be handed in place of real time: a clock that somebody else moves on."""

    def time(self) -> float:
        """Return the time, in seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Have so many seconds pass."""
        ...

    def alarm(self, seconds: float, act: Callable[[], Any]) -> Alarm:
        """Have something done after so many seconds, unless it is stopped before."""
        ...


class Alarm(Protocol):
    """Something that is to be done unless it is stopped before."""

    def stop(self) -> bool:
        """Stop it; return whether that was in time."""
        ...


class AsyncTimer:
    """Lets a call take only so long."""

    sleep = staticmethod(anyio.sleep)
    clock = staticmethod(loop_clock)

    @classmethod
    def of(cls, transport: Any) -> AsyncTimer:
        """Return the timer of a client with this transport: both go by their event loop's time."""
        return cls()

    async def run(
        self, seconds: float, call: Callable[[], Awaitable[T]], wake: Callable[[], Any]
    ) -> T:
        """Return what the call returns. Raises TimeUpError if it takes longer."""
        with anyio.move_on_after(max(seconds, 0)):
            return await call()
        raise TimeUpError


class Timer:
    """Lets a call take only so long: `wake` must make it end."""

    def __init__(self, time_of_threads: TimeOfThreads | None = None) -> None:
        """time_of_threads: what it goes by in place of real time."""
        self._time = time_of_threads
        self._watch = time_of_threads or _Watch()
        self.sleep: Sleep = time.sleep if time_of_threads is None else time_of_threads.sleep

    @classmethod
    def of(cls, transport: Any) -> Timer:
        """Return the timer of a client with this transport: by its time, where it has its own."""
        return cls(getattr(transport, "time_of_threads", None))

    def clock(self) -> Clock:
        """Return the clock that it goes by."""
        return thread_clock() if self._time is None else self._time.time

    def run(self, seconds: float, call: Callable[[], T], wake: Callable[[], Any]) -> T:
        """Return what the call returns. Raises TimeUpError if it takes longer."""
        alarm = self._watch.alarm(seconds, wake)
        try:
            result = call()
        except BaseException as error:
            if alarm.stop() or not isinstance(error, Exception):
                raise
            raise TimeUpError from error
        if not alarm.stop():
            raise TimeUpError  # it was woken: who reads on would take that for a failure
        return result


class _Alarm:
    """Something that is to be done unless it is stopped before."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._is_over = False

    def stop(self) -> bool:
        """Stop it; return whether that was in time."""
        with self._lock:
            was_over, self._is_over = self._is_over, True
            self._act = _nothing  # what it holds on to, a stream, is not kept until it were due
        return not was_over

    def ring(self) -> None:
        # Whoever could not stop it goes on after it was done, and not in the middle.
        with self._lock:
            was_over, self._is_over = self._is_over, True
            if not was_over:
                with contextlib.suppress(Exception):
                    self._act()

    @property
    def is_over(self) -> bool:
        return self._is_over


def _nothing() -> None:
    """Do what an alarm does that was stopped."""


class _Watch:
    """Rings alarms when they are due, in a thread that ends when there are none for a while."""

    _LINGER = 0.2

    def __init__(self) -> None:
        self._start_over()

    def _start_over(self) -> None:
        self._process = os.getpid()
        self._alarms: list[tuple[float, int, _Alarm]] = []
        self._enough = _MANY
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def alarm(self, seconds: float, act: Callable[[], Any]) -> _Alarm:
        alarm = _Alarm(act)
        if self._process != os.getpid():
            # In a forked process there is no thread to ring, nor one to give back what it held.
            self._start_over()
        with self._changed:
            due = time.monotonic() + max(seconds, 0)
            self._forget_stopped()
            heapq.heappush(self._alarms, (due, next(self._numbers), alarm))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="reqllm-timer", daemon=True)
                self._thread.start()
            elif self._alarms[0][2] is alarm:
                self._changed.notify()
        return alarm

    def _run(self) -> None:
        while (alarm := self._next()) is not None:
            alarm.ring()

    def _next(self) -> _Alarm | None:
        """Wait for the next alarm that is due; `None` if there were none for a while."""
        with self._changed:
            while True:
                self._forget_stopped()
                if not self._alarms:
                    if not self._changed.wait(self._LINGER) and not self._alarms:
                        self._thread = None
                        return None
                    continue
                left = self._alarms[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._alarms)[2]
                # No longer: what is due may be stopped meanwhile, and then nothing is.
                self._changed.wait(min(left, self._LINGER))

    def _forget_stopped(self) -> None:
        while self._alarms and self._alarms[0][2].is_over:
            heapq.heappop(self._alarms)
        if len(self._alarms) > self._enough:
            # Those that were stopped long before they are due.
            self._alarms = [entry for entry in self._alarms if not entry[2].is_over]
            heapq.heapify(self._alarms)
            self._enough = max(_MANY, 2 * len(self._alarms))


class AsyncPause:
    """The pause between two tries, which whoever cancels the call breaks off."""

    def __init__(self, sleep: AsyncSleep = anyio.sleep) -> None:
        self._sleep = sleep
        self._scope: anyio.CancelScope | None = None
        self.is_stopped = False

    async def wait(self, seconds: float) -> None:
        """Wait for so long, or until it is stopped."""
        if self.is_stopped:
            return
        with anyio.CancelScope() as self._scope:
            await self._sleep(seconds)

    def stop(self) -> None:
        """Break off this pause, and have no other."""
        self.is_stopped = True
        if self._scope is not None:
            self._scope.cancel()


class Pause:
    """The pause between two tries, which whoever cancels the call breaks off."""

    def __init__(self, sleep: Sleep = time.sleep) -> None:
        self._stopped = threading.Event()
        # One that can be broken off, if it is to take time at all.
        self._sleep = self._stopped.wait if sleep is time.sleep else sleep

    @property
    def is_stopped(self) -> bool:
        """Whether there is to be no more waiting."""
        return self._stopped.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until it is stopped."""
        self._sleep(seconds)

    def stop(self) -> None:
        """Break off this pause, and have no other."""
        self._stopped.set()
