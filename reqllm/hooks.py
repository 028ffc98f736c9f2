"""What a program may be told of its calls while they run. Pure but for what the program does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from reqllm.attempts import Attempt
from reqllm.chunk import StreamChunk
from reqllm.context import Context
from reqllm.errors import ReqLLMError
from reqllm.response import Response, StreamMetadata


class StreamEnd(Struct, frozen=True, kw_only=True):
    """How a call ended. Times are in seconds from its beginning, its failed tries included."""

    provider: str
    model: str
    wire: str
    metadata: StreamMetadata
    """State, usage and finish reason as far as they were told."""
    error: ReqLLMError | None = None
    attempts: tuple[Attempt, ...] = ()
    """The tries that failed."""
    first_token: float | None = None
    """When the first of the answer came."""
    gaps: tuple[float, ...] = ()
    """How long after the one before it each further chunk of the answer came: a delta of text,
    reasoning, arguments, a refusal or a file. 0 for one that came in the same read. What the
    program takes to read on is in it: nothing is read that was not asked for."""
    seconds: float = 0.0
    call: Any = None
    """The same for all that is told of one call."""
    response: Response | None = None
    """What arrived of the answer; `None` if nothing did."""


class AttemptStart(Struct, frozen=True, kw_only=True):
    """A request is about to be sent: the `number`th of its call, from 1."""

    provider: str
    model: str
    wire: str
    url: str
    """Without its query, which may hold a key."""
    number: int = 1
    failed: ReqLLMError | None = None
    """Why the one before it failed."""
    call: Any = None
    """The same for all that is told of one call."""
    options: Mapping[str, Any] = {}
    """The model's options that were asked for."""
    context: Context | None = None


class Hooks(Struct, frozen=True, kw_only=True):
    """Called where the stream is read, so they should be quick. What one raises ends the stream.

    on_attempt: before each request is sent. on_event: each chunk, as it arrives.
    on_end: exactly once for each call that was sent, however it ends, also where it is dropped.
    """

    on_attempt: Callable[[AttemptStart], Any] | None = None
    on_event: Callable[[StreamChunk], Any] | None = None
    on_end: Callable[[StreamEnd], Any] | None = None


NO_HOOKS = Hooks()
