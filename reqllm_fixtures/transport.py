"""Transports that answer from a cassette, or send on and note what comes: httpx and httpx2.

The two libraries are one code here: the module is a parameter, and nothing asks which one it is.
Where nothing goes out no socket is opened, and no TLS context is built.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from functools import cache, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reqllm_fixtures.cassette import (
    EndError,
    Interaction,
    Matcher,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.endings import says_it_is_over
from reqllm_fixtures.errors import (
    FixtureError,
    NoKeyError,
    PatchedWarning,
    RecordingEndedError,
    UnmatchedRequestError,
)
from reqllm_fixtures.pieces import without_coding
from reqllm_fixtures.recording import NO_STATUS, AsyncTee, Recorder, Tape, Tee
from reqllm_fixtures.replaying import AsyncReplay, Failure, Replay, Waits

if TYPE_CHECKING:
    from reqllm_fixtures.virtual_time import VirtualClock

Clock = Callable[[], float]
Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
Rhythm = Callable[[Piece], float]
Redacted = Callable[[RecordedRequest], RecordedRequest]
Refuse = Callable[[FixtureError], BaseException]

# Marks a request that we send on, so that it does not come to a cassette twice.
SENT_BY_US = "reqllm_fixtures"

# What in a response's extensions tells that the client is about to leave. Our own client calls it
# before it shuts the socket under a thread that reads, which closing the response would not wake.
_LEAVING = "reqllm_leaving"

# What in a response's extensions tells that it was played: from which file, and what was recorded.
REPLAYED = "reqllm_replayed"

# What a client may use for a key where it has none: it never goes out.
NO_KEY = "reqllm-no-key-replay-only"


def _itself(error: FixtureError) -> BaseException:
    return error


def _unheard(request: RecordedRequest) -> None:
    """Hear of a request, and keep nothing."""


class Recorded(Protocol):
    """What answers from recordings: a `Cassette`, or one under an overlay."""

    @property
    def path(self) -> str:
        """What errors call it."""

    @property
    def matcher(self) -> Matcher:
        """What requests are found by."""

    def take(self, request: RecordedRequest) -> Interaction | None:
        """Take what answers a request, if there is something."""

    def play(self, request: RecordedRequest) -> Interaction:
        """Take what answers a request. Raises UnmatchedRequestError."""


class Source(NamedTuple):
    """Where answers come from, and who notes those that come from the network.

    cassette      recorder
    a cassette    none        replay: what is not recorded is a miss
    a cassette    a recorder  fill: what is not recorded goes out and is noted
    none          a recorder  record
    none          none        live
    """

    cassette: Recorded | None = None
    recorder: Recorder | None = None
    redacted: Redacted | None = None  # what a request looks like once it is recorded
    refuse: Refuse = _itself  # what is raised where the recording has no answer
    hear: Callable[[RecordedRequest], None] = _unheard  # is told every request that is made

    @property
    def replays(self) -> bool:
        """Whether nothing ever goes out."""
        return self.cassette is not None and self.recorder is None

    @property
    def is_live(self) -> bool:
        """Whether everything goes out and nothing is noted."""
        return self.cassette is None and self.recorder is None


class Rhythmic(NamedTuple):
    """How the recorded times are kept; `pace` 0 is at once, 1 as recorded, 2 half as fast."""

    pace: float = 0.0
    clock: Any = time.monotonic
    sleep: Any = time.sleep
    time: Any = None
    """A virtual clock, by which whoever uses the transport is to go, too."""

    @classmethod
    def of_threads(cls, pace: float, clock: Any, sleep: Any) -> Rhythmic:
        """Go by clock and sleep, or by a virtual clock in place of both."""
        if is_virtual(clock):
            return cls(checked_pace(pace), clock.time, clock.wait, clock)
        return cls(checked_pace(pace), clock, sleep)


def is_virtual(clock: Any) -> bool:
    """Return whether it is a `VirtualClock`; told without loading what that needs."""
    return hasattr(clock, "alarm")


def replay_transport(
    cassette: Recorded,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Any:
    """Make a transport for `module.Client` that plays the cassette."""
    return transport(Source(cassette), module, pace=pace, clock=clock, sleep=sleep)


def async_replay_transport(
    cassette: Recorded,
    module: ModuleType,
    *,
    pace: float = 0.0,
    clock: Clock | None = None,
    sleep: AsyncSleep | None = None,
) -> Any:
    """Make a transport for `module.AsyncClient` that plays the cassette."""
    return async_transport(Source(cassette), module, pace=pace, clock=clock, sleep=sleep)


def transport(
    source: Source,
    module: ModuleType,
    *,
    upstream: Any = None,
    on_close: Callable[[], None] | None = None,
    pace: float = 0.0,
    clock: Clock | VirtualClock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Any:
    """Make a transport for `module.Client`.

    upstream: what sends; the module's own HTTPTransport by default, made when first used.
    on_close: called when the transport was closed.
    clock, sleep: by what recorded times are kept; a `VirtualClock` is both.
    """
    rhythmic = Rhythmic.of_threads(pace, clock, sleep)
    return _kinds(module).transport(source, module, upstream, on_close, rhythmic)


def async_transport(
    source: Source,
    module: ModuleType,
    *,
    upstream: Any = None,
    on_close: Callable[[], None] | None = None,
    pace: float = 0.0,
    clock: Clock | None = None,
    sleep: AsyncSleep | None = None,
) -> Any:
    """Make a transport for `module.AsyncClient`; clock and sleep are anyio's by default."""
    if checked_pace(pace) and (clock is None or sleep is None):
        import anyio  # here, because a replay at once needs no event loop's help

        clock, sleep = clock or anyio.current_time, sleep or anyio.sleep
    rhythmic = Rhythmic(pace, clock, sleep)
    return _kinds(module).async_transport(source, module, upstream, on_close, rhythmic)


def checked_pace(pace: float) -> float:
    """Return the pace if it is one. Raises ValueError."""
    if not isinstance(pace, int | float) or not 0 <= pace < float("inf"):
        raise ValueError(f"Expected a pace from 0 (at once) up; 1 is as recorded. Came: {pace!r}.")
    return pace


class _Kinds(NamedTuple):
    transport: type[Any]
    async_transport: type[Any]
    stream: type[Any]
    async_stream: type[Any]
    tee: type[Any]
    async_tee: type[Any]


@cache
def _kinds(module: ModuleType) -> _Kinds:
    """Give our classes the bases by which this library knows transports and streams."""
    return _Kinds(
        type("CassetteTransport", (_Transport, module.BaseTransport), {}),
        type("AsyncCassetteTransport", (_AsyncTransport, module.AsyncBaseTransport), {}),
        type("ReplayStream", (Replay, module.SyncByteStream), {}),
        type("AsyncReplayStream", (AsyncReplay, module.AsyncByteStream), {}),
        type("RecordedStream", (Tee, module.SyncByteStream), {}),
        type("AsyncRecordedStream", (AsyncTee, module.AsyncByteStream), {}),
    )


class _Base:
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

    def _warn_of_others(self) -> None:
        """Warn, once, of what stands between us and the network."""
        if self._is_warned:
            return
        self._is_warned = True
        from reqllm_fixtures.others import patching  # here, because a replay sends nothing

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
        headers = _headers(response)
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


class _Transport(_Base):
    def handle_request(self, request: Any) -> Any:
        if self._source.is_live:
            self._source.hear(_as_asked(request, _loaded(request, self._module)))
            return self._upstream("HTTPTransport").handle_request(request)
        asked = _as_asked(request, request.read())
        self._source.hear(asked)
        kinds = _kinds(self._module)
        played = self._played(request, asked, kinds.stream)
        if played is not None:
            return played
        return self._recorded(request, asked, kinds.tee)

    def _recorded(self, request: Any, asked: RecordedRequest, tee: type[Any]) -> Any:
        upstream, sendable = self._upstream("HTTPTransport"), self._sendable(request)
        self._warn_of_others()
        tape = _begun(self._source.recorder, asked)
        try:
            response = upstream.handle_request(sendable)
        except BaseException as error:
            tape.fail(error)
            raise
        return self._noted(response, tape, tee)

    def close(self) -> None:
        if upstream := self._open_upstream():
            upstream.close()
        self._closed()


class _AsyncTransport(_Base):
    async def handle_async_request(self, request: Any) -> Any:
        if self._source.is_live:
            self._source.hear(_as_asked(request, _loaded(request, self._module)))
            return await self._upstream("AsyncHTTPTransport").handle_async_request(request)
        asked = _as_asked(request, await request.aread())
        self._source.hear(asked)
        kinds = _kinds(self._module)
        played = self._played(request, asked, kinds.async_stream)
        if played is not None:
            return played
        return await self._recorded(request, asked, kinds.async_tee)

    async def _recorded(self, request: Any, asked: RecordedRequest, tee: type[Any]) -> Any:
        upstream, sendable = self._upstream("AsyncHTTPTransport"), self._sendable(request)
        self._warn_of_others()
        tape = _begun(self._source.recorder, asked)
        try:
            response = await upstream.handle_async_request(sendable)
        except BaseException as error:
            tape.fail(error)
            raise
        return self._noted(response, tape, tee)

    async def aclose(self) -> None:
        if upstream := self._open_upstream():
            await upstream.aclose()
        self._closed()


def _begun(recorder: Recorder | None, asked: RecordedRequest) -> Tape:
    assert recorder is not None
    return recorder.begin(asked)


def _loaded(request: Any, module: Any) -> bytes:
    """Return the body if it is known without reading it, which would hold up an upload."""
    try:
        return request.content  # type: ignore[no-any-return]
    except module.RequestNotRead:
        return b""


def _as_asked(request: Any, body: bytes) -> RecordedRequest:
    return RecordedRequest(request.method, str(request.url), _headers(request), body)


def _headers(message: Any) -> tuple[tuple[str, str], ...]:
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
