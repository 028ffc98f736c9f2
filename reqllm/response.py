"""A whole answer: `Response` and its choices, and what is known beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from reqllm import chunk as c
from reqllm.content import (
    ContentPart,
    FilePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from reqllm.context import Message
from reqllm.errors import ReqLLMError
from reqllm.objects import object_of

StreamState: TypeAlias = Literal["open", "complete", "incomplete", "interrupted", "failed"]


class Choice(Struct, frozen=True):
    """One of several answers (n > 1)."""

    content: tuple[ContentPart, ...] = ()
    finish_reason: c.Finish | None = None
    logprobs: tuple[Any, ...] = ()


class Response(Struct, frozen=True, kw_only=True):
    """What arrived of an answer: all of it if `state` is "complete".

    `chunks` is filled by `decode_stream`; a live stream does not keep what it handed out.
    """

    state: StreamState = "open"
    id: str | None = None
    model: str | None = None
    choices: tuple[Choice, ...] = ()
    usage: c.Usage | None = None
    finish_reason: c.Finish | None = None
    warnings: tuple[c.WarningChunk, ...] = ()
    provider_metadata: Mapping[str, Any] = {}
    error: ReqLLMError | None = None
    chunks: tuple[c.StreamChunk, ...] = ()

    @property
    def content(self) -> tuple[ContentPart, ...]:
        """The parts of the first answer, in the order in which they began."""
        return self.choices[0].content if self.choices else ()

    @property
    def message(self) -> Message:
        """The answer as a message to append to the context."""
        return Message("assistant", self.content)

    @property
    def text(self) -> str:
        return self._joined(TextPart)

    @property
    def thinking(self) -> str:
        return self._joined(ReasoningPart)

    def object(self, schema: Mapping[str, Any] | None = None, *, validate: bool = True) -> Any:
        """Return the object in the answer, held against `schema` if there is one.

        Raises InvalidObjectError for an answer that is no such object, MissingDependencyError
        where it is to be validated without jsonschema.
        """
        return object_of(self, schema, validate=validate)

    @property
    def refusal(self) -> str:
        return self._joined(RefusalPart)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.content if isinstance(part, ToolCall))

    @property
    def files(self) -> tuple[FilePart, ...]:
        return tuple(part for part in self.content if isinstance(part, FilePart))

    @property
    def citations(self) -> tuple[c.Citation, ...]:
        texts = (part for part in self.content if isinstance(part, TextPart))
        return tuple(citation for part in texts for citation in part.citations)

    @property
    def logprobs(self) -> tuple[Any, ...]:
        return self.choices[0].logprobs if self.choices else ()

    def with_chunks(self, chunks: Iterable[c.StreamChunk]) -> Response:
        """Return the same response with the chunks that it was made of."""
        return msgspec.structs.replace(self, chunks=tuple(chunks))

    def _joined(self, member: type[TextPart | ReasoningPart | RefusalPart]) -> str:
        return "".join(part.content for part in self.content if isinstance(part, member))


class StreamMetadata(Struct, frozen=True, kw_only=True):
    """What is known of a stream beside its content.

    `status`, `headers` and `request_id` are the HTTP answer's, where there was one.
    """

    state: StreamState = "open"
    response_id: str | None = None
    model: str | None = None
    usage: c.Usage | None = None
    finish_reason: c.Finish | None = None
    warnings: tuple[c.WarningChunk, ...] = ()
    provider_metadata: Mapping[str, Any] = {}
    status: int | None = None
    headers: Mapping[str, str] = {}
    request_id: str | None = None
