"""Writes our requests as those of the HTTP library. Pure.

What its own `build_request` makes anew for each request, address and headers, is kept here from
one to the next: most requests of a client have both in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

from reqllm.calling import Limits
from reqllm.providers.base import WireRequest

# Addresses that one client asks: a model is one, at some providers.
_ADDRESSES = 64


class RequestBuilder:
    """Builds the requests that are sent with one client of the HTTP library."""

    def __init__(self, client: Any, library: ModuleType) -> None:
        self._client = client
        self._library = library
        # A client that builds its requests in its own way goes on doing so.
        self._is_plain = type(client).build_request is library.Client.build_request
        self._url = lru_cache(_ADDRESSES)(library.URL)
        self._merged: tuple[list[Any], Mapping[str, str], Any] | None = None

    def build(self, request: WireRequest, limits: Limits) -> Any:
        """Return the library's request, as the client's `build_request` would."""
        client = self._client
        if not self._is_plain or client.params:
            return client.build_request(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body,
                timeout=self._library.Timeout(**limits.seconds),
            )
        return self._library.Request(
            request.method,
            self._url(request.url),
            headers=self._headers(request.headers),
            cookies=client.cookies,
            content=request.body,
            extensions={"timeout": limits.seconds},
        )

    def _headers(self, wanted: Mapping[str, str]) -> Any:
        """Return the client's own headers, and above them those that are wanted."""
        own = self._client.headers.raw
        if self._merged is None or self._merged[:2] != (own, wanted):
            headers = self._library.Headers(self._client.headers)
            headers.update(wanted)
            self._merged = own, wanted, headers
        return self._merged[2]
