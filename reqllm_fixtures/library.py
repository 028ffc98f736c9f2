"""The harness without pytest: a cassette in use, and the transports that play it."""

from __future__ import annotations

import importlib
from os import PathLike, fspath
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

from reqllm_fixtures import format as cassette_format
from reqllm_fixtures.cassette import Cassette, Interaction
from reqllm_fixtures.errors import FixtureError, MissingDependencyError, ModeError
from reqllm_fixtures.transport import async_replay_transport, checked_pace, replay_transport

if TYPE_CHECKING:
    import httpx


def use_cassette(
    path: str | PathLike[str], *, mode: str = "replay", pace: float = 0.0
) -> CassetteInUse:
    """Use the cassette at this path, by `with` or `async with`, which opens it.

    `pace` stretches the recorded times: 0 is at once, 1 as recorded. Raises ModeError; on opening
    CassetteNotFoundError, CassetteFormatError.
    """
    if mode != "replay":
        raise ModeError(f"Expected the mode 'replay'. Came: {mode!r}. There is no recording yet.")
    return CassetteInUse(fspath(path), checked_pace(pace))


def replaying_transport(path: str | PathLike[str], module: ModuleType | None = None) -> Any:
    """Make an async transport that answers from the cassette at this path, at once.

    `module` is the library of its client, by default httpx. Raises CassetteNotFoundError,
    CassetteFormatError.
    """
    return async_replay_transport(cassette_format.load(path), module or _installed())


class CassetteInUse:
    """An open cassette, whose transports go into any client of httpx or httpx2."""

    def __init__(self, path: str, pace: float) -> None:
        self.path = path
        self._pace = pace
        self._cassette: Cassette | None = None

    def __enter__(self) -> Self:
        self._cassette = cassette_format.load(self.path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    @property
    def cassette(self) -> Cassette:
        """What is recorded, and what of it was played."""
        if self._cassette is None:
            raise FixtureError(f"{self.path} is not open: enter it by `with` or `async with`.")
        return self._cassette

    @property
    def played(self) -> tuple[Interaction, ...]:
        """What was played, in the order in which it was asked for."""
        return self.cassette.played

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What nobody asked for yet."""
        return self.cassette.unplayed

    @overload
    def transport(self) -> httpx.BaseTransport: ...
    @overload
    def transport(self, module: ModuleType | None) -> Any: ...
    def transport(self, module: ModuleType | None = None) -> Any:
        """Make a transport for a client of `module`, by default httpx."""
        return replay_transport(self.cassette, module or _installed(), pace=self._pace)

    @overload
    def async_transport(self) -> httpx.AsyncBaseTransport: ...
    @overload
    def async_transport(self, module: ModuleType | None) -> Any: ...
    def async_transport(self, module: ModuleType | None = None) -> Any:
        """Make a transport for an async client of `module`, by default httpx."""
        return async_replay_transport(self.cassette, module or _installed(), pace=self._pace)


def _installed() -> ModuleType:
    for name in ("httpx", "httpx2"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingDependencyError(
        "Neither httpx nor httpx2 is installed, and a transport belongs to one of them. "
        "Install the one that your client uses."
    )
