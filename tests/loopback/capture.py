"""A client that notes what each network read gave, and when."""

from __future__ import annotations

import time
from typing import Any, Literal, NamedTuple

import httpx

from .messages import Headers

REQUEST_SENT = "http11.send_request_body.complete"


class Captured(NamedTuple):
    """A response as it arrived; times in milliseconds since the request was sent."""

    status: int
    reason: str
    headers: Headers
    pieces: list[tuple[bytes, float]]
    end: Literal["eof"] | tuple[str, str]  # else the error's class and message

    @property
    def body(self) -> bytes:
        """The pieces joined."""
        return b"".join(data for data, _ in self.pieces)


class _Clock:
    """Starts when the HTTP library has sent the request: connecting is not the provider's time."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def trace(self, event: str, _: Any) -> None:
        if event == REQUEST_SENT:
            self._started = time.perf_counter()

    def ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000


def capture(url: str, headers: Headers, body: bytes, *, timeout: float = 30.0) -> Captured:
    """POST the body and read the answer to its end, good or bad."""
    clock = _Clock()
    extensions = {"trace": clock.trace}
    with (
        httpx.Client(verify=False, trust_env=False, timeout=timeout) as client,
        client.stream(
            "POST", url, headers=list(headers), content=body, extensions=extensions
        ) as response,
    ):
        pieces: list[tuple[bytes, float]] = []
        end = _read(response, clock, pieces)
        kept = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        return Captured(response.status_code, response.reason_phrase, kept, pieces, end)


def _read(
    response: httpx.Response, clock: _Clock, pieces: list[tuple[bytes, float]]
) -> Literal["eof"] | tuple[str, str]:
    try:
        for data in response.iter_raw():
            pieces.append((data, clock.ms()))  # noqa: PERF401  what came before an error is kept
    except httpx.TransportError as error:
        return type(error).__name__, str(error)
    return "eof"
