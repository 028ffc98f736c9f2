"""TLS in front of a loopback server: `with TlsFront(server) as front:` and ask `front.url`.

Where the server closes its connection, the front says so as `ending` tells: "notify" with TLS's
own goodbye, "silent" without it, "garbage" with a record that is none.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from types import TracebackType
from typing import Self

import trustme

from .server import LoopbackServer

NONSENSE = b"this is no record of TLS"


class TlsFront:
    """Listens on an ephemeral port of 127.0.0.1 while its `with` block runs."""

    def __init__(self, server: LoopbackServer, ending: str = "notify") -> None:
        self._server = server
        self._ending = ending
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(self._context)
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"https://localhost:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_closing = False
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closing = True
        socket.create_connection(self._listener.getsockname()).close()  # which wakes accept()
        for sock in tuple(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, run: object, *args: object) -> None:
        thread = threading.Thread(target=run, args=args, name="loopback-tls", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            if self._is_closing:
                plain.close()
                return
            self._start(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        address = ("127.0.0.1", int(self._server.url.rpartition(":")[2]))
        try:
            client = self._context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            return
        with client, socket.create_connection(address) as behind:
            self._open |= {client, behind}
            back = threading.Thread(
                target=self._answers, args=(behind, client), name="loopback-tls", daemon=True
            )
            back.start()
            with contextlib.suppress(OSError, ValueError):
                while data := client.recv(65536):
                    behind.sendall(data)
            with contextlib.suppress(OSError):
                behind.shutdown(socket.SHUT_RDWR)  # the client left
            back.join()
            self._open -= {client, behind}

    def _answers(self, behind: socket.socket, client: ssl.SSLSocket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := behind.recv(65536):
                client.sendall(data)
        with contextlib.suppress(OSError, ValueError):
            if self._ending == "garbage":
                os.write(client.fileno(), NONSENSE)
            if self._ending == "notify":
                client.setblocking(False)
                client.unwrap()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(client, socket.SHUT_RDWR)
