"""Many at once, in any order: no request gets another's answer."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import httpx2
import pytest

from reqllm_fixtures import load, use_cassette
from tests.loopback.messages import Answer, Request, Write
from tests.loopback.server import LoopbackServer

from .reading import WAYS, Way

# The pool of httpx's async client looks at all that wait whenever one is done; httpx2's does not.
MANY = [
    (Way("sync", httpx), 1000),
    (Way("asyncio", httpx2), 1000),
    (Way("trio", httpx2), 1000),
    (Way("asyncio", httpx), 200),
]


def echo(request: Request) -> Answer:
    """An answer that says what was asked, in two pieces."""
    number = request.body
    return Answer(body=(Write(b"data: " + number), Write(b"\n\n")))


def ask_all(way: Way, transport: object, url: str, numbers: list[int]) -> dict[int, bytes]:
    """Ask for all of them at once; at most a hundred connections, as many wait for one."""
    got: dict[int, bytes] = {}
    limits = {"timeout": 60}
    if way.is_sync:
        with way.http(transport=transport, **limits) as client, ThreadPoolExecutor(32) as pool:

            def ask(number: int) -> None:
                got[number] = client.post(url, json=number).content

            list(pool.map(ask, numbers))
        return got

    async def run() -> None:
        async with way.http(transport=transport, **limits) as client:

            async def aask(number: int) -> None:
                got[number] = (await client.post(url, json=number)).content

            async with anyio.create_task_group() as group:
                for number in numbers:
                    group.start_soon(aask, number)

    anyio.run(run, backend=way.loop)
    return got


def transport_of(way: Way, cassette: object) -> object:
    limits = httpx.Limits(max_connections=50)
    if way.is_sync:
        upstream = way.library.HTTPTransport(verify=False, limits=limits)
        return cassette.transport(upstream=upstream)
    upstream = way.library.AsyncHTTPTransport(verify=False, limits=limits)
    return cassette.async_transport(upstream=upstream)


@pytest.mark.untraced
@pytest.mark.parametrize(("way", "count"), MANY, ids=str)
def test_a_thousand_at_once(way, count, tmp_path):
    """Each of a thousand concurrent requests gets its own answer, then and in another order."""
    path = tmp_path / "c.json"
    numbers = list(range(count))
    expected = {number: b"data: %d\n\n" % number for number in numbers}
    with LoopbackServer(echo) as server:
        url = server.url + "/v1"
        with use_cassette(path, mode="record") as cassette:
            assert ask_all(way, transport_of(way, cassette), url, numbers) == expected
    assert len(load(path).interactions) == len(numbers)

    random.Random(1).shuffle(numbers)
    with use_cassette(path) as cassette:
        assert ask_all(way, transport_of(way, cassette), url, numbers) == expected
        assert cassette.unplayed == ()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_equal_requests_keep_their_order(way, tmp_path):
    """Equal requests that overlap are answered in the order in which they had started."""
    path = tmp_path / "c.yaml"
    served: list[int] = []

    def later_is_faster(request: Request) -> Answer:
        served.append(len(served))
        number = served[-1]
        return Answer(body=(Write(b"%d" % number, 0.2 - 0.1 * number),))

    async def both(transport: object, wait: float) -> list[bytes]:
        async with way.http(transport=transport) as client, anyio.create_task_group() as group:
            got: list[bytes] = [b"", b""]

            async def ask(place: int) -> None:
                got[place] = (await client.post(server.url, json=1)).content

            group.start_soon(ask, 0)
            await anyio.sleep(wait)
            group.start_soon(ask, 1)
        return got

    def both_sync(transport: object, wait: float) -> list[bytes]:
        with way.http(transport=transport) as client, ThreadPoolExecutor(2) as pool:

            def ask() -> bytes:
                return client.post(server.url, json=1).content

            first = pool.submit(ask)
            server.wait_for(lambda: bool(served), wait)
            second = pool.submit(ask) if wait else None
            answers = [first.result()]
            return [*answers, second.result() if second else ask()]

    def run(transport: object, wait: float) -> list[bytes]:
        if way.is_sync:
            return both_sync(transport, wait)
        return anyio.run(both, transport, wait, backend=way.loop)

    with LoopbackServer(later_is_faster) as server:
        with use_cassette(path, mode="record") as cassette:
            recorded = run(transport_of(way, cassette), 0.05)
        with use_cassette(path) as cassette:
            assert run(transport_of(way, cassette), 0.0 if way.is_sync else 0.01) == recorded
    assert recorded == [b"0", b"1"]
