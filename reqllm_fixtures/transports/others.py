"""Whether another recorder or mock has replaced how an HTTP library sends: it would cut our pieces.

vcrpy and cassetter read a whole body before they hand it on; mocks answer in the provider's place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_SENDING = (
    ("HTTPTransport", "handle_request"),
    ("AsyncHTTPTransport", "handle_async_request"),
)
_BELOW = (
    ("ConnectionPool", "handle_request"),
    ("AsyncConnectionPool", "handle_async_request"),
)
_OURS = "reqllm_fixtures"
_CORES = {"httpx": "httpcore", "httpx2": "httpcore2"}


def patching(module: ModuleType) -> str | None:
    """Name the package that has patched this library, if one has."""
    core = sys.modules.get(_CORES.get(module.__name__, ""))
    below = _functions(core, _BELOW) if core else ()
    for library, found in (*_functions(module, _SENDING), *below):
        package = _package(found)
        if package == _OURS:  # our own patch: what it has replaced is below it
            package = _package(getattr(found, "__wrapped__", found))
        if package not in (library, _OURS):
            return package
    return None


def _functions(
    module: ModuleType, places: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, Any]]:
    for kind, method in places:
        function = getattr(getattr(module, kind, None), method, None)
        if function is not None:
            yield module.__name__, function


def _package(function: Any) -> str:
    """Name the package in which a function is written; a patch may bear another's name."""
    names = getattr(function, "__globals__", None)
    home: str = names["__name__"] if names else type(function).__module__
    return home.partition(".")[0]
