"""For code that builds its own clients: while a cassette is patched in, their requests come to it.

What is replaced is the method by which the real transports of httpx and httpx2 send; what a client
is built from, mounts and proxies included, stays. A context variable tells whose request it is, so
that two tasks with two cassettes do not mix. Where nothing can go out, a transport is not built
before it has to send after all: building one means building a TLS context, 30 ms each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from itertools import chain
from types import ModuleType
from typing import Any

from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.transports.answering import SENT_BY_US
from reqllm_fixtures.transports.arriving import Watch
from reqllm_fixtures.transports.transport import LIBRARIES
from reqllm_fixtures.transports.unbuilt import unbuilt_kind

Make = Callable[[ModuleType, Any], Any]
"""Makes a transport of a module over one that sends."""

_MADE = 8  # for each of two libraries two kinds of transport, and as many again
_METHODS = (
    ("HTTPTransport", "handle_request"),
    ("AsyncHTTPTransport", "handle_async_request"),
)


class Patched:
    """What one `patch()` stands for: how to answer, in which contexts."""

    def __init__(self, path: str, make: Make, make_async: Make, *, is_replay: bool) -> None:
        self.path = path
        self.make = make
        self.make_async = make_async
        self.is_replay = is_replay


# The one place with state of a module: what it describes, two patched classes, is one, too.
_current: ContextVar[Patched | None] = ContextVar("reqllm_patched", default=None)
_active: list[Patched] = []
_Undo = dict[str, list[Callable[[], None]]]
"""By the library that is patched."""
_undo: _Undo = {}
_lock = threading.Lock()


@contextmanager
def patched(ours: Patched) -> Iterator[None]:
    """Send what the libraries' own transports are asked to send through `ours`.

    A library that nobody has imported is patched when it is.
    """
    with _lock:
        _active.append(ours)
    token = None
    try:
        # Not within the lock, which a thread that imports one of them may wait for.
        with Watch(LIBRARIES, _patch_once):
            token = _current.set(ours)
            yield
    finally:
        # A fixture's end may run in another context than its beginning: there it is not set.
        if token is not None:
            with suppress(ValueError):
                _current.reset(token)
        with _lock:
            _active.remove(ours)
            if not _active:
                _undone(_undo)


def _patch_once(module: ModuleType) -> None:
    with _lock:
        if _active and module.__name__ not in _undo:
            undo = _undo[module.__name__] = []
            undo.extend(_patch(module))


@contextmanager
def nothing_built() -> Iterator[None]:
    """Put off building each transport that is made in this block until it has to send.

    For code that makes clients for later, when a cassette will answer them.
    """
    undo: _Undo = {}

    def put_off(module: ModuleType) -> None:
        undo[module.__name__] = list(_put_off_in(module))

    try:
        with Watch(LIBRARIES, put_off):
            yield
    finally:
        _undone(undo)


def _undone(undo: _Undo) -> None:
    for each in chain.from_iterable(undo.values()):
        each()
    undo.clear()


def _responsible() -> Patched | None:
    """Tell whose request this is.

    A thread begins without its starter's context; while there is one cassette it is that one's.
    """
    ours = _current.get()
    active = list(_active)
    if ours is not None and ours in active:
        return ours
    if len(active) > 1:
        paths = ", ".join(each.path for each in active)
        raise FixtureError(
            f"Expected a request made inside one block of patch(). Came: one from another thread "
            f"or task while {len(active)} are open ({paths}). Start it with "
            "contextvars.copy_context().run, or hand cassette.transport() to its client."
        )
    return active[0] if active else None


def _patch(module: ModuleType) -> Iterator[Callable[[], None]]:
    for kind, method in _METHODS:
        transport: Any = getattr(module, kind)
        real = getattr(transport, method)
        wrap = _wrapped if kind == "HTTPTransport" else _async_wrapped
        setattr(transport, method, wrap(module, real))
        yield partial(setattr, transport, method, real)
    yield from _put_off_in(module)


def _put_off_in(module: ModuleType) -> Iterator[Callable[[], None]]:
    for kind, _ in _METHODS:
        transport: Any = getattr(module, kind)
        build = transport.__init__
        transport.__init__ = _put_off(transport, build)
        yield partial(setattr, transport, "__init__", build)


# What these make holds no state of its own: it is the same for every cassette, and each test of a
# run has one. Whoever else has replaced a method meanwhile gets another.
_made_once = lru_cache(_MADE)


@_made_once
def _put_off(transport: Any, build: Any) -> Any:
    """Put off building a transport while all that is patched in replays."""
    unbuilt = unbuilt_kind(transport, build)

    @wraps(build)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        # A kind of somebody's own may read what it has built at once.
        if type(self) is transport and all(each.is_replay for each in list(_active)):
            self.reqllm_arguments = (args, kwargs)
            self.__class__ = unbuilt
        else:
            build(self, *args, **kwargs)

    return init


@_made_once
def _wrapped(module: ModuleType, real: Any) -> Any:
    @wraps(real)
    def handle_request(self: Any, request: Any) -> Any:
        ours = None if SENT_BY_US in request.extensions else _responsible()
        if ours is None:
            return real(self, request)
        return ours.make(module, _Sender(self, real)).handle_request(request)

    return handle_request


@_made_once
def _async_wrapped(module: ModuleType, real: Any) -> Any:
    @wraps(real)
    async def handle_async_request(self: Any, request: Any) -> Any:
        ours = None if SENT_BY_US in request.extensions else _responsible()
        if ours is None:
            return await real(self, request)
        made = ours.make_async(module, _Sender(self, real))
        return await made.handle_async_request(request)

    return handle_async_request


class _Sender:
    """A real transport as it is without us."""

    def __init__(self, transport: Any, real: Any) -> None:
        self._transport, self._real = transport, real

    def handle_request(self, request: Any) -> Any:
        return self._real(self._transport, request)

    handle_async_request = handle_request
