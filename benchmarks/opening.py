"""What it costs to open a stream, beside raw httpx: over a transport that answers at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

import reqllm
from benchmarks.concurrent import of_httpx, of_reqllm
from benchmarks.paced_server import DONE, EVENT

TIMES = 1000


class Answer(httpx.AsyncByteStream):
    """An answer of one word; a class, since an async generator may close late."""

    def __init__(self) -> None:
        self._pieces = iter((EVENT, DONE))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class AtOnce(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Answer())


CONTENDERS: dict[str, tuple[Callable[[str], Any], Callable[[str, Any], Awaitable[float]]]] = {
    "raw httpx": (lambda url: httpx.AsyncClient(transport=AtOnce()), of_httpx),
    "reqllm": (lambda url: reqllm.AsyncClient(url, "a", AtOnce()), of_reqllm),
}


def main(rounds: int = 5) -> None:
    best = dict.fromkeys(CONTENDERS, float("inf"))
    for _ in range(rounds):
        for name, (made, read) in CONTENDERS.items():
            best[name] = min(best[name], asyncio.run(_run(made, read)))
    print("\na call of one word, from its options to its end, over no network")
    for name, seconds in best.items():
        print(f"  {name:26} {seconds * 1e6:9.0f} µs of the processor")


async def _run(made: Any, read: Any) -> float:
    url = "http://127.0.0.1:9"
    async with made(url) as client:
        await read(url, client)
        begun = time.process_time()
        for _ in range(TIMES):
            await read(url, client)
        return (time.process_time() - begun) / TIMES


if __name__ == "__main__":
    main()
