"""What each SDK, and we, make of a stream that goes wrong: measured against the loopback server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import reqllm
from tests.loopback import wire_cohere, wire_gemini, wire_mistral, wire_ollama
from tests.loopback.catalogue import BOTH
from tests.loopback.faults import HTML
from tests.loopback.messages import Answer, Headers, Write
from tests.loopback.server import LoopbackServer
from tests.loopback.wires import events
from tests.loopback.wording import Options
from tests.sdks import table
from tests.sdks.sdk import Call, Sdk

KEY = "loopback-key-1234567890"
SSE: Headers = (("content-type", "text/event-stream"),)
NDJSON: Headers = (("content-type", "application/x-ndjson"),)
JSON: Headers = (("content-type", "application/json"),)
PAGE: Headers = (("content-type", "text/html"),)
OPTIONS = Options(model="text", seed="endings")
TEXT = BOTH["text"]


@dataclass(frozen=True)
class Peer:
    """An SDK, the healthy answer that it is given, and how the same provider is called here."""

    sdk: Sdk
    provider: str
    said: list[bytes]
    error: bytes
    """An error in the middle of a stream, as this provider sends it."""
    headers: Headers = SSE

    @property
    def half(self) -> list[bytes]:
        """The events up to one that says something, and no end."""
        return self.said[: len(self.said) // 2]


CHAT_ERROR = b'data: {"error":{"message":"Overloaded","type":"server_error","code":"500"}}\n\n'
ANTHROPIC_ERROR = (
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",'
    b'"message":"Overloaded"}}\n\n'
)
GEMINI_ERROR = b'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\r\n\r\n'
CHAT = events("openai-chat", TEXT, OPTIONS)
PEERS = (
    Peer(table.OpenAI(), "openai", CHAT, CHAT_ERROR),
    Peer(
        table.Anthropic(),
        "anthropic",
        events("anthropic-messages", TEXT, OPTIONS),
        ANTHROPIC_ERROR,
    ),
    Peer(table.GoogleGenAI(), "google", wire_gemini.events(TEXT, OPTIONS), GEMINI_ERROR),
    Peer(table.Mistral(), "mistral", wire_mistral.events(TEXT, OPTIONS), CHAT_ERROR),
    Peer(table.Groq(), "groq", CHAT, CHAT_ERROR),
    Peer(table.Cohere(), "cohere", wire_cohere.events(TEXT, OPTIONS), CHAT_ERROR),
    Peer(
        table.Ollama(),
        "ollama",
        wire_ollama.events(TEXT, OPTIONS),
        b'{"error":"Overloaded"}\n',
        NDJSON,
    ),
)


def _answer(peer: Peer, said: Iterable[bytes], **options: Any) -> Answer:
    body = tuple(Write(data) for data in said)
    return replace(Answer(headers=peer.headers, body=body), **options)


def _other(headers: Headers, data: bytes) -> Answer:
    return Answer(headers=headers, body=(Write(data),) if data else (), framing="length")


# What goes wrong, in the words of the page.
FAULTS: dict[str, Callable[[Peer], Answer]] = {
    "nothing": lambda peer: _answer(peer, peer.said),
    "the body ends well, before the terminal event": lambda peer: _answer(peer, peer.half),
    "the connection closes, and its end is the body's": lambda peer: _answer(
        peer, peer.half, framing="close"
    ),
    "the connection closes inside a chunked body": lambda peer: _answer(
        peer, peer.half, end="close"
    ),
    "the body is shorter than its content-length": lambda peer: _answer(
        peer, peer.half, framing="length", length=99_999, end="close"
    ),
    "an error in the middle of the stream": lambda peer: _answer(peer, [*peer.half, peer.error]),
    "200, and an error as JSON": lambda _: _other(
        JSON, b'{"error":{"message":"quota exceeded","type":"insufficient_quota","code":429}}'
    ),
    "200, and a page of HTML": lambda _: _other(PAGE, HTML),
    "200, and nothing": lambda peer: _other(peer.headers, b""),
}
WELL = "*ends as if all was well*"


def by_sdk(peer: Peer, url: str) -> str:
    """What its reader sees: the error that is raised, or an end like any other."""
    call = Call(url=url, key=KEY, stream=True)
    client = peer.sdk.client(call)
    try:
        for event in peer.sdk.ask(client, call):
            peer.sdk.said(event)
    except Exception as error:
        return f"`{type(error).__name__}`"
    return WELL


def by_us(peer: Peer, url: str) -> tuple[str, str]:
    """The state and the error."""
    client = reqllm.Client(base_url=url, api_key=KEY, max_retries=0)
    try:
        with client, client.stream(f"{peer.provider}:text", "Hello!") as response:
            response.text()
            return response.state, ""
    except reqllm.ReqLLMError as error:
        return error.state or "failed", type(error).__name__


def measured() -> dict[str, list[str]]:
    """For each fault: what each SDK does, and we do last."""
    found: dict[str, list[str]] = {}
    for fault, made in FAULTS.items():
        cells, ours = [], set()
        for peer in PEERS:
            answer = made(peer)
            with LoopbackServer(lambda _, answer=answer: answer) as server:  # type: ignore[misc]
                cells.append(by_sdk(peer, server.url))
                ours.add(by_us(peer, server.url))
        ours_said = " or ".join(
            f"{state}: `{error}`" if error else state for state, error in sorted(ours)
        )
        if fault == "nothing":
            cells = ["ends" if cell == WELL else cell for cell in cells]
        found[fault] = [*cells, ours_said]
    return found
