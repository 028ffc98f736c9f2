"""A stream that our own client leaves, at any time and from anywhere, is recorded as left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reqllm_fixtures import RecordingEndedError, load, use_cassette
from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer
from tests.shells.ways import Way, everywhere, on_each_loop

from .reading import transport_of


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackProvider(beat=0.005)) as server:
        yield server


def recorded(path):
    (interaction,) = load(path).interactions
    return interaction.response


@everywhere
async def test_cancelling_while_it_is_read(way: Way, provider: LoopbackServer, path) -> None:
    """`cancel` by another task or thread, while one waits for bytes, is no failure of the network.

    Replayed, the stream is cut where it was left: there, not before, nothing more is known.
    """

    async def ask(cassette, *, cancels):
        got = []
        http = {"transport": transport_of(way, cassette)}
        async with way.client(provider, http=http) as client:
            response = await way.start(client, "openai:fault-stall_mid")

            async def read():
                async for token in response.tokens():
                    got.append(token)  # noqa: PERF401 - one by one

            async def cancel():
                await way.until(lambda: len(got) > 1)
                await way.sleep(0.02)
                await response.cancel("enough")

            if cancels:
                await way.together(read, cancel)
                assert response.state == "interrupted"
            else:
                with pytest.raises(RecordingEndedError):
                    await read()
            await response.aclose()
        return got

    with use_cassette(path, mode="record") as cassette:
        first = await ask(cassette, cancels=True)
    assert recorded(path).end == "client_closed"
    with use_cassette(path) as cassette:
        assert await ask(cassette, cancels=False) == first


@on_each_loop
async def test_leaving_at_the_last_event(way: Way, provider: LoopbackServer, path) -> None:
    """Our client leaves at the terminal event; so is it recorded, and so does it play to an end."""

    async def ask(cassette):
        http = {"transport": transport_of(way, cassette)}
        async with (
            way.client(provider, http=http) as client,
            client.stream("openai:fault-done_stall", "Hi") as response,
        ):
            return [chunk async for chunk in response], response.state

    with use_cassette(path, mode="record") as cassette:
        first, state = await ask(cassette)
    assert (recorded(path).end, state) == ("client_closed", "complete")
    with use_cassette(path) as cassette:
        assert await ask(cassette) == (first, state)
