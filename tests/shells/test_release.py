"""Letting go of a stream, in any way, releases all that it held, at once and quietly."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

import reqllm
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer

from .watching import nothing_left, slots
from .ways import LOOPS, Way, everywhere, on_asyncio, on_each_loop, on_event_loops, over_aiohttp_too

WORDS = "openai:fault-words"  # a word on every beat, for ever
SILENT = "openai:fault-stall_mid"  # some words, then nothing
MUTE = "openai:fault-stall_first"  # a head, then nothing


@contextlib.asynccontextmanager
async def watched(way: Way, server: LoopbackServer, *, dropped: int = 0):
    """A client that must have nothing left when the block ends."""
    library_client = way.leaving_nothing()
    made = way.made(
        base_url=server.url,
        api_key=KEY,
        http_client=library_client,
        max_retries=0,
    )
    async with nothing_left(way, library_client, dropped=dropped):
        yield made
    await way.end(library_client)


async def left(way: Way, server: LoopbackServer) -> None:
    """Wait until the server saw the client leave its last exchange."""
    await way.until(lambda: server.exchanges[-1].client_left_after is not None)


async def take(response: Any, count: int) -> list[Any]:
    """Read so many chunks, then stop."""
    chunks = []
    async for chunk in response:
        chunks.append(chunk)
        if len(chunks) == count:
            break
    return chunks


# Leaving early.
@over_aiohttp_too
async def test_leaving_the_block(way: Way, server: LoopbackServer) -> None:
    """A reader who breaks out of the loop and the block must hold nothing any more."""
    async with watched(way, server) as client:
        async with client.stream(WORDS, "Hi") as response:
            assert len(await take(response, 3)) == 3
            assert response.state == "open"
        assert response.state == "interrupted"
        await left(way, server)


@over_aiohttp_too
async def test_start_and_close(way: Way, server: LoopbackServer) -> None:
    """A stream that no block holds must release all on `aclose`, however often it is called."""
    async with watched(way, server) as client:
        response = await way.start(client, WORDS)
        await take(response, 3)
        await response.aclose()
        await response.aclose()
        await left(way, server)
        assert (response.state, response.error) == ("interrupted", None)


@over_aiohttp_too
async def test_leaving_before_the_first_read(way: Way, server: LoopbackServer) -> None:
    """A stream that nobody read must be released, too."""
    async with watched(way, server) as client:
        async with client.stream(WORDS, "Hi") as response:
            pass
        await left(way, server)
        assert [chunk.kind async for chunk in response] == ["stream_start", "finish"]


@over_aiohttp_too
async def test_leaving_by_tokens(way: Way, server: LoopbackServer) -> None:
    """The lazy stream of tokens must hold nothing after its reader left."""
    async with watched(way, server) as client:
        async with client.stream(WORDS, "Hi") as response:
            assert len(await take(response.tokens(), 3)) == 3
        await left(way, server)


@over_aiohttp_too
async def test_an_exception_in_the_block(way: Way, server: LoopbackServer) -> None:
    """An exception of the reader's own must come out as it is, and the stream be released."""
    async with watched(way, server) as client:
        opening = client.stream(WORDS, "Hi")

        async def fail() -> None:
            async with opening as response:
                await take(response, 3)
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await fail()
        await left(way, server)


@over_aiohttp_too
async def test_the_client_goes_first(way: Way, server: LoopbackServer) -> None:
    """A client closed inside a stream's block ends the stream; the reader's own error comes out."""
    async with watched(way, server) as client:

        async def fail() -> None:
            async with client.stream(WORDS, "Hi") as response:
                await take(response, 3)
                await way.end(client._http if not way.is_sync else client._twin._http)
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await fail()
        await left(way, server)


@over_aiohttp_too
async def test_reading_to_the_end_needs_no_close(way: Way, server: LoopbackServer) -> None:
    """A stream read to its end must have released all, closed or not."""
    async with watched(way, server) as client:
        response = await way.start(client, "openai:text")
        await response.to_response()
        del response


@over_aiohttp_too
async def test_a_broken_stream_needs_no_close(way: Way, server: LoopbackServer) -> None:
    """A stream that broke must have released all when it raises."""
    async with watched(way, server) as client:
        response = await way.start(client, "openai:fault-reset")
        with pytest.raises(reqllm.InterruptedStreamError):
            await response.to_response()


@over_aiohttp_too
async def test_a_refusal_leaves_nothing(way: Way, server: LoopbackServer) -> None:
    """An error status must hold no connection but one that can be used again."""
    for model, kind in (("openai:fault-html_502", "ServerError"), (MUTE, "StreamTimeoutError")):
        library_client = way.http()
        client = way.made(
            base_url=server.url,
            api_key=KEY,
            http_client=library_client,
            max_retries=0,
            timeout=0.3,
        )
        with pytest.raises(reqllm.ReqLLMError) as caught:
            async with client.stream(model, "Hi") as response:
                await response.text()
        assert type(caught.value).__name__ == kind
        assert slots(library_client)[0] == 0
        await way.end(library_client)


# Dropping.
@pytest.mark.parametrize("read", [0, 3])
@over_aiohttp_too
async def test_dropping(way: Way, server: LoopbackServer, read: int) -> None:
    """A stream dropped while open must say so once, in our name, and be released all the same."""
    async with watched(way, server, dropped=1) as client:

        async def forget() -> None:
            response = await way.start(client, WORDS)
            if read:
                await take(response, read)

        await forget()
        gc.collect()
        await left(way, server)


@over_aiohttp_too
async def test_dropping_without_the_garbage_collector(way: Way, server: LoopbackServer) -> None:
    """Twenty streams left in the middle of a loop must free their sockets by counting alone."""
    async with watched(way, server, dropped=20) as client:

        async def forget() -> None:
            async for chunk in await way.start(client, WORDS):
                if chunk.kind == "text_delta":
                    break

        gc.disable()
        try:
            for _ in range(20):
                await forget()
            await way.until(lambda: server.open_connections == 0)
        finally:
            gc.enable()


@pytest.mark.parametrize("way", [way for way in LOOPS if not way.is_sync], ids=str)
def test_dropping_after_the_loop_ended(way: Way, server: LoopbackServer) -> None:
    """A stream that outlives its event loop must give its socket back, with no traceback."""
    kept: list[Any] = []

    async def forget() -> None:
        client = way.made(base_url=server.url, api_key=KEY, http_client=way.http(), max_retries=0)
        kept.append(await way.start(client, WORDS))

    def drop() -> None:
        kept.clear()
        gc.collect()

    way.run(forget)
    with pytest.warns(ResourceWarning):
        drop()
    assert server.wait_for(lambda: server.exchanges[-1].client_left_after is not None)


# Cancelling a task that reads.
def cancelled_by_scope(response: Any) -> Any:
    """The reader's own deadline, around the whole loop."""

    async def read() -> None:
        with anyio.move_on_after(0.05) as scope:
            await take(response, 1_000_000)
        assert scope.cancelled_caught

    return read()


def cancelled_by_deadline(response: Any) -> Any:
    """A deadline around each step."""

    async def read() -> None:
        chunks = aiter(response)

        async def step_by_step() -> None:
            while True:
                with anyio.fail_after(0.05):
                    await anext(chunks)

        with pytest.raises(TimeoutError):
            await step_by_step()

    return read()


def cancelled_by_group(response: Any) -> Any:
    """Somebody else's decision."""

    async def read() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(take, response, 1_000_000)
            await anyio.sleep(0.05)
            group.cancel_scope.cancel()

    return read()


@pytest.mark.parametrize("model", [SILENT, MUTE])
@pytest.mark.parametrize(
    "cancelled", [cancelled_by_scope, cancelled_by_deadline, cancelled_by_group]
)
@on_event_loops
async def test_cancelling_a_read(
    way: Way, server: LoopbackServer, cancelled: Any, model: str
) -> None:
    """A cancelled read must release the socket at once, without leaving the stream's block."""
    async with watched(way, server) as client, client.stream(model, "Hi") as response:
        await cancelled(response)
        assert response.state == "interrupted"
        await left(way, server)
        with anyio.fail_after(1):
            assert (await response.metadata()).state == "interrupted"
        assert response.partial().finish_reason.reason == "cancelled"


@on_event_loops
async def test_cancellation_passes_through(way: Way, server: LoopbackServer) -> None:
    """The cancellation itself must reach whoever asked for it: nothing may swallow it."""
    reading, reached = anyio.Event(), False
    async with watched(way, server) as client, anyio.create_task_group() as group:

        async def read() -> None:
            nonlocal reached
            async with client.stream(SILENT, "Hi") as response:
                try:
                    await take(response, 2)
                    reading.set()
                    await response.text()
                except anyio.get_cancelled_exc_class():
                    reached = True
                    raise
            raise AssertionError("the reader went on")

        group.start_soon(read)
        await reading.wait()
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    assert reached


@on_asyncio
async def test_native_cancellation(way: Way, server: LoopbackServer) -> None:
    """`Task.cancel` of asyncio itself must do the same."""
    async with watched(way, server) as client:
        response = await way.start(client, SILENT)
        task = asyncio.create_task(take(response, 1_000_000))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await left(way, server)
        assert response.state == "interrupted"


@on_event_loops
async def test_cancelling_while_it_opens(way: Way, server: LoopbackServer) -> None:
    """Cancelling a call that waits for the first byte must leave no pool slot taken."""
    async with watched(way, server) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(way.start, client, "openai:fault-stall_head")
            await way.until(lambda: bool(server.exchanges))
            group.cancel_scope.cancel()
        await left(way, server)


@on_event_loops
async def test_cancelling_while_it_waits_for_a_slot(way: Way, server: LoopbackServer) -> None:
    """Cancelling calls that wait for a full pool must leave it whole for the next."""
    library_client = way.http(limits=way.library.Limits(max_connections=1))
    client = way.made(base_url=server.url, api_key=KEY, http_client=library_client)
    async with client.stream(SILENT, "Hi") as response:
        await take(response, 2)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(way.start, client, "openai:text")
            await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        assert len(library_client._transport._pool._requests) == 1
    with anyio.fail_after(5):
        async with client.stream("openai:text", "Hi") as response:
            assert await response.text()
    await way.end(library_client)


@on_event_loops
async def test_cancelling_while_it_connects(way: Way) -> None:
    """Cancelling a call that is not connected yet must leave no slot taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with contextlib.ExitStack() as visitors:
            for _ in range(2):  # the queue is full: who comes now is not let in
                visitor = visitors.enter_context(socket.socket())
                visitor.setblocking(False)
                visitor.connect_ex(("127.0.0.1", port))
            library_client = way.http()
            client = way.made(
                base_url=f"http://127.0.0.1:{port}", api_key=KEY, http_client=library_client
            )
            async with nothing_left(way, library_client):
                with anyio.move_on_after(0.2) as scope:
                    await way.start(client, "openai:text")
                assert scope.cancelled_caught
            await way.end(library_client)


# `cancel()` by somebody else.
@over_aiohttp_too
async def test_closing_during_a_read(way: Way, server: LoopbackServer) -> None:
    """`aclose` by another while somebody is in the middle of a read must end that read quietly."""
    async with watched(way, server) as client:
        response = await way.start(client, SILENT)

        async def read() -> list[Any]:
            return [chunk async for chunk in response]

        async def close() -> None:
            await way.sleep(0.1)
            await response.aclose()

        chunks, _ = await way.together(read, close)
        assert chunks[-1].finish == reqllm.Finish("cancelled", None, {"reason": "closed"})
        await left(way, server)


@pytest.mark.parametrize("model", [SILENT, MUTE, WORDS])
@over_aiohttp_too
async def test_cancel_during_a_read(way: Way, server: LoopbackServer, model: str) -> None:
    """`cancel` by another task or thread must end a blocked reader quietly, in no time."""
    async with watched(way, server) as client, client.stream(model, "Hi") as response:
        woken_after: list[float] = []

        async def read() -> list[Any]:
            chunks = [chunk async for chunk in response]
            woken_after.append(time.monotonic())
            return chunks

        async def stop() -> float:
            await way.sleep(0.1)
            asked = time.monotonic()
            await response.cancel("enough")
            assert response.state == "interrupted"
            return asked

        chunks, asked = await way.together(read, stop)
        assert woken_after[0] - asked < 1
        assert chunks[-1].finish == reqllm.Finish("cancelled", None, {"reason": "enough"})
        assert sum(chunk.kind == "finish" for chunk in chunks) == 1
        assert response.error is None
        await left(way, server)


@everywhere
async def test_a_blocked_reader_wakes_at_once(way: Way, server: LoopbackServer) -> None:
    """`cancel` must wake a reader within 50 ms: a busy machine may need some tries to show it."""
    async with watched(way, server) as client:
        for _ in range(20):
            async with client.stream(SILENT, "Hi") as response:
                await take(response, 2)
                times: list[float] = []

                async def read(response: Any = response, times: list[float] = times) -> None:
                    await response.metadata()
                    times.append(time.monotonic())

                async def stop(response: Any = response, times: list[float] = times) -> None:
                    await way.sleep(0.02)
                    times.append(time.monotonic())
                    await response.cancel()

                await way.together(read, stop)
            if times[1] - times[0] < 0.05:
                return
        pytest.fail(f"it took {times[1] - times[0]:.3f} s")


@over_aiohttp_too
async def test_cancel_wakes_those_who_wait_for_the_end(way: Way, server: LoopbackServer) -> None:
    """`cancel` must wake every waiter for metadata and text, with what had arrived."""
    async with watched(way, server) as client, client.stream(SILENT, "Hi") as response:

        async def stop() -> None:
            await way.sleep(0.1)
            await response.cancel()

        *known, text, _ = await way.together(*[response.metadata] * 3, response.text, stop)
        assert {metadata.state for metadata in known} == {"interrupted"}
        assert text == response.partial().text


@over_aiohttp_too
async def test_cancel_at_any_time(way: Way, server: LoopbackServer) -> None:
    """`cancel` must be good before the first read, twice, inside the loop and after the end."""
    async with watched(way, server) as client:
        async with client.stream(WORDS, "Hi") as response:
            await response.cancel()
            await response.cancel("again")
            assert [chunk.kind async for chunk in response] == ["stream_start", "finish"]
            assert (await response.metadata()).state == "interrupted"
        async with client.stream(WORDS, "Hi") as response:
            kinds = []
            async for chunk in response:
                kinds.append(chunk.kind)
                if len(kinds) == 3:
                    await response.cancel()
            assert kinds[-1] == "finish"
        async with client.stream("openai:text", "Hi") as response:
            text = await response.text()
            await response.cancel("too late")
            assert (response.state, await response.text()) == ("complete", text)


def test_cancel_races_with_a_reader() -> None:
    """However threads interleave, a cancelled stream must have one end, and nothing after it."""
    chance = random.Random(7)
    way = LOOPS[0]

    async def race(client: Any) -> None:
        async with client.stream(WORDS, "Hi") as response:

            async def read() -> list[str]:
                return [chunk.kind async for chunk in response]

            async def stop() -> None:
                await way.sleep(chance.random() * 0.01)
                await response.cancel()

            kinds, _ = await way.together(read, stop)
            assert (response.state, kinds.index("finish")) == ("interrupted", len(kinds) - 1)

    async def races(server: LoopbackServer) -> None:
        async with watched(way, server) as client:
            for _ in range(60):
                await race(client)

    with LoopbackServer(LoopbackProvider(beat=0)) as server, switching_often():
        way.run(races, server)


@contextlib.contextmanager
def switching_often() -> Iterator[None]:
    """Have Python change threads a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


# Many at once, and again.
@on_each_loop
async def test_many_streams_some_of_them_cancelled(way: Way, server: LoopbackServer) -> None:
    """200 streams at a time on one client, 50 of them cancelled at any moment, leave nothing."""
    chance = random.Random(17)
    async with watched(way, server) as client:

        async def whole() -> str:
            async with client.stream("openai:text", "Hi") as response:
                await take(response, 1_000_000)
                return str(response.state)

        async def cancelled(seconds: float) -> str:
            async with client.stream(WORDS, "Hi") as response:

                async def stop() -> None:
                    await way.sleep(seconds)
                    await response.cancel()

                await way.together(lambda: take(response, 1_000_000), stop)
                return str(response.state)

        stopped = [functools.partial(cancelled, chance.random() / 2) for _ in range(50)]
        ended = await way.together(*stopped, *[whole] * 150)
    assert Counter(ended) == {"interrupted": 50, "complete": 150}


@over_aiohttp_too
async def test_the_connection_is_used_again(way: Way, server: LoopbackServer) -> None:
    """A connection whose body was read to its end must carry the next call."""
    async with way.client(server) as client:
        for _ in range(3):
            # This one's end is the end of its body.
            async with client.stream("openai:no_terminator", "Hi") as response:
                await response.text()
            # Here it follows the terminal event.
            async with client.stream("openai:text", "Hi") as response:
                assert [chunk async for chunk in response]
            with pytest.raises(reqllm.APIError):
                await way.start(client, "openai:error-400")
    assert server.connections == 1


@over_aiohttp_too
async def test_an_owned_client_is_closed(way: Way, server: LoopbackServer) -> None:
    """A client of ours must close the HTTP client it made, and only that."""
    async with way.made(base_url=server.url, api_key=KEY) as client:
        async with client.stream("openai:text", "Hi") as response:
            await response.text()
        inner = client._twin.http_client if way.is_sync else client.http_client
        assert not inner.is_closed
    assert inner.is_closed
    given = way.http()
    async with way.made(http_client=given):
        pass
    assert not given.is_closed
    await way.end(given)
