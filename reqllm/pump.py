"""The one pump of a stream: whoever needs the next chunk drives it. Sync and async twins.

Nothing runs by itself: no task, no thread. What is not asked for is not read from the
network. The twins are the same but for `await`; a test compares them.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import warnings
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import anyio

from reqllm.chunk import ErrorChunk, StreamChunk
from reqllm.errors import ReqLLMError, StreamTimeoutError
from reqllm.providers.api_errors import request_id
from reqllm.stream_server import StreamServer

NetworkErrors = tuple[type[BaseException], ...]


class _AsyncTurn:
    """Lets one task at a time drive; costs nothing while there is only one."""

    def __init__(self) -> None:
        self._taken = False
        self._next: anyio.Event | None = None

    async def __aenter__(self) -> None:
        while self._taken:
            if self._next is None:
                self._next = anyio.Event()
            await self._next.wait()
        self._taken = True

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._taken = False
        if self._next is not None:
            self._next.set()
            self._next = None


class AsyncPump:
    """Reads the body of one async response, piece by piece, into a queue of chunks."""

    def __init__(
        self,
        http: Any,
        server: StreamServer,
        *,
        network_errors: NetworkErrors,
        silence: float | None,
        owned_client: Any = None,
    ) -> None:
        self.http = http
        self.server = server
        self.queue: deque[StreamChunk] = deque()
        self.error: ReqLLMError | None = None
        self._pieces = _body(http).__aiter__()
        self._turn = _AsyncTurn()
        self._network_errors = network_errors
        self._silence = silence
        self._owned_client = owned_client
        self._released = False
        self._at_eof = False

    @property
    def is_open(self) -> bool:
        """Whether more may come from the network."""
        return self.server.state == "open"

    async def pull(self) -> None:
        """Read one piece, unless someone else just did or the stream is over."""
        async with self._turn:
            if not self.queue and self.is_open:
                await self._read()

    async def read_on(self) -> None:
        """Read one piece, whatever is waiting in the queue."""
        async with self._turn:
            if self.is_open:
                await self._read()

    async def _read(self) -> None:
        try:
            piece = await self._pieces.__anext__()
        except StopAsyncIteration:
            self._at_eof = True
            self._keep(self.server.end())
        except self._network_errors as error:
            self._keep(self.server.end(_named(error, self._silence)))
        except BaseException:
            # Our reader is being cancelled, or the code below failed: nobody will read on.
            self._keep(self.server.cancel("the reader was cancelled"))
            await self.release()
            raise
        else:
            self._keep(self.server.receive(piece))
        if not self.is_open:
            await self.release()

    def _keep(self, chunks: list[StreamChunk]) -> None:
        last = chunks[-1] if chunks else None
        if isinstance(last, ErrorChunk):
            # Raised after the rest, not handed out.
            self.error = last.error
            self.error.request_id = self.error.request_id or request_id(self.http.headers)
            chunks = chunks[:-1]
        self.queue.extend(chunks)

    async def cancel(self, reason: str | None = None) -> None:
        """End the stream because its reader wants no more; the connection goes at once."""
        self._keep(self.server.cancel(reason))
        await self.release()

    async def release(self) -> None:
        """Let go of the connection. Safe to call twice, and while someone is reading."""
        if self._released:
            return
        self._released = True
        with anyio.CancelScope(shield=True):
            await self._close()

    async def _close(self) -> None:
        try:
            await self.http.aclose()
            # Someone may be in the middle of reading; then closing wakes them, and they end it.
            with contextlib.suppress(RuntimeError, StopAsyncIteration, *self._network_errors):
                await _end_pieces(self._pieces, self.http)
        finally:
            if self._owned_client is not None:
                await self._owned_client.aclose()

    def __del__(self) -> None:
        if not getattr(self, "_released", True) and not sys.is_finalizing():
            _drop(self.http)


class Pump:
    """Reads the body of one response, piece by piece, into a queue of chunks."""

    def __init__(
        self,
        http: Any,
        server: StreamServer,
        *,
        network_errors: NetworkErrors,
        silence: float | None,
        owned_client: Any = None,
    ) -> None:
        self.http = http
        self.server = server
        self.queue: deque[StreamChunk] = deque()
        self.error: ReqLLMError | None = None
        self._pieces = _body(http).__iter__()
        self._turn = threading.Lock()
        self._network_errors = network_errors
        self._silence = silence
        self._owned_client = owned_client
        self._released = False
        self._at_eof = False

    @property
    def is_open(self) -> bool:
        """Whether more may come from the network."""
        return self.server.state == "open"

    def pull(self) -> None:
        """Read one piece, unless someone else just did or the stream is over."""
        with self._turn:
            if not self.queue and self.is_open:
                self._read()

    def read_on(self) -> None:
        """Read one piece, whatever is waiting in the queue."""
        with self._turn:
            if self.is_open:
                self._read()

    def _read(self) -> None:
        try:
            piece = self._pieces.__next__()
        except StopIteration:
            self._at_eof = True
            self._keep(self.server.end())
        except self._network_errors as error:
            self._keep(self.server.end(_named(error, self._silence)))
        except BaseException:
            # Our reader is being cancelled, or the code below failed: nobody will read on.
            self._keep(self.server.cancel("the reader was cancelled"))
            self.release()
            raise
        else:
            self._keep(self.server.receive(piece))
        if not self.is_open:
            self.release()

    def _keep(self, chunks: list[StreamChunk]) -> None:
        last = chunks[-1] if chunks else None
        if isinstance(last, ErrorChunk):
            # Raised after the rest, not handed out.
            self.error = last.error
            self.error.request_id = self.error.request_id or request_id(self.http.headers)
            chunks = chunks[:-1]
        self.queue.extend(chunks)

    def cancel(self, reason: str | None = None) -> None:
        """End the stream because its reader wants no more; the connection goes at once."""
        self._keep(self.server.cancel(reason))
        self.release()

    def release(self) -> None:
        """Let go of the connection. Safe to call twice, and while someone is reading."""
        if self._released:
            return
        self._released = True
        self._close()

    def _close(self) -> None:
        if not self._at_eof:
            # A connection whose answer was read to its end is another call's by now.
            _wake_reader(self.http)
        try:
            # Someone may be in the middle of reading; then closing wakes them, and they end it.
            with contextlib.suppress(ValueError, *self._network_errors):
                _close_pieces(self._pieces)
            self.http.close()
        finally:
            if self._owned_client is not None:
                self._owned_client.close()

    def __del__(self) -> None:
        if not getattr(self, "_released", True) and not sys.is_finalizing():
            _drop(self.http)


def _body(http: Any) -> Any:
    """Return what yields the body's pieces as they come, decompressed where it must be."""
    encoding = http.headers.get("content-encoding", "identity")
    if encoding.strip().lower() in ("", "identity"):
        return http.stream
    return http.iter_bytes() if hasattr(http.stream, "__iter__") else http.aiter_bytes()


async def _end_pieces(pieces: Any, http: Any) -> None:
    """End the HTTP library's async generators, one inside the other, after the response closed.

    Closing the outer one would leave the inner ones to the garbage collector, of which trio
    complains. Reading on from the closed socket raises through all of them. (HTTP/2 shares
    its socket with other streams: there reading on could wait.)
    """
    if "network_stream" in http.extensions and http.extensions.get("http_version") != b"HTTP/2":
        while True:
            await pieces.__anext__()
    elif hasattr(pieces, "aclose"):
        await pieces.aclose()


def _close_pieces(pieces: Any) -> None:
    if hasattr(pieces, "close"):
        pieces.close()


def _named(error: BaseException, silence: float | None) -> BaseException:
    """Return a timeout under its name in our options, any other error as it is."""
    if "Timeout" not in type(error).__name__:
        return error
    named = StreamTimeoutError(
        f"no byte came for {silence} s (timeout={silence}); `.partial` holds what had arrived",
        which="timeout",
        seconds=silence,
    )
    named.__cause__ = error
    return named


def _raw_socket(http: Any) -> Any:
    extensions: Mapping[str, Any] = http.extensions
    stream = extensions.get("network_stream")
    return None if stream is None else stream.get_extra_info("socket")


def _wake_reader(http: Any) -> None:
    """Wake a thread that is blocked in a read: closing alone would not."""
    raw = _raw_socket(http)
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)


def _drop(http: Any) -> None:
    """Release a stream that was forgotten open, and say so."""
    _wake_reader(http)
    warnings.warn(
        "a stream was dropped while open; use it in a `with` block, or close it",
        ResourceWarning,
        stacklevel=3,
    )
