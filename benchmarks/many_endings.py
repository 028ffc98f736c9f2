"""Many streams at a time that end in every way, and what they leave behind.

A quarter is read to its end, a quarter cancelled at random moments, a quarter cut by the server,
a quarter stalled. Each must have one ending, the right one; afterwards no socket, task, thread or
pool slot may be left, and memory must not have grown.

No connection is kept for another stream. A pool that threads share may close a kept one under a
stream which just began on it (https://github.com/encode/httpcore/issues/1110): such a stream ends
as its network does, which says nothing of ours.
"""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import reqllm
from benchmarks.memory import growth, resident
from tests.shells.watching import descriptors, slots
from tests.shells.ways import Way

RIGHT = {
    "whole": {"complete"},
    # It may have ended just before.
    "cancelled": {"interrupted", "complete"},
    # A reset takes back what was not read yet: on a busy machine, even the head.
    "cut": {"InterruptedStreamError", "TransportError"},
    "stalled": {"idle"},
}
"""How a stream of each kind may end."""
KINDS = tuple(RIGHT)
IDLE = 0.4


@dataclass
class Report:
    """What came of a run."""

    endings: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of each kind of stream, how they ended."""
    said: dict[tuple[str, str], str] = field(default_factory=dict)
    """What one of them said of it."""
    ends_told: int = 0
    left: dict[str, int] = field(default_factory=dict)
    """What there is more of than before."""
    memory: list[float] = field(default_factory=list)
    """MB, over the run."""

    @property
    def streams(self) -> int:
        return sum(self.endings.values())

    @property
    def growth(self) -> float:
        """MB by which memory grew in the second half."""
        return growth(self.memory)

    def wrong(self) -> Counter[tuple[str, str]]:
        """Count the streams that did not end as they had to."""
        return Counter(
            {
                (kind, ending): count
                for (kind, ending), count in self.endings.items()
                if ending not in RIGHT[kind]
            }
        )

    def faults(self, *, most: float = 4.0) -> list[str]:
        """What is not as it must be."""
        found = [
            f"{count} {kind} streams ended as {ending} ({self.said.get((kind, ending), '')})"
            for (kind, ending), count in self.wrong().items()
        ]
        if self.ends_told != self.streams:
            found.append(f"{self.ends_told} ends were told of {self.streams} streams")
        found += [f"{count} more {what} than before" for what, count in self.left.items() if count]
        if self.growth > most:
            found.append(f"memory grew by {self.growth:.1f} MB in the second half")
        return found


def run(way: Way, url: str, *, streams: int, seconds: float, seed: int = 7) -> Report:
    """Keep so many streams going for so long."""
    report: Report = way.run(_soak, way, url, streams, seconds, seed)
    return report


async def _soak(way: Way, url: str, streams: int, seconds: float, seed: int) -> Report:
    report = Report()
    gc.collect()
    before = descriptors(), way.running()
    limits = way.library.Limits(max_connections=None, max_keepalive_connections=0)
    http = way.leaving_nothing() if "aiohttp" in str(way) else way.http(limits=limits)

    def told(end: reqllm.StreamEnd) -> None:
        report.ends_told += 1

    client = way.made(
        base_url=url,
        api_key="a",
        http_client=http,
        headers={"connection": "close"},
        max_retries=0,
        timeout=60,
        on_end=told,
    )
    until = time.monotonic() + seconds

    async def keep_going(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        kind = KINDS[number % len(KINDS)]
        while time.monotonic() < until:
            ending, said = await _one(way, client, kind, chance)
            report.endings[kind, ending] += 1
            report.said[kind, ending] = said

    async def sample() -> None:
        while time.monotonic() < until:
            await way.sleep(0.25)
            report.memory.append(resident())

    calls = [lambda number=number: keep_going(number) for number in range(streams)]
    await way.together(*calls, sample)
    gc.collect()
    busy, connections = slots(http)
    await way.end(http)
    deadline = time.monotonic() + 5
    while (descriptors(), way.running()) > before and time.monotonic() < deadline:
        await way.sleep(0.05)
    report.left = {
        "sockets": max(descriptors() - before[0], 0),
        "tasks or threads": max(way.running() - before[1], 0),
        "requests in the pool": busy,
        "connections in the pool": connections,
    }
    return report


async def _one(way: Way, client: Any, kind: str, chance: random.Random) -> tuple[str, str]:
    """Read one stream; return how it ended, and what its error said."""
    end = {"whole": "done", "cancelled": "done", "cut": "cut", "stalled": "stall"}[kind]
    model = f"openai:{chance.randint(4, 60)}-{chance.randint(2, 20)}-{end}"
    idle = IDLE if kind == "stalled" else None
    try:
        async with client.stream(model, "Hi", idle=idle) as response:
            if kind == "cancelled":
                await _cancelled(way, response, chance)
            else:
                async for _ in response:
                    pass
    except reqllm.StreamTimeoutError as error:
        return error.which, str(error)
    except reqllm.ReqLLMError as error:
        return type(error).__name__, str(error)
    return str(response.state), ""


async def _cancelled(way: Way, response: Any, chance: random.Random) -> None:
    async def read() -> None:
        async for _ in response:
            pass

    async def stop() -> None:
        await way.sleep(chance.random() * 0.5)
        await response.cancel()

    await way.together(read, stop)
