"""One accepted connection: reads requests, writes answers, notices when the client leaves."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from .messages import Answer, Headers, Request, head


class ClientLeft(NamedTuple):
    """How much of the body had been written, and how long after the request, when it left."""

    bytes: int
    seconds: float


class Gone(Exception):
    """The peer closed the connection, or the server is closing."""


@dataclass
class Exchange:
    """One request, and what became of its answer."""

    request: Request
    received_at: float = field(default_factory=time.monotonic)
    answer: Answer | None = None
    sent: int = 0  # bytes of the body, without framing
    writes: int = 0
    client_left_after: ClientLeft | None = None
    over: bool = False


class Line:
    """The socket, with the two things that a server socket lacks: an attentive pause and RST."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self._sock = sock
        self._closing = closing
        self.reader: BinaryIO = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        """Write in one `sendall`, or raise Gone."""
        self.pause(0.0)
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def pause(self, seconds: float | None) -> None:
        """Wait (None: for ever); raise Gone as soon as the client leaves or the server closes."""
        deadline = None if seconds is None else time.monotonic() + seconds
        if self._peer_speaks(seconds):
            # A pipelined request is waiting: readable says nothing about leaving any more.
            self._closing.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        if self._closing.is_set():
            raise Gone

    def _peer_speaks(self, seconds: float | None) -> bool:
        """Whether bytes arrived within that time; raise Gone on FIN or RST."""
        self._sock.settimeout(seconds)  # 0 does not wait at all, None waits for ever
        try:
            byte = self._sock.recv(1, socket.MSG_PEEK)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError as error:
            raise Gone from error
        finally:
            self._sock.settimeout(None)
        if not byte:
            raise Gone
        return True

    def shut(self) -> None:
        """Wake whoever waits on this socket; may be called from another thread."""
        with contextlib.suppress(OSError):  # the other side closed it already
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye with FIN."""
        self.reader.close()
        self._sock.close()

    def reset(self) -> None:
        """Say goodbye with RST: a linger time of zero makes close() send one."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def read_request(line: Line, connection: int) -> Request | None:
    """The next request, or None when the client has no more."""
    start = line.reader.readline().split()
    if len(start) != 3:
        return None
    headers = tuple(_read_headers(line.reader))
    request = Request(
        method=start[0].decode("latin-1"),
        target=start[1].decode("latin-1"),
        headers=headers,
        body=b"",
        connection=connection,
    )
    if (request.header("expect") or "").lower() == "100-continue":
        line.send(head(100, ()))
    return _with_body(request, line.reader)


def _read_headers(reader: BinaryIO) -> Iterator[tuple[str, str]]:
    while text := reader.readline().decode("latin-1").strip():
        name, _, value = text.partition(":")
        yield name, value.strip()


def _with_body(request: Request, reader: BinaryIO) -> Request | None:
    if (request.header("transfer-encoding") or "").lower() == "chunked":
        body = b"".join(_read_chunks(reader))
    else:
        length = int(request.header("content-length") or 0)
        body = reader.read(length)
        if len(body) < length:
            return None
    return Request(
        method=request.method,
        target=request.target,
        headers=request.headers,
        body=body,
        connection=request.connection,
    )


def _read_chunks(reader: BinaryIO) -> Iterator[bytes]:
    while size := int(reader.readline().split(b";")[0] or b"0", 16):
        yield reader.read(size)
        reader.readline()
    while reader.readline().strip():
        pass  # trailers


def send_answer(line: Line, answer: Answer, exchange: Exchange) -> bool:
    """Write the whole answer; say whether the connection can carry another request."""
    if answer.head:
        _send_head(line, answer)
        _send_body(line, answer, exchange)
    if answer.end == "clean" and answer.head:
        return _finish(line, answer, exchange.request)
    if parting := answer.parting():
        line.send(parting)
    if answer.end == "stall":
        line.pause(None)
    if answer.end == "reset":
        line.reset()
    return False


def _send_head(line: Line, answer: Answer) -> None:
    for interim in answer.interim:
        line.send(head(interim.status, interim.headers))
    line.pause(answer.head_after)
    line.send(answer.head_bytes())


def _send_body(line: Line, answer: Answer, exchange: Exchange) -> None:
    for write in answer.body:
        line.pause(write.after)
        if write.data:
            line.send(answer.frame(write.data))
            exchange.sent += len(write.data)
            exchange.writes += 1


def _finish(line: Line, answer: Answer, request: Request) -> bool:
    line.pause(answer.terminator_after)
    if terminator := answer.terminator():
        line.send(terminator)
    asked_to_close = _says_close(request.headers) or _says_close(answer.headers)
    return not (answer.framing == "close" or answer.hang_up or asked_to_close)


def _says_close(headers: Headers) -> bool:
    return any(n.lower() == "connection" and v.lower() == "close" for n, v in headers)
