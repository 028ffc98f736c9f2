"""What a check knows of a wire: how its streams are cut, typed and ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from reqllm_fixtures.bodies.cutting import CutEvent, sse_events
from reqllm_fixtures.checking.likeness import More
from reqllm_fixtures.checking.report import Report

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
    is_lines: bool = False
    """Whether its events are lines, which have no frame."""
    opened: Callable[[Any], Any] | None = None
    """Takes an event out of what others put it in, by profile compat."""
    is_named: bool = False
    """Whether server-sent events are named by their type."""
    has_sentinel: bool = False
    """Whether `[DONE]` closes the stream."""
    more: More | None = None
    """Tells pieces of text, which come in great numbers, so that they are not all judged."""
