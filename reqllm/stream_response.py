"""What a call gives: a lazy stream of chunks, and what was learned beside it.

Async and sync twins: the same but for `await`; a test compares them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Self

from reqllm.async_pump import AsyncPump
from reqllm.chunk import Finish, StreamChunk, Usage
from reqllm.content import ToolCall
from reqllm.objects import GrowingObject, object_of
from reqllm.passes import AsyncChunks, AsyncObjects, AsyncTokens, Objects, chunks, tokens
from reqllm.pump import Pump
from reqllm.pump_base import with_http
from reqllm.response import Response, StreamMetadata
from reqllm.response_base import ResponseBase


class StreamResponse(ResponseBase[AsyncPump]):
    """An answer that is arriving. Iterate it once, by `async for`; the rest may be asked any time.

    Leave it by `async with`, or call `aclose()`: that releases the connection at once.
    Reading raises what went wrong after all that arrived has been handed out; `partial()` and
    `metadata()` answer all the same.
    """

    # The one pass.
    def __aiter__(self) -> AsyncIterator[StreamChunk]:
        self._take_pass()
        return AsyncChunks(self._pump)

    @property
    def stream(self) -> AsyncIterator[StreamChunk]:
        """The lazy stream of chunks: the same one pass as iterating the response."""
        return self.__aiter__()

    def tokens(self) -> AsyncIterator[str]:
        """Return the lazy stream of the answer's text, piece by piece; it takes the one pass."""
        return AsyncTokens(self.__aiter__())

    def objects(self, *, validate: bool = True) -> AsyncIterator[Any]:
        """Return the lazy stream of the object asked for as it grows; it takes the one pass.

        Each is one of its own, with numbers and words left out until they are whole. The last is
        the whole object; after it InvalidObjectError is raised if it is not what was asked for.
        Raises MissingDependencyError without jiter.
        """
        return AsyncObjects(GrowingObject(), self.stream, partial(self.object, validate=validate))

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
            self._check_time(clock() - begun)
            await self._pump.read_on()
        return with_http(await self._pump.metadata(), self._pump.http)

    async def usage(self) -> Usage | None:
        """Return the usage, `None` if the provider reported none."""
        return (await self.metadata()).usage

    async def finish_reason(self) -> Finish | None:
        """Return why the model stopped, `None` if the stream broke before it said."""
        return (await self.metadata()).finish_reason

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


class SyncStreamResponse(ResponseBase[Pump]):
    """An answer that is arriving. Iterate it once, by `for`; the rest may be asked any time.

    Leave it by `with`, or call `close()`: that releases the connection at once.
    Reading raises what went wrong after all that arrived has been handed out; `partial()` and
    `metadata()` answer all the same.
    """

    # The one pass.
    def __iter__(self) -> Iterator[StreamChunk]:
        self._take_pass()
        return chunks(self._pump)

    @property
    def stream(self) -> Iterator[StreamChunk]:
        """The lazy stream of chunks: the same one pass as iterating the response."""
        return self.__iter__()

    def tokens(self) -> Iterator[str]:
        """Return the lazy stream of the answer's text, piece by piece; it takes the one pass."""
        return tokens(self.__iter__())

    def objects(self, *, validate: bool = True) -> Iterator[Any]:
        """Return the lazy stream of the object asked for as it grows; it takes the one pass.

        Each is one of its own, with numbers and words left out until they are whole. The last is
        the whole object; after it InvalidObjectError is raised if it is not what was asked for.
        Raises MissingDependencyError without jiter.
        """
        return Objects(GrowingObject(), self.stream, partial(self.object, validate=validate))

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
            self._check_time(clock() - begun)
            self._pump.read_on()
        return with_http(self._pump.metadata(), self._pump.http)

    def usage(self) -> Usage | None:
        """Return the usage, `None` if the provider reported none."""
        return self.metadata().usage

    def finish_reason(self) -> Finish | None:
        """Return why the model stopped, `None` if the stream broke before it said."""
        return self.metadata().finish_reason

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
