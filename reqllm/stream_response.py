"""What a call gives: a lazy stream of chunks, and what was learned beside it.

Async and sync twins: the same but for `await`; a test compares them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import chain
from types import TracebackType
from typing import Any, Self

from reqllm.async_pump import AsyncPump
from reqllm.attempts import Attempt
from reqllm.chunk import Finish, StreamChunk, TextDelta, Usage
from reqllm.content import ToolCall
from reqllm.errors import ReqLLMError, StreamConsumedError, StreamTimeoutError
from reqllm.objects import GrowingObject, object_of
from reqllm.pump import Pump
from reqllm.pump_base import described, with_http
from reqllm.response import Response, StreamMetadata, StreamState
from reqllm.wires.common.api_errors import request_id


class StreamResponse:
    """An answer that is arriving. Iterate it once, by `async for`; the rest may be asked any time.

    Leave it by `async with`, or call `aclose()`: that releases the connection at once.
    Reading raises what went wrong after all that arrived has been handed out; `partial()` and
    `metadata()` answer all the same.
    """

    def __init__(
        self,
        pump: AsyncPump,
        metadata_timeout: float | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> None:
        self._pump = pump
        self._metadata_timeout = metadata_timeout
        self._schema = response_schema
        self._taken = False

    def __repr__(self) -> str:
        return described(self, self._pump)

    # The one pass.
    def __aiter__(self) -> AsyncIterator[StreamChunk]:
        if self._taken:
            raise _consumed()
        self._taken = True
        return _AsyncChunks(self._pump)

    @property
    def stream(self) -> AsyncIterator[StreamChunk]:
        """The lazy stream of chunks: the same one pass as iterating the response."""
        return self.__aiter__()

    def tokens(self) -> AsyncIterator[str]:
        """Return the lazy stream of the answer's text, piece by piece; it takes the one pass."""
        return _AsyncTokens(self.__aiter__())

    def objects(self, *, validate: bool = True) -> AsyncIterator[Any]:
        """Return the lazy stream of the object asked for as it grows; it takes the one pass.

        Each is one of its own, with numbers and words left out until they are whole. The last is
        the whole object; after it InvalidObjectError is raised if it is not what was asked for.
        Raises MissingDependencyError without jiter.
        """
        return _AsyncObjects(self, GrowingObject(), validate)

    # What needs the whole stream; chunks that nobody read yet stay for a later reader.
    async def text(self) -> str:
        """Return the whole text. Raises what broke the stream."""
        return (await self.to_response()).text

    async def thinking(self) -> str:
        """Return the whole reasoning. Raises what broke the stream."""
        return (await self.to_response()).thinking

    async def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the whole tool calls. Raises what broke the stream."""
        return (await self.to_response()).tool_calls

    async def object(self, *, validate: bool = True) -> Any:
        """Return the whole object that `response_schema` asked for.

        Raises what broke the stream, InvalidObjectError for an answer that is no such object,
        MissingDependencyError where it is to be validated without jsonschema.
        """
        return object_of(await self.to_response(), self._schema, validate=validate)

    async def to_response(self) -> Response:
        """Read to the end and return the whole answer. Raises what broke the stream."""
        while self._pump.is_open:
            await self._pump.read_on()
        response = await self._pump.response()
        if self._pump.error is not None:
            raise self._pump.error
        return response

    async def metadata(self) -> StreamMetadata:
        """Read to the end and return usage, finish reason and the like, however it ended.

        Raises StreamTimeoutError if the end does not come within `metadata_timeout`.
        """
        clock = self._pump.clock
        begun = clock()
        while self._pump.is_open:
            _check_time(clock() - begun, self._metadata_timeout)
            await self._pump.read_on()
        return with_http(await self._pump.metadata(), self._pump.http)

    async def usage(self) -> Usage | None:
        """Return the usage, `None` if the provider reported none."""
        return (await self.metadata()).usage

    async def finish_reason(self) -> Finish | None:
        """Return why the model stopped, `None` if the stream broke before it said."""
        return (await self.metadata()).finish_reason

    # What needs nothing more.
    def partial(self) -> Response:
        """Return what has arrived so far."""
        return self._pump.server.response

    @property
    def state(self) -> StreamState:
        """How the stream stands: open, complete, incomplete, interrupted or failed."""
        return self._pump.state

    @property
    def error(self) -> ReqLLMError | None:
        """What broke the stream, if something did."""
        return self._pump.error

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The tries that failed before this answer, each with its error."""
        return self._pump.call.attempts.failed

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self._pump.http.status_code)

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers of the answer."""
        headers: Mapping[str, str] = self._pump.http.headers
        return headers

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return request_id(self.headers)

    # Letting go.
    async def cancel(self, reason: str | None = None) -> None:
        """Stop the answer: a reader gets what had arrived, then its end, and no error."""
        await self._pump.cancel(reason)

    async def aclose(self) -> None:
        """Release the connection; a stream that was still open counts as cancelled."""
        await self._pump.cancel("closed")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class SyncStreamResponse:
    """An answer that is arriving. Iterate it once, by `for`; the rest may be asked any time.

    Leave it by `with`, or call `close()`: that releases the connection at once.
    Reading raises what went wrong after all that arrived has been handed out; `partial()` and
    `metadata()` answer all the same.
    """

    def __init__(
        self,
        pump: Pump,
        metadata_timeout: float | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> None:
        self._pump = pump
        self._metadata_timeout = metadata_timeout
        self._schema = response_schema
        self._taken = False

    def __repr__(self) -> str:
        return described(self, self._pump)

    # The one pass.
    def __iter__(self) -> Iterator[StreamChunk]:
        if self._taken:
            raise _consumed()
        self._taken = True
        return _chunks(self._pump)

    @property
    def stream(self) -> Iterator[StreamChunk]:
        """The lazy stream of chunks: the same one pass as iterating the response."""
        return self.__iter__()

    def tokens(self) -> Iterator[str]:
        """Return the lazy stream of the answer's text, piece by piece; it takes the one pass."""
        return _tokens(self.__iter__())

    def objects(self, *, validate: bool = True) -> Iterator[Any]:
        """Return the lazy stream of the object asked for as it grows; it takes the one pass.

        Each is one of its own, with numbers and words left out until they are whole. The last is
        the whole object; after it InvalidObjectError is raised if it is not what was asked for.
        Raises MissingDependencyError without jiter.
        """
        return _Objects(self, GrowingObject(), validate)

    # What needs the whole stream; chunks that nobody read yet stay for a later reader.
    def text(self) -> str:
        """Return the whole text. Raises what broke the stream."""
        return self.to_response().text

    def thinking(self) -> str:
        """Return the whole reasoning. Raises what broke the stream."""
        return self.to_response().thinking

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the whole tool calls. Raises what broke the stream."""
        return self.to_response().tool_calls

    def object(self, *, validate: bool = True) -> Any:
        """Return the whole object that `response_schema` asked for.

        Raises what broke the stream, InvalidObjectError for an answer that is no such object,
        MissingDependencyError where it is to be validated without jsonschema.
        """
        return object_of(self.to_response(), self._schema, validate=validate)

    def to_response(self) -> Response:
        """Read to the end and return the whole answer. Raises what broke the stream."""
        while self._pump.is_open:
            self._pump.read_on()
        response = self._pump.response()
        if self._pump.error is not None:
            raise self._pump.error
        return response

    def metadata(self) -> StreamMetadata:
        """Read to the end and return usage, finish reason and the like, however it ended.

        Raises StreamTimeoutError if the end does not come within `metadata_timeout`.
        """
        clock = self._pump.clock
        begun = clock()
        while self._pump.is_open:
            _check_time(clock() - begun, self._metadata_timeout)
            self._pump.read_on()
        return with_http(self._pump.metadata(), self._pump.http)

    def usage(self) -> Usage | None:
        """Return the usage, `None` if the provider reported none."""
        return self.metadata().usage

    def finish_reason(self) -> Finish | None:
        """Return why the model stopped, `None` if the stream broke before it said."""
        return self.metadata().finish_reason

    # What needs nothing more.
    def partial(self) -> Response:
        """Return what has arrived so far."""
        return self._pump.server.response

    @property
    def state(self) -> StreamState:
        """How the stream stands: open, complete, incomplete, interrupted or failed."""
        return self._pump.state

    @property
    def error(self) -> ReqLLMError | None:
        """What broke the stream, if something did."""
        return self._pump.error

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The tries that failed before this answer, each with its error."""
        return self._pump.call.attempts.failed

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self._pump.http.status_code)

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers of the answer."""
        headers: Mapping[str, str] = self._pump.http.headers
        return headers

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        return request_id(self.headers)

    # Letting go.
    def cancel(self, reason: str | None = None) -> None:
        """Stop the answer: a reader gets what had arrived, then its end, and no error."""
        self._pump.cancel(reason)

    def close(self) -> None:
        """Release the connection; a stream that was still open counts as cancelled."""
        self._pump.cancel("closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _AsyncChunks:
    """The one pass over a stream; a class, since an async generator closes late or never."""

    def __init__(self, pump: AsyncPump) -> None:
        self._pump = pump
        self._batch: Iterator[StreamChunk] = iter(())
        self._raised = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamChunk:
        for chunk in self._batch:
            return chunk
        batch = await self._pump.next_batch()
        for chunk in self._batch:
            # Another task that shares this pass got a batch meanwhile: its rest comes first.
            self._batch = iter([*self._batch, *batch])
            return chunk
        if not batch:
            if self._pump.error is None or self._raised:
                raise StopAsyncIteration
            self._raised = True
            raise self._pump.error
        self._batch = iter(batch)
        return next(self._batch)


class _AsyncTokens:
    """The text of a pass over a stream."""

    def __init__(self, chunks: AsyncIterator[StreamChunk]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while True:
            chunk = await self._chunks.__anext__()
            if isinstance(chunk, TextDelta):
                return chunk.text


class _AsyncObjects:
    """The object in a pass over a stream, as it grows."""

    def __init__(self, response: StreamResponse, growing: GrowingObject, validate: bool) -> None:
        self._response = response
        self._chunks = response.stream
        self._growing = growing
        self._validate = validate
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        async for chunk in self._chunks:
            for value in self._growing.take(chunk):
                return value
        if not self._ended:
            self._ended = True
            for value in self._growing.end():
                return value
        await self._response.object(validate=self._validate)
        raise StopAsyncIteration


class _Objects:
    """The object in a pass over a stream, as it grows."""

    def __init__(
        self, response: SyncStreamResponse, growing: GrowingObject, validate: bool
    ) -> None:
        self._response = response
        self._chunks = response.stream
        self._growing = growing
        self._validate = validate
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        for chunk in self._chunks:
            for value in self._growing.take(chunk):
                return value
        if not self._ended:
            self._ended = True
            for value in self._growing.end():
                return value
        self._response.object(validate=self._validate)
        raise StopIteration


def _chunks(pump: Pump) -> Iterator[StreamChunk]:
    # Python walks the batches, and each batch, without coming back to our code for every chunk.
    batches: Iterator[list[StreamChunk]] = iter(pump.next_batch, [])
    return chain.from_iterable(chain(batches, _failure(pump)))


def _failure(pump: Pump) -> Iterator[list[StreamChunk]]:
    """Raise what broke the stream, once; yield nothing."""
    if pump.error is not None:
        raise pump.error
    yield from ()


def _tokens(chunks: Iterator[StreamChunk]) -> Iterator[str]:
    return (chunk.text for chunk in chunks if isinstance(chunk, TextDelta))


def _consumed() -> StreamConsumedError:
    return StreamConsumedError(
        "the one pass over this stream was already taken; "
        "partial() and to_response() give what it held"
    )


def _check_time(waited: float, limit: float | None) -> None:
    if limit is not None and waited > limit:
        raise StreamTimeoutError(
            f"the stream did not end within {limit} s (metadata_timeout={limit})",
            which="metadata_timeout",
            seconds=limit,
            waited=waited,
        )
