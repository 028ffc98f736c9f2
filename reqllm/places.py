"""Where an HTTP client can be used: in the process, and on the event loop, that it was made in."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

Place = tuple[int, Any]
"""A process, and an event loop of it; `None` for threads."""


def loop_here() -> Place:
    """Return the event loop that runs here; `None` for its part if none does."""
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if asyncio is not None:
        with contextlib.suppress(RuntimeError):
            return os.getpid(), asyncio.get_running_loop()
    if trio is not None:
        with contextlib.suppress(RuntimeError):
            return os.getpid(), trio.lowlevel.current_trio_token()
    return os.getpid(), None


def process_here() -> Place:
    """Return this process, whose threads share what they have."""
    return os.getpid(), None


class Places:
    """Keeps what serves one place only, and forgets it when the place is no more.

    A connection that another process or another loop has opened is nobody else's: two processes
    would read each other's answers off it.
    """

    def __init__(self, here: Callable[[], Place]) -> None:
        self._here = here
        self._kept: dict[Place, Any] = {}
        # Of each process its own: one that another thread held at a fork is never released there.
        self._making: dict[int, threading.Lock] = {}

    def get(self) -> Any:
        """Return what serves this place, `None` if nothing does."""
        return self._kept.get(self._here())

    def get_or_make(self, make: Callable[[], Any]) -> Any:
        """Return what serves this place; made, once, by the first thread that asks for it."""
        here = self._here()
        kept = self._kept.get(here)
        if kept is not None:
            return kept
        with self._making.setdefault(os.getpid(), threading.Lock()):
            kept = self._kept.get(here)
            if kept is None:
                kept = make()
                still = {place: one for place, one in self._kept.items() if _is_there(place, here)}
                self._kept = {**still, here: kept}
        return kept


def _is_there(place: Place, here: Place) -> bool:
    (process, loop), (this_process, _) = place, here
    if process != this_process:
        return False
    if hasattr(loop, "is_closed"):
        return not loop.is_closed()
    if hasattr(loop, "run_sync_soon"):
        try:
            loop.run_sync_soon(_nothing, idempotent=True)
        except RuntimeError:  # trio's RunFinishedError
            return False
    return True


def _nothing() -> None:
    """Ask a loop whether it still runs."""
