"""What a stream hands out: `StreamChunk` and its members, `Usage`, `Finish`, `Citation`.

Every chunk has two names. `type` is ReqLLM's family (content, thinking, tool_call, meta);
`kind` says exactly which member it is. `index` is the ordinal of a content block in order
of first appearance, never the wire's own index; `choice` tells parallel answers apart (n > 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Struct, field

from reqllm.errors import ReqLLMError

ChunkType: TypeAlias = Literal["content", "thinking", "tool_call", "meta"]
FinishReason: TypeAlias = Literal[
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "error",
    "cancelled",
    "incomplete",
    "pause",
    "other",
]


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one answer, named as OpenTelemetry's GenAI conventions name them.

    Totals are inclusive: cached tokens are in `input_tokens`, reasoning in `output_tokens`.
    `None` means that the provider did not report it, which is not zero.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation_1h_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    server_tool_use: Mapping[str, int] = {}
    raw: Mapping[str, Any] = {}
    """The provider's own usage object, each field as it was last reported."""


class Finish(Struct, frozen=True):
    """Why the model stopped: the field's common word, and the provider's own."""

    reason: FinishReason
    raw: str | None = None
    details: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.reason


class Citation(Struct, frozen=True, kw_only=True):
    """A source that the answer leans on; offsets are in characters of its text block."""

    kind: Literal["url", "document", "file", "other"] = "other"
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    source_index: int | None = None
    raw: Any = None


class StreamChunk(Struct, frozen=True, tag_field="kind"):
    """One step of an answer. Match on the member class, on `kind`, or on ReqLLM's `type`."""

    type: ClassVar[ChunkType] = "meta"
    kind: ClassVar[str] = ""

    # ReqLLM's four fields read on every member; members that have one define it.
    @property
    def text(self) -> str | None:
        return None

    @property
    def name(self) -> str | None:
        return None

    @property
    def arguments(self) -> Mapping[str, Any] | None:
        return None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What ReqLLM keeps in a chunk's metadata map."""
        return {}

    def as_reqllm(self) -> dict[str, Any] | None:
        """Return the chunk as ReqLLM's own `StreamChunk` map, `None` where it has none.

        ReqLLM has no block starts and ends: a tool call is one chunk at its start, and
        its argument fragments travel as meta chunks.
        """
        return {
            "type": self.type,
            "text": self.text,
            "name": self.name,
            "arguments": self.arguments,
            "metadata": dict(self.metadata),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the chunk as plain JSON values with its `kind`; empty fields are left out."""
        plain = msgspec.to_builtins(self, enc_hook=_plain_error)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in plain.items()
            if value is not None and value != {}
        }


def _plain_error(value: object) -> Any:
    if isinstance(value, ReqLLMError):
        return {"error": type(value).__name__, "message": str(value)}
    raise TypeError(f"a chunk holds a {type(value).__name__}, which JSON has no form for")


class _Silent(StreamChunk, frozen=True):
    """A member that ReqLLM's vocabulary has no chunk for."""

    def as_reqllm(self) -> None:
        return None


class StreamStart(_Silent, frozen=True, tag="stream_start"):
    """The first chunk of every stream."""

    kind: ClassVar[str] = "stream_start"
    id: str | None = None
    model: str | None = None


class ResponseMetadata(StreamChunk, frozen=True, tag="response_metadata"):
    """What became known of the response later; only what is new is set."""

    kind: ClassVar[str] = "response_metadata"
    id: str | None = None
    model: str | None = None
    provider_metadata: Mapping[str, Any] = {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        known = {
            "response_id": self.id,
            "model": self.model,
            "provider_meta": self.provider_metadata,
        }
        return {key: value for key, value in known.items() if value}


class TextStart(_Silent, frozen=True, tag="text_start"):
    """A block of text begins."""

    type: ClassVar[ChunkType] = "content"
    kind: ClassVar[str] = "text_start"
    index: int = 0
    choice: int = 0
    provider_metadata: Mapping[str, Any] = {}


class TextDelta(StreamChunk, frozen=True, tag="text_delta", gc=False):
    """A piece of the answer's text."""

    type: ClassVar[ChunkType] = "content"
    kind: ClassVar[str] = "text_delta"
    text: str
    index: int = 0
    choice: int = 0


class TextEnd(_Silent, frozen=True, tag="text_end"):
    """A block of text is whole."""

    type: ClassVar[ChunkType] = "content"
    kind: ClassVar[str] = "text_end"
    index: int = 0
    choice: int = 0
    signature: str | None = None
    """Goes back to the provider with this text, unchanged."""
    whole: str | None = None
    """The text as the provider gave it at the end, where its deltas said something else."""


class ReasoningStart(_Silent, frozen=True, tag="reasoning_start"):
    """The model begins to think aloud, or hidden (`redacted`)."""

    type: ClassVar[ChunkType] = "thinking"
    kind: ClassVar[str] = "reasoning_start"
    index: int = 0
    choice: int = 0
    redacted: bool = False


class ReasoningDelta(StreamChunk, frozen=True, tag="reasoning_delta", gc=False):
    """A piece of the model's reasoning."""

    type: ClassVar[ChunkType] = "thinking"
    kind: ClassVar[str] = "reasoning_delta"
    text: str
    index: int = 0
    choice: int = 0


class ReasoningEnd(StreamChunk, frozen=True, tag="reasoning_end"):
    """Reasoning is whole; `signature` or `data` must go back to the provider unchanged."""

    type: ClassVar[ChunkType] = "meta"
    kind: ClassVar[str] = "reasoning_end"
    index: int = 0
    choice: int = 0
    signature: str | None = None
    redacted: bool = False
    data: str | None = None
    provider_metadata: Mapping[str, Any] = {}
    whole: str | None = None
    """The reasoning as the provider gave it at the end, where its deltas said something else."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        known = {"signature": self.signature, "encrypted": self.data, "index": self.index}
        return {key: value for key, value in known.items() if value is not None}

    def as_reqllm(self) -> dict[str, Any] | None:
        return super().as_reqllm() if self.signature or self.data else None


class ToolCallStart(StreamChunk, frozen=True, tag="tool_call_start"):
    """A tool call begins: its id and name are known, its arguments are to come."""

    type: ClassVar[ChunkType] = "tool_call"
    kind: ClassVar[str] = "tool_call_start"
    id: str
    name: str
    index: int = 0
    choice: int = 0
    provider_executed: bool = False
    synthetic_id: bool = False
    """The provider gave no id; this one is ours."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        known: dict[str, Any] = {"id": self.id, "index": self.index, "expects_arg_fragments": True}
        if self.provider_executed:
            known["builtin?"] = True
        return known


class ToolCallDelta(StreamChunk, frozen=True, tag="tool_call_delta", gc=False):
    """A fragment of a tool call's arguments, raw JSON text."""

    type: ClassVar[ChunkType] = "tool_call"
    kind: ClassVar[str] = "tool_call_delta"
    arguments_delta: str
    id: str
    index: int = 0
    choice: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"tool_call_args": {"index": self.index, "fragment": self.arguments_delta}}

    def as_reqllm(self) -> dict[str, Any]:
        return {
            "type": "meta",
            "text": None,
            "name": None,
            "arguments": None,
            "metadata": dict(self.metadata),
        }


class ToolCallEnd(_Silent, frozen=True, tag="tool_call_end"):
    """A tool call is whole.

    `arguments` is the strict parse of `arguments_raw`; if that is not one JSON object,
    `invalid` is set, `arguments` is empty and the raw text tells what came.
    """

    type: ClassVar[ChunkType] = "tool_call"
    kind: ClassVar[str] = "tool_call_end"
    id: str
    name: str
    arguments: Mapping[str, Any] = {}
    arguments_raw: str = ""
    invalid: bool = False
    index: int = 0
    choice: int = 0
    provider_executed: bool = False
    signature: str | None = None
    provider_metadata: Mapping[str, Any] = {}


class ToolResult(StreamChunk, frozen=True, tag="tool_result"):
    """The result of a tool that the provider ran itself."""

    kind: ClassVar[str] = "tool_result"
    tool_call_id: str
    result: Any
    name: str | None = None
    is_error: bool = False
    index: int = 0
    choice: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"tool_result": {"tool_call_id": self.tool_call_id, "result": self.result}}


class ToolApprovalRequest(StreamChunk, frozen=True, tag="tool_approval_request"):
    """The provider waits for leave to run a tool."""

    kind: ClassVar[str] = "tool_approval_request"
    id: str
    tool_call_id: str
    index: int = 0
    choice: int = 0
    raw: Any = None


class RefusalDelta(StreamChunk, frozen=True, tag="refusal_delta"):
    """A piece of a refusal. It is no content: a reader of tokens never takes it for an answer."""

    kind: ClassVar[str] = "refusal_delta"
    text: str
    index: int = 0
    choice: int = 0
    provider_metadata: Mapping[str, Any] = {}
    """With the first piece only."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"refusal": self.text}


class CitationChunk(StreamChunk, frozen=True, tag="citation"):
    """A source for the block `index`."""

    kind: ClassVar[str] = "citation"
    citation: Citation
    index: int = 0
    choice: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"citation": msgspec.to_builtins(self.citation)}


class FileChunk(StreamChunk, frozen=True, tag="file"):
    """A whole file that the model made: bytes, or the URL where it lies."""

    kind: ClassVar[str] = "file"
    index: int = 0
    choice: int = 0
    media_type: str | None = None
    data: bytes | None = None
    url: str | None = None
    id: str | None = None
    provider_metadata: Mapping[str, Any] = {}


class FileDelta(StreamChunk, frozen=True, tag="file_delta"):
    """Some more bytes of a file that the model is making."""

    kind: ClassVar[str] = "file_delta"
    data: bytes
    index: int = 0
    choice: int = 0
    media_type: str | None = None
    id: str | None = None


class LogprobsChunk(StreamChunk, frozen=True, tag="logprobs"):
    """Log probabilities as the provider gives them, for content or for a refusal."""

    kind: ClassVar[str] = "logprobs"
    logprobs: list[Any]
    of: Literal["content", "refusal"] = "content"
    choice: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"logprobs": self.logprobs}


class UsageChunk(StreamChunk, frozen=True, tag="usage"):
    """Usage as known so far; the last one holds for the stream. Never add two of them up."""

    kind: ClassVar[str] = "usage"
    usage: Usage

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"usage": msgspec.to_builtins(self.usage)}


class WarningChunk(StreamChunk, frozen=True, tag="warning"):
    """Something was odd but could be read; `code` names what, for machines."""

    kind: ClassVar[str] = "warning"
    code: str
    message: str

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"warning": {"code": self.code, "message": self.message}}


class CustomChunk(StreamChunk, frozen=True, tag="custom"):
    """Something of the provider's own, or newer than this package: kept as it came."""

    kind: ClassVar[str] = "custom"
    custom_kind: str
    """Wire and the provider's own type, as in "anthropic-messages.compaction"."""
    data: Any = None
    index: int | None = None
    choice: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"provider_event": {"kind": self.custom_kind, "data": self.data}}


class RawChunk(StreamChunk, frozen=True, tag="raw"):
    """An event as it was sent, before anything was made of it; on request only."""

    kind: ClassVar[str] = "raw"
    event: str
    data: str
    id: str = ""

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"provider_event": {"event": self.event, "data": self.data}}


class KeepaliveChunk(StreamChunk, frozen=True, tag="keepalive"):
    """The provider showed that it is still there; on request only."""

    kind: ClassVar[str] = "keepalive"
    comment: str = ""

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"keepalive?": True}


class FinishChunk(StreamChunk, frozen=True, tag="finish"):
    """The last chunk of a stream that ended as it should."""

    kind: ClassVar[str] = "finish"
    finish: Finish
    choices: tuple[Finish, ...] = ()
    """One a choice where the provider gave several answers (n > 1)."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"finish_reason": self.finish.reason, "terminal?": True}


class ErrorChunk(StreamChunk, frozen=True, tag="error"):
    """The last chunk of a stream that did not. The shells raise it instead of handing it out."""

    kind: ClassVar[str] = "error"
    error: ReqLLMError = field()

    @property
    def metadata(self) -> Mapping[str, Any]:
        reason = "incomplete" if self.error.state in ("incomplete", "interrupted") else "error"
        return {"error": str(self.error), "finish_reason": reason, "terminal?": True}
