"""Many paced streams at a time on asyncio: what each client makes of them, beside raw httpx."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp
import httpx
import httpx2
import openai
from httpx_aiohttp import AiohttpTransport

import reqllm
from benchmarks import paced_server
from benchmarks.memory import resident

STREAMS, EVENTS, GAP_MS = 1000, 100, 20
MODEL = f"{EVENTS}-{GAP_MS}-done"
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
# Reads one stream, and returns when its first event came.
Read = Callable[[], Awaitable[float]]
UNLIMITED: dict[str, Any] = {"max_connections": None, "max_keepalive_connections": 0}


class Result(NamedTuple):
    """What a run came to."""

    rate: float
    """Events a second."""
    first: float
    """Seconds to the first event, of the slowest hundredth of the streams."""
    memory: float
    """KB a stream."""


async def of_httpx(url: str, client: Any) -> float:
    begun, first = time.perf_counter(), 0.0
    async with client.stream("POST", f"{url}/v1/chat/completions", json=BODY) as response:
        async for _ in response.aiter_raw():
            first = first or time.perf_counter() - begun
    return first


async def of_aiohttp(url: str, client: Any) -> float:
    begun, first = time.perf_counter(), 0.0
    async with client.post(f"{url}/v1/chat/completions", json=BODY) as response:
        async for _ in response.content.iter_any():
            first = first or time.perf_counter() - begun
    return first


async def of_openai(url: str, client: Any) -> float:
    begun, first = time.perf_counter(), 0.0
    async for _ in await client.chat.completions.create(**BODY):
        first = first or time.perf_counter() - begun
    return first


async def of_reqllm(url: str, client: Any) -> float:
    begun, first = time.perf_counter(), 0.0
    async with client.stream(f"openai:{MODEL}", "Hi") as response:
        async for _ in response:
            first = first or time.perf_counter() - begun
    return first


def _session(url: str) -> Any:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def _openai(url: str) -> Any:
    http = httpx2.AsyncClient(verify=False, limits=httpx2.Limits(**UNLIMITED), timeout=120)
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="a", max_retries=0, http_client=http)


def _httpx(url: str) -> Any:
    return httpx.AsyncClient(verify=False, limits=httpx.Limits(**UNLIMITED), timeout=120)


def _reqllm(url: str, transport: Any = None) -> Any:
    transport = transport or httpx.AsyncHTTPTransport(
        verify=False, limits=httpx.Limits(**UNLIMITED)
    )
    return reqllm.AsyncClient(url, "a", transport, max_retries=0, timeout=120)


def _over_aiohttp(url: str) -> Any:
    return _reqllm(url, AiohttpTransport(client=lambda: _session(url)))


CONTENDERS: dict[str, tuple[Callable[[str], Any], Callable[[str, Any], Awaitable[float]]]] = {
    "raw httpx": (_httpx, of_httpx),
    "reqllm": (_reqllm, of_reqllm),
    "reqllm over httpx-aiohttp": (_over_aiohttp, of_reqllm),
    "raw aiohttp": (_session, of_aiohttp),
    "openai SDK": (_openai, of_openai),
}


def main(streams: int = STREAMS, rounds: int = 3) -> None:
    best: dict[str, Result] = {}
    with paced_server.running() as url:
        for _ in range(rounds):
            for name, (made, read) in CONTENDERS.items():
                result = asyncio.run(_run(url, made, read, streams))
                best[name] = max(best.get(name, result), result)
    print(f"\n{streams:,} streams at a time of {EVENTS} events, {GAP_MS} ms between two")
    raw = best["raw httpx"]
    for name, (rate, first, memory) in best.items():
        print(
            f"  {name:26} {rate:9,.0f} events/s ({rate / raw.rate:.2f} x raw httpx), first event "
            f"of the slowest 1 % after {first:.2f} s ({first / raw.first:.2f} x), "
            f"memory grew by {memory:.0f} KB a stream"
        )
    print("  aim of reqllm: events/s at least 0.9 x raw httpx, first event at most 1.2 x")


async def _run(url: str, made: Any, read: Any, streams: int) -> Result:
    gc.collect()
    before, peak = resident(), 0.0
    begun = time.perf_counter()
    async with made(url) as client:
        reading = asyncio.gather(*(read(url, client) for _ in range(streams)))
        while not reading.done():
            await asyncio.sleep(0.1)
            peak = max(peak, resident())
        firsts = sorted(await reading)
    took = time.perf_counter() - begun
    slowest = firsts[int(len(firsts) * 0.99)]
    return Result(streams * EVENTS / took, slowest, max(peak - before, 0) / streams * 1e3)


if __name__ == "__main__":
    main()
