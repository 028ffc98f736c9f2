"""A streaming client for language models that tells the truth about how a stream ended.

Names are loaded when first used: whoever asks for values alone loads no HTTP library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reqllm.attempts import Attempt
    from reqllm.calling import Retries, Timeouts
    from reqllm.chunk import (
        Citation,
        CitationChunk,
        CustomChunk,
        ErrorChunk,
        FileChunk,
        FileDelta,
        Finish,
        FinishChunk,
        KeepaliveChunk,
        LogprobsChunk,
        RawChunk,
        ReasoningDelta,
        ReasoningEnd,
        ReasoningStart,
        RefusalDelta,
        ResponseMetadata,
        StreamChunk,
        StreamStart,
        TextDelta,
        TextEnd,
        TextStart,
        ToolApprovalRequest,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
        ToolResult,
        Usage,
        UsageChunk,
        WarningChunk,
    )
    from reqllm.content import (
        ContentPart,
        CustomPart,
        FilePart,
        ImagePart,
        ReasoningPart,
        RefusalPart,
        TextPart,
        Tool,
        ToolCall,
        ToolResultPart,
    )
    from reqllm.context import Context, Message
    from reqllm.errors import (
        APIError,
        AuthenticationError,
        CorruptEventError,
        EmptyStreamError,
        EventTooLargeError,
        IncompleteStreamError,
        InterruptedStreamError,
        InvalidContextError,
        InvalidInputError,
        InvalidModelError,
        InvalidObjectError,
        InvalidRequestError,
        InvalidToolError,
        MalformedEventError,
        MissingDependencyError,
        MissingKeyError,
        NotAStreamError,
        NotFoundError,
        OverloadedError,
        PermissionDeniedError,
        ProtocolViolationError,
        QuotaExceededError,
        RateLimitError,
        ReqLLMError,
        ServerError,
        StreamConsumedError,
        StreamError,
        StreamTimeoutError,
        TransportError,
        UnknownProviderError,
        UnknownWireError,
    )
    from reqllm.hooks import AttemptStart, StreamEnd
    from reqllm.model import Model
    from reqllm.providers.base import Provider, WireRequest
    from reqllm.providers.compatible import openai_compatible
    from reqllm.providers.registry import register_provider
    from reqllm.response import Choice, Response, StreamMetadata
    from reqllm.stream_response import StreamResponse, SyncStreamResponse
    from reqllm.stream_server import StreamServer, decode_stream
    from reqllm.streaming import AsyncClient, Client, start_stream

__version__ = "0.1.0"

__all__ = [
    "APIError",
    "AsyncClient",
    "Attempt",
    "AttemptStart",
    "AuthenticationError",
    "Choice",
    "Citation",
    "CitationChunk",
    "Client",
    "ContentPart",
    "Context",
    "CorruptEventError",
    "CustomChunk",
    "CustomPart",
    "EmptyStreamError",
    "ErrorChunk",
    "EventTooLargeError",
    "FileChunk",
    "FileDelta",
    "FilePart",
    "Finish",
    "FinishChunk",
    "ImagePart",
    "IncompleteStreamError",
    "InterruptedStreamError",
    "InvalidContextError",
    "InvalidInputError",
    "InvalidModelError",
    "InvalidObjectError",
    "InvalidRequestError",
    "InvalidToolError",
    "KeepaliveChunk",
    "LogprobsChunk",
    "MalformedEventError",
    "Message",
    "MissingDependencyError",
    "MissingKeyError",
    "Model",
    "NotAStreamError",
    "NotFoundError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProtocolViolationError",
    "Provider",
    "QuotaExceededError",
    "RateLimitError",
    "RawChunk",
    "ReasoningDelta",
    "ReasoningEnd",
    "ReasoningPart",
    "ReasoningStart",
    "RefusalDelta",
    "RefusalPart",
    "ReqLLMError",
    "Response",
    "ResponseMetadata",
    "Retries",
    "ServerError",
    "StreamChunk",
    "StreamConsumedError",
    "StreamEnd",
    "StreamError",
    "StreamMetadata",
    "StreamResponse",
    "StreamServer",
    "StreamStart",
    "StreamTimeoutError",
    "SyncStreamResponse",
    "TextDelta",
    "TextEnd",
    "TextPart",
    "TextStart",
    "Timeouts",
    "Tool",
    "ToolApprovalRequest",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallEnd",
    "ToolCallStart",
    "ToolResult",
    "ToolResultPart",
    "TransportError",
    "UnknownProviderError",
    "UnknownWireError",
    "Usage",
    "UsageChunk",
    "WarningChunk",
    "WireRequest",
    "__version__",
    "decode_stream",
    "openai_compatible",
    "register_provider",
    "start_stream",
]

_HOMES = {
    "attempts": "Attempt",
    "calling": "Retries Timeouts",
    "chunk": (
        "Citation CitationChunk CustomChunk ErrorChunk FileChunk FileDelta Finish FinishChunk "
        "KeepaliveChunk LogprobsChunk RawChunk ReasoningDelta ReasoningEnd ReasoningStart "
        "RefusalDelta ResponseMetadata StreamChunk StreamStart TextDelta TextEnd TextStart "
        "ToolApprovalRequest ToolCallDelta ToolCallEnd ToolCallStart ToolResult Usage "
        "UsageChunk WarningChunk"
    ),
    "content": (
        "ContentPart CustomPart FilePart ImagePart ReasoningPart RefusalPart TextPart Tool "
        "ToolCall ToolResultPart"
    ),
    "context": "Context Message",
    "errors": (
        "APIError AuthenticationError CorruptEventError EmptyStreamError EventTooLargeError "
        "IncompleteStreamError InterruptedStreamError InvalidContextError InvalidInputError "
        "InvalidModelError InvalidObjectError InvalidRequestError InvalidToolError "
        "MalformedEventError MissingDependencyError MissingKeyError NotAStreamError "
        "NotFoundError OverloadedError PermissionDeniedError ProtocolViolationError "
        "QuotaExceededError RateLimitError ReqLLMError ServerError StreamConsumedError "
        "StreamError StreamTimeoutError TransportError UnknownProviderError UnknownWireError"
    ),
    "hooks": "AttemptStart StreamEnd",
    "model": "Model",
    "providers.base": "Provider WireRequest",
    "providers.compatible": "openai_compatible",
    "providers.registry": "register_provider",
    "response": "Choice Response StreamMetadata",
    "stream_response": "StreamResponse SyncStreamResponse",
    "stream_server": "StreamServer decode_stream",
    "streaming": "AsyncClient Client start_stream",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
