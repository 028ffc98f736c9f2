"""Threads, asyncio and trio, httpx and httpx2 give the same of the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

import reqllm
from reqllm_fixtures import use_cassette
from tests.loopback.catalogue import SCENARIOS
from tests.loopback.faults import FAULTS
from tests.loopback.record import CONVERSATIONS, FOLDER, Conversation
from tests.loopback.server import LoopbackServer
from tests.loopback.vendors import LoopbackVendors

from .ways import WAYS, Way, everywhere, on_event_loops

WIRES = {"openai-chat": "openai", "anthropic-messages": "anthropic"}
OTHER_WIRES = {
    "openai-responses": "openai",
    "gemini": "google",
    "gemini-interactions": "google",
}
ENDLESS = {"comments", "pings", "words", "tool_arguments"}
SILENT = {name for name in FAULTS if name.startswith("stall")}


@dataclass
class Heard:
    """All that a reader of one stream has at its end."""

    chunks: list[Any] = field(default_factory=list)
    error: tuple[Any, ...] | None = None
    response: Any = None
    metadata: Any = None


async def heard(response: Any) -> Heard:
    """Read a stream to its end, whatever the end is."""
    found = Heard()
    try:
        async for chunk in response:
            found.chunks.append(chunk)
    except reqllm.ReqLLMError as error:
        found.error = told(error)
    found.response = _without_error(response.partial())
    metadata = await response.metadata()
    found.metadata = (metadata.state, metadata.usage, metadata.finish_reason, metadata.status)
    return found


def told(error: reqllm.ReqLLMError) -> tuple[Any, ...]:
    """An error without what the HTTP libraries word differently."""
    of_network = isinstance(error, reqllm.InterruptedStreamError | reqllm.TransportError)
    said = None if of_network else str(error)
    return type(error), said, error.state, error.before_first_chunk, error.retryable


def _without_error(response: reqllm.Response) -> dict[str, Any]:
    names = [name for name in response.__struct_fields__ if name != "error"]
    return {name: getattr(response, name) for name in names}


def read_in(way: Way, server: LoopbackServer, model: str, wire: str | None = None) -> Heard:
    """Open and read a stream in this way; a failure to open is all that there is, then."""

    async def read() -> Heard:
        try:
            async with (
                way.client(server) as client,
                client.stream(model, "Hello!", wire=wire) as response,
            ):
                return await heard(response)
        except reqllm.ReqLLMError as error:
            return Heard(error=told(error))

    return way.run(read)


CASES = [
    pytest.param(wire, name, id=f"{wire}-{name}")
    for wire, scenarios in SCENARIOS.items()
    for name in (*scenarios, *(f"fault-{key}" for key in FAULTS if key not in ENDLESS | SILENT))
]


@pytest.mark.parametrize(("wire", "name"), CASES)
def test_loopback(wire: str, name: str, server: LoopbackServer) -> None:
    """Every answer of the loopback provider must give the same chunks, ending and metadata."""
    first, *others = (read_in(way, server, f"{WIRES[wire]}:{name}") for way in WAYS)
    for way, other in zip(WAYS[1:], others, strict=True):
        assert other == first, way
    if name in SCENARIOS[wire]:
        body = b"".join(write.data for write in server.exchanges[-1].answer.body)
        decoded = reqllm.decode_stream(wire, body)
        handed_out = [chunk for chunk in decoded.chunks if chunk.kind != "error"]
        assert (first.chunks, first.response["state"]) == (handed_out, decoded.state)


@pytest.fixture(scope="module")
def vendors() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackVendors(speed=0.0)) as server:
        yield server


SAID = ("sky", "unicode", "length", "parallel_tools", "text_and_tools")


@pytest.mark.parametrize("name", [*SAID, "nobody"])
@pytest.mark.parametrize("wire", OTHER_WIRES)
def test_other_wires(wire: str, name: str, vendors: LoopbackServer) -> None:
    """The same of the wires that OpenAI and Google have besides, thoughts and refusals too."""
    model = f"{OTHER_WIRES[wire]}:{name}"
    first, *others = (read_in(way, vendors, model, wire) for way in WAYS)
    for way, other in zip(WAYS[1:], others, strict=True):
        assert other == first, way
    if name in SAID:
        body = b"".join(write.data for write in vendors.exchanges[-1].answer.body)
        decoded = reqllm.decode_stream(wire, body)
        assert (tuple(first.chunks), first.error) == (decoded.chunks, None)
        assert first.metadata[0] == "complete"
    else:
        assert first.error is not None
        assert first.error[0] is reqllm.NotFoundError


@pytest.mark.parametrize("talk", CONVERSATIONS, ids=lambda talk: talk.file)
@everywhere
async def test_cassettes(way: Way, talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cassette must play without a key, and give what its body decodes to."""
    for provider in ("OPENAI", "ANTHROPIC"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
    context = reqllm.Context.new(talk.prompt, tools=talk.tools)
    with use_cassette(FOLDER / talk.file) as cassette:
        transport = cassette.transport if way.is_sync else cassette.async_transport
        async with (
            way.made(transport=transport(way.library)) as client,
            client.stream(talk.model, context, **talk.options) as response,
        ):
            found = await heard(response)
        recorded = cassette.cassette.interactions[0].response
    wire = reqllm.decode_stream(_wire(talk), recorded.body)
    assert tuple(found.chunks) == wire.chunks
    assert (found.error, found.metadata[0]) == (None, "complete")


@pytest.mark.parametrize("talk", CONVERSATIONS, ids=lambda talk: talk.file)
@on_event_loops
async def test_cassettes_by_path(way: Way, talk: Conversation) -> None:
    """`fixture_path` must play a cassette with nothing else given, and close what it made."""
    context = reqllm.Context.new(talk.prompt, tools=talk.tools)
    response = await reqllm.start_stream(
        talk.model.provider,
        talk.model,
        context,
        fixture_path=FOLDER / talk.file,
        **talk.options,
    )
    found = await heard(response)
    assert (found.error, found.metadata[0]) == (None, "complete")
    assert response._pump._owned_client.http_client.is_closed


def _wire(talk: Conversation) -> str:
    return next(wire for wire, name in WIRES.items() if name == talk.model.provider)
