"""Records the project's own cassettes from the loopback provider at human speed.

    python -m tests.loopback.record [FOLDER]

The requests are what `reqllm` sends, and are filed under the real provider's address, since
that is what a replay is asked for. Of the headers only those on the lists are kept.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reqllm.content import Tool
from reqllm.context import Context
from reqllm.model import Model
from reqllm.providers.base import WireRequest
from reqllm.providers.registry import provider_named
from reqllm_fixtures.cassette import (
    Cassette,
    EndError,
    Interaction,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.files.format import save
from reqllm_fixtures.matching.matchers import strict

from .capture import Captured, capture
from .messages import Headers
from .provider import KEY, LoopbackProvider
from .server import LoopbackServer

FOLDER = Path(__file__).parents[2] / "cassettes"
REQUEST_HEADERS = ("content-type", "accept", "anthropic-version")
RESPONSE_HEADERS = ("content-type", "request-id", "x-request-id")
WEATHER = Tool(
    name="get_weather",
    description="Current weather in a city.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One file: a prompt, and who answers it."""

    file: str
    model: Model
    prompt: str
    tools: tuple[Tool, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def request(self) -> WireRequest:
        """What `reqllm` sends to the real provider."""
        context = Context.new(self.prompt, tools=self.tools)
        provider = provider_named(self.model.provider)
        return provider.encode(self.model, context, self.options, api_key=KEY)


CONVERSATIONS = (
    Conversation(
        file="demo.yaml",
        model=Model("anthropic", "claude-haiku-4-5"),
        prompt="Why is the sky blue?",
    ),
    Conversation(
        file="openai_tools.yaml",
        model=Model("openai", "gpt-5-mini"),
        prompt="Compare the weather in Oslo and Zürich.",
        tools=(WEATHER,),
    ),
    Conversation(
        file="anthropic_reasoning_tools.yaml",
        model=Model("anthropic", "claude-sonnet-4-5"),
        prompt="Should I cycle to work in Bergen today?",
        tools=(WEATHER,),
        options={"reasoning_budget": 1024},
    ),
)


def record(conversation: Conversation, folder: Path, *, speed: float = 1.0) -> Path:
    """Hold the conversation with a provider of our own, and write its cassette."""
    request = conversation.request()
    with LoopbackServer(LoopbackProvider(speed=speed)) as server:
        address = server.url + urlsplit(request.url).path
        captured = capture(address, tuple(request.headers.items()), request.body)
    if captured.status != 200:
        raise RuntimeError(f"{conversation.file}: {captured.status} {captured.body.decode()}")
    path = folder / conversation.file
    save(Cassette(path, [Interaction(_request(request), _response(captured))], matcher=strict))
    return path


def _request(request: WireRequest) -> RecordedRequest:
    headers = _kept(tuple(request.headers.items()), REQUEST_HEADERS)
    return RecordedRequest(request.method, request.url, headers, request.body)


def _response(captured: Captured) -> RecordedResponse:
    return RecordedResponse(
        status=captured.status,
        reason=captured.reason,
        headers=_kept(captured.headers, RESPONSE_HEADERS),
        pieces=tuple(Piece(data, at_ms) for data, at_ms in captured.pieces),
        end="eof" if captured.end == "eof" else EndError(*captured.end),
        recorded_at=datetime.now(UTC).replace(microsecond=0),
    )


def _kept(headers: Headers, names: tuple[str, ...]) -> Headers:
    return tuple((name, value) for name, value in headers if name in names)


def main(folder: Path) -> None:
    """Record all conversations; takes as long as they took."""
    for conversation in CONVERSATIONS:
        sys.stdout.write(f"{record(conversation, folder)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
