"""A transport of httpx or httpx2 that is built when it is first needed, and perhaps never."""

from __future__ import annotations

import threading
from typing import Any

_building = threading.Lock()


def unbuilt_kind(transport: Any, build: Any) -> Any:
    """Make the class of an instance that keeps its arguments in `reqllm_arguments`.

    transport: the class that it turns into, as soon as anything is asked of it that it lacks.
    build: the `__init__` of that class.
    """

    class Unbuilt(transport):  # type: ignore[misc]
        def __getattr__(self, name: str) -> Any:
            with _building:
                if type(self) is Unbuilt:
                    if name.startswith("__"):  # copy and pickle look, but need nothing built
                        raise AttributeError(name)
                    args, kwargs = self.__dict__["reqllm_arguments"]
                    build(self, *args, **kwargs)
                    del self.__dict__["reqllm_arguments"]
                    self.__class__ = transport
            return getattr(self, name)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exception: object) -> None:
            """Have nothing to close."""

        def close(self) -> None:
            """Have nothing to close."""

        async def __aenter__(self) -> Any:
            return self

        async def __aexit__(self, *exception: object) -> None:
            """Have nothing to close."""

        async def aclose(self) -> None:
            """Have nothing to close."""

    Unbuilt.__name__, Unbuilt.__qualname__ = transport.__name__, transport.__qualname__
    return Unbuilt
