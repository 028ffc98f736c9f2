"""The wires whose streams can be checked: how each is cut, typed and ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from reqllm.wires.gemini.envelopes import opened
from reqllm.wires.table import no_wire
from reqllm_fixtures.bodies.cutting import CutEvent, sse_events
from reqllm_fixtures.bodies.other_framings import frames, json_lines, sse_or_array
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.wires import bedrock_invoke, ollama, openai_chat, openai_responses
from reqllm_fixtures.checking.wires.anthropic_messages import AnthropicMessagesRules
from reqllm_fixtures.checking.wires.bedrock_converse import BedrockConverseRules
from reqllm_fixtures.checking.wires.bedrock_invoke import BedrockInvokeRules
from reqllm_fixtures.checking.wires.cohere_v2 import CohereV2Rules
from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR, foreign_error
from reqllm_fixtures.checking.wires.gemini import GeminiRules
from reqllm_fixtures.checking.wires.gemini_interactions import GeminiInteractionsRules
from reqllm_fixtures.checking.wires.ollama import OllamaRules
from reqllm_fixtures.checking.wires.openai_chat import OpenAIChatRules
from reqllm_fixtures.checking.wires.openai_responses import OpenAIResponsesRules

KindOf: TypeAlias = Callable[[dict[str, Any], str], str | None]
"""Names what an event is: by its value, and by the name that its frame gave it.

It is nameless ("") if no schema of ours describes it, and `None` if it should have a name.
"""


class StreamRules(Protocol):
    """What must hold of the events of one stream, one after the other."""

    @property
    def ended(self) -> bool:
        """Whether the last event came, or one that tells of a failure."""

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body; `is_done` says whether `[DONE]` came."""


class CheckedWire(Struct, frozen=True):
    """All that a check needs to know of a wire."""

    name: str
    rules: Callable[[Report], StreamRules]
    kind_of: KindOf
    kind_path: str = "$.type"
    """Where an event says what it is."""
    schema: str = ""
    """The wire whose schemas its events meet, if not its own."""
    wrapper: str = ""
    """What messages of the body are called that each wrap an event; its own schemas are theirs."""
    cut: Callable[[bytes], Iterator[CutEvent]] = sse_events
    opened: Callable[[Any], Any] | None = None
    """Takes an event out of what others put it in, by profile compat."""
    is_named: bool = False
    """Whether server-sent events are named by their type."""
    has_sentinel: bool = False
    """Whether `[DONE]` closes the stream."""


def _by_type(value: dict[str, Any], name: str) -> str | None:
    kind = value.get("type")
    if kind == "error":
        return kind if isinstance(value.get("error"), dict) else FOREIGN_ERROR
    if isinstance(kind, str) and value.get("object") != "error":
        return kind
    return foreign_error(value, name)


def _by_event_type(value: dict[str, Any], name: str) -> str | None:
    kind = value.get("event_type")
    return kind if isinstance(kind, str) else foreign_error(value, name)


def _by_frame(value: dict[str, Any], name: str) -> str | None:
    return name


def _of_gemini(value: dict[str, Any], name: str) -> str:
    if value.get("error"):
        return "error"
    is_foreign = "candidates" not in value and foreign_error(value, name)
    return FOREIGN_ERROR if is_foreign else "chunk"


_ALL = (
    CheckedWire("anthropic-messages", AnthropicMessagesRules, _by_type, is_named=True),
    CheckedWire("bedrock-converse", BedrockConverseRules, _by_frame, cut=frames, kind_path="$"),
    CheckedWire(
        "bedrock-invoke",
        BedrockInvokeRules,
        bedrock_invoke.kind_of,
        schema="anthropic-messages",
        cut=frames,
        wrapper="chunk",
    ),
    CheckedWire("cohere-v2", CohereV2Rules, _by_type, is_named=True, has_sentinel=True),
    CheckedWire("gemini", GeminiRules, _of_gemini, cut=sse_or_array, opened=opened),
    CheckedWire(
        "gemini-interactions",
        GeminiInteractionsRules,
        _by_event_type,
        kind_path="$.event_type",
        is_named=True,
        has_sentinel=True,
    ),
    CheckedWire("ollama", OllamaRules, ollama.kind_of, cut=json_lines),
    CheckedWire("openai-chat", OpenAIChatRules, openai_chat.kind_of, has_sentinel=True),
    CheckedWire("openai-responses", OpenAIResponsesRules, openai_responses.kind_of, is_named=True),
)
WIRES: Mapping[str, CheckedWire] = MappingProxyType({wire.name: wire for wire in _ALL})


def checked_wire(name: str) -> CheckedWire:
    """Return what a check needs to know of a wire.

    Raises UnknownWireError, which lists the wires there are.
    """
    try:
        return WIRES[name]
    except KeyError:
        raise no_wire(name, WIRES) from None
