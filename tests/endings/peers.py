"""What each SDK, and we, make of a stream that goes wrong: measured against the loopback server."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import reqllm
from tests.loopback import wire_cohere, wire_gemini, wire_mistral, wire_ollama
from tests.loopback.catalogue import BOTH
from tests.loopback.faults import HTML
from tests.loopback.messages import Answer, End, Headers, Write
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
SILENCE = 1.0
"""Seconds that everybody here lets pass without a byte; we, also without more of the answer."""
FOR_EVER = 3.0


class Google(table.GoogleGenAI):
    """It goes by its own limit, not by that of the client that it is given."""

    @classmethod
    def _options(cls, call: Call, name: str) -> dict[str, Any]:
        return {**super()._options(call, name), "timeout": int(SILENCE * 1000)}


class Mistral(table.Mistral):
    """The same."""

    @staticmethod
    def _client(call: Call, name: str) -> Any:
        client = table.Mistral._client(call, name)
        client.sdk_configuration.timeout_ms = int(SILENCE * 1000)
        return client


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
    Peer(Google(), "google", wire_gemini.events(TEXT, OPTIONS), GEMINI_ERROR),
    Peer(Mistral(), "mistral", wire_mistral.events(TEXT, OPTIONS), CHAT_ERROR),
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


def _half(peer: Peer, end: End, after: float) -> Answer:
    """Half an answer, silence for so many seconds, and the end of the connection."""
    answer = _answer(peer, peer.half, end=end)
    return replace(answer, body=(*answer.body, Write(b"", after)))


def _signs_of_life(peer: Peer) -> Iterator[Write]:
    """Half an answer, then signs of life and nothing else, as good as for ever."""
    yield from (Write(data) for data in peer.half)
    until = time.monotonic() + FOR_EVER
    while time.monotonic() < until:
        yield Write(b": still here\n\n" if peer.headers is SSE else b"\n", after=0.1)


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
    "the connection is reset": lambda peer: _half(peer, "reset", 0.2),
    "the body is shorter than its content-length": lambda peer: _answer(
        peer, peer.half, framing="length", length=99_999, end="close"
    ),
    "nothing more comes": lambda peer: _half(peer, "close", FOR_EVER),
    "signs of life come, and nothing more": lambda peer: replace(
        _answer(peer, ()), body=_signs_of_life(peer), end="close"
    ),
    "an error in the middle of the stream": lambda peer: _answer(peer, [*peer.half, peer.error]),
    "200, and an error as JSON": lambda _: _other(
        JSON, b'{"error":{"message":"quota exceeded","type":"insufficient_quota","code":429}}'
    ),
    "200, and a page of HTML": lambda _: _other(PAGE, HTML),
    "200, and nothing": lambda peer: _other(peer.headers, b""),
}
WELL = "*ends as if all was well*"
WAITS = "*waits*"


def by_sdk(peer: Peer, url: str) -> str:
    """What its reader sees: the error that is raised, or an end like any other."""
    library = importlib.import_module(peer.sdk.library)
    last = time.monotonic()
    with library.Client(timeout=library.Timeout(60, read=SILENCE)) as http:
        call = Call(url=url, key=KEY, stream=True, http=http)
        try:
            for event in peer.sdk.ask(peer.sdk.client(call), call):
                peer.sdk.said(event)
                last = time.monotonic()
        except Exception as error:
            has_waited = time.monotonic() - last > 0.9 * FOR_EVER
            return WAITS if has_waited else f"`{type(error).__name__}`"
    return WELL


def by_us(peer: Peer, url: str) -> tuple[str, str]:
    """The state and the error."""
    limits = {"timeout": SILENCE, "idle": SILENCE}
    client = reqllm.Client(base_url=url, api_key=KEY, max_retries=0, **limits)
    try:
        with client, client.stream(f"{peer.provider}:text", "Hello!") as response:
            response.text()
            return response.state, ""
    except reqllm.ReqLLMError as error:
        return error.state or "failed", type(error).__name__


def measured() -> dict[str, list[str]]:
    """For each fault: what each SDK does, and we do last."""
    well, *others = FAULTS
    found = {well: _row([_cell(well, peer) for peer in PEERS])}  # loads each SDK, one by one
    found[well][:-1] = ["ends" if cell == WELL else cell for cell in found[well][:-1]]
    pairs = [(fault, peer) for fault in others for peer in PEERS]
    with ThreadPoolExecutor(len(PEERS)) as pool:  # most of it is waiting
        cells = pool.map(_cell, *zip(*pairs, strict=True))
        return found | {fault: _row([next(cells) for _ in PEERS]) for fault in others}


def _cell(fault: str, peer: Peer) -> tuple[str, tuple[str, str]]:
    """What the SDK does, and what we do."""
    with LoopbackServer(lambda _: FAULTS[fault](peer)) as server:
        return by_sdk(peer, server.url), by_us(peer, server.url)


def _row(cells: list[tuple[str, tuple[str, str]]]) -> list[str]:
    ours = sorted({us for _, us in cells})
    said = (f"{state}: `{error}`" if error else state for state, error in ours)
    return [*(sdk for sdk, _ in cells), " or ".join(said)]
