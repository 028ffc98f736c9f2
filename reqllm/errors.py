"""What can go wrong, as one tree: catch `ReqLLMError` for all of it.

ReqLLMError                     .partial .state .before_first_chunk .retryable .request_id .attempts
├─ InvalidInputError            refused before anything was sent (also a ValueError)
│  ├─ UnknownProviderError      nobody of that name in the table
│  ├─ UnknownWireError          no such wire format
│  ├─ InvalidModelError         not "provider:model"
│  ├─ InvalidContextError       no message, or a message that no model takes
│  ├─ InvalidToolError          a tool without a name or a JSON Schema
│  └─ MissingKeyError           no key given, none in the environment
├─ MissingDependencyError       what was asked for needs a package that is not installed
├─ InvalidObjectError           the answer is not the object asked for: .raw .path .finish_reason
├─ APIError                     the provider said no: .status .code .type .body
│  ├─ InvalidRequestError       400, 413, 422 and the like
│  ├─ AuthenticationError       401
│  ├─ PermissionDeniedError     403
│  ├─ NotFoundError             404
│  ├─ RateLimitError            429: .retry_after, in seconds
│  │  └─ QuotaExceededError     429 that no waiting mends
│  ├─ OverloadedError           503 and 529: .retry_after, in seconds
│  └─ ServerError               every other 5xx, and errors that name no cause
├─ TransportError               the network failed before a status line came
├─ StreamError                  the answer began, and then
│  ├─ IncompleteStreamError     ended cleanly without its terminal event
│  ├─ InterruptedStreamError    the network failed in the middle; `__cause__` says how
│  │  └─ StreamTimeoutError     nothing came for too long (a TimeoutError): .which .seconds .waited
│  ├─ EmptyStreamError          ended before it said anything
│  ├─ NotAStreamError           was no stream at all: HTML, gzip, some other document
│  ├─ MalformedEventError       an event was not the JSON that the wire promises
│  ├─ EventTooLargeError        an event passed `max_event_bytes`
│  ├─ CorruptEventError         a checksum or a length of a binary event is wrong: .offset
│  └─ ProtocolViolationError    events that cannot follow each other
└─ StreamConsumedError          the one pass over a stream was already taken
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reqllm.attempts import Attempt
    from reqllm.response import Response


class ReqLLMError(Exception):
    """Any failure of this package; `str()` says what was expected, what came, what to do."""

    retryable: bool = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.partial: Response | None = None
        """What had arrived when it failed; `None` if nothing was asked yet."""
        self.before_first_chunk: bool = True
        """Whether it failed before anything a reader could have seen."""
        self.request_id: str | None = None
        self.provider_code: str | None = None
        """The provider's own word for the failure, as it sent it."""
        self.attempts: tuple[Attempt, ...] = ()
        """The tries that failed before it was given up, this one last."""

    @property
    def state(self) -> str | None:
        """The stream's end state, `None` if there was no stream."""
        return None if self.partial is None else self.partial.state


class InvalidInputError(ReqLLMError, ValueError):
    """What the caller gave cannot be sent; nothing was."""


class UnknownProviderError(InvalidInputError):
    """No provider of that name is registered."""


class UnknownWireError(InvalidInputError):
    """No wire format of that name exists."""


class InvalidModelError(InvalidInputError):
    """The model is not written as "provider:model"."""


class InvalidContextError(InvalidInputError):
    """The conversation has no message, or one that cannot be sent."""


class InvalidToolError(InvalidInputError):
    """A tool lacks a name or a JSON Schema of its parameters."""


class MissingKeyError(InvalidInputError):
    """No API key was given and none is in the environment."""


class MissingDependencyError(ReqLLMError, ImportError):
    """What was asked for needs a package that is not installed; the message names the extra."""


class InvalidObjectError(ReqLLMError):
    """The answer is not the object that was asked for.

    raw: what came in its place, as text.
    path: where it does not fit the schema, as JSON path; `None` if it is no JSON at all.
    finish_reason: why the model stopped, which may be why.
    """

    def __init__(
        self,
        message: str,
        *,
        raw: str = "",
        path: str | None = None,
        finish_reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.raw = raw
        self.path = path
        self.finish_reason = finish_reason


class APIError(ReqLLMError):
    """The provider refused or failed; `status` is the HTTP status it sent or meant.

    An error that came inside a stream of status 200 has the status that the
    provider uses for it elsewhere in `status`, and 200 in `http_status`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        http_status: int | None = None,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the providers' own name for it
        request_id: str | None = None,
        retry_after: float | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.http_status = status if http_status is None else http_status
        self.code = code
        self.type = type
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds the provider asks to wait, `None` if it did not say."""
        self.body = body
        """The error as the provider sent it: parsed JSON, or text."""
        self.provider_code = code or type


class InvalidRequestError(APIError):
    """The provider will not take this request as it is."""


class AuthenticationError(APIError):
    """The key is missing, wrong or revoked."""


class PermissionDeniedError(APIError):
    """The key is good, but not for this."""


class NotFoundError(APIError):
    """No such model or address."""


class RateLimitError(APIError):
    """Too many requests or tokens; `retry_after` says for how long, in seconds."""

    retryable = True


class QuotaExceededError(RateLimitError):
    """The account is spent; waiting will not help."""

    retryable = False


class OverloadedError(APIError):
    """The provider has no room at the moment."""

    retryable = True


class ServerError(APIError):
    """The provider failed, or reported an error without saying what kind."""

    retryable = True


class TransportError(ReqLLMError):
    """The network failed before the provider answered; `__cause__` is the HTTP library's error."""

    retryable = True


class StreamError(ReqLLMError):
    """The stream broke its promise after it had begun."""


class IncompleteStreamError(StreamError):
    """The stream ended cleanly but without the event that says it is finished."""

    retryable = True


class InterruptedStreamError(StreamError):
    """The network failed, or time ran out, in the middle of the stream."""

    retryable = True


class StreamTimeoutError(InterruptedStreamError, TimeoutError):
    """Nothing came for too long.

    which: the name of the timeout. seconds: how long it is. waited: seconds that really passed.
    last: the kind of the chunk that came last, `None` if none had.
    """

    def __init__(
        self,
        message: str,
        *,
        which: str,
        seconds: float | None,
        waited: float | None = None,
        last: str | None = None,
    ) -> None:
        super().__init__(message)
        self.which = which
        self.seconds = seconds
        self.waited = seconds if waited is None else waited
        self.last = last


class EmptyStreamError(StreamError):
    """The stream ended before it said anything."""

    retryable = True


class NotAStreamError(StreamError):
    """The body is no event stream; `body_start` holds its first KiB."""

    def __init__(self, message: str, *, body_start: bytes = b"") -> None:
        super().__init__(message)
        self.body_start = body_start


class MalformedEventError(StreamError):
    """An event is not the JSON that the wire promises; `data` is what came."""

    def __init__(self, message: str, *, data: bytes = b"", event_number: int = 0) -> None:
        super().__init__(message)
        self.data = data
        self.event_number = event_number


class EventTooLargeError(StreamError):
    """An event passed the limit; `limit` is in bytes."""

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class CorruptEventError(StreamError):
    """A binary event's checksum or length is wrong; `offset` is where in the body it begins."""

    retryable = True

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class ProtocolViolationError(StreamError):
    """Events came that cannot follow each other: two answers spliced, for one."""


class StreamConsumedError(ReqLLMError, RuntimeError):
    """The one pass over the stream was already taken, or the stream is closed."""
