"""What a wire is, and what reads one stream of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from reqllm.chunk import StreamChunk, WarningChunk
from reqllm.context import Context
from reqllm.errors import ReqLLMError
from reqllm.framing.event import MAX_EVENT_BYTES, Comment, Framing, Known, Recognise, WireEvent
from reqllm.wires.common.blocks import Repair
from reqllm.wires.common.delta_lane import DeltaLane
from reqllm.wires.common.options import Dialect
from reqllm.wires.common.sse_reports import SSE_AND_REPORTS


class Reading(Struct, frozen=True, kw_only=True):
    """How a decoder reads: what it does with bad events, and what it shows besides."""

    skip_malformed: bool = False
    """Warn of an event that is no JSON, and read on; else it fails the stream."""
    include_raw: bool = False
    """Hand out every event as it was sent, before what is made of it."""
    include_keepalive: bool = False
    """Hand out signs of life."""
    split_thinking: bool = False
    """Take reasoning out of a text in which it stands between tags."""
    repair: Repair | None = None
    """Mends the arguments of a tool call that are no JSON object."""
    max_event_bytes: int = MAX_EVENT_BYTES
    """The most that one event may hold."""


class EventDecoder(Protocol):
    """One stream's decoder. It stops by itself at the terminal event or an error."""

    ended: bool
    """The wire's terminal event has come."""

    @property
    def can_end(self) -> bool:
        """Whether a clean end of the body now would be an end of the answer."""
        ...

    @property
    def error(self) -> ReqLLMError | None:
        """The failure that the provider reported, or its breach of its own rules."""
        ...

    @property
    def late_events(self) -> int:
        """How many events came after the terminal one."""
        ...

    @property
    def lane(self) -> DeltaLane | None:
        """What keeps the texts of the deltas that `more` returned."""
        ...

    @property
    def more(self) -> Known | None:
        """Returns the delta of an event that is one more of those that came before."""
        ...

    def begin(self) -> list[StreamChunk]:
        """Begin a batch; return the list that its chunks will be in."""
        ...

    def take(self, event: WireEvent | Comment) -> None:
        """Take one event; events after the terminal one say nothing."""
        ...

    @property
    def recognise(self) -> Recognise | None:
        """Takes an event's lines if it is one more of the deltas that came before."""
        ...

    def finish(self) -> list[StreamChunk]:
        """Close what is open and return the rest, a `FinishChunk` last."""
        ...

    def abandon(self) -> list[StreamChunk]:
        """Return what was held back, where the stream will not be finished."""
        ...


Encode = Callable[
    [str, Context, Mapping[str, Any], Dialect], tuple[dict[str, Any], list[WarningChunk]]
]


class Wire(Struct, frozen=True, kw_only=True):
    """A wire format: how its answers are read and its requests are written."""

    name: str
    decoder: Callable[[Reading], EventDecoder]
    is_answer: Callable[[Mapping[str, Any]], bool]
    """Whether a JSON object is a whole answer, not streamed, and so no report of an error."""
    encode: Encode
    """Model's name, context, options and dialect in; the body and what it could not say out."""
    path: str
    """Where it is usually served; `{model}` in it stands for the model's name."""
    headers: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda body: {}
    """What the wire itself sends with a body, beside key and content type."""
    framing: Framing = SSE_AND_REPORTS
    accept: str = "text/event-stream"
