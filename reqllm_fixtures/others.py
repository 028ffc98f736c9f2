"""Whether another recorder or mock has replaced how an HTTP library sends: it would cut our pieces.

vcrpy and cassetter read a whole body before they hand it on; mocks answer in the provider's place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
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
    for home, found in (*_functions(module, _SENDING), *below):
        function = _below_ours(found)
        # By the code itself: a patch may bear the name of what it replaces.
        code = getattr(function, "__code__", None)
        if code is None:
            return type(function).__module__.partition(".")[0]
        if not code.co_filename.startswith(home):
            package = _package(code.co_filename)
            if package != _OURS:
                return package
    return None


def _functions(
    module: ModuleType, places: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, Any]]:
    home = str(Path(module.__file__ or "").parent)
    for kind, method in places:
        function = getattr(getattr(module, kind, None), method, None)
        if function is not None:
            yield home, function


def _below_ours(function: Any) -> Any:
    """Look through our own patch, if it is one, at what it has replaced."""
    code = getattr(function, "__code__", None)
    if code is not None and _package(code.co_filename) == _OURS:
        return getattr(function, "__wrapped__", function)
    return function


def _package(filename: str) -> str:
    """Name the outermost folder below the place where packages are installed."""
    parts = Path(filename).parts
    for place in ("site-packages", "dist-packages"):
        if place in parts:
            return parts[parts.index(place) + 1]
    return Path(filename).parent.name
