"""What a model is to say, as values that no wire has touched yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Finish = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "pause"]

Ending = Literal["complete", "truncated", "error", "no_terminator", "no_finish"]
"""How the stream ends, as events:

complete       finish, usage and the wire's terminator
truncated      the parts, then nothing: a clean end of the body that is no end of the answer
error          the parts, then the error event
no_terminator  finish and usage, but no `[DONE]` or `message_stop`
no_finish      the terminator, but no finish reason before it
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A page that is cited or found."""

    url: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    citations: tuple[Source, ...] = ()
    logprobs: bool = False  # only openai-chat can say them


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Thinking. openai-chat shows it only as tokens in the usage, unless `chat_field` names
    the delta that compatible servers invented for it (`reasoning_content`, `reasoning`)."""

    text: str
    signature: str = ""
    chat_field: str | None = None


@dataclass(frozen=True, slots=True)
class RedactedReasoning:
    data: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any] | str | None  # a string goes out as it is; None is no text at all


@dataclass(frozen=True, slots=True)
class Search:
    """A search that the provider runs itself, and what it found."""

    query: str
    found: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Audio:
    transcript: str
    data: bytes


Part = Text | Reasoning | RedactedReasoning | ToolCall | Search | Refusal | Audio


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Token counts; `input` and `output` include all that the other fields single out."""

    input: int = 25
    output: int = 40
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    input_at_start: int | None = None  # when a search of the provider's own adds to `input`


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One answer of a model, and how its stream ends."""

    parts: tuple[Part, ...] = ()
    finish: Finish = "stop"
    stop_sequence: str | None = None  # the one that ended it, when one did
    usage: Usage = field(default_factory=Usage)
    ending: Ending = "complete"
    noise: bool = False  # comments, extra pings, events and fields that nobody has documented
