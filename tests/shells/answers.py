"""Handlers for the loopback server, for answers that its provider has no name for."""

from __future__ import annotations

from dataclasses import replace

from tests.loopback.messages import Answer, Headers, Request, Write
from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import Handler

SSE = "text/event-stream"
HELLO = (
    b'data: {"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}\n\n'
    b'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)


def always(
    body: bytes = b"",
    content_type: str = SSE,
    *,
    status: int = 200,
    headers: Headers = (),
    **options: object,
) -> Handler:
    """Give this answer to every request."""
    typed = (("content-type", content_type),) if content_type else ()
    writes = (Write(body),) if body else ()
    whole = {"framing": "length"} | options
    answer = Answer(status=status, headers=typed + headers, body=writes, **whole)  # type: ignore[arg-type]
    return lambda _: answer


class First:
    """Give this answer `times` times, then those of the loopback provider."""

    def __init__(self, handler: Handler, times: int = 1) -> None:
        self._handler = handler
        self._times = times
        self._then: Handler = LoopbackProvider()
        self._asked = 0

    def then(self, handler: Handler) -> First:
        """Give another answer after that than the provider's."""
        self._then = handler
        return self

    def __call__(self, request: Request) -> Answer:
        self._asked += 1
        return (self._handler if self._asked <= self._times else self._then)(request)


def no_answer(request: Request) -> Answer:
    """Hang up without a status line."""
    return replace(always()(request), head=False, end="close")
