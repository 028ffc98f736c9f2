"""Letting go of a response: of its connection, its generators, and of who waits for it."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import warnings
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import anyio

NetworkErrors = tuple[type[BaseException], ...]


def body_of(http: Any) -> Any:
    """Return what yields the body's pieces as they come, decompressed where it must be."""
    encoding = http.headers.get("content-encoding", "identity")
    if encoding.strip().lower() in ("", "identity"):
        return http.stream
    return http.iter_bytes() if hasattr(http.stream, "__iter__") else http.aiter_bytes()


async def aclose_response(http: Any, pieces: Any, errors: NetworkErrors) -> None:
    """Close a response, and end the HTTP library's async generators, one inside the other.

    Closing the outer one would leave the inner ones to the garbage collector, of which trio
    complains. Reading on from the closed socket raises through all of them. HTTP/2 shares its
    socket with other streams, and reading on could wait: there a cancelled read does the same.
    """
    with contextlib.suppress(*errors):
        await http.aclose()
    # Someone may be in the middle of reading; then closing wakes them, and they end it.
    with contextlib.suppress(RuntimeError, StopAsyncIteration, *errors):
        if "network_stream" in http.extensions:
            with anyio.CancelScope() as scope:
                if http.extensions.get("http_version") == b"HTTP/2":
                    scope.cancel()
                while True:
                    await pieces.__anext__()
        elif hasattr(pieces, "aclose"):
            await pieces.aclose()


def close_response(http: Any, pieces: Any, errors: NetworkErrors) -> None:
    """Close a response, and the HTTP library's generators."""
    # Someone may be in the middle of reading; then closing wakes them, and they end it.
    with contextlib.suppress(ValueError, *errors):
        if hasattr(pieces, "close"):
            pieces.close()
    with contextlib.suppress(*errors):
        http.close()


def close_soon(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have the event loop of this thread, if there is one, close what was forgotten."""

    async def close_quietly() -> None:
        with contextlib.suppress(Exception):
            await close()

    trio, asyncio = sys.modules.get("trio"), sys.modules.get("asyncio")
    if trio is not None:
        with contextlib.suppress(RuntimeError):
            trio.lowlevel.spawn_system_task(close_quietly)
            return
    if asyncio is not None:
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            loop.create_task(close_quietly())


def raw_socket(http: Any) -> Any:
    """Return the socket that a response comes over, where it is its own."""
    extensions: Mapping[str, Any] = http.extensions
    stream = extensions.get("network_stream")
    if stream is None or extensions.get("http_version") == b"HTTP/2":
        # HTTP/2 shares its socket with other streams.
        return None
    return stream.get_extra_info("socket")


def can_drain(http: Any) -> bool:
    """Whether there may be an end of HTTP to read, in a read that can be ended from outside."""
    if raw_socket(http) is not None:
        return True
    # httpx-aiohttp shows no socket; a task's read of it ends by its own deadline.
    stream = getattr(http.stream, "_stream", None)
    return type(stream).__module__.startswith("httpx_aiohttp")


def wake_reader(http: Any) -> bool:
    """Wake a thread that is blocked in a read, as closing alone would not; tell if it could be.

    What notes the answer on its way (reqllm_fixtures does) hears of it first: to it, too, what the
    reader then finds would look like a failure of the network.
    """
    if leaving := http.extensions.get("reqllm_leaving"):
        leaving()
    raw = raw_socket(http)
    if raw is None:
        return False
    with contextlib.suppress(OSError, ValueError):
        _shut(raw)
    return True


def _shut(raw: Any) -> None:
    """Shut a socket down, and no other: its thread may be closing it at this moment.

    Then its number may be another socket's already. A copy whose number was still its own after it
    was made is a copy of it, and nobody else closes the copy.
    """
    number = raw.fileno()
    with socket.socket(fileno=os.dup(number)) as copy:
        if raw.fileno() == number:
            copy.shutdown(socket.SHUT_RDWR)


def warn_dropped() -> None:
    """Warn in our name of a stream that nobody closed."""
    warnings.warn(
        "reqllm: a stream was dropped while open; use it in a `with` block, or close it",
        ResourceWarning,
        stacklevel=3,
    )
