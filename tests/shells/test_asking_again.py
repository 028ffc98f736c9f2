"""A stream that broke before anybody can have seen anything of it is asked for again, once seen
never; and whoever cancels meanwhile is not kept waiting."""

from __future__ import annotations

import time
from typing import Any

import pytest

import reqllm
from reqllm import Retries
from tests.loopback.server import LoopbackServer

from .answers import HELLO, SSE, First, always
from .ways import Way, on_each_loop, over_aiohttp_too

STARTED = b'data: {"id":"y","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'
OVERLOADED = (
    b'event: error\ndata: {"type":"error",'
    b'"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
)
MESSAGE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1","type":"message",'
    b'"role":"assistant","model":"claude","content":[],"usage":{"input_tokens":1}}}\n\n'
)


def tries(limit: int, first_delay: float = 0.01) -> Retries:
    """So many tries after the first, with pauses that a test can wait for."""
    return Retries(limit=limit, first_delay=first_delay)


def breaking(*said: bytes, end: str = "reset") -> Any:
    """Say this, then break."""
    return always(b"".join(said), SSE, framing="chunked", end=end)


async def read(way: Way, handler: Any, model: str = "openai:text", **options: Any) -> Any:
    """Read a whole stream; return the server, the kinds of its chunks and the response."""
    with LoopbackServer(handler) as server:
        async with (
            way.client(server, max_retries=tries(2), **options) as client,
            client.stream(model, "Hi") as response,
        ):
            kinds = [chunk.kind async for chunk in response]
    return server, kinds, response


@pytest.mark.parametrize(
    ("broken", "model"),
    [
        (breaking(), "openai:text"),
        (breaking(b": wait\n\n"), "openai:text"),
        (breaking(STARTED), "openai:text"),
        (breaking(MESSAGE), "anthropic:text"),
        (breaking(MESSAGE, OVERLOADED, end="clean"), "anthropic:text"),
        (breaking(OVERLOADED, end="clean"), "anthropic:text"),
        (breaking(b": wait\n\n", end="close"), "openai:text"),
        (breaking(end="clean"), "openai:text"),
    ],
)
@over_aiohttp_too
async def test_nothing_was_seen(way: Way, broken: Any, model: str) -> None:
    """The reader sees one stream, which begins and ends once, and can ask how often it failed."""
    server, kinds, response = await read(way, First(broken, times=2), model)
    assert len(server.requests) == 3
    assert kinds.count("stream_start") == kinds.count("finish") == 1
    assert (kinds[0], kinds[-1]) == ("stream_start", "finish")
    assert response.state == "complete"
    assert [attempt.number for attempt in response.attempts] == [1, 2]
    assert all(attempt.error.retryable for attempt in response.attempts)


SEEN = {
    "text": b'{"content":"Hel"}',
    "reasoning": b'{"reasoning_content":"Hm"}',
    "a tool call": b'{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]}',
}


@pytest.mark.parametrize("delta", SEEN.values(), ids=SEEN)
@over_aiohttp_too
async def test_something_was_seen(way: Way, delta: bytes) -> None:
    """What was said is billed and seen: it is not asked for again, and the error keeps it."""
    said = b'data: {"choices":[{"index":0,"delta":%b}]}\n\n' % delta
    with LoopbackServer(First(breaking(said))) as server:
        async with (
            way.client(server, max_retries=tries(2)) as client,
            client.stream("openai:text", "Hi") as response,
        ):
            with pytest.raises(reqllm.InterruptedStreamError) as caught:
                await response.to_response()
    assert len(server.requests) == 1
    assert not caught.value.before_first_chunk
    assert caught.value.partial.content


@on_each_loop
async def test_it_goes_on_failing(way: Way) -> None:
    """After the last try its error is raised, with all that failed; the next may be another's."""
    refused = always(b'{"error":{"message":"no"}}', "application/json", status=401)
    for then, kind in ((breaking(), reqllm.InterruptedStreamError), (refused, None)):
        with LoopbackServer(First(breaking(b": wait\n\n")).then(then)) as server:
            async with way.client(server, max_retries=tries(2)) as client:
                async with client.stream("openai:text", "Hi") as response:
                    with pytest.raises(kind or reqllm.AuthenticationError) as caught:
                        await response.to_response()
                assert len(server.requests) == (3 if kind else 2)
                assert caught.value.attempts[-1].error is caught.value
                assert caught.value.attempts[-1].delay is None
                assert (await response.metadata()).state != "open"
        await way.until(lambda server=server: server.open_connections == 0)


@on_each_loop
async def test_what_is_said_of_the_request_is_said_once(way: Way) -> None:
    """A warning of the request comes once, however often it was sent."""
    with LoopbackServer(First(breaking(STARTED), times=2)) as server:
        async with (
            way.client(server, max_retries=tries(2)) as client,
            client.stream("openai:text", "Hi", top_k=5) as response,
        ):
            chunks = [chunk async for chunk in response]
    codes = [chunk.code for chunk in chunks if chunk.kind == "warning"]
    assert codes == ["unsupported_option"]


@on_each_loop
async def test_timeouts_are_not_asked_again(way: Way) -> None:
    """A provider that is slow is not asked twice: it may be at work on the first."""
    with LoopbackServer(breaking(b": wait\n\n", end="stall")) as server:
        async with (
            way.client(server, max_retries=tries(2), timeout=0.1) as client,
            client.stream("openai:text", "Hi") as response,
        ):
            with pytest.raises(reqllm.StreamTimeoutError):
                await response.to_response()
    assert len(server.requests) == 1


@on_each_loop
async def test_total_ends_the_tries(way: Way) -> None:
    """The pause before a try does not outlast the whole call."""
    slow = always(b"", "text/plain", status=429, headers=(("retry-after", "5"),))
    begun = time.monotonic()
    with LoopbackServer(slow) as server:
        async with way.client(server, max_retries=tries(5), total=1.0) as client:
            with pytest.raises(reqllm.RateLimitError):
                await way.start(client, "openai:text")
    assert time.monotonic() - begun < 3
    assert len(server.requests) == 1


@over_aiohttp_too
async def test_cancelled_between_two_tries(way: Way) -> None:
    """Whoever cancels during the pause is heard at once, and the reader's stream just ends."""
    overloaded = OVERLOADED.replace(b"event: error\n", b"")
    with LoopbackServer(breaking(STARTED, overloaded, end="clean")) as server:
        async with way.client(server, max_retries=tries(8, 60.0)) as client:
            async with client.stream("openai:text", "Hi") as response:

                async def reader() -> list[str]:
                    return [chunk.kind async for chunk in response]

                async def stop() -> None:
                    await way.until(lambda: len(server.requests) == 1)
                    await way.sleep(0.1)
                    await response.cancel("enough")

                begun = time.monotonic()
                kinds, _ = await way.together(reader, stop)
                took = time.monotonic() - begun
            assert kinds[-1] == "finish"
            assert (response.state, response.error) == ("interrupted", None)
            assert took < 5
            assert len(server.requests) == 1
    await way.until(lambda: server.open_connections == 0)


@on_each_loop
async def test_others_wait_for_the_next_try(way: Way) -> None:
    """Who waits for the end while a try has failed waits on for the next."""
    with LoopbackServer(First(breaking(STARTED), times=2)) as server:
        async with (
            way.client(server, max_retries=tries(2)) as client,
            client.stream("openai:text", "Hi") as response,
        ):
            *known, text = await way.together(*[response.metadata] * 4, response.text)
    assert {metadata.state for metadata in known} == {"complete"}
    assert text


@on_each_loop
async def test_bytes_of_hello(way: Way) -> None:
    """A stream that needs no other try has none to tell of."""
    _, kinds, response = await read(way, always(HELLO))
    assert kinds[-1] == "finish"
    assert response.attempts == ()
