"""What a provider and a decoder are, and the request that is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from reqllm.chunk import StreamChunk, WarningChunk
from reqllm.context import Context
from reqllm.errors import ReqLLMError
from reqllm.framing.sse import ServerSentEvent
from reqllm.model import Model


class WireRequest(Struct, frozen=True, kw_only=True):
    """A request ready to send. `headers` holds the key: never log it whole."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    warnings: tuple[WarningChunk, ...] = ()
    """What was asked for and could not be sent."""


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

    def decode(self, events: Sequence[ServerSentEvent]) -> list[StreamChunk]:
        """Return what the events say; events after the terminal one say nothing."""
        ...

    def finish(self) -> list[StreamChunk]:
        """Close what is open and return the rest, a `FinishChunk` last."""
        ...

    def abandon(self) -> list[StreamChunk]:
        """Return what was held back, where the stream will not be finished."""
        ...


class Provider(Protocol):
    """Someone who speaks a wire at an address. Register your own with `register_provider`."""

    name: str
    wire: str
    """The name of the wire it speaks by default."""

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
