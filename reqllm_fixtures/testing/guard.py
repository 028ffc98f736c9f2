"""The network guard: while it stands, no socket reaches an address that is not allowed.

It replaces how Python's own sockets look up names and connect. What sends by other means, such as
uvloop or grpc, is not seen.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

Refuse = Callable[[str], NoReturn]
"""Is told what was to be reached, and raises."""

# What takes an address as its last argument.
_REACHING = ("connect", "connect_ex", "sendto")
_LOOKING_UP = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")


class Guard:
    """Stands from `put_up` to `take_down`."""

    def __init__(self, allowed: tuple[str, ...], refuse: Refuse) -> None:
        self._refuse = refuse
        self._names, networks = _sorted(allowed)
        self._networks = set(networks)
        self._undo: list[Callable[[], None]] = []

    def put_up(self) -> None:
        """Stand before every socket of this process."""
        for name in _REACHING:
            self._replace(socket.socket, name, self._reaching)
        for name in _LOOKING_UP:
            self._replace(socket, name, self._looking_up)

    def take_down(self) -> None:
        """Leave everything as it was."""
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        real = getattr(owner, name)
        if name in vars(owner):
            self._undo.append(lambda: setattr(owner, name, real))
        else:  # inherited from the socket that is written in C
            self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, wrap(real))

    def _reaching(self, real: Any) -> Any:
        def reach(sock: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if isinstance(address, tuple) and address and not self._is_allowed(address[0]):
                self._refuse(_shown(*address[:2]))
            return real(sock, *args)

        return reach

    def _looking_up(self, real: Any) -> Any:
        def look_up(host: Any = None, *args: Any, **kwargs: Any) -> Any:
            if not self._is_allowed(host):
                self._refuse(_shown(host, *args[:1]))
            found = real(host, *args, **kwargs)
            if real.__name__ == "getaddrinfo":
                # Who may be asked for by name may be reached where the name leads to.
                self._networks |= {
                    ipaddress.ip_network(each[4][0].partition("%")[0]) for each in found
                }
            return found

        return look_up

    def _is_allowed(self, host: Any) -> bool:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not name:  # this machine
            return True
        if str(name).lower() in self._names:
            return True
        try:
            address = ipaddress.ip_address(str(name).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in each for each in self._networks)


@cache
def _sorted(allowed: tuple[str, ...]) -> tuple[frozenset[str], frozenset[Any]]:
    """Tell names from addresses and networks."""
    names, networks = set(), set()
    for each in allowed:
        try:
            networks.add(ipaddress.ip_network(each, strict=False))
        except ValueError:
            names.add(each.lower())
    return frozenset(names), frozenset(networks)


def _shown(host: Any, port: Any = None) -> str:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return name if port in (None, 0) else f"{name}:{port}"
