"""What a provider and a decoder are, and the request that is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from reqllm.chunk import StreamChunk, WarningChunk
from reqllm.context import Context
from reqllm.errors import ReqLLMError
from reqllm.framing.sse import Comment, Recognise, ServerSentEvent
from reqllm.model import Model


class WireRequest(Struct, frozen=True, kw_only=True):
    """A request ready to send. `headers` holds the key: never log it whole."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    warnings: tuple[WarningChunk, ...] = ()
    """What was asked for and could not be sent."""


class Reading(Struct, frozen=True, kw_only=True):
    """How a decoder reads: what it does with bad events, and what it shows besides."""

    skip_malformed: bool = False
    """Warn of an event that is no JSON, and read on; else it fails the stream."""
    include_raw: bool = False
    """Hand out every event as it was sent, before what is made of it."""
    include_keepalive: bool = False
    """Hand out signs of life."""


class EventDecoder(Protocol):
    """One stream's decoder. It stops by itself at the terminal event or an error."""

    ended: bool
    """The wire's terminal event has come."""
    can_end: bool
    """A clean end of the body now would be an end of the answer."""
    error: ReqLLMError | None
    """The provider reported a failure, or broke its own rules."""
    late_events: int
    """Events that came after the terminal one."""

    def begin(self) -> list[StreamChunk]:
        """Begin a batch; return the list that its chunks will be in."""
        ...

    def take(self, event: ServerSentEvent | Comment) -> None:
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


class Provider(Protocol):
    """Someone who speaks a wire at an address. Register your own with `register_provider`."""

    @property
    def name(self) -> str:
        """How models of it are asked for: "name:model"."""
        ...

    @property
    def wire(self) -> str:
        """The name of the wire it speaks by default."""
        ...

    def encode(
        self,
        model: Model,
        context: Context,
        options: Mapping[str, Any],
        *,
        wire: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> WireRequest:
        """Return the request that asks `model` to answer `context`, streaming.

        Raises InvalidInputError for what cannot be asked of this provider.
        """
        ...
