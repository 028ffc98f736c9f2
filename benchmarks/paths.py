"""The ways to read the same bytes: the least there is, ours, and the vendors'."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import orjson

import reqllm
from reqllm.providers.registry import provider_named
from reqllm_fixtures.cassette import (
    Cassette,
    Interaction,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.matching import StrictMatcher
from reqllm_fixtures.transport import async_replay_transport, replay_transport

PROVIDER = {"openai-chat": "openai", "anthropic-messages": "anthropic"}
PROMPT = "Why is the sky blue?"
Run = Callable[[], None]


def limit(pieces: list[bytes]) -> Run:
    """Split at blank lines and parse each payload: no client can do less with JSON."""
    body = b"".join(pieces)

    def run() -> None:
        for block in body.split(b"\n\n"):
            at = block.find(b"data: ")
            payload = block[at + 6 :]
            if at >= 0 and payload[:1] == b"{":
                orjson.loads(payload)

    return run


def server(wire: str, pieces: list[bytes]) -> Run:
    """Our core alone: bytes to chunks."""

    def run() -> None:
        one = reqllm.StreamServer(wire)
        for piece in pieces:
            one.receive(piece)
        one.end()
        assert one.state == "complete"

    return run


def sync_client(wire: str, pieces: list[bytes]) -> Run:
    """Our whole client over a recorded stream, and the usage at its end."""
    recorded = _recording(wire, pieces)

    def run() -> None:
        transport = replay_transport(_cassette(recorded), httpx)
        client = reqllm.Client(transport=transport, api_key="unused")
        with client, client.stream(f"{PROVIDER[wire]}:bench", PROMPT) as response:
            for _ in response:
                pass
            assert response.usage() is not None

    return run


def async_client(wire: str, pieces: list[bytes]) -> Run:
    """The same on asyncio."""
    recorded = _recording(wire, pieces)

    async def main() -> None:
        transport = async_replay_transport(_cassette(recorded), httpx)
        client = reqllm.AsyncClient(transport=transport, api_key="unused")
        async with client, client.stream(f"{PROVIDER[wire]}:bench", PROMPT) as response:
            async for _ in response:
                pass
            assert await response.usage() is not None

    return lambda: asyncio.run(main())


def vendor_sdk(wire: str, pieces: list[bytes]) -> Run:
    """The vendor's own client, over the same pieces from memory."""
    import anthropic
    import openai

    class Stream(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Stream())

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    messages: Any = [{"role": "user", "content": PROMPT}]
    if wire == "openai-chat":
        create: Any = openai.OpenAI(api_key="unused", http_client=http).chat.completions.create
    else:
        create = anthropic.Anthropic(api_key="unused", http_client=http).messages.create

    def run() -> None:
        for _ in create(model="bench", messages=messages, max_tokens=4096, stream=True):
            pass

    return run


def _cassette(recorded: Interaction) -> Cassette:
    return Cassette("bench", (recorded,), matcher=StrictMatcher())


def _recording(wire: str, pieces: list[bytes]) -> Interaction:
    name = PROVIDER[wire]
    asked = provider_named(name).encode(
        reqllm.Model(name, "bench"), reqllm.Context.new(PROMPT), {}, api_key="unused"
    )
    return Interaction(
        RecordedRequest(asked.method, asked.url, body=asked.body),
        RecordedResponse(
            200,
            "OK",
            headers=(("content-type", "text/event-stream"),),
            pieces=tuple(Piece(piece, 0.0) for piece in pieces),
        ),
    )
