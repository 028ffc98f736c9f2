"""Whether a run of tests is in charge: it then says the mode, and opens its tests' cassettes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from reqllm_fixtures.mode import Mode

if TYPE_CHECKING:
    from reqllm_fixtures.in_use import CassetteInUse


class Run(Protocol):
    """What a test runner says about the cassettes that are used while it runs."""

    @property
    def mode(self) -> Mode:
        """The mode of whatever does not say its own."""

    def cassette(self, path: str) -> CassetteInUse | None:
        """Open a cassette for the test that runs, to be published with it; None between tests."""


# State of a module, since what it describes is the process's: whoever plays a cassette, in
# whichever thread or task, does so in the run that there is.
_in_charge: list[Run | None] = []


@contextmanager
def in_charge(run: Run | None) -> Iterator[None]:
    """Put a run in charge of this process; None for nobody."""
    _in_charge.append(run)
    try:
        yield
    finally:
        _in_charge.remove(run)


def current() -> Run | None:
    """Return the run that is in charge."""
    return _in_charge[-1] if _in_charge else None
