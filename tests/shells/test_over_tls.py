"""Over TLS, as in life: endings, limits, cancel and reuse are the same as without."""

from __future__ import annotations

import time
from typing import Any

import pytest

import reqllm
from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer
from tests.loopback.tls import TlsFront

from .ways import Way, everywhere


@pytest.fixture
def behind() -> Any:
    with LoopbackServer(LoopbackProvider(beat=0.02)) as server:
        yield server


@pytest.mark.parametrize("ending", ["notify", "silent", "garbage"])
@everywhere
async def test_a_stream_that_breaks(way: Way, behind: LoopbackServer, ending: str) -> None:
    """However TLS ends in the middle of a body, it is a failure of the network with its cause."""
    with TlsFront(behind, ending) as front:
        async with (
            way.client(behind, base_url=front.url) as client,
            client.stream("openai:fault-close", "Hi") as response,
        ):
            with pytest.raises(reqllm.InterruptedStreamError) as caught:
                await response.to_response()
            assert caught.value.partial.text == response.partial().text != ""
            assert caught.value.__cause__ is not None
            assert response.state == "interrupted"


@pytest.mark.parametrize("ending", ["notify", "silent"])
@everywhere
async def test_a_body_that_ends_with_its_connection(
    way: Way, behind: LoopbackServer, ending: str
) -> None:
    """Where the connection's end is the body's, what was cut off is never taken for finished."""
    with TlsFront(behind, ending) as front:
        async with (
            way.client(behind, base_url=front.url) as client,
            client.stream("openai:fault-uncounted", "Hi") as response,
        ):
            with pytest.raises(reqllm.StreamError) as caught:
                await response.to_response()
            assert caught.value.state in ("incomplete", "interrupted")


@everywhere
async def test_reuse_cancel_and_limits(way: Way, behind: LoopbackServer) -> None:
    """A connection serves the next call; a blocked read is woken; a limit ends it by its name."""
    with TlsFront(behind) as front:
        async with way.client(behind, base_url=front.url) as client:
            for _ in range(3):
                async with client.stream("openai:text", "Hi") as response:
                    assert [chunk async for chunk in response]
            assert behind.connections == 1
            async with client.stream("openai:fault-stall_mid", "Hi") as response:

                async def read() -> list[Any]:
                    return [chunk async for chunk in response]

                async def stop() -> None:
                    await way.sleep(0.1)
                    await response.cancel("enough")

                begun = time.monotonic()
                chunks, _ = await way.together(read, stop)
                assert (chunks[-1].kind, response.error) == ("finish", None)
            options = {"idle": 0.15, "first_token": 5.0}
            async with client.stream("openai:fault-stall_mid", "Hi", **options) as response:
                with pytest.raises(reqllm.StreamTimeoutError) as caught:
                    await response.to_response()
            assert caught.value.which == "idle"
            assert time.monotonic() - begun < 5
        await way.until(lambda: behind.open_connections == 0)
