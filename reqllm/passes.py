"""The one pass over a stream: its chunks, its text, the object in it as it grows.

Async and sync. A sync pass is walked by Python itself where it can be.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import Any, Self

from reqllm.async_pump import AsyncPump
from reqllm.chunk import StreamChunk, TextDelta
from reqllm.objects import GrowingObject
from reqllm.pump import Pump


class AsyncChunks:
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


class AsyncTokens:
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


class AsyncObjects:
    """The object in a pass over a stream, as it grows."""

    def __init__(
        self,
        growing: GrowingObject,
        chunks: AsyncIterator[StreamChunk],
        whole: Callable[[], Any],
    ) -> None:
        """whole: raises what is wrong with the object as a whole, once it is."""
        self._growing = growing
        self._chunks = chunks
        self._whole = whole

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        async for chunk in self._chunks:
            for value in self._growing.take(chunk):
                return value
        for value in self._growing.end():
            return value
        await self._whole()
        raise StopAsyncIteration


class Objects:
    """The object in a pass over a stream, as it grows."""

    def __init__(
        self,
        growing: GrowingObject,
        chunks: Iterator[StreamChunk],
        whole: Callable[[], Any],
    ) -> None:
        """whole: raises what is wrong with the object as a whole, once it is."""
        self._growing = growing
        self._chunks = chunks
        self._whole = whole

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        for chunk in self._chunks:
            for value in self._growing.take(chunk):
                return value
        for value in self._growing.end():
            return value
        self._whole()
        raise StopIteration


def chunks(pump: Pump) -> Iterator[StreamChunk]:
    # Python walks the batches, and each batch, without coming back to our code for every chunk.
    batches: Iterator[list[StreamChunk]] = iter(pump.next_batch, [])
    return chain.from_iterable(chain(batches, _failure(pump)))


def _failure(pump: Pump) -> Iterator[list[StreamChunk]]:
    """Raise what broke the stream, once; yield nothing."""
    if pump.error is not None:
        raise pump.error
    yield from ()


def tokens(chunks: Iterator[StreamChunk]) -> Iterator[str]:
    return (chunk.text for chunk in chunks if isinstance(chunk, TextDelta))
