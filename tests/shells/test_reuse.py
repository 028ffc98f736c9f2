"""After the terminal event the connection is for the next call, if its framing ends at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .watching import slots
from .ways import Way, on_each_loop, over_aiohttp_too


async def leave(response: Any) -> None:
    """Leave a stream by its block alone."""


async def to_the_end(response: Any) -> None:
    assert [chunk async for chunk in response]


async def up_to_the_finish(response: Any) -> None:
    async for chunk in response:
        if chunk.kind == "finish":
            break


async def asked_for_all(response: Any) -> None:
    await response.text()
    await response.metadata()


READ = [to_the_end, up_to_the_finish, asked_for_all]


@pytest.mark.parametrize("read", READ, ids=lambda read: read.__name__)
@pytest.mark.parametrize("model", ["openai:text", "openai:fault-done_late", "anthropic:text"])
@over_aiohttp_too
async def test_the_connection_is_reused(
    way: Way, server: LoopbackServer, model: str, read: Any
) -> None:
    """However a stream is read to its terminal event, the next one comes over its connection."""
    async with way.client(server) as client:
        for _ in range(3):
            async with client.stream(model, "Hi") as response:
                await read(response)
    assert server.connections == 1


@over_aiohttp_too
async def test_nobody_waits_for_the_last_chunk(way: Way, server: LoopbackServer) -> None:
    """The last chunk comes before the framing's end does, which is waited for no longer than so."""
    async with way.client(server) as client:
        begun = time.monotonic()
        async with client.stream("openai:fault-done_stall", "Hi") as response:
            await up_to_the_finish(response)
            finished = time.monotonic() - begun
        left = time.monotonic() - begun
    assert response.state == "complete"
    assert left - finished >= 0.09  # the finish came first
    assert left - finished < 1.0
    await way.until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("fault", ["done_reset", "done_stall"])
@over_aiohttp_too
async def test_a_framing_that_does_not_end(way: Way, server: LoopbackServer, fault: str) -> None:
    """An answer is complete by its terminal event; its connection is closed and not used again."""
    async with way.client(server) as client:
        for _ in range(2):
            async with client.stream(f"openai:fault-{fault}", "Hi") as response:
                await to_the_end(response)
            assert (response.state, response.error) == ("complete", None)
    assert server.connections == 2


@on_each_loop
async def test_a_hundred_and_one_streams(way: Way, server: LoopbackServer) -> None:
    """A client of ours has a connection for each stream, and keeps all for the next ones."""
    client = way.made(base_url=server.url, api_key=KEY, max_retries=0, timeout=20)
    responses = [await way.start(client, "openai:text", "Hi") for _ in range(101)]
    for response in responses:
        await up_to_the_finish(response)
        await response.aclose()
    http = client._twin.http_client if way.is_sync else client.http_client
    busy, kept = slots(http)
    assert busy == 0
    assert kept > 20  # what both libraries keep where nobody says how many
    await client.aclose()


@over_aiohttp_too
async def test_a_stream_left_early_is_not_reused(way: Way, server: LoopbackServer) -> None:
    """A connection whose answer was not over is closed at once: nothing more is generated."""
    async with way.client(server) as client:
        for _ in range(2):
            async with client.stream("openai:fault-words", "Hi") as response:
                await leave(response)
    assert server.connections == 2
    await way.until(lambda: server.open_connections == 0)
