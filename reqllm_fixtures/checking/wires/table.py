"""The wires whose streams can be checked: how each is cut, typed and ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from reqllm.errors import UnknownWireError
from reqllm_fixtures.checking.cutting import CutEvent, sse_events
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.wires.anthropic_messages import AnthropicMessagesRules
from reqllm_fixtures.checking.wires.openai_chat import OpenAIChatRules

KindOf: TypeAlias = Callable[[dict[str, Any]], str | None]


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
    cut: Callable[[bytes], Iterator[CutEvent]] = sse_events
    names: bool = False
    """Whether server-sent events are named by their type."""
    sentinel: Literal["required", "unexpected"] = "unexpected"
    """Whether `[DONE]` closes the stream."""


def _by_type(value: dict[str, Any]) -> str | None:
    kind = value.get("type")
    return kind if isinstance(kind, str) else None


def _chunk_or_error(value: dict[str, Any]) -> str:
    return "error" if value.get("error") else "chunk"


WIRES: Mapping[str, CheckedWire] = MappingProxyType(
    {
        wire.name: wire
        for wire in (
            CheckedWire("anthropic-messages", AnthropicMessagesRules, _by_type, names=True),
            CheckedWire("openai-chat", OpenAIChatRules, _chunk_or_error, sentinel="required"),
        )
    }
)


def checked_wire(name: str) -> CheckedWire:
    """Return what a check needs to know of a wire. Raises UnknownWireError."""
    try:
        return WIRES[name]
    except KeyError:
        known = ", ".join(sorted(WIRES))
        raise UnknownWireError(f"expected one of the wires {known}, got {name!r}") from None
