"""Uvicorn around the application, on a socket of ours; a signal ends it and nothing more."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn

from reqllm_fixtures.serving.connection import BreakableProtocol

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; port 0 is any that is free. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server((str(address[0]), int(address[1])), family=family, backlog=128)


def url_of(listener: socket.socket) -> str:
    """Return the address under which it is reached, without a trailing slash."""
    host, port = listener.getsockname()[:2]
    if listener.family == socket.AF_INET6:
        host = f"[{host}]"
    return f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Serves the application until `should_exit` is set, or a signal comes."""

    def __init__(self, application: Any) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=BreakableProtocol,
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",  # not of Upgrade: h2c, which some send with each request
                access_log=False,
                server_header=False,  # headers are the recorded ones
                date_header=False,
                timeout_keep_alive=75,
                h11_max_incomplete_event_size=1 << 20,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Break off the answers that are still under way, then end."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by a signal without raising it again: what was played is still to be told."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
