"""What a program is told of its calls: every try, every chunk, and one end, however it ends."""

from __future__ import annotations

import gc
import logging
import warnings
from typing import Any

import pytest

import reqllm
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .answers import HELLO, First, always
from .test_asking_again import STARTED, breaking, tries
from .ways import Way, on_each_loop, over_aiohttp_too


class Told:
    """Takes down what the hooks are told."""

    def __init__(self) -> None:
        self.attempts: list[reqllm.AttemptStart] = []
        self.events: list[reqllm.StreamChunk] = []
        self.ends: list[reqllm.StreamEnd] = []

    @property
    def hooks(self) -> dict[str, Any]:
        return {
            "on_attempt": self.attempts.append,
            "on_event": self.events.append,
            "on_end": self.ends.append,
        }


@over_aiohttp_too
async def test_a_call_that_ends_well(way: Way, server: LoopbackServer) -> None:
    """One try, each chunk as it is handed out, and one end that sums it up."""
    told = Told()
    async with (
        way.client(server, **told.hooks) as client,
        client.stream("openai:text", "Hi") as response,
    ):
        chunks = [chunk async for chunk in response]
        await response.metadata()
        await response.cancel()
    assert told.events == chunks
    (attempt,) = told.attempts
    assert (attempt.provider, attempt.model, attempt.wire) == ("openai", "text", "openai-chat")
    assert (attempt.number, attempt.failed) == (1, None)
    assert attempt.url == f"{server.url}/v1/chat/completions"
    (end,) = told.ends
    assert (end.provider, end.model, end.error, end.attempts) == ("openai", "text", None, ())
    assert end.metadata.state == "complete"
    assert end.metadata.usage is not None
    assert end.metadata.status == 200
    assert end.first_token is not None
    assert 0 < end.first_token <= end.seconds


@on_each_loop
async def test_an_answer_that_comes_at_once(way: Way) -> None:
    """Where the whole answer came in one read, the time of its first word is known, too."""
    told = Told()
    with LoopbackServer(always(HELLO)) as server:
        async with (
            way.client(server, **told.hooks) as client,
            client.stream("openai:x", "Hi") as response,
        ):
            assert await response.text() == "Hello"
    assert told.ends[0].first_token is not None


@over_aiohttp_too
async def test_tries_are_told(way: Way) -> None:
    """Each try is told before it is made, with why the one before it failed."""
    told = Told()
    overloaded = always(b"{}", "application/json", status=529, reason="Overloaded")
    handler = First(overloaded).then(First(breaking(STARTED)))
    with LoopbackServer(handler) as server:
        async with (
            way.client(server, max_retries=tries(3), **told.hooks) as client,
            client.stream("openai:text", "Hi") as response,
        ):
            await response.text()
    assert [attempt.number for attempt in told.attempts] == [1, 2, 3]
    kinds = [type(attempt.failed) for attempt in told.attempts]
    assert kinds == [type(None), reqllm.OverloadedError, reqllm.InterruptedStreamError]
    (end,) = told.ends
    assert [attempt.number for attempt in end.attempts] == [1, 2]


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("openai:fault-reset", "interrupted"),
        ("openai:fault-uncounted", "incomplete"),
        ("openai:fault-html", "failed"),
    ],
)
@on_each_loop
async def test_a_call_that_ends_badly(
    way: Way, server: LoopbackServer, model: str, state: str
) -> None:
    """A stream that breaks has one end, with its error."""
    told = Told()
    async with way.client(server, **told.hooks) as client:
        with pytest.raises(reqllm.ReqLLMError) as caught:
            async with client.stream(model, "Hi") as response:
                await response.text()
    (end,) = told.ends
    assert (end.metadata.state, end.error) == (state, caught.value)


@on_each_loop
async def test_a_call_that_is_refused(way: Way, server: LoopbackServer) -> None:
    """A call whose stream never began has one end all the same."""
    told = Told()
    async with way.client(server, **told.hooks) as client:
        with pytest.raises(reqllm.AuthenticationError) as caught:
            await way.start(client, "openai:error-401")
    (end,) = told.ends
    assert (end.error, end.metadata.state, end.first_token) == (caught.value, "failed", None)
    assert len(told.attempts) == 1


@over_aiohttp_too
async def test_a_call_that_is_left(way: Way, server: LoopbackServer) -> None:
    """A stream that is left early, or dropped, has one end, as interrupted."""
    told = Told()
    async with way.client(server, **told.hooks) as client:
        async with client.stream("openai:fault-words", "Hi") as response:
            await anext(aiter(response))
        dropped = await way.start(client, "openai:fault-words")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del dropped
            gc.collect()
        await way.until(lambda: server.open_connections == 0)
    assert [end.metadata.state for end in told.ends] == ["interrupted"] * 2
    reasons = [end.metadata.finish_reason.details["reason"] for end in told.ends]
    assert reasons == ["closed", "dropped"]


@pytest.mark.parametrize("hook", ["on_attempt", "on_event", "on_end"])
@over_aiohttp_too
async def test_a_hook_that_fails(way: Way, server: LoopbackServer, hook: str) -> None:
    """What a hook raises comes to the reader once, and nothing is left open."""

    def fails(_: Any) -> None:
        raise LookupError("mine")

    async def read(client: Any) -> None:
        async with client.stream("openai:text", "Hi") as response:
            await response.text()

    async with way.client(server, **{hook: fails}) as client:
        with pytest.raises(LookupError, match="mine") as caught:
            await read(client)
    assert caught.value.__context__ is None
    await way.until(lambda: server.open_connections == 0)


@on_each_loop
async def test_the_log(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """What is tried again is logged under reqllm, without key or content."""
    leak = always(
        b'{"error":{"message":"%b is bad"}}' % KEY.encode(), status=529, reason="Overloaded"
    )
    with caplog.at_level(logging.DEBUG, "reqllm"), LoopbackServer(First(leak)) as server:
        async with (
            way.client(server, max_retries=tries(1)) as client,
            client.stream("openai:text", "secret question") as response,
        ):
            await response.text()
    text = "\n".join(record.getMessage() for record in caplog.records if record.name == "reqllm")
    assert "trying again" in text
    assert "openai:text" in text
    assert KEY not in text
    assert "secret question" not in text
