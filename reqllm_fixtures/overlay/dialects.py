"""What the wires say that overlays must know: how they begin, end and fail. Pure.

The client knows far more of them, and the cassette's side knows nothing of the client: what stands
here is what a recording shows of itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from reqllm_fixtures.bodies.cutting import CutEvent

_LOOKED_AT = 5


class Trouble(Struct, frozen=True):
    """One way to fail, in the words of each vendor."""

    status: int
    said: str
    openai: Mapping[str, Any]
    anthropic: str
    google: tuple[int, str]
    amazon: str


TROUBLES: Mapping[str, Trouble] = MappingProxyType(
    {
        "overloaded": Trouble(
            529,
            "Overloaded",
            {"code": 503},
            "overloaded_error",
            (503, "UNAVAILABLE"),
            "serviceUnavailableException",
        ),
        "rate_limit": Trouble(
            429,
            "Rate limit reached",
            {"type": "requests", "param": None, "code": "rate_limit_exceeded"},
            "rate_limit_error",
            (429, "RESOURCE_EXHAUSTED"),
            "throttlingException",
        ),
        "server_error": Trouble(
            500,
            "The server had an error while processing the request",
            {"type": "server_error", "param": None, "code": None},
            "api_error",
            (500, "INTERNAL"),
            "internalServerException",
        ),
    }
)

Said = tuple[str, Any]
"""The name of an event, and its value."""


class Dialect(Struct, frozen=True):
    """What is known of one wire."""

    wire: str
    begins: re.Pattern[bytes]
    """Found in one of its first events."""
    finished: re.Pattern[bytes]
    """Found in the first event by which a stream can be known to be whole."""
    fails: Callable[[Trouble], Said]
    """Gives the event that tells of a failure."""
    refuses: Callable[[Trouble], Any]
    """Gives the body of an error status."""


def _openai(trouble: Trouble) -> Any:
    return {"error": {"message": trouble.said, **trouble.openai}}


def _anthropic(trouble: Trouble) -> Any:
    error = {"details": None, "type": trouble.anthropic, "message": trouble.said}
    return {"type": "error", "error": error}


def _google(trouble: Trouble) -> Any:
    code, status = trouble.google
    return {"error": {"code": code, "message": trouble.said, "status": status}}


def _message(trouble: Trouble) -> Any:
    return {"message": trouble.said}


def _responses(trouble: Trouble) -> Said:
    code = trouble.openai.get("code") or "server_error"
    value = {"type": "error", "code": str(code), "message": trouble.said, "param": None}
    return "error", value


def _cohere(trouble: Trouble) -> Said:
    delta = {"finish_reason": "ERROR", "error": trouble.said}
    return "message-end", {"type": "message-end", "delta": delta}


def _interactions(trouble: Trouble) -> Said:
    error = {"code": trouble.google[1].lower(), "message": trouble.said}
    return "error", {"event_type": "error", "error": error}


def _dialect(
    wire: str,
    begins: bytes,
    finished: bytes,
    fails: Callable[[Trouble], Said],
    refuses: Callable[[Trouble], Any] = _openai,
) -> Dialect:
    return Dialect(wire, re.compile(begins), re.compile(finished), fails, refuses)


_DIALECTS = (
    _dialect(
        "anthropic-messages",
        rb'"type": ?"message_start"',
        rb'"type": ?"message_stop"|"stop_reason": ?"[^"]',
        lambda trouble: ("error", _anthropic(trouble)),
        _anthropic,
    ),
    _dialect(
        "bedrock-converse",
        rb"^messageStart ",
        rb"^messageStop ",
        lambda trouble: (trouble.amazon, _message(trouble)),
        _message,
    ),
    _dialect(
        "cohere-v2",
        rb'"type": ?"message-start"',
        rb'"finish_reason": ?"[^"]|"type": ?"message-end"',
        _cohere,
        _message,
    ),
    _dialect(
        "gemini-interactions",
        rb'"event_type": ?"(?:interaction|step)\.',
        rb'"event_type": ?"interaction\.completed"|\[DONE\]',
        _interactions,
        _google,
    ),
    _dialect(
        "ollama",
        rb'"done": ?(?:true|false)',
        rb'"done": ?true|"done_reason": ?"[^"]',
        lambda trouble: ("", {"error": trouble.said}),
        lambda trouble: {"error": trouble.said},
    ),
    _dialect(
        "openai-responses",
        rb'"type": ?"response\.',
        rb'"type": ?"response\.(?:completed|incomplete|failed|stop)"',
        _responses,
    ),
    _dialect(
        "openai-chat",
        rb'"choices": ?\[|"object": ?"chat\.completion',
        rb'\[DONE\]|"finish_reason": ?"[^"]|"object": ?"chat\.completion\.done',
        lambda trouble: ("", _openai(trouble)),
    ),
    _dialect(
        "gemini",
        rb'"(?:candidates|usageMetadata|promptFeedback)":',
        rb'"finishReason": ?["0-9]|"blockReason"',
        lambda trouble: ("", _google(trouble)),
        _google,
    ),
)
# Amazon wraps what the vendors of its models say; failures are its own.
_WRAPPED = re.compile(rb"^chunk ")


def dialect_of(events: Sequence[CutEvent]) -> Dialect | None:
    """Return what is known of the wire that these events speak, by the first of them."""
    for event in events[:_LOOKED_AT]:
        text = text_of(event)
        found = next((each for each in _DIALECTS if each.begins.search(text)), None)
        if found is not None and _WRAPPED.search(text):
            amazon = _DIALECTS[1]
            return Dialect(
                "bedrock-invoke", found.begins, found.finished, amazon.fails, amazon.refuses
            )
        if found is not None:
            return found
    return None


def text_of(event: CutEvent) -> bytes:
    """Return the name and the data of an event as one text, to be searched."""
    return event.name.encode() + b" " + event.data


def compact(value: Any) -> bytes:
    """Write a value as providers do."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def refusal_of(dialect: Dialect | None, trouble: Trouble) -> bytes:
    """Write the body of an error status, as the provider would or as most would."""
    refuses = _openai if dialect is None else dialect.refuses
    return compact(refuses(trouble))
