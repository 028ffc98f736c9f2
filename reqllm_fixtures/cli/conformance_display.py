"""How far a run of conformance is, on a terminal: a line for each cell, and one that is redrawn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TextIO

from reqllm.cli.terminal import has_signs, in_ascii
from reqllm_fixtures.conformance.progress import Progress, progress_line
from reqllm_fixtures.conformance.results import Cell
from reqllm_fixtures.conformance.wording import cell_line

_CLEAR = "\r\x1b[2K"
_WIDTH = 80


class Display:
    """Watches a run. Nothing is written where nobody looks: to a pipe, to a file."""

    def __init__(
        self, err: TextIO, total: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._err = err
        self._clock = clock
        self._begun = clock()
        self._progress = Progress(total=total)
        self._is_seen = err.isatty()
        self._has_signs = has_signs(err)
        # A terminal that cannot go back in a line gets whole lines alone.
        self._can_redraw = os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")

    def begin(self, model: str, scenario: str) -> None:
        """Hear of a cell that is begun."""
        self._progress = self._progress.begin(model, scenario)
        self._draw()

    def end(self, model: str, cell: Cell) -> None:
        """Hear what came out of it."""
        self._progress = self._progress.end(model, cell)
        self.clear()
        self._write(f"{cell_line(model, cell)}\n")
        self._draw()

    def clear(self) -> None:
        """Leave the line to others."""
        if self._can_redraw:
            self._write(_CLEAR)

    def _draw(self) -> None:
        if self._can_redraw:
            seconds = self._clock() - self._begun
            line = progress_line(self._progress, width=self._width, seconds=seconds)
            self._write(f"{_CLEAR}{line}")

    @property
    def _width(self) -> int:
        try:
            return (os.get_terminal_size(self._err.fileno()).columns or _WIDTH) - 1
        except OSError:
            return _WIDTH - 1

    def _write(self, text: str) -> None:
        if self._is_seen:
            self._err.write(text if self._has_signs else in_ascii(text))
            self._err.flush()
