"""An HTTP/2 server for tests, without TLS: who asks it must know beforehand that it speaks HTTP/2.

It takes the same handlers as `LoopbackServer` and sends each `Write` as one DATA frame, if flow
control lets it. https://www.rfc-editor.org/rfc/rfc9113

    with Http2Server(lambda request: Answer(body=(Write(b"hello"),))) as server:
        httpx.Client(transport=httpx.HTTPTransport(http1=False, http2=True)).get(server.url)

Of the ends of an answer it knows clean, reset (of the stream), close (of the connection) and stall;
and one of its own, goaway.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from .messages import Answer, Request
from .server import Handler


class Http2Server:
    """Listens on an ephemeral port of 127.0.0.1 while its `with` block runs."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: list[_Connection] = []
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """How many were accepted since the start."""
        return len(self._connections)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._port = self._listener.getsockname()[1]
        self._closing = False
        self._acceptor = threading.Thread(target=self._accept, name="loopback-accept")
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        socket.create_connection(("127.0.0.1", self._port)).close()  # which wakes accept()
        self._acceptor.join()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def answer(self, request: Request) -> Answer:
        """Ask the handler, and note what was asked."""
        self.requests.append(request)
        return self._handler(request)

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._closing:
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(_Connection(self, sock, len(self._connections) + 1))


class _Gone(Exception):
    """The client has left the stream or the connection, or the server is closing."""


class _Connection:
    """A thread that reads, and one for each stream that is answered; one lock for both."""

    def __init__(self, server: Http2Server, sock: socket.socket, number: int) -> None:
        self._server, self._sock, self._number = server, sock, number
        self._changed = threading.Condition()
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._asked: dict[int, tuple[Any, bytearray]] = {}  # headers and body of each stream
        self._open: set[int] = set()
        self._threads = [threading.Thread(target=self._read, name="loopback-connection")]
        self._threads[0].start()

    def close(self) -> None:
        self._shut()
        for thread in self._threads:
            thread.join()
        self._sock.close()

    def _shut(self) -> None:
        with contextlib.suppress(OSError):  # the client was faster
            self._sock.shutdown(socket.SHUT_RDWR)

    def _flush(self) -> None:
        with contextlib.suppress(OSError):  # then the reading thread hears of it, too
            self._sock.sendall(self._h2.data_to_send())

    def _read(self) -> None:
        with self._changed:
            self._h2.initiate_connection()
            self._flush()
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            while data := self._sock.recv(65_536):
                with self._changed:
                    for event in self._h2.receive_data(data):
                        self._heard(event)
                    self._flush()
                    self._changed.notify_all()
        with self._changed:
            self._open.clear()
            self._changed.notify_all()

    def _heard(self, event: Any) -> None:
        match event:
            case h2.events.RequestReceived():
                self._asked[event.stream_id] = (event.headers, bytearray())
            case h2.events.DataReceived():
                self._asked[event.stream_id][1].extend(event.data)
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self._open.add(event.stream_id)
                thread = threading.Thread(
                    target=self._answer, args=(event.stream_id,), name="loopback-stream"
                )
                self._threads.append(thread)
                thread.start()
            case h2.events.StreamReset():
                self._open.discard(event.stream_id)

    def _answer(self, stream: int) -> None:
        headers, body = self._asked[stream]
        named = {name.decode(): value.decode() for name, value in headers}
        answer = self._server.answer(
            Request(
                method=named[":method"],
                target=named[":path"],
                headers=tuple(pair for pair in named.items() if not pair[0].startswith(":")),
                body=bytes(body),
                connection=self._number,
            )
        )
        # A protocol error: the client has said goodbye, and its socket closes any moment.
        with contextlib.suppress(_Gone, h2.exceptions.ProtocolError), self._changed:
            if answer.head:
                self._wait(stream, answer.head_after)
                head = [(":status", str(answer.status)), *answer.headers]
                self._h2.send_headers(stream, head)
                self._flush()
                for write in answer.body:
                    self._wait(stream, write.after)
                    self._send(stream, write.data)
            self._end(stream, answer)

    def _send(self, stream: int, data: bytes) -> None:
        while data:
            room = self._h2.local_flow_control_window(stream)
            size = min(room, self._h2.max_outbound_frame_size, len(data))
            if size == 0:
                self._wait(stream, None, until_changed=True)
                continue
            self._h2.send_data(stream, data[:size])
            self._flush()
            data = data[size:]

    def _end(self, stream: int, answer: Answer) -> None:
        match answer.end:
            case "clean":
                self._h2.end_stream(stream)
            case "reset":
                self._h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            case "goaway":  # of which the client learns that this stream was not looked at
                self._h2.close_connection(h2.errors.ErrorCodes.NO_ERROR, last_stream_id=0)
            case "close":
                self._shut()
            case _:
                self._wait(stream, None)
        self._flush()
        self._open.discard(stream)

    def _wait(self, stream: int, seconds: float | None, *, until_changed: bool = False) -> None:
        """Wait so long (None: for ever), as long as there is someone to answer."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while stream in self._open:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self._changed.wait(left)
            if until_changed and stream in self._open:
                return
        raise _Gone
