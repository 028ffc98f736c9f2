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
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any

import anyio

from reqllm.chunk import ErrorChunk, StreamChunk
from reqllm.errors import ReqLLMError, StreamTimeoutError
from reqllm.hiding import hide, secrets_of
from reqllm.response import Response, StreamMetadata
from reqllm.stream_server import StreamServer
from reqllm.wires.common.api_errors import request_id

NetworkErrors = tuple[type[BaseException], ...]

# Seconds in which a thread that was woken has taken in what it had read.
_WAKING = 1.0


class _AsyncTurn:
    """Lets one task at a time drive; costs nothing while there is only one."""

    def __init__(self) -> None:
        self._taken = False
        self._next: anyio.Event | None = None

    async def acquire(self) -> None:
        while self._taken:
            if self._next is None:
                self._next = anyio.Event()
            await self._next.wait()
        self._taken = True

    def release(self) -> None:
        self._taken = False
        if self._next is not None:
            self._next.set()
            self._next = None

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncPump:
    """Reads the body of one response, piece by piece, into chunks."""

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
        self._waiting: list[StreamChunk] = []  # chunks that nobody took yet
        self.error: ReqLLMError | None = None
        self._pieces = _body(http).__aiter__()
        self._turn = _AsyncTurn()
        self._network_errors = network_errors
        self._silence = silence
        self._owned_client = owned_client
        self._cancelled: tuple[str | None] | None = None
        self._released = False
        self._at_eof = False

    @property
    def is_open(self) -> bool:
        """Whether more may come from the network."""
        return self.server.state == "open"

    async def next_batch(self) -> list[StreamChunk]:
        """Return the chunks that wait, else those of the next pieces; none at the end."""
        await self._turn.acquire()
        try:
            while not self._waiting and self.server.state == "open":
                await self._read()
            batch, self._waiting = self._waiting, []
            return batch
        finally:
            self._turn.release()

    async def read_on(self) -> None:
        """Read one piece, whatever is waiting in the queue."""
        async with self._turn:
            if self.is_open:
                await self._read()

    async def response(self) -> Response:
        """Return what has arrived, once nobody is reading."""
        async with self._turn:
            return self.server.response

    async def metadata(self) -> StreamMetadata:
        """Return what is known beside the content, once nobody is reading."""
        async with self._turn:
            return self.server.metadata

    async def _read(self) -> None:
        try:
            piece = await self._pieces.__anext__()
        except StopAsyncIteration:
            self._at_eof = True
            self._keep(self._end())
        except self._network_errors as error:
            self._keep(self._end(_named(error, self._silence)))
        except BaseException:
            # Our reader is being cancelled, or the code below failed: nobody will read on.
            self._keep(self.server.cancel("the reader was cancelled"))
            await self.release()
            raise
        else:
            chunks = self.server.receive(piece)
            if self.server.state == "open":
                self._waiting += chunks
                return
            self._keep(chunks)
        await self.release()

    def _end(self, error: BaseException | None = None) -> list[StreamChunk]:
        # Who cancels wakes the reader: what the reader then finds is no failure.
        if self._cancelled is not None:
            return self.server.cancel(*self._cancelled)
        return self.server.end(error)

    def _keep(self, chunks: list[StreamChunk]) -> None:
        last = chunks[-1] if chunks else None
        if isinstance(last, ErrorChunk):
            # Raised after the rest, not handed out.
            self.error = last.error
            self.error.request_id = self.error.request_id or request_id(self.http.headers)
            hide(self.error, secrets_of(self.http.request.headers))
            chunks = chunks[:-1]
        self._waiting += chunks

    async def cancel(self, reason: str | None = None) -> None:
        """End the stream because its reader wants no more; the connection goes at once."""
        try:
            self._keep(self.server.cancel(reason))
        finally:
            await self.release()

    async def release(self) -> None:
        """Let go of the connection. Safe to call twice, and while someone is reading."""
        if self._released:
            return
        self._released = True
        await self._close()

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await aclose_response(self.http, self._pieces, self._network_errors)
            finally:
                if self._owned_client is not None:
                    await self._owned_client.aclose()

    def __del__(self) -> None:
        if not getattr(self, "_released", True) and not sys.is_finalizing():
            _wake_reader(self.http)
            _close_soon(self._close)
            _warn_dropped()


# Of threads; it may be taken twice, since a signal's handler may cancel what it interrupts.
_Turn = threading.RLock


class Pump:
    """Reads the body of one response, piece by piece, into chunks."""

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
        self._waiting: list[StreamChunk] = []  # chunks that nobody took yet
        self.error: ReqLLMError | None = None
        self._pieces = _body(http).__iter__()
        self._turn = _Turn()
        self._network_errors = network_errors
        self._silence = silence
        self._owned_client = owned_client
        self._cancelled: tuple[str | None] | None = None
        self._released = False
        self._at_eof = False

    @property
    def is_open(self) -> bool:
        """Whether more may come from the network."""
        return self.server.state == "open"

    def next_batch(self) -> list[StreamChunk]:
        """Return the chunks that wait, else those of the next pieces; none at the end."""
        self._turn.acquire()
        try:
            while not self._waiting and self.server.state == "open":
                self._read()
            batch, self._waiting = self._waiting, []
            return batch
        finally:
            self._turn.release()

    def read_on(self) -> None:
        """Read one piece, whatever is waiting in the queue."""
        with self._turn:
            if self.is_open:
                self._read()

    def response(self) -> Response:
        """Return what has arrived, once nobody is reading."""
        with self._turn:
            return self.server.response

    def metadata(self) -> StreamMetadata:
        """Return what is known beside the content, once nobody is reading."""
        with self._turn:
            return self.server.metadata

    def _read(self) -> None:
        try:
            piece = self._pieces.__next__()
        except StopIteration:
            self._at_eof = True
            self._keep(self._end())
        except self._network_errors as error:
            self._keep(self._end(_named(error, self._silence)))
        except BaseException:
            # Our reader is being cancelled, or the code below failed: nobody will read on.
            self._keep(self.server.cancel("the reader was cancelled"))
            self.release()
            raise
        else:
            chunks = self.server.receive(piece)
            if self.server.state == "open":
                self._waiting += chunks
                return
            self._keep(chunks)
        self.release()

    def _end(self, error: BaseException | None = None) -> list[StreamChunk]:
        # Who cancels wakes the reader: what the reader then finds is no failure.
        if self._cancelled is not None:
            return self.server.cancel(*self._cancelled)
        return self.server.end(error)

    def _keep(self, chunks: list[StreamChunk]) -> None:
        last = chunks[-1] if chunks else None
        if isinstance(last, ErrorChunk):
            # Raised after the rest, not handed out.
            self.error = last.error
            self.error.request_id = self.error.request_id or request_id(self.http.headers)
            hide(self.error, secrets_of(self.http.request.headers))
            chunks = chunks[:-1]
        self._waiting += chunks

    def cancel(self, reason: str | None = None) -> None:
        """End the stream because its reader wants no more; the connection goes at once."""
        self._cancelled = (reason,)
        has_turn = self._turn.acquire(blocking=False)
        if not has_turn:
            # Another thread is reading: let it take in what it just read, before the end.
            woken = _wake_reader(self.http)
            has_turn = self._turn.acquire(timeout=_WAKING if woken else 0)
        try:
            self._keep(self.server.cancel(reason))
        finally:
            self.release()
            if has_turn:
                self._turn.release()

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
            close_response(self.http, self._pieces, self._network_errors)
        finally:
            if self._owned_client is not None:
                self._owned_client.close()

    def __del__(self) -> None:
        if not getattr(self, "_released", True) and not sys.is_finalizing():
            self._close()
            _warn_dropped()


def _body(http: Any) -> Any:
    """Return what yields the body's pieces as they come, decompressed where it must be."""
    encoding = http.headers.get("content-encoding", "identity")
    if encoding.strip().lower() in ("", "identity"):
        return http.stream
    return http.iter_bytes() if hasattr(http.stream, "__iter__") else http.aiter_bytes()


async def aclose_response(http: Any, pieces: Any, errors: NetworkErrors) -> None:
    """Close a response, and end the HTTP library's async generators, one inside the other.

    Closing the outer one would leave the inner ones to the garbage collector, of which trio
    complains. Reading on from the closed socket raises through all of them. (HTTP/2 shares
    its socket with other streams: there reading on could wait.)
    """
    with contextlib.suppress(*errors):
        await http.aclose()
    # Someone may be in the middle of reading; then closing wakes them, and they end it.
    with contextlib.suppress(RuntimeError, StopAsyncIteration, *errors):
        if "network_stream" in http.extensions and http.extensions.get("http_version") != b"HTTP/2":
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


def _close_soon(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
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
    if stream is None or extensions.get("http_version") == b"HTTP/2":
        # HTTP/2 shares its socket with other streams.
        return None
    return stream.get_extra_info("socket")


def _wake_reader(http: Any) -> bool:
    """Wake a thread that is blocked in a read, as closing alone would not; tell if it could be.

    What notes the answer on its way (reqllm_fixtures does) hears of it first: to it, too, what the
    reader then finds would look like a failure of the network.
    """
    if leaving := http.extensions.get("reqllm_leaving"):
        leaving()
    raw = _raw_socket(http)
    if raw is None:
        return False
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)
    return True


def _warn_dropped() -> None:
    warnings.warn(
        "reqllm: a stream was dropped while open; use it in a `with` block, or close it",
        ResourceWarning,
        stacklevel=3,
    )
