"""A reader who is slower than the provider: nothing piles up, and nobody is starved."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import anyio
import anyio.lowlevel

from tests.loopback.messages import Answer, Write
from tests.loopback.server import LoopbackServer

from .answers import HELLO, SSE
from .ways import Way, on_each_loop, on_event_loops

WORD = HELLO[: HELLO.index(b"\n\n") + 2].replace(b'"x"', b'"chatcmpl-0123456789012345678901"')
MANY = WORD * 100  # in one write
SIZE = 5_000_000


def endless() -> Iterator[Write]:
    while True:
        yield Write(MANY)


@on_each_loop
async def test_what_is_read_does_not_pile_up(way: Way) -> None:
    """Of many megabytes only the text is kept, which `partial()` gives; the rest waits outside."""
    answer = Answer(headers=(("content-type", SSE),), body=endless())
    with LoopbackServer(lambda _: answer) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            count, begun = 0, None
            async for _ in response:
                count += 1
                if count % 5000:
                    continue
                if begun is None:
                    tracemalloc.start()  # slow: hence late, and a little at a time
                    begun = count
                await way.sleep(0.02)  # a hundred times what the provider takes for as many
                if (count - begun) * len(WORD) > SIZE:
                    break
            kept, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            text = response.partial().text
            assert len(text) >= count * len("Hello") * 0.99
            # What is between the two is in the sockets' buffers alone, which the system limits.
            assert server.exchanges[0].sent < count * len(WORD) + 20_000_000
    assert kept < 2_000_000


@on_event_loops
async def test_many_chunks_in_one_piece(way: Way) -> None:
    """However much comes at once, a deadline is kept: after a piece at the latest."""
    answer = Answer(headers=(("content-type", SSE),), body=(Write(WORD * 50_000),), end="stall")
    with LoopbackServer(lambda _: answer) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await anyio.lowlevel.checkpoint()
                    ticks += 1

            async with anyio.create_task_group() as group:
                group.start_soon(tick)
                seen = 0
                async for _ in response:
                    seen += 1
                    if seen == 20_000:
                        break
                group.cancel_scope.cancel()
            assert ticks > 10
