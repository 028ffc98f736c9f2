"""A call is tried again only before its stream begins, only where that may help, and not for ever.

Nobody waits here: the openers are given a sleep that notes how long it was asked to.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

import reqllm
from reqllm.calling import CallOptions, Retries
from reqllm.http_client import AsyncOpener, Opener
from reqllm.providers.registry import provider_named
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .answers import HELLO, First, always, no_answer
from .ways import Way, everywhere, on_each_loop, on_event_loops, over_aiohttp_too

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
IN_SEVEN_SECONDS = "Sun, 22 Nov 2026 12:00:07 GMT"


class Sleeper:
    """A sleep that does not take time, for either kind of opener."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> Any:
        self.slept.append(seconds)
        return None if self._way.is_sync else anyio.lowlevel.checkpoint()


async def opened(
    way: Way,
    server: LoopbackServer,
    model: str = "openai:text",
    *,
    limit: int = 3,
    chance: float = 0.0,
    http: dict[str, Any] | None = None,
) -> tuple[reqllm.Response | reqllm.ReqLLMError, list[float]]:
    """Open and read a stream; return what came of it, and the waits between the tries."""
    sleeper = Sleeper(way)
    parsed = reqllm.Model.parse(model)
    provider = provider_named(parsed.provider)
    request = provider.encode(
        parsed, reqllm.Context.new("Hi"), {}, api_key=KEY, base_url=server.url
    )
    library_client = way.http(**http or {})
    opener = (Opener if way.is_sync else AsyncOpener)(
        library_client,
        Retries(limit=limit),
        sleep=sleeper,
        chance=lambda: chance,
        clock=lambda: NOON,
    )
    try:
        waiting = opener.open(request, provider.wire, CallOptions())
        pump: Any = waiting if way.is_sync else await waiting
        while pump.is_open:
            pump.read_on() if way.is_sync else await pump.read_on()
        return pump.server.response, sleeper.slept
    except reqllm.ReqLLMError as error:
        return error, sleeper.slept
    finally:
        await way.end(library_client)


def refused(status: int, **headers: str) -> Any:
    """A refusal with these headers; `_` stands for `-`."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return always(
        b'{"error":{"message":"no"}}', "application/json", status=status, reason="No", headers=named
    )


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
@on_each_loop
async def test_what_may_pass_is_tried_again(way: Way, status: int) -> None:
    """A refusal that may pass must be tried again, and the next answer be as any other."""
    with LoopbackServer(First(refused(status), times=2)) as server:
        response, slept = await opened(way, server)
    assert (response.state, len(slept), len(server.requests)) == ("complete", 2, 3)
    assert server.connections == 1


@pytest.mark.parametrize("status", ["429", "500", "503", "529"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@on_each_loop
async def test_a_provider_that_falters(
    way: Way, server: LoopbackServer, provider: str, status: str
) -> None:
    """The providers' own refusals, with their own headers, must be tried again."""
    response, slept = await opened(way, server, f"{provider}:flaky-{status}")
    assert (response.state, len(slept), len(server.requests)) == ("complete", 1, 2)
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422])
@pytest.mark.parametrize("advice", [{}, {"x_should_retry": "true"}, {"retry_after": "1"}])
@on_each_loop
async def test_what_will_not_pass_is_not(way: Way, status: int, advice: dict[str, str]) -> None:
    """A request that is wrong stays wrong: it must be sent once, whatever the provider says."""
    with LoopbackServer(First(refused(status, **advice))) as server:
        error, slept = await opened(way, server)
    assert (error.status, slept, len(server.requests)) == (status, [], 1)
    assert not error.retryable


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
@on_each_loop
async def test_a_provider_that_advises_against_it(way: Way, status: int) -> None:
    """`x-should-retry: false` must be obeyed, and told to the caller."""
    with LoopbackServer(First(refused(status, x_should_retry="false"))) as server:
        error, slept = await opened(way, server)
    assert (error.status, error.retryable, slept) == (status, False, [])


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"retry_after": "2"}, [2.0]),
        ({"retry_after": "0.5"}, [0.5]),
        ({"retry_after": "0"}, [0.0]),
        ({"retry_after": "-1"}, [0.0]),
        ({"retry_after": "60"}, [60.0]),
        ({"retry_after": IN_SEVEN_SECONDS}, [7.0]),
        ({"retry_after": "Sun, 22 Nov 2026 11:00:00 GMT"}, [0.0]),
        ({"retry_after_ms": "150"}, [0.15]),
        ({"retry_after_ms": "150", "retry_after": "2"}, [0.15]),
        ({"retry_after": "soon"}, [0.5]),
        ({"retry_after": "nan"}, [0.5]),
        ({"retry_after": ""}, [0.5]),
    ],
)
@on_each_loop
async def test_retry_after(way: Way, headers: dict[str, str], waits: list[float]) -> None:
    """The wait that the provider asks for must be waited, in each form that it is asked in."""
    with LoopbackServer(First(refused(429, **headers))) as server:
        response, slept = await opened(way, server)
    assert (response.state, slept) == ("complete", waits)


@pytest.mark.parametrize("asked", ["61", "99999", "1e9"])
@on_each_loop
async def test_too_long_a_wait(way: Way, asked: str) -> None:
    """A wait of more than a minute must be the caller's to decide on."""
    with LoopbackServer(First(refused(429, retry_after=asked))) as server:
        error, slept = await opened(way, server)
    assert (type(error), slept) == (reqllm.RateLimitError, [])
    assert error.retry_after == min(float(asked), 86_400)


@pytest.mark.parametrize(
    ("chance", "waits"), [(0.0, [0.5, 1, 2, 4, 8, 8]), (1.0, [0.25, 0.5, 1, 2, 4, 4])]
)
@on_each_loop
async def test_waits_grow(way: Way, chance: float, waits: list[float]) -> None:
    """The waits must double up to eight seconds, and be spread over the half below."""
    with LoopbackServer(refused(500)) as server:
        error, slept = await opened(way, server, limit=6, chance=chance)
    assert (type(error), slept, len(server.requests)) == (reqllm.ServerError, waits, 7)


@pytest.mark.parametrize("limit", [0, 1])
@on_each_loop
async def test_no_more_tries_than_allowed(way: Way, limit: int) -> None:
    """So many tries after the first, and not one more, must be made."""
    with LoopbackServer(refused(429)) as server:
        error, slept = await opened(way, server, limit=limit)
    assert (type(error), len(slept), len(server.requests)) == (
        reqllm.RateLimitError, limit, limit + 1,
    )  # fmt: skip


# The network.
@everywhere
async def test_a_connection_that_is_refused_at_first(way: Way, server: LoopbackServer) -> None:
    """A refused connection must be tried again."""
    transport = refusing(way, times=2)
    response, slept = await opened(way, server, http={"transport": transport})
    assert (response.state, slept, len(server.requests)) == ("complete", [0.5, 1.0], 1)


@everywhere
async def test_a_server_that_is_not_there_at_first(way: Way) -> None:
    """A port at which nobody listens yet is tried again; the reader sees one stream."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    begun = threading.Event()
    with contextlib.ExitStack() as stack:

        async def read() -> list[str]:
            tries = Retries(limit=40, first_delay=0.02)
            async with (
                way.client(None, base_url=url, max_retries=tries) as client,
                client.stream("openai:text", "Hi") as response,
            ):
                kinds = [chunk.kind async for chunk in response]
            assert {type(each.error) for each in response.attempts} == {reqllm.TransportError}
            assert begun.is_set()
            return kinds

        async def begin() -> LoopbackServer:
            await way.sleep(0.1)
            begun.set()
            return stack.enter_context(LoopbackServer(always(HELLO), bound))

        kinds, server = await way.together(read, begin)
        assert len(server.requests) == 1
    assert (kinds.count("stream_start"), kinds.count("finish")) == (1, 1)


def refusing(way: Way, times: int) -> Any:
    """A real transport whose first connections are refused."""
    kind = way.library.HTTPTransport if way.is_sync else way.library.AsyncHTTPTransport
    real = kind(verify=False)
    left = [way.library.ConnectError("Connection refused") for _ in range(times)]

    class Refusing(kind):
        def handle_request(self, request: Any) -> Any:
            if left:
                raise left.pop()
            return real.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            if left:
                raise left.pop()
            return await real.handle_async_request(request)

        def close(self) -> None:
            real.close()

        async def aclose(self) -> None:
            await real.aclose()

    return Refusing(verify=False)


@over_aiohttp_too
async def test_a_server_that_hangs_up_at_first(way: Way) -> None:
    """A connection that ends without a status line must be tried again."""
    with LoopbackServer(First(no_answer)) as server:
        response, slept = await opened(way, server)
    assert (response.state, slept, len(server.requests)) == ("complete", [0.5], 2)


@everywhere
async def test_a_kept_connection_that_went_stale(way: Way) -> None:
    """A connection that the server closed while it was kept must cost no call."""
    hanging_up = always(b'{"error":{}}', "application/json", status=400, hang_up=True)
    with LoopbackServer(First(hanging_up)) as server:
        async with way.client(server) as client:
            with pytest.raises(reqllm.InvalidRequestError):
                await way.start(client, "openai:text")
            await way.until(lambda: server.open_connections == 0)
            async with client.stream("openai:text", "Hi") as response:
                assert await response.text()


# A stream that has begun.
@pytest.mark.parametrize(
    "model",
    ["reset", "close", "no_last_chunk", "short", "uncounted"],
)
@on_each_loop
async def test_a_stream_that_began_is_not_tried_again(
    way: Way, server: LoopbackServer, model: str
) -> None:
    """A stream that breaks must not be asked for twice: its reader may have seen the start."""
    response, slept = await opened(way, server, f"openai:fault-{model}")
    assert response.state != "complete"
    assert (slept, len(server.requests)) == ([], 1)


@pytest.mark.parametrize("model", ["nothing", "only_comments"])
@on_each_loop
async def test_a_stream_that_said_nothing_is_tried_again(
    way: Way, server: LoopbackServer, model: str
) -> None:
    """A stream of which no reader can have seen anything must be asked for again, then raise."""
    response, slept = await opened(way, server, f"openai:fault-{model}")
    assert (response.state, len(slept), len(server.requests)) == ("incomplete", 3, 4)
    assert [attempt.number for attempt in response.error.attempts] == [1, 2, 3, 4]


@on_each_loop
async def test_a_200_that_turns_out_to_be_an_error(way: Way) -> None:
    """A 200 that is an error must be tried again as that error would be."""
    for code, tries in (("rate_limit_exceeded", 2), ("invalid_api_key", 1)):
        body = b'{"error":{"message":"no","code":"%b"}}' % code.encode()
        with LoopbackServer(First(always(body, "application/json"))) as server:
            found, slept = await opened(way, server)
            assert (len(server.requests), len(slept)) == (tries, tries - 1)
        assert isinstance(found, reqllm.AuthenticationError) == (tries == 1)


# As callers see it.
@over_aiohttp_too
async def test_clients_try_again_by_themselves(way: Way, server: LoopbackServer) -> None:
    """A client must try again without being told, and wait as long as the provider asks."""
    async with (
        way.client(server, max_retries=3) as client,
        client.stream("openai:flaky-429", "Hi") as response,
    ):
        assert await response.text()
    waited = server.exchanges[1].received_at - server.exchanges[0].received_at
    assert waited >= 0.025


@on_event_loops
async def test_cancelling_a_wait(way: Way) -> None:
    """A caller who is cancelled must not wait for the next try."""
    with LoopbackServer(refused(429, retry_after="30")) as server:
        async with way.client(server, max_retries=3) as client:
            with anyio.fail_after(2):
                async with anyio.create_task_group() as group:
                    group.start_soon(way.start, client, "openai:text")
                    await way.until(lambda: bool(server.exchanges) and server.exchanges[0].over)
                    await anyio.sleep(0.05)
                    group.cancel_scope.cancel()
        assert len(server.requests) == 1
