"""Our clients on a cassette."""

from __future__ import annotations

from typing import Any

import httpx

from reqllm import AsyncClient, Client
from reqllm_fixtures.library import CassetteInUse


def client(cassette: CassetteInUse) -> Client:
    """Make a client, to be closed."""
    return Client(transport=cassette.transport(httpx))


def async_client(cassette: CassetteInUse) -> AsyncClient:
    """Make an async client that has nothing open between its answers.

    A fixture that serves every event loop is in none, and so cannot close a connection.
    """
    return AsyncClient(transport=cassette.async_transport(httpx, upstream=_Upstream()))


class _Upstream:
    """Sends without keeping connections; built when something is to be sent."""

    def __init__(self) -> None:
        self._real: Any = None

    async def handle_async_request(self, request: Any) -> Any:
        if self._real is None:
            limits = httpx.Limits(max_keepalive_connections=0)
            self._real = httpx.AsyncHTTPTransport(limits=limits)
        return await self._real.handle_async_request(request)

    async def aclose(self) -> None:
        if self._real is not None:
            await self._real.aclose()
