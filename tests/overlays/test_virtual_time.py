"""Time that jumps: gaps are seen and limits run out, and nobody sleeps."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import anyio
import httpx
import httpx2
import pytest

import reqllm
from reqllm_fixtures import FixtureError, use_cassette, virtual_time
from tests.fixtures_side.making import answered, asked, saved
from tests.fixtures_side.making import interaction as made_of

DEMO, MODEL, PROMPT = "cassettes/demo.yaml", "anthropic:claude-haiku-4-5", "Why is the sky blue?"
OFF = {"timeout": None, "first_token": None, "idle": None, "total": None}
on_both = pytest.mark.parametrize("backend", virtual_time.BACKENDS)
on_all = pytest.mark.parametrize("backend", [*virtual_time.BACKENDS, "threads"])
# A busy machine is no failure: what is counted is what this process did.
LIMIT = 0.05


def failed(backend: str, overlay: str, read: str = "text", **limits: Any) -> Any:
    """Read the demo under an overlay until it fails; return the error, and the time it took."""
    options: dict[str, Any] = {"max_retries": 0, **OFF, **limits}

    async def main() -> tuple[Any, float]:
        begun = anyio.current_time()
        with use_cassette(DEMO, overlay=overlay) as cassette:
            async with reqllm.AsyncClient(
                transport=cassette.async_transport(), **options
            ) as client:
                with pytest.raises(reqllm.StreamTimeoutError) as caught:
                    async with client.stream(MODEL, PROMPT) as response:
                        await getattr(response, read)()
        return caught.value, anyio.current_time() - begun

    def on_threads() -> tuple[Any, float]:
        clock = virtual_time.VirtualClock()
        with (
            use_cassette(DEMO, overlay=overlay, clock=clock) as cassette,
            reqllm.Client(transport=cassette.transport(), **options) as client,
            pytest.raises(reqllm.StreamTimeoutError) as caught,
            client.stream(MODEL, PROMPT) as response,
        ):
            getattr(response, read)()
        return caught.value, clock.time()

    worked = time.process_time()
    run = on_threads if backend == "threads" else partial(virtual_time.run, main, backend=backend)
    error, took = run()
    error.took, error.worked = took, time.process_time() - worked
    return error


@on_all
def test_thirty_seconds_of_idleness_in_no_time(backend: str) -> None:
    """A limit of 30 s runs out by the clock of the code, in less than 50 ms of work."""
    failed(backend, "stall", idle=30.0)  # loads what is loaded at first use
    error = min((failed(backend, "stall", idle=30.0) for _ in range(3)), key=lambda e: e.worked)
    assert (error.which, error.seconds, error.partial.state) == ("idle", 30.0, "interrupted")
    assert error.took == pytest.approx(30.0)
    assert error.waited == pytest.approx(30.0)
    assert error.partial.thinking
    assert error.worked < LIMIT


@on_all
@pytest.mark.parametrize(
    ("overlay", "limits", "which", "took"),
    [
        ("stall", {"timeout": 30.0}, "timeout", 30),
        ("stall:events=0", {"first_token": 40.0}, "first_token", 40),
        ("slow_first_token:700", {"first_token": 600.0}, "first_token", 600),
        (
            "keep_alives:every=5,seconds=900",
            {"timeout": 30.0, "first_token": 60.0},
            "first_token",
            60,
        ),
        ("keep_alives:every=5,seconds=900,events=40", {"idle": 300.0}, "idle", 300),
        ("anthropic_pings | pause:31,events=30", {"timeout": 30.0}, "timeout", 30),
        ("rhythm:ttft=1,rate=2", {"total": 12.0, "idle": 5.0}, "total", 12),
        ("pace:4", {"total": 2.0}, "total", 2),
    ],
)
def test_each_limit_by_its_name(backend, overlay, limits, which, took):
    """Silence, keep-alives without end and slowness run out by the limit meant for them."""
    error = failed(backend, overlay, **limits)
    assert error.which == which
    assert error.took == pytest.approx(took)


@on_all
def test_metadata_is_not_waited_for_for_ever(backend: str) -> None:
    """Signs of life feed no patience with the end, and it runs out by the clock of the code."""
    overlay = "keep_alives:every=5,seconds=900,events=40"
    error = failed(backend, overlay, "metadata", metadata_timeout=60.0)
    assert error.which == "metadata_timeout"
    assert error.took == pytest.approx(60, abs=6)  # it is looked at after each piece
    assert error.waited == pytest.approx(error.took)


@on_both
def test_gaps_are_those_that_were_recorded(backend: str) -> None:
    """The code sees each piece when it came, to the microsecond, whatever the machine does."""
    with use_cassette(DEMO, pace=1) as cassette:
        (held,) = cassette.cassette.interactions
        recorded = [piece.at_ms / 1000 for piece in held.response.pieces]

        async def main() -> list[float]:
            begun = anyio.current_time()
            url, body = held.request.uri, held.request.body
            async with (
                httpx2.AsyncClient(transport=cassette.async_transport(httpx2)) as client,
                client.stream("POST", url, content=body) as response,
            ):
                return [anyio.current_time() - begun async for _ in response.aiter_raw()]

        seen = virtual_time.run(main, backend=backend)
    assert seen == pytest.approx(recorded, abs=1e-6)


@on_both
def test_retry_after_is_waited_for(backend: str) -> None:
    """A refusal is waited out as it asks, and the second try gets the recording."""

    async def main() -> tuple[str, float, list[Any]]:
        begun = anyio.current_time()
        with use_cassette(DEMO, overlay="refused:429,retry_after=20") as cassette:
            async with (
                reqllm.AsyncClient(transport=cassette.async_transport()) as client,
                client.stream(MODEL, PROMPT) as response,
            ):
                text = await response.text()
                assert cassette.unplayed == ()
                return text, anyio.current_time() - begun, list(response.attempts)

    text, took, attempts = virtual_time.run(main, backend=backend)
    assert text.startswith("Sunlight")
    assert took == pytest.approx(20, abs=0.5)
    assert [type(each.error) for each in attempts] == [reqllm.RateLimitError]


def test_retry_after_is_waited_for_on_threads() -> None:
    """A sync client's pauses between tries are its clock's, too; what it tells is by that clock."""
    clock, ends = virtual_time.VirtualClock(), []
    begun = time.monotonic()
    overlay = "refused:429,retry_after=20 | pace:1"
    with use_cassette(DEMO, overlay=overlay, clock=clock) as cassette:
        client = reqllm.Client(transport=cassette.transport(), on_end=ends.append)
        with client, client.stream(MODEL, PROMPT) as response:
            assert response.text().startswith("Sunlight")
    (end,) = ends
    assert [type(each.error) for each in end.attempts] == [reqllm.RateLimitError]
    assert 20 < end.first_token < end.seconds == pytest.approx(clock.time())
    assert time.monotonic() - begun < 5


@on_both
def test_refusals_one_after_the_other(backend: str) -> None:
    """Each is given as often as it says, then the recording; endless ones have no end."""

    async def main(overlay: str, tries: int) -> list[Any]:
        with use_cassette(DEMO, overlay=overlay) as cassette:
            client = reqllm.AsyncClient(transport=cassette.async_transport(), max_retries=tries)
            try:
                async with client, client.stream(MODEL, PROMPT) as response:
                    await response.text()
                    return [type(each.error) for each in response.attempts]
            except reqllm.ReqLLMError as error:
                return [type(each.error) for each in error.attempts]

    run = virtual_time.run
    twice = "refused:503,times=2 | unreachable | refused:status=429"
    assert run(main, twice, 4, backend=backend) == [
        *(reqllm.OverloadedError,) * 2,
        reqllm.TransportError,
        reqllm.RateLimitError,
    ]
    for endless in ("refused:500,times=0", "refused:500,times=0 | refused:429"):
        assert run(main, endless, 2, backend=backend) == [reqllm.ServerError] * 3


@on_both
def test_a_cancel_wakes_who_waits(backend: str, tmp_path: Any) -> None:
    """Closing a response ends a read that waits for a piece, long before that is due."""
    file = saved(tmp_path / "slow.yaml", made_of(b"data: 1\n\n", b"data: 2\n\n"))

    async def main() -> float:
        begun = anyio.current_time()
        with use_cassette(file, overlay="pause:60,events=1") as cassette:
            async with httpx.AsyncClient(transport=cassette.async_transport()) as client:
                request = client.build_request("POST", asked().uri, content=asked().body)
                response = await client.send(request, stream=True)
                pieces = response.stream.__aiter__()
                assert await pieces.__anext__() == b"data: 1\n\n"

                async def read() -> None:
                    with pytest.raises(httpx.ReadError, match="was closed"):
                        await pieces.__anext__()

                async with anyio.create_task_group() as group:
                    group.start_soon(read)
                    await anyio.sleep(1)
                    await response.aclose()
        return anyio.current_time() - begun

    assert virtual_time.run(main, backend=backend) == pytest.approx(1.0)


def test_a_thread_that_waits_is_woken() -> None:
    """A sync client's limits run out in the middle of a wait for a piece, by the real clock."""
    begun = time.monotonic()
    with use_cassette(DEMO, overlay="stall:events=30") as cassette:
        client = reqllm.Client(transport=cassette.transport(), **{**OFF, "idle": 0.05})
        with (
            client,
            client.stream(MODEL, PROMPT) as response,
            pytest.raises(reqllm.StreamTimeoutError) as caught,
        ):
            response.text()
    assert caught.value.which == "idle"
    assert time.monotonic() - begun < 5


def test_a_clock_and_a_sleep_of_ones_own() -> None:
    """Handed in apart, they are what the recording keeps its times by, as any library sees it."""
    clock = virtual_time.VirtualClock()
    begun = time.monotonic()
    with use_cassette(DEMO, overlay="stall", clock=clock.time, sleep=clock.sleep) as cassette:
        (held,) = cassette.cassette.interactions
        with (
            httpx.Client(transport=cassette.transport(), timeout=30.0) as client,
            pytest.raises(httpx.ReadTimeout),
        ):
            client.post(held.request.uri, content=held.request.body)
    assert clock.time() == 30.0
    assert time.monotonic() - begun < 5


def test_alarms_of_a_clock() -> None:
    """They ring in order, each at its time, unless stopped; who waits wakes, sleepers do not."""
    clock, rung = virtual_time.VirtualClock(), []
    ring = {name: partial(lambda name: rung.append((name, clock.time())), name) for name in "abcd"}
    for name, seconds in zip("dbca", (40, 20, 30, 10), strict=True):
        alarm = clock.alarm(seconds, ring[name])
        if name == "b":
            assert (alarm.stop(), alarm.stop()) == (True, False)
    clock.sleep(5)
    assert rung == []
    clock.wait(100)
    assert (rung, clock.time(), alarm.stop()) == ([("a", 10.0)], 10.0, False)
    clock.sleep(25)
    assert (rung, clock.time()) == ([("a", 10.0), ("c", 30.0)], 35.0)
    clock.sleep(-1)
    assert clock.time() == 35.0


@on_both
def test_a_threshold_lets_others_work(backend: str) -> None:
    """With one, time does not jump while a thread is at work; without, it does not wait."""

    async def main() -> bool:
        with anyio.move_on_after(10) as scope:
            await anyio.to_thread.run_sync(time.sleep, 0.02, abandon_on_cancel=True)
        return scope.cancelled_caught

    assert not virtual_time.run(main, backend=backend, threshold=0.5)
    assert virtual_time.run(main, backend=backend)


@on_both
def test_timers_keep_their_order(backend: str) -> None:
    """Tasks wake in the order in which they are due, and time is exactly what they asked for."""
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append((seconds, anyio.current_time()))

    async def main() -> None:
        begun = anyio.current_time()
        async with anyio.create_task_group() as group:
            for seconds in (3600.0, 0.5, 86400.0 * 3, 7.0):
                group.start_soon(sleeper, seconds)
        assert [seconds for seconds, _ in woken] == [0.5, 7.0, 3600.0, 86400.0 * 3]
        assert [at - begun for _, at in woken] == pytest.approx([each for each, _ in woken])

    virtual_time.run(main, backend=backend)


def test_a_backend_that_there_is_not() -> None:
    """It is told which there are."""
    with pytest.raises(FixtureError, match="Expected a backend of asyncio, trio"):
        virtual_time.backend_options("curio")


def test_real_read_timeouts_stay(tmp_path: Any) -> None:
    """Without an overlay too, a client's read timeout holds for recorded gaps, in real time."""
    slow = answered(b"data: 1\n\n", b"data: 2\n\n", step=400)
    file = saved(tmp_path / "slow.yaml", type(made_of())(asked(), slow))
    with use_cassette(file, pace=1) as cassette:
        timeout = httpx.Timeout(5, read=0.02)
        with (
            httpx.Client(transport=cassette.transport(), timeout=timeout) as client,
            pytest.raises(httpx.ReadTimeout, match="timed out"),
        ):
            client.post(asked().uri, content=asked().body)
