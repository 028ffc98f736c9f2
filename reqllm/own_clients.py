"""The HTTP clients that we make: the library's own, less what each call can do without."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

# A stream has a connection to itself, for as long as it lasts: the hundred and first is not to wait
# for another's end. And where threads share a pool that closes what it keeps too many of, it may
# close one under a stream that just began on it (https://github.com/encode/httpcore/issues/1110).
_CONNECTIONS = {"max_connections": None, "max_keepalive_connections": None}


def new_client(library: ModuleType, name: str, transport: Any) -> Any:
    """Make a client of the library's: its `Client` or `AsyncClient`, with as many connections as
    there are streams."""
    limits = library.Limits(**_CONNECTIONS)
    return _kind(library, name)(transport=transport, limits=limits)


@cache
def _kind(library: ModuleType, name: str) -> Any:
    base = getattr(library, name)
    if library.__name__ != "httpx":
        return base  # it looks for cookies only where there are some
    cookies = type("Cookies", (_CookiesWhereSome, library.Cookies), {})
    return type(name, (_WithCookies, base), {"_kind_of_cookies": cookies})


class _CookiesWhereSome:
    """Cookies that do not take an answer apart which sets none, as most do."""

    def extract_cookies(self, response: Any) -> None:
        if "set-cookie" in response.headers:
            super().extract_cookies(response)  # type: ignore[misc]


class _WithCookies:
    """A client whose cookies are of that kind."""

    _kind_of_cookies: Any

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._own_cookies = self._kind_of_cookies()

    @property
    def cookies(self) -> Any:
        return self._own_cookies

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._own_cookies = self._kind_of_cookies(cookies)
