"""The sync twins under the async interface: each coroutine ends without having waited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import reqllm

# What is a plain call in both twins, or an attribute.
_PLAIN = frozenset({"partial", "state", "error", "status", "headers", "request_id", "attempts"})


class _Iterated:
    def __init__(self, iterator: Iterator[Any]) -> None:
        self._iterator = iterator

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self._iterator)
        except StopIteration:
            raise StopAsyncIteration from None


class SyncResponse:
    """A `SyncStreamResponse` that looks like a `StreamResponse`."""

    def __init__(self, twin: reqllm.SyncStreamResponse) -> None:
        self._twin = twin

    def __aiter__(self) -> _Iterated:
        return _Iterated(iter(self._twin))

    @property
    def stream(self) -> _Iterated:
        return _Iterated(self._twin.stream)

    def tokens(self) -> _Iterated:
        return _Iterated(self._twin.tokens())

    def objects(self, **options: Any) -> _Iterated:
        return _Iterated(self._twin.objects(**options))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._twin, "close" if name == "aclose" else name)
        if name in _PLAIN:
            return found

        async def call(*args: Any, **named: Any) -> Any:
            return found(*args, **named)

        return call

    async def __aenter__(self) -> Self:
        self._twin.__enter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        self._twin.__exit__(*raised)


class _SyncOpening:
    def __init__(self, twin: Any) -> None:
        self._twin = twin

    async def __aenter__(self) -> SyncResponse:
        return SyncResponse(self._twin.__enter__())

    async def __aexit__(self, *raised: Any) -> None:
        self._twin.__exit__(*raised)


class SyncClient:
    """A `Client` that looks like an `AsyncClient`."""

    def __init__(self, twin: reqllm.Client) -> None:
        self._twin = twin

    def stream(self, *args: Any, **options: Any) -> _SyncOpening:
        return _SyncOpening(self._twin.stream(*args, **options))

    async def aclose(self) -> None:
        self._twin.close()

    async def __aenter__(self) -> Self:
        self._twin.__enter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        self._twin.__exit__(*raised)
