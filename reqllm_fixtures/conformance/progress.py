"""How far a run of conformance is, and how that is shown. Pure: no clock and no terminal."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from reqllm.cli.terminal import one_line
from reqllm_fixtures.conformance.results import Cell
from reqllm_fixtures.conformance.wording import LOOKS, tally

_BAR = 20


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is: each change gives the state that comes after it."""

    total: int
    """How many cells there will be."""
    running: tuple[tuple[str, str], ...] = ()
    """Model and scenario of what is being asked, the oldest first."""
    ended: tuple[Cell, ...] = ()

    def begin(self, model: str, scenario: str) -> Progress:
        """Note that a cell was begun."""
        return replace(self, running=(*self.running, (model, scenario)))

    def end(self, model: str, cell: Cell) -> Progress:
        """Note what came out of a cell."""
        left = tuple(each for each in self.running if each != (model, cell.scenario))
        return replace(self, running=left, ended=(*self.ended, cell))


def progress_line(progress: Progress, *, width: int, seconds: float) -> str:
    """Say in one line, no wider than so many columns, how far a run is after so many seconds."""
    from rich.cells import cell_len, set_cell_size

    done, total = len(progress.ended), max(progress.total, len(progress.ended))
    filled = _BAR * done // total if total else _BAR
    counts = [f"{LOOKS[status].symbol} {n}" for status, n in tally(progress.ended).items()]
    parts = [
        f"[{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total}",
        *counts,
        f"{int(seconds) // 60}:{int(seconds) % 60:02}",
    ]
    if progress.running:
        (model, scenario), *others = progress.running
        more = f" (and {len(others)} more)" if others else ""
        parts.append(f"{one_line(model)} {one_line(scenario)}{more}")
    line = "  ".join(parts)
    return line if cell_len(line) <= width else set_cell_size(line, width).rstrip()
