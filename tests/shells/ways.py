"""One test for threads, asyncio and trio: written once, as a coroutine, and run in each way.

    @everywhere
    async def test_it(way: Way, server: LoopbackServer) -> None:
        async with way.client(server) as client, client.stream("openai:text", "Hi") as response:
            assert [chunk async for chunk in response]

In the sync way the coroutine never waits: behind its interface are the sync twins.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import pytest
from httpx_aiohttp import AiohttpTransport

import reqllm
from tests.loopback.provider import KEY

from .sync_as_async import SyncClient, SyncResponse

Test = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Way:
    """How a stream is read: on threads or an event loop, over httpx or httpx2."""

    loop: str
    """sync, asyncio or trio."""
    library: ModuleType = httpx

    def __str__(self) -> str:
        return f"{self.loop}-{self.library.__name__}"

    @property
    def is_sync(self) -> bool:
        return self.loop == "sync"

    def run(self, test: Test, *args: Any, **named: Any) -> Any:
        """Run a coroutine function to its end."""
        call = functools.partial(test, *args, **named)
        return _run_sync(call) if self.is_sync else anyio.run(call, backend=self.loop)

    # What is read with.
    def http(self, **options: Any) -> Any:
        """A client of the HTTP library; building one with real certificates is slow."""
        kind = self.library.Client if self.is_sync else self.library.AsyncClient
        return kind(**{"verify": False, "trust_env": False, **options})

    def leaving_nothing(self) -> Any:
        """A client of the HTTP library that keeps no connection for the next call."""
        return self.http(limits=self.library.Limits(max_keepalive_connections=0))

    def made(self, **options: Any) -> Any:
        """One of our clients, always under the async interface."""
        if self.is_sync:
            return SyncClient(reqllm.Client(**options))
        return reqllm.AsyncClient(**options)

    @contextlib.asynccontextmanager
    async def client(
        self, server: Any, *, http: dict[str, Any] | None = None, **options: Any
    ) -> AsyncIterator[Any]:
        """A client of the loopback provider, which tries everything once."""
        library_client = self.http(**http or {})
        url = server.url if server else None
        defaults = {"base_url": url, "api_key": KEY, "max_retries": 0}
        try:
            yield self.made(**{**defaults, **options, "http_client": library_client})
        finally:
            await self.end(library_client)

    async def end(self, library_client: Any) -> None:
        """Close a client of the HTTP library."""
        if self.is_sync:
            library_client.close()
        else:
            await library_client.aclose()

    async def start(
        self, client: Any, model: str, context: Any = "Hello!", **options: Any
    ) -> reqllm.StreamResponse | SyncResponse:
        """An open response that no block closes: `start_stream`, or what comes nearest to it."""
        if self.is_sync:
            return await client.stream(model, context, **options).__aenter__()
        provider, _, name = model.partition(":")
        return await reqllm.start_stream(provider, name, context, client=client, **options)

    # Time, and others at the same time.
    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        if self.is_sync:
            time.sleep(seconds)  # noqa: ASYNC251 - there is no event loop here
        else:
            await anyio.sleep(seconds)

    async def until(self, what: Callable[[], bool], seconds: float = 2.0) -> None:
        """Wait until it holds, and fail if it does not."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "it never came to hold"
            await self.sleep(0.002)

    async def together(self, *calls: Callable[[], Awaitable[Any]]) -> list[Any]:
        """Make the calls at the same time, in threads or tasks; return what each gave."""
        if self.is_sync:
            with ThreadPoolExecutor(len(calls)) as pool:
                return list(pool.map(_run_sync, calls))
        results: list[Any] = [None] * len(calls)

        async def keep(number: int) -> None:
            results[number] = await calls[number]()

        async with anyio.create_task_group() as group:
            for number in range(len(calls)):
                group.start_soon(keep, number)
        return results

    def running(self) -> int:
        """How many tasks or threads of ours there are; the server's do not count."""
        if self.is_sync:
            names = [thread.name for thread in threading.enumerate()]
            return sum(not name.startswith("loopback") for name in names)
        if self.loop == "asyncio":
            import asyncio

            return len(asyncio.all_tasks())
        import trio

        return trio.lowlevel.current_statistics().tasks_living


class AiohttpWay(Way):
    """httpx over the sockets of aiohttp, by the extra `aiohttp`."""

    def __str__(self) -> str:
        return f"{self.loop}-aiohttp"

    def http(self, **options: Any) -> Any:
        options = {"verify": False, "trust_env": False, **options}
        return httpx.AsyncClient(transport=AiohttpTransport(**options), trust_env=False)

    def leaving_nothing(self) -> Any:
        def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))

        return self.http(client=session)


def _run_sync(call: Callable[[], Awaitable[Any]]) -> Any:
    waiting = call().__await__()
    try:
        waiting.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a sync test waited for something")


WAYS = tuple(
    Way(loop, library) for library in (httpx, httpx2) for loop in ("sync", "asyncio", "trio")
)
# Beside them, where a test is about letting go, limits of time and endings.
AND_AIOHTTP = (*WAYS, AiohttpWay("asyncio"))
# One of each kind, where the HTTP library does not matter.
LOOPS = (Way("sync", httpx), Way("asyncio", httpx2), Way("trio", httpx))


def in_ways(ways: Sequence[Way]) -> Callable[[Test], Callable[..., None]]:
    """Run a test, a coroutine function whose first argument is the way, once in each."""

    def make(test: Test) -> Callable[..., None]:
        @pytest.mark.parametrize("way", ways, ids=str)
        @functools.wraps(test)
        def run(way: Way, **named: Any) -> None:
            way.run(test, way, **named)

        return run

    return make


everywhere = in_ways(WAYS)
over_aiohttp_too = in_ways(AND_AIOHTTP)
on_each_loop = in_ways(LOOPS)
on_asyncio = in_ways([way for way in WAYS if way.loop == "asyncio"])
on_event_loops = in_ways([way for way in WAYS if not way.is_sync])
