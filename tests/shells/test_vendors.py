"""The vendors that the loopback has, through the whole client: asked, recorded, played again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reqllm
from reqllm.providers.registry import provider_named
from reqllm_fixtures import use_cassette
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer
from tests.loopback.vendors import LoopbackVendors

from .ways import WAYS, Way

# Provider: what stands between the server's address and the wire's own path.
VENDORS = {
    "amazon_bedrock": "",
    "cohere": "",
    "ollama": "",
    "mistral": "/mistral/v1",
    "groq": "/openai/v1",
}
MODELS = ("text", "unicode", "length", "tools", "parallel_tools", "text_and_tools")
KEYS = [variable for name in VENDORS for variable in provider_named(name).key_variables]


@pytest.fixture(scope="module")
def vendors() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackVendors(speed=0.0)) as server:
        yield server


def read_in(way: Way, vendors: LoopbackServer, model: str) -> list[Any]:
    """Return all chunks of an answer, read in this way."""
    provider, _, _ = model.partition(":")
    url = vendors.url + VENDORS[provider]

    async def read() -> list[Any]:
        async with (
            way.client(vendors, base_url=url) as client,
            client.stream(model, "Hello!") as response,
        ):
            return [chunk async for chunk in response]

    found: list[Any] = way.run(read)
    return found


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("provider", VENDORS)
def test_each_way_reads_what_was_sent(provider: str, name: str, vendors: LoopbackServer) -> None:
    """Threads, asyncio and trio, over both libraries, give the chunks of the bytes."""
    wire = provider_named(provider).wire
    for way in WAYS:
        chunks = read_in(way, vendors, f"{provider}:{name}")
        body = b"".join(write.data for write in vendors.exchanges[-1].answer.body)
        answer = reqllm.decode_stream(wire, body)
        assert tuple(chunks) == answer.chunks, way
        assert answer.state == "complete"
        assert answer.warnings == ()


@pytest.mark.parametrize("provider", VENDORS)
def test_what_was_recorded_plays_without_key_and_server(
    provider: str, vendors: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorded answer gives the same chunks again, with no key in the environment or the file."""
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    file = tmp_path / f"{provider}.yaml"
    url = vendors.url + VENDORS[provider]
    found = []
    for mode, key in (("record", KEY), ("replay", None)):
        with use_cassette(file, mode=mode) as used:
            client = reqllm.Client(transport=used.transport(), base_url=url, api_key=key)
            with client, client.stream(f"{provider}:text_and_tools", "Hello!") as response:
                found.append(list(response))
    assert found[0] == found[1]
    assert found[0][-1].kind == "finish"
    assert KEY not in file.read_text(encoding="utf-8")
