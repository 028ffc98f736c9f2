"""Streams and cassettes for the tests of the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reqllm_fixtures import Cassette, Interaction, Piece, RecordedRequest, RecordedResponse, save
from reqllm_fixtures.matching.matchers import strict

CHAT = "https://api.openai.com/v1/chat/completions"
MESSAGES = "https://api.anthropic.com/v1/messages"
SSE = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)


def event(value: Any) -> bytes:
    data = value if isinstance(value, str) else json.dumps(value)
    return f"data: {data}\n\n".encode()


def said(*texts: str, ending: bool = True) -> tuple[bytes, ...]:
    """An answer of chat completions, one text a piece."""
    pieces = [_choice({"content": text}) for text in texts]
    return (*pieces, _choice({}, "stop") + event("[DONE]")) if ending else tuple(pieces)


def _choice(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    kind = "chat.completion.chunk"
    return event({"id": "c1", "object": kind, "model": "m", "choices": [choice]})


def recorded(
    *pieces: bytes,
    url: str = CHAT,
    asked: Any = None,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = SSE,
    end: Any = "eof",
    step: float = 10.0,
) -> Interaction:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    timed = tuple(Piece(piece, step * (n + 1)) for n, piece in enumerate(pieces))
    return Interaction(
        RecordedRequest("POST", url, JSON, json.dumps(body if asked is None else asked).encode()),
        RecordedResponse(status, "", headers, timed, end),
    )


def cassette(path: Path, *interactions: Interaction) -> str:
    save(Cassette(path, interactions, matcher=strict))
    return str(path)
