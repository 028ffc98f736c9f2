"""How a connection breaks as the recorded one did: uvicorn has no word for it, its transport has.

The application finds a `Connection` under `EXTENSION` in the extensions of its scope.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "reqllm.connection"

_LINGER_NOT = struct.pack("ii", 1, 0)
_POLL_S = 0.001


class Connection:
    """A client's connection, which can be ended in the middle of an answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def close(self) -> None:
        """Close it, once all that was written has been sent; the answer is not at its end."""
        self._transport.close()

    async def reset(self) -> None:
        """Reset it, once all that was written has arrived: a reset takes back what is under way."""
        sock: socket.socket = self._transport.get_extra_info("socket")
        while not self._transport.is_closing() and self._has_unsent(sock):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        with contextlib.suppress(OSError):  # the client may have left first
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def _has_unsent(self, sock: socket.socket) -> bool:
        if self._transport.get_write_buffer_size():
            return True
        if not sys.platform.startswith("linux"):
            return False
        import fcntl
        import termios

        try:
            # SIOCOUTQ, which has the number of TIOCOUTQ: what the other side did not confirm yet.
            left = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return False
        return bool(int.from_bytes(left, sys.byteorder))


class BreakableProtocol(H11Protocol):
    """Uvicorn's protocol, which hands its connection to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        # Each piece leaves at once: asyncio does so only for sockets that name their protocol.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        application: Any = self.app
        connection = Connection(transport)

        async def handed(
            scope: Any,
            receive: Callable[[], Awaitable[Any]],
            send: Callable[[Any], Awaitable[None]],
        ) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = connection
            await application(scope, receive, send)

        self.app = handed
