"""An HTTP/1.1 server for tests, on raw sockets so that every byte and write is ours.

    with LoopbackServer(lambda request: Answer(body=(Write(b"hello"),))) as server:
        httpx.get(server.url)

A thread a connection. Leaving the block ends every stream, joins every thread, and
raises what a handler raised.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .connection import ClientLeft, Exchange, Gone, Line, read_request, send_answer
from .messages import Answer, Request

Handler = Callable[[Request], Answer]


class LoopbackServer:
    """Listens on an ephemeral port of 127.0.0.1 while its `with` block runs."""

    def __init__(self, handler: Handler, bound: socket.socket | None = None) -> None:
        """bound: a socket that has its port, and refuses whoever comes until the block begins."""
        self._handler = handler
        self._bound = bound
        self._port = 0
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._lines: dict[Line, threading.Thread] = {}
        self._failures: list[BaseException] = []
        self.connections = 0  # accepted since the start
        self.exchanges: list[Exchange] = []

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Request]:
        """Every request received, in order of arrival."""
        return [exchange.request for exchange in self.exchanges]

    @property
    def open_connections(self) -> int:
        """How many connections neither side has closed."""
        with self._changed:
            return len(self._lines)

    def wait_for(self, what: Callable[[], bool], timeout: float = 2.0) -> bool:
        """Wait until `what()` holds; it is asked again after every change. False on timeout."""
        with self._changed:
            return self._changed.wait_for(what, timeout)

    def __enter__(self) -> Self:
        self._listener = self._bound or socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.listen(128)
        self._port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="loopback-accept", daemon=True)
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if self._failures:
            raise self._failures[0]  # and `error`, most often its result, becomes its context

    def close(self) -> None:
        """End every stream, join every thread, release every socket."""
        self._closing.set()
        # Closing a listener does not wake accept() everywhere; a visitor does.
        socket.create_connection(("127.0.0.1", self._port)).close()
        self._acceptor.join()
        self._listener.close()
        with self._changed:
            left = dict(self._lines)
            for line in left:
                line.shut()
        for thread in left.values():
            thread.join()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._closing.is_set():
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line(sock, self._closing)
            with self._changed:
                self.connections += 1
                thread = threading.Thread(
                    target=self._serve,
                    args=(line, self.connections),
                    name="loopback-connection",
                    daemon=True,
                )
                self._lines[line] = thread
                self._changed.notify_all()
            thread.start()

    def _serve(self, line: Line, number: int) -> None:
        try:
            while (request := read_request(line, number)) and self._exchange(line, request):
                pass
        except (Gone, OSError):
            pass  # the client left between two requests, or inside one
        except BaseException as error:
            self._failures.append(error)
        finally:
            with self._changed:
                # Under the lock, so that close() never shuts a descriptor that was given away.
                del self._lines[line]
                line.close()
                self._changed.notify_all()

    def _exchange(self, line: Line, request: Request) -> bool:
        exchange = Exchange(request)
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()
        try:
            exchange.answer = self._handler(request)
            return send_answer(line, exchange.answer, exchange)
        except Gone:
            if not self._closing.is_set():
                waited = time.monotonic() - exchange.received_at
                exchange.client_left_after = ClientLeft(exchange.sent, waited)
            return False
        finally:
            with self._changed:
                exchange.over = True
                self._changed.notify_all()
