"""Over HTTP/2, where streams share a connection: one that breaks takes no other with it."""

from __future__ import annotations

from typing import Any

import pytest

import reqllm
from tests.loopback.http2 import Http2Server
from tests.loopback.messages import Answer, Write

from .answers import HELLO, SSE, First, always
from .ways import Way, everywhere

HTTP2 = {"http1": False, "http2": True}
START = HELLO[: HELLO.index(b"\n\n") + 2]


@pytest.mark.parametrize("end", ["reset", "close", "goaway"])
@everywhere
async def test_a_stream_that_breaks(way: Way, end: str) -> None:
    """A stream that is reset or given up, or whose connection goes, is interrupted; the next call
    is well."""
    # The pause lets the first be read before a closing socket takes it back.
    broken = Answer(
        headers=(("content-type", SSE),),
        body=(Write(START), Write(b": wait\n\n", 0.3)),
        end=end,  # type: ignore[arg-type]
    )
    with Http2Server(First(lambda _: broken).then(always(HELLO))) as server:
        async with way.client(server, http=HTTP2) as client:
            async with client.stream("openai:x", "Hi") as response:
                with pytest.raises(reqllm.InterruptedStreamError) as caught:
                    await response.to_response()
            assert (response.state, caught.value.partial.text) == ("interrupted", "Hello")
            async with client.stream("openai:x", "Hi") as response:
                assert await response.text() == "Hello"
        assert server.connections == (1 if end == "reset" else 2)


@everywhere
async def test_leaving_one_of_two(way: Way) -> None:
    """A stream that its reader leaves is given up alone: the other one on its connection goes on.

    By a task or thread that reads; one that is blocked in a read of a shared connection is not
    woken, since that would end the others, too.
    """
    handler = First(always(START, framing="chunked", end="stall")).then(always(HELLO))
    with Http2Server(handler) as server:
        async with way.client(server, http=HTTP2) as client:
            async with client.stream("openai:x", "Hi") as left:
                chunks: list[Any] = []
                async for chunk in left:
                    chunks.append(chunk)
                    if chunk.kind == "text_delta":
                        break
                async with client.stream("openai:x", "Hi") as response:
                    await left.aclose()
                    assert await response.text() == "Hello"
            assert (left.state, response.state) == ("interrupted", "complete")
        assert server.connections == 1
