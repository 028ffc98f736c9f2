"""Watches that a stream leaves nothing behind: no descriptor, no task, no warning, no pool slot."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from .ways import Way

DROPPED = (
    "ResourceWarning: reqllm: a stream was dropped while open; "
    "use it in a `with` block, or close it"
)


@dataclass
class Seen:
    """What Python complained of inside the block."""

    warned: list[warnings.WarningMessage] = field(default_factory=list)
    unraisable: list[Any] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        return [
            *(f"{warned.category.__name__}: {warned.message}" for warned in self.warned),
            *(f"{hooked.exc_value!r} in {hooked.object!r}" for hooked in self.unraisable),
        ]


def descriptors() -> int:
    """How many files and sockets this process holds open, those of the server included."""
    return len(os.listdir("/proc/self/fd"))


def slots(http: Any) -> tuple[int, int]:
    """How many requests the client's pool believes are under way, and its connections."""
    if hasattr(http._transport, "get_client"):  # httpx-aiohttp's
        session = http._transport.client
        connector = None if session is None else session.connector
        if connector is None:
            return 0, 0
        return len(connector._acquired), sum(map(len, connector._conns.values()))
    pool = http._transport._pool
    return len(pool._requests), len(pool.connections)


@contextlib.asynccontextmanager
async def nothing_left(way: Way, http: Any, *, dropped: int = 0) -> AsyncIterator[None]:
    """Fail if the block leaves anything behind, or Python complains.

    `dropped` streams must be complained of, once each and in our name.
    """
    gc.collect()
    open_before, running_before = descriptors(), way.running()
    seen = Seen()
    hook, sys.unraisablehook = sys.unraisablehook, seen.unraisable.append
    try:
        with warnings.catch_warnings(record=True) as seen.warned:
            warnings.simplefilter("always")
            yield
            gc.collect()
            await way.until(lambda: descriptors() <= open_before)
            await way.until(lambda: way.running() <= running_before)
    finally:
        sys.unraisablehook = hook
    assert slots(http) == (0, 0)
    assert seen.complaints == [DROPPED] * dropped
