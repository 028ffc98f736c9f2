"""Record, then replay: what a client gets is the same, and the same as without us."""

from __future__ import annotations

import threading
import time
from functools import partial

import anyio
import httpx
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqllm_fixtures import EndError, load, use_cassette
from tests.loopback.messages import Answer, Write

from .reading import LOOPS, WAYS, answer, fetch, transport_of

everywhere = pytest.mark.parametrize("way", WAYS, ids=str)
on_each_loop = pytest.mark.parametrize("way", LOOPS, ids=str)
EVENTS = (b"data: \xf0\x9f", b"\x98\x80\n\n", b"data: [DONE]\n\n")


def record(way, path, url, **how):
    with use_cassette(path, mode="record") as cassette:
        return fetch(way, url, cassette, **how)


def replay(way, path, url, **how):
    with use_cassette(path) as cassette:
        return fetch(way, url, cassette, **how)


def recorded(path):
    (interaction,) = load(path).interactions
    return interaction


@everywhere
def test_what_was_recorded_replays(way, server, answers, tmp_path):
    """Each piece comes again as it came, cut inside a character where the network cut it."""
    url = server.url + answers.path_of(answer(*EVENTS, after=0.03))
    path = tmp_path / "c.yaml"
    first = record(way, path, url)

    assert tuple(first.pieces) == EVENTS
    assert recorded(path).response.end == "eof"
    second = replay(way, path, url)
    assert (second.status, second.pieces, second.error) == (200, first.pieces, None)


bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
names = st.text("abcxyz-", min_size=1, max_size=8).map(lambda name: f"x-{name}")
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
headers = st.lists(st.tuples(names, values), max_size=4).map(tuple)
ends = st.one_of(
    st.tuples(st.sampled_from(["chunked", "length", "close"]), st.just("clean")),
    st.tuples(
        st.sampled_from(["chunked", "length"]),
        st.sampled_from(["no_terminator", "close", "reset", "stall"]),
    ),
)


@everywhere
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(pieces=bodies, headers=headers, end=ends, left=st.none() | st.integers(0, 4))
def test_any_answer_replays(way, server, answers, tmp_path, pieces, headers, end, left):
    """Any pieces, headers and end come again: the same bytes cut the same, the same error."""
    framing, ending = end
    laid = Answer(
        body=tuple(Write(piece, 0.0) for piece in pieces),
        headers=headers,
        framing=framing,
        end=ending,
    )
    url = server.url + answers.path_of(laid)
    path = tmp_path / "c.yaml"
    path.unlink(missing_ok=True)
    ask = partial(fetch, way, url, leave_after=left, timeout=0.05 if ending == "stall" else 5)
    with use_cassette(path, mode="record") as cassette:
        first = ask(cassette)
    with use_cassette(path) as cassette:
        second = ask(cassette)

    assert second.pieces == first.pieces
    assert second.failure == first.failure
    assert second.status == first.status
    if first.error is None and left is None:
        assert first.body == b"".join(pieces)
    end = recorded(path).response.end
    if first.error is not None:
        assert end == EndError(*first.failure)
    elif left is None:
        assert end == "eof"


@everywhere
@pytest.mark.parametrize("end", ["no_terminator", "close", "reset", "stall"])
def test_failures_are_those_of_the_network(way, server, answers, tmp_path, end):
    """A stream that breaks does so with the error, at the byte, where it breaks without us."""
    url = server.url + answers.path_of(answer(*EVENTS, after=0.02, end=end))
    timeout = 0.25 if end == "stall" else 5.0
    without = fetch(way, url, timeout=timeout)
    first = record(way, tmp_path / "c.yaml", url, timeout=timeout)
    second = replay(way, tmp_path / "c.yaml", url)

    assert without.error is not None
    assert first.failure == second.failure == without.failure
    assert type(second.error) is type(without.error)
    assert first.body == second.body == without.body == b"".join(EVENTS)


@everywhere
@pytest.mark.parametrize("end", ["close", "reset", "stall"])
def test_failures_before_the_head(way, server, answers, tmp_path, end):
    """An answer that never begins is a recording, too: it fails again, as it did."""
    url = server.url + answers.path_of(Answer(head=False, end=end))
    first = record(way, tmp_path / "c.yaml", url, timeout=0.25)
    second = replay(way, tmp_path / "c.yaml", url)

    assert first.status is second.status is None
    assert first.failure == second.failure
    assert type(first.error) is type(second.error)


@on_each_loop
def test_twenty_pieces_stay_twenty(way, server, answers, tmp_path):
    """Twenty pieces over a second come one by one while recording, and are timed as they came.

    Replayed at their pace they keep those times.
    """
    pieces = [b"data: %d\n\n" % number for number in range(20)]
    laid = answer(*pieces, after=0.05)
    url = server.url + answers.path_of(laid)
    begun = time.monotonic()
    seen = record(way, tmp_path / "c.yaml", url)
    took = (time.monotonic() - begun) * 1000

    assert seen.pieces == pieces
    times = [piece.at_ms for piece in recorded(tmp_path / "c.yaml").response.pieces]
    assert len(times) == 20
    assert times[0] < 500
    assert 900 < times[-1] - times[0] <= took

    again, came = [], []

    def take(piece):
        again.append(piece)
        came.append(time.monotonic() * 1000)

    asked_at = time.monotonic() * 1000
    with use_cassette(tmp_path / "c.yaml", pace=1) as cassette:
        read_each(way, url, transport_of(way, cassette), take)
    assert again[1:] == pieces
    assert all(at - asked_at >= due for at, due in zip(came[1:], times, strict=True))
    assert came[1] - asked_at < times[-1]  # not all at once when the last is due


def read_each(way, url, transport, take):
    """Ask, and hand over each piece as it comes, before the first of them None for the head."""

    async def aread():
        async with (
            way.http(transport=transport) as client,
            client.stream("POST", url, json={"a": 1}) as response,
        ):
            take(None)
            async for piece in response.aiter_raw():
                take(piece)

    if not way.is_sync:
        anyio.run(aread, backend=way.loop)
        return
    with (
        way.http(transport=transport) as client,
        client.stream("POST", url, json={"a": 1}) as response,
    ):
        take(None)
        for piece in response.iter_raw():
            take(piece)


@everywhere
def test_leaving_early(way, server, answers, tmp_path):
    """A client that leaves takes the connection with it at once, and leaves again on replay."""
    endless = Answer(body=(Write(b"data: 1\n\n", 0.02) for _ in range(10_000)))
    path = answers.path_of(endless)
    seen = record(way, tmp_path / "c.yaml", server.url + path, leave_after=2)

    exchange = next(each for each in server.exchanges if each.request.path == path)
    assert server.wait_for(lambda: exchange.over)
    assert exchange.client_left_after is not None
    assert exchange.writes < 10
    assert recorded(tmp_path / "c.yaml").response.end == "client_closed"
    again = replay(way, tmp_path / "c.yaml", server.url + path, leave_after=2)
    assert (again.pieces, again.error) == (seen.pieces, None)


@everywhere
def test_nothing_is_held_back(way, server, answers, tmp_path):
    """The head comes before any piece is sent, and each piece before the next is.

    The server sends nothing more until the client has what was sent before.
    """
    came = [threading.Event() for _ in range(4)]

    def one_by_one():
        for number, event in enumerate(came):
            assert event.wait(5), "held back"
            yield Write(b"data: %d\n\n" % number)

    url = server.url + answers.path_of(Answer(body=one_by_one()))
    seen = []

    def take(piece):
        if len(seen) < len(came):
            came[len(seen)].set()
        seen.append(piece)

    with use_cassette(tmp_path / "c.yaml", mode="record") as cassette:
        read_each(way, url, transport_of(way, cassette), take)
    assert seen == [None, *(b"data: %d\n\n" % number for number in range(4))]


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_nothing_is_read_ahead(library, tmp_path):
    """What the network has is taken from it when the client asks, and not before."""
    taken = []

    class Network(library.SyncByteStream, library.AsyncByteStream):
        def __iter__(self):
            for number in range(5):
                taken.append(number)
                yield b"%d" % number

        async def __aiter__(self):
            for piece in self:
                yield piece

    network = library.MockTransport(lambda _: library.Response(200, stream=Network()))

    def read(cassette):
        with (
            library.Client(transport=cassette.transport(upstream=network)) as client,
            client.stream("GET", "http://a.test/") as response,
        ):
            assert taken == []
            for number, _ in enumerate(response.iter_raw()):
                assert taken == list(range(number + 1))

    async def aread(cassette):
        async with (
            library.AsyncClient(transport=cassette.async_transport(upstream=network)) as client,
            client.stream("GET", "http://a.test/") as response,
        ):
            assert taken == []
            number = 0
            async for _ in response.aiter_raw():
                number += 1
                assert taken == list(range(number))

    with use_cassette(tmp_path / "c.yaml", mode="record") as cassette:
        read(cassette)
        taken.clear()
        anyio.run(aread, cassette)
