"""The ways to read the same bytes: the least there is, ours, and the vendors'."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from zlib import crc32

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
from reqllm_fixtures.matching.matchers import StrictMatcher
from reqllm_fixtures.transports.transport import async_replay_transport, replay_transport

PROVIDER = {
    "openai-chat": "openai",
    "openai-responses": "openai",
    "anthropic-messages": "anthropic",
    "cohere-v2": "cohere",
    "gemini": "google",
    "gemini-interactions": "google",
    "ollama": "ollama",
    "bedrock-converse": "amazon_bedrock",
    "bedrock-invoke": "amazon_bedrock",
}
_FRAMES = "application/vnd.amazon.eventstream"
_CONTENT_TYPE = {
    "ollama": "application/x-ndjson",
    "bedrock-converse": _FRAMES,
    "bedrock-invoke": _FRAMES,
}
_ON_HTTPX2 = ("openai", "anthropic", "google")
PROMPT = "Why is the sky blue?"
_REGION = {"region": "us-east-1"}
_MORE = {"bedrock-converse": _REGION, "bedrock-invoke": _REGION}
Run = Callable[[], None]


def limit(wire: str, pieces: list[bytes]) -> Run:
    """Split at the ends of events and parse each payload: no client can do less with JSON.

    What a framing demands besides, as checksums, and what wraps events, is part of it.
    """
    body = b"".join(pieces)

    def of_lines() -> None:
        for line in body.split(b"\n"):
            if line:
                orjson.loads(line)

    blank_line = b"\r\n\r\n" if wire == "gemini" else b"\n\n"

    def run() -> None:
        for block in body.split(blank_line):
            at = block.find(b"data: ")
            payload = block[at + 6 :]
            if at >= 0 and payload[:1] == b"{":
                orjson.loads(payload)

    def of_frames() -> None:
        at = 0
        while at < len(body):
            end = at + int.from_bytes(body[at : at + 4])
            assert crc32(body[at : end - 4]) == int.from_bytes(body[end - 4 : end])
            payload = body[at + 12 + int.from_bytes(body[at + 4 : at + 8]) : end - 4]
            value = orjson.loads(payload)
            if wire == "bedrock-invoke":
                orjson.loads(b64decode(value["bytes"]))
            at = end

    if wire.startswith("bedrock"):
        return of_frames
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
        with (
            client,
            client.stream(_model(wire), PROMPT, wire=wire, **_MORE.get(wire, {})) as response,
        ):
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
        async with (
            client,
            client.stream(_model(wire), PROMPT, wire=wire, **_MORE.get(wire, {})) as response,
        ):
            async for _ in response:
                pass
            assert await response.usage() is not None

    return lambda: asyncio.run(main())


def vendor_sdk(wire: str, pieces: list[bytes]) -> Run:
    """The vendor's own client, over the same pieces from memory."""
    if wire.startswith("bedrock"):
        return _botocore(wire, pieces)
    library: Any = httpx2 if PROVIDER[wire] in _ON_HTTPX2 else httpx

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


def _botocore(wire: str, pieces: list[bytes]) -> Run:
    """Amazon's client, over the same pieces from memory; it reads no model's own events."""
    from botocore.awsrequest import AWSResponse
    from botocore.session import Session

    class Raw:
        def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
            return iter(pieces)

    def respond(**_: Any) -> AWSResponse:
        return AWSResponse("http://in.memory", 200, dict(_headers(wire)), Raw())

    keys = {"aws_access_key_id": "unused", "aws_secret_access_key": "unused"}
    client = Session().create_client("bedrock-runtime", region_name="us-east-1", **keys)
    client.meta.events.register("before-send", respond)
    if wire == "bedrock-converse":
        ask = partial(client.converse_stream, messages=[])
    else:
        ask = partial(client.invoke_model_with_response_stream, body=b"{}")

    def run() -> None:
        response = ask(modelId="bench")
        for event in response.get("stream") or response["body"]:
            if "chunk" in event:
                orjson.loads(event["chunk"]["bytes"])

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
    if PROVIDER[wire] == "google":
        from google import genai

        options = genai.types.HttpOptions(base_url="http://in.memory", httpx_client=http)
        client = genai.Client(api_key="unused", http_options=options)
        if wire == "gemini-interactions":
            return lambda *, messages, model: client.interactions.create(
                input=messages[0]["content"], model=model, stream=True
            )
        models = client.models
        return lambda *, messages, model: models.generate_content_stream(
            model=model, contents=messages[0]["content"]
        )
    if PROVIDER[wire] == "openai":
        import openai

        client = openai.OpenAI(api_key="unused", http_client=http)
        if wire == "openai-responses":
            return lambda *, messages, model: client.responses.create(
                input=messages, model=model, stream=True
            )
        create: Any = client.chat.completions.create
    else:
        import anthropic

        create = anthropic.Anthropic(api_key="unused", http_client=http).messages.create
    return partial(create, max_tokens=4096, stream=True)


def _model(wire: str) -> str:
    # Amazon's service asks for Claude in its own way.
    return f"{PROVIDER[wire]}:{'anthropic.bench' if 'bedrock' in wire else 'bench'}"


def _headers(wire: str) -> list[tuple[str, str]]:
    return [("content-type", _CONTENT_TYPE.get(wire, "text/event-stream"))]


def _cassette(recorded: Interaction) -> Cassette:
    return Cassette("bench", (recorded,), matcher=StrictMatcher())


def _recording(wire: str, pieces: list[bytes]) -> Interaction:
    model = reqllm.Model.parse(_model(wire))
    asked = provider_named(model.provider).encode(
        model, reqllm.Context.new(PROMPT), _MORE.get(wire, {}), wire=wire, api_key="unused"
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
