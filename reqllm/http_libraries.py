"""What is asked of either HTTP library, httpx and httpx2, by whoever opens streams over one."""

from __future__ import annotations

import importlib
import ssl
import sys
from types import ModuleType
from typing import Any, cast

import anyio

from reqllm.errors import InvalidInputError
from reqllm.releasing import NetworkErrors

_LIBRARIES = ("httpx", "httpx2")


def library_of(*objects: Any) -> ModuleType:
    """Return the HTTP library that the first given client, transport or response is of."""
    # By the classes themselves: some SDKs rename the module that a class says it is from.
    loaded: list[Any] = [sys.modules[name] for name in _LIBRARIES if name in sys.modules]
    for given in objects:
        for library in loaded:
            kinds = (library.Client, library.AsyncClient, library.Response)
            if isinstance(given, (*kinds, library.BaseTransport, library.AsyncBaseTransport)):
                return cast("ModuleType", library)
        if given is not None:
            raise InvalidInputError(
                f"expected a client or transport of {' or '.join(_LIBRARIES)}, "
                f"got {type(given).__module__}.{type(given).__qualname__}"
            )
    return importlib.import_module(_LIBRARIES[0])


def network_errors(library: Any) -> NetworkErrors:
    """Return what a network failure can be raised as; some still escape their library."""
    anyio_errors = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
    return (library.RequestError, library.StreamError, ssl.SSLError, OSError, *anyio_errors)
