"""All that may be asked of a response, in any order, at any time, however its stream ends."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from collections.abc import Callable
from typing import Any

import anyio
import pytest

import reqllm
from tests.loopback.catalogue import CYCLE_THOUGHTS
from tests.loopback.messages import Answer, Write
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer

from .answers import HELLO, SSE, always
from .watching import nothing_left
from .ways import WAYS, Way, everywhere, in_ways, on_each_loop, on_event_loops, over_aiohttp_too

RICH = "anthropic:reasoning_tools"  # reasoning, text and a tool call
GREETING = "Hello! How can I help you today?"


async def kinds(response: Any) -> list[str]:
    """The kinds of all chunks that are left."""
    return [chunk.kind async for chunk in response]


async def drained(response: Any) -> tuple[list[Any], Any]:
    """All chunks, and the error after them if there is one."""
    chunks: list[Any] = []
    try:
        async for chunk in response:
            chunks.append(chunk)  # noqa: PERF401 - an error must not lose those before it
    except reqllm.ReqLLMError as error:
        return chunks, error
    return chunks, None


# Orders.
async def iterated(response: Any) -> int:
    return len(await kinds(response))


ASKED: dict[str, Callable[[Any], Any]] = {
    "iterating": iterated,
    "text": lambda response: response.text(),
    "thinking": lambda response: response.thinking(),
    "tool_calls": lambda response: response.tool_calls(),
    "usage": lambda response: response.usage(),
    "finish_reason": lambda response: response.finish_reason(),
    "metadata": lambda response: response.metadata(),
    "to_response": lambda response: response.to_response(),
}


@over_aiohttp_too
async def test_any_order(way: Way, server: LoopbackServer) -> None:
    """Each question must have the same answer, whatever was asked before it."""
    chance = random.Random(3)
    answers: list[dict[str, Any]] = []
    async with way.client(server) as client:
        for _ in range(24):
            order = chance.sample(sorted(ASKED), len(ASKED))
            async with client.stream(RICH, "Hi") as response:
                found = {name: await ASKED[name](response) for name in order}
                found["metadata"] = found["metadata"].usage, found["metadata"].state
                assert response.partial() == found["to_response"]
                assert (response.state, response.error) == ("complete", None)
            answers.append(found)
    first = answers[0]
    assert all(answer == first for answer in answers)
    assert first["text"] == "Let me check today's weather in Bergen first."
    assert first["thinking"] == CYCLE_THOUGHTS
    assert [call.arguments for call in first["tool_calls"]] == [
        {"city": "Bergen", "unit": "celsius"}
    ]
    assert (first["usage"].input_tokens, first["usage"].output_tokens) == (412, 118)
    assert first["finish_reason"] == reqllm.Finish("tool_calls", "tool_use")
    assert first["iterating"] > 20


@over_aiohttp_too
async def test_iterating_after_the_text(way: Way, server: LoopbackServer) -> None:
    """Chunks that `text` read must stay for an iterator, all of them and in order."""
    async with way.client(server) as client:
        async with client.stream(RICH, "Hi") as response:
            straight = [chunk async for chunk in response]
        async with client.stream(RICH, "Hi") as response:
            await response.text()
            assert [chunk async for chunk in response] == straight
        async with client.stream(RICH, "Hi") as response:
            chunks = []
            async for chunk in response:
                chunks.append(chunk)
                if len(chunks) == 5:
                    assert await response.text()
            assert chunks == straight
        async with client.stream(RICH, "Hi") as response:
            assert "".join([token async for token in response.tokens()]) == await response.text()


@over_aiohttp_too
async def test_one_pass(way: Way, server: LoopbackServer) -> None:
    """A second pass must raise, and never share the chunks out between two readers."""
    passes: tuple[Callable[[Any], Any], ...] = (
        lambda response: response.__aiter__(),
        lambda response: response.stream,
        lambda response: response.tokens(),
    )
    async with way.client(server) as client:
        for first in passes:
            for second in passes:
                async with client.stream("openai:text", "Hi") as response:
                    items = [item async for item in first(response)]
                    with pytest.raises(reqllm.StreamConsumedError, match="already taken"):
                        second(response)
                    assert items
                    assert await response.text() == GREETING


@on_event_loops
async def test_one_pass_by_many_tasks(way: Way, server: LoopbackServer) -> None:
    """Tasks that share one iterator must get each chunk once, and together all of them."""
    async with way.client(server) as client:
        async with client.stream(RICH, "Hi") as response:
            straight = [chunk async for chunk in response]
        async with client.stream(RICH, "Hi") as response:
            chunks = aiter(response)
            shared: list[Any] = []

            async def read() -> None:
                async for chunk in chunks:
                    shared.append(chunk)
                    await anyio.lowlevel.checkpoint()

            await way.together(*[read] * 5)
    assert sorted(map(repr, shared)) == sorted(map(repr, straight))


# Metadata.
@pytest.mark.parametrize("when", ["before", "during", "after", "alone"])
@over_aiohttp_too
async def test_ten_waiters(way: Way, server: LoopbackServer, when: str) -> None:
    """Ten who wait for metadata must get the same, whether and whenever somebody iterates."""
    async with way.client(server) as client, client.stream(RICH, "Hi") as response:
        if when == "after":
            await kinds(response)
        readers = [iterated] if when in ("before", "during") else []
        waiters = [lambda _: response.metadata()] * 10
        calls = waiters + readers if when == "before" else readers + waiters
        found = await way.together(*[lambda call=call: call(response) for call in calls])
        known = [answer for answer in found if not isinstance(answer, int)]
    assert all(metadata == known[0] for metadata in known)
    assert (len(known), known[0].state, known[0].status) == (10, "complete", 200)
    assert known[0].usage.output_tokens == 118
    if readers:
        assert max(answer for answer in found if isinstance(answer, int)) > 20


@over_aiohttp_too
async def test_waiters_during_a_slow_stream(way: Way) -> None:
    """Waiters must take turns with a reader who is slow, and lose the reader no chunk."""
    with LoopbackServer(LoopbackProvider(speed=20)) as server:
        async with way.client(server) as client, client.stream(RICH, "Hi") as response:

            async def read() -> list[str]:
                seen = []
                async for chunk in response:
                    seen.append(chunk.kind)
                    await way.sleep(0.001)
                return seen

            seen, *known = await way.together(read, *[response.metadata] * 3, response.text)
    assert (seen[0], seen[-1], seen.count("finish")) == ("stream_start", "finish", 1)
    assert known[-1] == "Let me check today's weather in Bergen first."
    assert {metadata.state for metadata in known[:-1]} == {"complete"}


@over_aiohttp_too
async def test_whole_answers_asked_for_by_many(way: Way, server: LoopbackServer) -> None:
    """However many threads ask at once, nothing of the answer may be counted twice."""
    async with way.client(server) as client:
        for _ in range(5):
            async with client.stream("openai:text", "Hi") as response:
                found = await way.together(*[response.to_response] * 8)
            assert {answer.text for answer in found} == {GREETING}


@over_aiohttp_too
async def test_metadata_in_time(way: Way, server: LoopbackServer) -> None:
    """Who waits too long for metadata must be told which timeout it was; the stream goes on."""
    async with (
        way.client(server) as client,
        client.stream("openai:fault-words", "Hi", metadata_timeout=0.08) as response,
    ):
        for ask in (response.metadata, response.usage, response.finish_reason):
            with pytest.raises(reqllm.StreamTimeoutError) as caught:
                await ask()
            assert (caught.value.which, caught.value.seconds) == ("metadata_timeout", 0.08)
        assert response.state == "open"
        async for chunk in response:
            if chunk.kind == "text_delta":
                break


# What needs no reading.
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@over_aiohttp_too
async def test_the_answer_of_http(way: Way, server: LoopbackServer, provider: str) -> None:
    """Status, headers and request id must be there at once, and in the metadata."""
    async with way.client(server) as client, client.stream(f"{provider}:text", "Hi") as response:
        assert (response.status, response.state, response.error) == (200, "open", None)
        assert response.headers["content-type"].startswith(SSE)
        assert response.request_id.startswith("req_")
        metadata = await response.metadata()
    assert (metadata.status, metadata.request_id) == (200, response.request_id)
    assert metadata.headers == response.headers
    assert metadata.model == "text"


@on_each_loop
async def test_what_it_is_called(way: Way, server: LoopbackServer) -> None:
    """Printed, a response must say what was asked and how its stream stands."""
    async with way.client(server) as client, client.stream("openai:text", "Hi") as response:
        ours = getattr(response, "_twin", response)
        name = "SyncStreamResponse" if way.is_sync else "StreamResponse"
        assert repr(ours) == f"<{name} openai:text open>"
        await response.text()
        assert repr(ours) == f"<{name} openai:text complete>"


def test_a_stream_that_nobody_opened() -> None:
    """What is asked of a stream before its `with` must say that it was forgotten."""
    ours = (reqllm.Client(api_key=KEY), "with"), (reqllm.AsyncClient(api_key=KEY), "async with")
    for client, way in ours:
        opening = client.stream("openai:text", "Hi")
        with pytest.raises(AttributeError, match=rf"no 'text': open the stream by `{way} client"):
            opening.text()  # type: ignore[union-attr]


@over_aiohttp_too
async def test_partial_grows(way: Way, server: LoopbackServer) -> None:
    """`partial` must hold what was handed out so far, at least, without reading on."""
    async with way.client(server) as client, client.stream("openai:sky", "Hi") as response:
        assert (response.partial().text, response.partial().state) == ("", "open")
        text = ""
        async for chunk in response:
            text += chunk.text if chunk.kind == "text_delta" else ""
            assert response.partial().text.startswith(text)
        assert response.partial().text == text


@on_each_loop
async def test_what_is_not_asked_for_is_not_read(way: Way) -> None:
    """Nothing may be read ahead of the reader: its pace is the provider's."""
    event = HELLO[: HELLO.index(b"\n\n") + 2] * 1000
    endless = Answer(
        headers=(("content-type", SSE),), body=[Write(event) for _ in range(1000)]
    )  # 100 MB
    with LoopbackServer(lambda _: endless) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            async for _ in response:
                break
            exchange, sent = server.exchanges[0], -1
            while sent != exchange.sent:  # until what is between the two is full
                sent = exchange.sent
                await way.sleep(0.1)
            assert 0 < sent < 20_000_000
            assert not exchange.over


# Failures.
FAILURES = {
    "openai:fault-reset": (reqllm.InterruptedStreamError, "interrupted"),
    "openai:fault-close": (reqllm.InterruptedStreamError, "interrupted"),
    "openai:fault-no_last_chunk": (reqllm.InterruptedStreamError, "interrupted"),
    "openai:fault-short": (reqllm.InterruptedStreamError, "interrupted"),
    "openai:fault-uncounted": (reqllm.IncompleteStreamError, "incomplete"),
    "openai:truncated": (reqllm.IncompleteStreamError, "incomplete"),
    "openai:error_mid": (reqllm.ServerError, "failed"),
    "anthropic:fault-reset": (reqllm.InterruptedStreamError, "interrupted"),
    "anthropic:fault-uncounted": (reqllm.IncompleteStreamError, "incomplete"),
    "anthropic:error_mid": (reqllm.OverloadedError, "failed"),
}


@pytest.mark.parametrize("asked_first", [None, "metadata", "usage"])
@pytest.mark.parametrize("model", FAILURES)
@everywhere
async def test_failures(
    way: Way, server: LoopbackServer, model: str, asked_first: str | None
) -> None:
    """A failure must raise after all that arrived, once while iterating, and keep what arrived."""
    kind, state = FAILURES[model]
    async with way.client(server) as client, client.stream(model, "Hi") as response:
        if asked_first:
            await ASKED[asked_first](response)
        chunks = aiter(response)
        seen, error = await drained(chunks)
        assert await drained(chunks) == ([], None)
        assert (type(error), error.state, response.state) == (kind, state, state)
        assert (error.before_first_chunk, response.error is error) == (False, True)
        assert error.request_id == response.request_id
        text = "".join(chunk.text for chunk in seen if chunk.kind == "text_delta")
        assert text == error.partial.text == response.partial().text != ""
        assert [chunk.kind for chunk in seen if chunk.kind in ("finish", "error")] == []
        for ask in (response.text, response.thinking, response.tool_calls, response.to_response):
            with pytest.raises(kind) as caught:
                await ask()
            assert caught.value is error
        metadata = await response.metadata()
        assert (metadata.state, metadata.finish_reason) == (state, None)
        assert await response.usage() == metadata.usage
        if kind is reqllm.InterruptedStreamError:
            assert isinstance(error.__cause__, way.library.TransportError)


@over_aiohttp_too
async def test_failures_of_tokens(way: Way, server: LoopbackServer) -> None:
    """The lazy stream of tokens must raise as the stream of chunks does."""
    async with way.client(server) as client, client.stream("openai:truncated", "Hi") as response:
        tokens, error = await drained(response.tokens())
    assert "".join(tokens) == "This sentence has no"
    assert type(error) is reqllm.IncompleteStreamError


@over_aiohttp_too
async def test_ten_waiters_of_a_broken_stream(way: Way, server: LoopbackServer) -> None:
    """Waiters must be told of a broken stream as of any other, and those for text by its error."""

    async def text() -> Any:
        with pytest.raises(reqllm.InterruptedStreamError) as caught:
            await response.text()
        return caught.value

    async with way.client(server) as client, client.stream("openai:fault-reset", "Hi") as response:
        found = await way.together(*[response.metadata] * 5, *[text] * 5)
    assert {metadata.state for metadata in found[:5]} == {"interrupted"}
    assert all(error is response.error for error in found[5:])


# Silence.
@pytest.mark.parametrize(
    ("fault", "has_text"),
    [("first", False), ("mid", True), ("event", False), ("character", True), ("chunk_size", True)],
)
@on_each_loop
async def test_silence(way: Way, server: LoopbackServer, fault: str, has_text: bool) -> None:
    """Silence must end the stream by the timeout that is named, and keep what had arrived."""
    model = f"openai:fault-stall_{fault}"
    async with way.client(server, timeout=0.2) as client, client.stream(model, "Hi") as response:
        begun = time.monotonic()
        _, error = await drained(response)
        assert time.monotonic() - begun < 1
    assert type(error) is reqllm.StreamTimeoutError
    assert isinstance(error, TimeoutError)
    assert (error.which, error.seconds, error.state) == ("timeout", 0.2, "interrupted")
    assert "timeout=0.2" in str(error)
    assert isinstance(error.__cause__, way.library.ReadTimeout)
    assert bool(error.partial.text) == has_text


@on_each_loop
async def test_signs_of_life_are_no_silence(way: Way, server: LoopbackServer) -> None:
    """A stream that says something now and then must not be taken for silent."""
    async with (
        way.client(server, timeout=0.2) as client,
        client.stream("openai:fault-comments", "Hi", include_keepalive=True) as response,
    ):
        begun = time.monotonic()
        async for _ in response:
            if time.monotonic() - begun > 0.5:
                break
        assert response.state == "open"


@on_each_loop
async def test_no_limit(way: Way) -> None:
    """A timeout of None must wait as long as it takes."""
    pieces = HELLO.partition(b"\n\n")
    late = Answer(
        headers=(("content-type", SSE),),
        body=(Write(pieces[0] + pieces[1]), Write(pieces[2], 0.2)),
    )
    with LoopbackServer(lambda _: late) as server:
        async with (
            way.client(server, timeout=None) as client,
            client.stream("openai:x", "Hi") as response,
        ):
            assert await response.text() == "Hello"


# An end that is said before it comes.
@pytest.mark.parametrize("model", ["done_stall", "done_late", "done_reset", "hang_up", "trailers"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@everywhere
async def test_the_last_event_is_the_end(
    way: Way, server: LoopbackServer, provider: str, model: str
) -> None:
    """What follows the last event must be waited for by nobody, and be no failure."""
    async with way.client(server) as client:
        begun = time.monotonic()
        async with client.stream(f"{provider}:fault-{model}", "Hi") as response:
            assert (await response.text(), response.state) == (GREETING, "complete")
        assert time.monotonic() - begun < 1


# Options of the stream.
@on_each_loop
async def test_on_incomplete(way: Way, server: LoopbackServer) -> None:
    """`on_incomplete="return"` must end a clean cut quietly and call it so; no other end."""
    async with way.client(server) as client:
        async with client.stream("openai:truncated", "Hi", on_incomplete="return") as response:
            chunks, error = await drained(response)
            assert (error, response.state, await response.text()) == (
                None, "incomplete", "This sentence has no",
            )  # fmt: skip
            assert chunks[-1].finish.reason == "incomplete"
        async with client.stream("openai:fault-reset", "Hi", on_incomplete="return") as response:
            assert type((await drained(response))[1]) is reqllm.InterruptedStreamError


@on_each_loop
async def test_on_malformed(way: Way) -> None:
    """An event that is no JSON must fail the stream, or be skipped with a warning if asked."""
    with LoopbackServer(always(HELLO.replace(b"\n\n", b"\n\ndata: {oops\n\n", 1))) as server:
        async with way.client(server) as client:
            async with client.stream("openai:x", "Hi") as response:
                _, error = await drained(response)
                assert (type(error), error.data) == (reqllm.MalformedEventError, b"{oops")
                assert (response.state, error.partial.text) == ("failed", "Hello")
            async with client.stream("openai:x", "Hi", on_malformed="skip") as response:
                chunks, error = await drained(response)
                assert (error, response.state, await response.text()) == (
                    None, "complete", "Hello",
                )  # fmt: skip
                assert [chunk.kind for chunk in chunks].count("warning") == 1


@on_each_loop
async def test_include_raw_and_keepalive(way: Way, server: LoopbackServer) -> None:
    """Raw events and signs of life must be handed out if asked for, and only then."""
    async with way.client(server) as client:
        for options, wanted in (
            ({}, set()),
            ({"include_raw": True}, {"raw"}),
            ({"include_keepalive": True}, {"keepalive"}),
            ({"include_raw": True, "include_keepalive": True}, {"raw", "keepalive"}),
        ):
            async with client.stream("openai:noise", "Hi", **options) as response:
                found = set(await kinds(response))
                assert found & {"raw", "keepalive"} == wanted
                assert await response.text() == "Heard through the noise."


@on_each_loop
async def test_max_event_bytes(way: Way) -> None:
    """An event above the limit must fail the stream before it is held whole; below, it is read."""
    long = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"a" * 5000)
    with LoopbackServer(always(HELLO.replace(b"\n\n", b"\n\n" + long, 1))) as server:
        async with way.client(server) as client:
            async with client.stream("openai:x", "Hi", max_event_bytes=1000) as response:
                _, error = await drained(response)
                assert (type(error), error.limit) == (reqllm.EventTooLargeError, 1000)
                assert error.partial.text == "Hello"
            async with client.stream("openai:x", "Hi", max_event_bytes=6000) as response:
                assert len(await response.text()) == 5005


# Compression.
def deflate(data: bytes) -> bytes:
    return zlib.compress(data)


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", deflate)])
@pytest.mark.parametrize("size", [1, 7, 10_000])
@over_aiohttp_too
async def test_compressed(
    way: Way, encoding: str, compress: Callable[[bytes], bytes], size: int
) -> None:
    """A body that is said to be compressed must be read right, however it is cut."""
    body = compress(HELLO)
    answer = Answer(
        headers=(("content-type", SSE), ("content-encoding", encoding)),
        body=tuple(Write(body[at : at + size]) for at in range(0, len(body), size)),
    )
    with LoopbackServer(lambda _: answer) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            assert (await response.text(), response.state) == ("Hello", "complete")


@over_aiohttp_too
async def test_compressed_and_left(way: Way) -> None:
    """A compressed stream that its reader leaves must be released as any other."""
    packer = zlib.compressobj(wbits=31)
    start = packer.compress(HELLO[: HELLO.index(b"\n\n") + 2]) + packer.flush(zlib.Z_SYNC_FLUSH)
    answer = Answer(
        headers=(("content-type", SSE), ("content-encoding", "gzip")),
        body=(Write(start),),
        end="stall",
    )
    with LoopbackServer(lambda _: answer) as server:
        library_client = way.http()
        client = way.made(
            base_url=server.url, api_key=KEY, http_client=library_client, max_retries=0
        )
        async with nothing_left(way, library_client):
            async with client.stream("openai:x", "Hi") as response:
                async for chunk in response:
                    if chunk.kind == "text_delta":
                        break
            await way.until(lambda: server.open_connections == 0)
        await way.end(library_client)


@in_ways([way for way in WAYS if way.loop != "trio"])
async def test_not_compressed_after_all(way: Way) -> None:
    """A body that is not compressed as it is said to be must be a failure with its cause.

    Not on trio, which then complains of the HTTP libraries' own generators: the one that
    decompresses breaks off and leaves those below it to the garbage collector.
    """
    headers = (("content-encoding", "gzip"),)
    with LoopbackServer(always(HELLO, headers=headers)) as server:
        async with way.client(server) as client, client.stream("openai:x", "Hi") as response:
            _, error = await drained(response)
    assert type(error) is reqllm.InterruptedStreamError
    assert isinstance(error.__cause__, way.library.DecodingError)
