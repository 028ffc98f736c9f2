"""The limits of time, over real sockets: each by its name, none by another's."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

import reqllm
from tests.loopback.messages import Answer, Write
from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer

from .answers import HELLO, always
from .ways import Way, on_each_loop, over_aiohttp_too

OFF = {"timeout": 5.0, "first_token": None, "idle": None, "total": None}


@pytest.fixture
def quick() -> Any:
    """A provider that repeats itself every 10 ms."""
    with LoopbackServer(LoopbackProvider(beat=0.01)) as server:
        yield server


async def broken(way: Way, server: LoopbackServer, model: str, **limits: Any) -> Any:
    """Read until the stream breaks; return the error, with the seconds it took as `took`."""
    async with way.client(server, **{**OFF, **limits}) as client:
        begun = time.monotonic()
        async with client.stream(model, "Hi") as response:
            with pytest.raises(reqllm.StreamTimeoutError) as caught:
                await response.to_response()
        caught.value.took = time.monotonic() - begun
        assert (await response.metadata()).state == "interrupted"
    await way.until(lambda: server.open_connections == 0)
    return caught.value


@pytest.mark.parametrize("fault", ["stall_first", "stall_event"])
@over_aiohttp_too
async def test_first_token(way: Way, quick: LoopbackServer, fault: str) -> None:
    """A head and then silence, in the middle of an event too, ends by first_token."""
    error = await broken(way, quick, f"openai:fault-{fault}", first_token=0.15, idle=4.0)
    assert (error.which, error.seconds, error.before_first_chunk) == ("first_token", 0.15, True)
    assert 0.14 < error.took < 2
    assert error.waited >= 0.15


@pytest.mark.parametrize("fault", ["stall_mid", "stall_chunk_size", "stall_character"])
@over_aiohttp_too
async def test_idle(way: Way, quick: LoopbackServer, fault: str) -> None:
    """Silence in the middle, of a character or a frame too, ends by idle; what came is kept."""
    error = await broken(way, quick, f"openai:fault-{fault}", idle=0.15, first_token=4.0)
    assert (error.which, error.partial.state) == ("idle", "interrupted")
    assert error.took < 2
    assert error.partial.text
    assert error.last == "text_delta"


@pytest.mark.parametrize("model", ["openai:fault-comments", "anthropic:fault-pings"])
@over_aiohttp_too
async def test_signs_of_life_do_not_feed_idle(way: Way, quick: LoopbackServer, model: str) -> None:
    """Comments and pings for ever end by idle, however short the pause between them."""
    error = await broken(way, quick, model, idle=0.15)
    assert error.which == "idle"
    assert error.took < 2


@pytest.mark.parametrize("sign", [b": wait\n\n", b'event: ping\ndata: {"type":"ping"}\n\n'])
@on_each_loop
async def test_signs_of_life_may_count(way: Way, sign: bytes) -> None:
    """Where only bytes are watched, signs of life keep a stream going for as long as they come."""
    body = (*(Write(sign, 0.05) for _ in range(12)), Write(HELLO))
    answer = replace(always(HELLO)(None), body=body, framing="chunked")  # type: ignore[arg-type]
    with LoopbackServer(lambda _: answer) as server:
        async with (
            way.client(server, **{**OFF, "timeout": 0.4}) as client,
            client.stream("openai:x", "Hi") as response,
        ):
            assert await response.text() == "Hello"


@on_each_loop
async def test_signs_of_life_before_the_first_token(way: Way) -> None:
    """Comments alone end by first_token."""
    comments = tuple(Write(b": wait\n\n", 0.02) for _ in range(200))
    answer = Answer(headers=(("content-type", "text/event-stream"),), body=comments)
    with LoopbackServer(lambda _: answer) as server:
        error = await broken(way, server, "openai:x", first_token=0.2)
    assert error.which == "first_token"


@pytest.mark.parametrize("model", ["openai:fault-words", "openai:fault-tool_arguments"])
@over_aiohttp_too
async def test_total(way: Way, quick: LoopbackServer, model: str) -> None:
    """An answer that never ends ends by total; text and arguments of tools do feed idle."""
    error = await broken(way, quick, model, total=0.5, idle=0.3)
    assert error.which == "total"
    assert 0.49 < error.took < 2.5


@on_each_loop
async def test_total_in_silence(way: Way, quick: LoopbackServer) -> None:
    """The whole call's limit ends a read in which nothing comes."""
    error = await broken(way, quick, "openai:fault-stall_mid", total=0.2)
    assert (error.which, error.took < 2) == ("total", True)


@over_aiohttp_too
async def test_silence(way: Way, quick: LoopbackServer) -> None:
    """No byte at all ends by timeout."""
    error = await broken(way, quick, "openai:fault-stall_mid", timeout=0.15)
    assert (error.which, error.seconds, error.last) == ("timeout", 0.15, "text_delta")


@on_each_loop
async def test_the_head_in_time(way: Way, quick: LoopbackServer) -> None:
    """A head that does not come ends by whichever limit is the shortest, by name."""
    for limits in ({"first_token": 0.1}, {"total": 0.1}, {"timeout": 0.1}):
        async with way.client(quick, **{**OFF, **limits}) as client:
            (which,) = limits
            with pytest.raises(reqllm.TransportError, match=rf"\({which}=0\.[01]"):
                await way.start(client, "openai:fault-stall_head")


@on_each_loop
async def test_first_token_does_not_bind_what_follows(way: Way) -> None:
    """The limit for the beginning is none for a pause later on."""
    events = HELLO.split(b"\n\n")
    body = tuple(Write(event + b"\n\n", 1.2 * (n == 1)) for n, event in enumerate(events[:-1]))
    answer = replace(always(HELLO)(None), body=body, framing="chunked")  # type: ignore[arg-type]
    with LoopbackServer(lambda _: answer) as server:
        async with (
            way.client(server, **{**OFF, "first_token": 1.0}) as client,
            client.stream("openai:x", "Hi") as response,
        ):
            assert await response.text() == "Hello"


@on_each_loop
async def test_a_slow_reader_is_not_an_idle_provider(way: Way) -> None:
    """The time that a reader takes between two chunks does not count for idle."""
    events = [event + b"\n\n" for event in HELLO.split(b"\n\n")[:-1]]
    body = (Write(events[0]), *(Write(b": ping\n\n", 0.01) for _ in range(5)))
    body += tuple(Write(event, 0.05) for event in events[1:])
    answer = replace(always(HELLO)(None), body=body, framing="chunked")  # type: ignore[arg-type]
    with LoopbackServer(lambda _: answer) as server:
        async with (
            way.client(server, **{**OFF, "idle": 0.3}) as client,
            client.stream("openai:x", "Hi") as response,
        ):
            async for _ in response:
                await way.sleep(0.4)
    assert response.state == "complete"


@on_each_loop
async def test_limits_of_one_call(way: Way, quick: LoopbackServer) -> None:
    """A call's own limits go before its client's, and None turns one off."""
    async with way.client(quick, **{**OFF, "idle": 0.05}) as client:
        options = {"idle": None, "total": 0.3}
        with pytest.raises(reqllm.StreamTimeoutError) as caught:
            async with client.stream("openai:fault-comments", "Hi", **options) as response:
                await response.text()
        assert caught.value.which == "total"


@on_each_loop
async def test_models_that_think(way: Way, quick: LoopbackServer) -> None:
    """Where the model is to think, silence may be longer, unless a limit was asked for."""
    cases = [
        ({}, {}, 30.0),
        ({}, {"reasoning_effort": "high"}, 300.0),
        ({}, {"reasoning_effort": "none"}, 30.0),
        ({"timeout": 7.0}, {"reasoning_effort": "high"}, 7.0),
        ({}, {"reasoning_effort": "high", "timeout": 8.0}, 8.0),
    ]
    for of_client, of_call, silence in cases:
        async with (
            way.client(quick, **of_client) as client,
            client.stream("openai:text", "Hi", **of_call) as response,
        ):
            request = response._pump.http.request if not way.is_sync else None
            request = request or response._twin._pump.http.request
            assert request.extensions["timeout"]["read"] == silence
            await response.text()
