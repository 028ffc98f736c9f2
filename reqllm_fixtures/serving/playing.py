"""Sends an answer over a connection, piece for piece, and ends it as it ended."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import anyio
from starlette.types import Receive, Scope, Send

from reqllm_fixtures.serving.answers import Answer
from reqllm_fixtures.serving.connection import EXTENSION, Connection


class Timing(NamedTuple):
    """By what recorded times are kept, in seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Play:
    """One answer to one request, which began at a time of the clock."""

    def __init__(self, answer: Answer, timing: Timing, began: float, pace: float) -> None:
        self._answer, self._timing = answer, timing
        self._began, self._pace = began, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it as long as somebody is there to get it."""
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(leave)
            await self._send(send)
            if self._answer.ending != "whole":
                await self._break_off(scope)
                await anyio.sleep_forever()  # until the connection is known to be gone
            group.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        answer = self._answer
        if answer.status is None:
            return
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for piece in answer.pieces:
            await self._wait_until(piece.at_ms)
            await send({"type": "http.response.body", "body": piece.data, "more_body": True})
        if answer.ending == "whole":
            await send({"type": "http.response.body", "body": b""})

    async def _wait_until(self, at_ms: float) -> None:
        # Against the start, not the piece before: a slow reader must not shift what follows.
        due = self._began + at_ms * self._pace / 1000 - self._timing.clock()
        if self._pace and due > 0:
            await self._timing.sleep(due)

    async def _break_off(self, scope: Scope) -> None:
        connection: Connection = scope["extensions"][EXTENSION]
        # Before HTTP/1.1 closing is how a body ends: a reset alone says that it did not.
        if self._answer.ending == "reset" or scope["http_version"] == "1.0":
            await connection.reset()
        else:
            connection.close()
