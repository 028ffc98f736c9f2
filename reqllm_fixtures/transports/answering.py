"""What a transport does but for waiting: it answers from recordings, and notes what is sent.

The two HTTP libraries are one code here: the module is a parameter, and nothing asks which it is.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from reqllm_fixtures.bodies.endings import says_it_is_over
from reqllm_fixtures.bodies.pieces import without_coding
from reqllm_fixtures.cassette import (
    NO_STATUS,
    EndError,
    Interaction,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.errors import (
    FixtureError,
    NoKeyError,
    PatchedWarning,
    RecordingEndedError,
    UnmatchedRequestError,
)
from reqllm_fixtures.transports.replaying import Failure, Waits
from reqllm_fixtures.transports.sources import Clock, Recorded, Rhythm, Rhythmic, Source

if TYPE_CHECKING:
    from reqllm_fixtures.transports.recording import Tape

# Marks a request that we send on, so that it does not come to a cassette twice.
SENT_BY_US = "reqllm_fixtures"

# What in a response's extensions tells that the client is about to leave. Our own client calls it
# before it shuts the socket under a thread that reads, which closing the response would not wake.
_LEAVING = "reqllm_leaving"

# What in a response's extensions tells that it was played: from which file, and what was recorded.
REPLAYED = "reqllm_replayed"

# What a client may use for a key where it has none: it never goes out.
NO_KEY = "reqllm-no-key-replay-only"


class Answering:
    """What the two colours share: everything but waiting."""

    def __init__(
        self,
        source: Source,
        module: Any,
        upstream: Any,
        on_close: Callable[[], None] | None,
        rhythmic: Rhythmic,
    ) -> None:
        self._source, self._module = source, module
        self._given, self._made = upstream, None
        self._making = threading.Lock()
        self._on_close = on_close
        self._is_warned = False
        self._pace, self._clock, self._sleep, self.time_of_threads = rhythmic
        # What our client looks for, beside the time of threads. A replay asks for no key, and none
        # is to be had; where a request may go out, this stands for a key that is missing.
        self.needs_no_key = source.replays
        self.key_that_stays = NO_KEY if source.cassette and source.recorder else None

    def _require_own(self, request: Any) -> None:
        """Refuse a client of the other library, which would trip over our answer."""
        if not isinstance(request, self._module.Request):
            raise FixtureError(
                f"This transport is for clients of {self._module.__name__}, and one of another "
                f"library asks, by a {type(request).__module__.partition('.')[0]}.Request. "
                "Name the client's library: cassette.transport(httpx2), .async_transport(httpx2)."
            )

    def _wrong_colour(self, client: str, method: str) -> FixtureError:
        return FixtureError(
            f"{self._module.__name__}.{client} was given {type(self).__name__}. "
            f"Give it cassette.{method}."
        )

    def _warn_of_others(self) -> None:
        """Warn, once, of what stands between us and the network."""
        if self._is_warned:
            return
        self._is_warned = True
        from reqllm_fixtures.transports.others import (
            patching,  # here, because a replay sends nothing
        )

        if other := patching(self._module):
            warnings.warn(
                f"{other} has patched {self._module.__name__} while it is recorded: what it hands "
                "on may be whole bodies, or answers of its own, and no provider's pieces. "
                "Use one of the two at a time.",
                PatchedWarning,
                stacklevel=2,
            )

    def _upstream(self, kind: str) -> Any:
        if self._given is not None:
            return self._given
        with self._making:
            if self._made is None:
                self._made = getattr(self._module, kind)()
        return self._made

    def _open_upstream(self) -> Any:
        return self._given if self._given is not None else self._made

    def _played(self, request: Any, asked: RecordedRequest, stream: type[Any]) -> Any:
        """Answer from the cassette; None if the request is to go out."""
        cassette, redacted = self._source.cassette, self._source.redacted
        if cassette is None:
            return None
        rhythm = _rhythm(self._pace, self._clock) if self._pace else None
        recorded = cassette.take(asked)
        if recorded is None and redacted is not None:
            # What was recorded was redacted: what is asked may have to be before they are equal.
            asked = redacted(asked)
            recorded = cassette.take(asked)
        if recorded is None and self._source.recorder is None:
            recorded = self._played_or_refused(cassette, asked)
        if recorded is None:
            self._require_key(request, asked)
            return None
        return self._answer(request, recorded.response, stream, rhythm, cassette.path)

    def _played_or_refused(self, cassette: Recorded, asked: RecordedRequest) -> Interaction:
        try:
            return cassette.play(asked)
        except UnmatchedRequestError as miss:
            raise self._source.refuse(miss)  # noqa: B904 - often it is the miss itself

    def _answer(
        self,
        request: Any,
        recorded: RecordedResponse,
        stream: type[Any],
        rhythm: Rhythm | None,
        path: str,
    ) -> Any:
        pieces = tuple(recorded.pieces)  # first: what no longer fits its body is told here
        failure = self._failure(recorded, path, request)
        if recorded.status == NO_STATUS and failure:
            raise failure()
        body = stream(pieces, failure, self._waits(rhythm, request))
        extensions: dict[str, Any] = {
            "http_version": recorded.http_version.encode("ascii", "ignore"),
            "reason_phrase": recorded.reason.encode("ascii", "ignore"),
            REPLAYED: (path, recorded),
        }
        if rhythm is not None and hasattr(body, "close"):
            extensions[_LEAVING] = body.close
        return self._module.Response(
            recorded.status,
            headers=[(name.encode(), value.encode()) for name, value in recorded.headers],
            stream=body,
            request=request,
            extensions=extensions,
        )

    def _waits(self, rhythm: Rhythm | None, request: Any) -> Waits | None:
        """Tell how to wait for pieces, as long as the client would wait for the network."""
        if rhythm is None:
            return None
        make = partial(_error, self._module, request=request)
        return Waits(
            rhythm,
            self._sleep,
            # Looked at anew for each piece: a client may change it once the head has come.
            lambda: (request.extensions.get("timeout") or {}).get("read"),
            partial(make, "ReadTimeout", "The read operation timed out"),
            partial(make, "ReadError", "The response was closed"),
        )

    def _require_key(self, request: Any, asked: RecordedRequest) -> None:
        """Refuse to send what was made without a key."""
        if any(NO_KEY in value for value in request.headers.values()) or NO_KEY in asked.uri:
            cassette = self._source.cassette
            assert cassette is not None
            described = cassette.matcher.describe(asked)
            raise self._source.refuse(NoKeyError(cassette.path, described))

    def _failure(self, recorded: RecordedResponse, path: str, request: Any) -> Failure | None:
        """Tell what is to be raised after the last piece, if anything is."""
        match recorded.end:
            case EndError(name=name, message=message):
                return lambda: _error(self._module, name, message, request)
            case "client_closed" if not says_it_is_over(recorded.body, recorded.headers):
                length = len(recorded.body)
                return lambda: self._source.refuse(RecordingEndedError(path, length))
            case _:
                return None

    def _noted(self, response: Any, tape: Tape, tee: type[Any]) -> Any:
        """Put the tee into a response; all else of it stays as it came."""
        headers = headers_of(response)
        if not response.is_stream_consumed:
            tape.head(response.status_code, response.reason_phrase, headers, response.http_version)
            response.stream = tee(response.stream, tape)
            response.extensions[_LEAVING] = tape.leaving
            return response
        if isinstance(response.stream, self._module.ByteStream):
            pieces = iter(response.stream)  # made in memory, by a mock: nobody will read its stream
        else:
            # Read by another recorder, which kept it without its coding.
            headers = without_coding(headers)
            pieces = iter([response.content])
        tape.head(response.status_code, response.reason_phrase, headers, response.http_version)
        for piece in pieces:
            tape.piece(piece)
        tape.eof()
        return response

    def _sendable(self, request: Any) -> Any:
        """Copy a request, asking for a body that is not compressed.

        A copy: the request is the client's, who reads it again in `response.request` and builds
        redirects on it. The body would be recorded as bytes that nobody can review.
        """
        headers = self._module.Headers(request.headers)
        if not _is_signed(headers):
            headers["accept-encoding"] = "identity"
        return self._module.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions={**request.extensions, SENT_BY_US: True},
        )

    def _closed(self) -> None:
        if self._on_close is not None:
            self._on_close()


def headers_of(message: Any) -> tuple[tuple[str, str], ...]:
    return tuple(message.headers.multi_items())


def _is_signed(headers: Any) -> bool:
    """Whether a signature covers the header that we would change.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    authorization = headers.get("authorization", "")
    _, _, signed = authorization.partition("SignedHeaders=")
    return "accept-encoding" in signed.partition(",")[0].split(";")


def _rhythm(pace: float, clock: Clock) -> Rhythm:
    """Tell how many seconds a piece is still due in, from now on.

    Against the start, not the piece before: a slow reader must not shift what follows.
    """
    start = clock()
    return lambda piece: start + piece.at_ms * pace / 1000 - clock()


def _error(module: Any, name: str, message: str, request: Any) -> Exception:
    """Make the error of this name, or what any other error of a stream looks like to a client."""
    kind = getattr(module, name, None)
    if isinstance(kind, type) and issubclass(kind, module.RequestError):
        error: Exception = kind(message, request=request)
    else:
        error = module.ReadError(f"{name}: {message}", request=request)
    return error
