"""The ways to read the same bytes: the least there is, ours, and the vendors'."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
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

PROVIDER = {
    "openai-chat": "openai",
    "anthropic-messages": "anthropic",
    "cohere-v2": "cohere",
    "ollama": "ollama",
}
_CONTENT_TYPE = {"ollama": "application/x-ndjson"}
PROMPT = "Why is the sky blue?"
Run = Callable[[], None]


def limit(wire: str, pieces: list[bytes]) -> Run:
    """Split at the ends of events and parse each payload: no client can do less with JSON."""
    body = b"".join(pieces)

    def of_lines() -> None:
        for line in body.split(b"\n"):
            if line:
                orjson.loads(line)

    def run() -> None:
        for block in body.split(b"\n\n"):
            at = block.find(b"data: ")
            payload = block[at + 6 :]
            if at >= 0 and payload[:1] == b"{":
                orjson.loads(payload)

    return of_lines if wire == "ollama" else run


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
    library: Any = httpx2 if wire in ("openai-chat", "anthropic-messages") else httpx

    class Stream(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces)

    def answer(request: Any) -> Any:
        return library.Response(200, headers=_headers(wire), stream=Stream())

    ask = _asking(wire, library, library.MockTransport(answer))

    def run() -> None:
        for _ in ask(model="bench", messages=[{"role": "user", "content": PROMPT}]):
            pass

    return run


def _asking(wire: str, library: Any, transport: Any) -> Callable[..., Any]:
    """Return the method of the vendor's client that streams an answer."""
    if wire == "ollama":
        import ollama

        return partial(
            ollama.Client(host="http://in.memory", transport=transport).chat, stream=True
        )
    http = library.Client(transport=transport)
    if wire == "cohere-v2":
        import cohere

        return cohere.ClientV2(api_key="unused", httpx_client=http).chat_stream
    if wire == "openai-chat":
        import openai

        create: Any = openai.OpenAI(api_key="unused", http_client=http).chat.completions.create
    else:
        import anthropic

        create = anthropic.Anthropic(api_key="unused", http_client=http).messages.create
    return partial(create, max_tokens=4096, stream=True)


def _headers(wire: str) -> list[tuple[str, str]]:
    return [("content-type", _CONTENT_TYPE.get(wire, "text/event-stream"))]


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
            headers=tuple(_headers(wire)),
            pieces=tuple(Piece(piece, 0.0) for piece in pieces),
        ),
    )
