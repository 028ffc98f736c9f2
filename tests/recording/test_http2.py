"""Over HTTP/2, too, what was recorded comes again: pieces, ends, and many on one connection."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import anyio
import pytest

from reqllm_fixtures import EndError, load, use_cassette
from tests.loopback.http2 import Http2Server
from tests.loopback.messages import Answer, Write

from .reading import WAYS, Answers, answer, fetch, transport_of

everywhere = pytest.mark.parametrize("way", WAYS, ids=str)
EVENTS = (b"data: \xf0\x9f", b"\x98\x80\n\n", b"data: [DONE]\n\n")
SPEAKING = {"http1": False, "http2": True}
JSON = (("content-type", "application/json"), ("content-length", "7"))


@pytest.fixture(scope="module")
def laid() -> Answers:
    return Answers()


@pytest.fixture(scope="module")
def http2(laid: Answers) -> Iterator[Http2Server]:
    with Http2Server(laid) as server:
        yield server


def record(way, path, url, **how):
    with use_cassette(path, mode="record") as cassette:
        return fetch(way, url, cassette, speaking=SPEAKING, **how)


def replay(way, path, url, **how):
    with use_cassette(path) as cassette:
        return fetch(way, url, cassette, **how)


def recorded(path):
    (interaction,) = load(path).interactions
    return interaction.response


@everywhere
@pytest.mark.parametrize(
    "given",
    [answer(*EVENTS, after=0.02), answer(b'{"a":1}', headers=JSON)],
    ids=["stream", "whole"],
)
def test_what_was_recorded_replays(way, http2, laid, path, given):
    """Each frame is a piece, with the time at which it came, while recording and ever after.

    The last frame only ends the stream: an empty piece, which comes again as well.
    """
    url = http2.url + laid.path_of(given)
    first = record(way, path, url)

    assert first.pieces == [*(write.data for write in given.body), b""]
    assert (recorded(path).end, recorded(path).headers[0]) == ("eof", given.headers[0])
    times = [piece.at_ms for piece in recorded(path).pieces if piece.data]
    assert times == sorted(times)
    assert times[-1] >= 20 * (len(times) - 1)  # each was held back for so many milliseconds
    again = replay(way, path, url)
    assert (again.status, again.pieces, again.error) == (200, first.pieces, None)
    assert again.version == first.version == "HTTP/2"


@everywhere
@pytest.mark.parametrize("head", [True, False], ids=["within", "before"])
@pytest.mark.parametrize("end", ["reset", "close", "stall"])
def test_failures_are_those_of_the_network(way, http2, laid, path, end, head):
    """A stream that is reset, or whose connection fails, fails the same without us and again."""
    url = http2.url + laid.path_of(answer(*EVENTS, end=end, head=head))
    timeout = 0.1 if end == "stall" else 5.0
    without = fetch(way, url, speaking=SPEAKING, timeout=timeout)
    first = record(way, path, url, timeout=timeout)
    again = replay(way, path, url)

    assert without.error is not None
    assert first.failure == again.failure == without.failure
    assert type(again.error) is type(without.error)
    assert first.pieces == again.pieces == without.pieces == (list(EVENTS) if head else [])
    assert recorded(path).end == EndError(*first.failure)


@everywhere
def test_leaving_early(way, http2, laid, path):
    """A client that leaves a stream is recorded as having left it, and may leave it there again."""
    endless = Answer(body=(Write(b"data: 1\n\n", 0.02) for _ in range(10_000)))
    url = http2.url + laid.path_of(endless)
    first = record(way, path, url, leave_after=2)

    assert first.pieces == [b"data: 1\n\n"] * 2
    assert recorded(path).end == "client_closed"
    again = replay(way, path, url, leave_after=2)
    assert (again.pieces, again.error) == (first.pieces, None)


# Threads are left out: httpcore hands out the numbers of streams without a lock among them.
@pytest.mark.parametrize("way", [way for way in WAYS if not way.is_sync], ids=str)
def test_many_streams_on_one_connection(way, path):
    """Streams that share a connection are recorded apart, and each is answered as it was."""
    numbers = list(range(20))
    expected = {number: b"data: %d\n\n" % number for number in numbers}

    def echo(request):
        return answer(b"data: " + request.body, b"\n\n", after=0.02)

    with Http2Server(echo) as server:
        with use_cassette(path, mode="record") as cassette:
            transport = transport_of(way, cassette, **SPEAKING)
            assert ask_all(way, transport, server.url, numbers) == expected
        assert server.connections == 1
    with use_cassette(path) as cassette:
        numbers.reverse()
        assert ask_all(way, transport_of(way, cassette), server.url, numbers) == expected


def ask_all(way, transport, url, numbers):
    """Ask once, so that there is a connection, and then for all the others at once."""
    got = {}

    async def run():
        async def ask(number):
            got[number] = (await client.post(url, json=number)).content

        async with way.http(transport=transport) as client, anyio.create_task_group() as group:
            await ask(numbers[0])
            for number in islice(numbers, 1, None):
                group.start_soon(ask, number)

    anyio.run(run, backend=way.loop)
    return got
