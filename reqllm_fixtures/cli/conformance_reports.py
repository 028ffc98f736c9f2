"""Where the matrix of a run goes: to the standard output in one form, to files in others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from reqllm.cli.reporting import Reporter
from reqllm.cli.terminal import Terminal
from reqllm_fixtures.conformance.html_report import html_report
from reqllm_fixtures.conformance.json_report import json_report
from reqllm_fixtures.conformance.junit_report import junit_report
from reqllm_fixtures.conformance.results import PASSES, Matrix
from reqllm_fixtures.conformance.text_report import spans, text_report
from reqllm_fixtures.conformance.wording import counted, fails
from reqllm_fixtures.files import disk

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".txt": "text", ".json": "json", ".xml": "junit", ".html": "html", ".htm": "html"}
)


class Judging(Struct, frozen=True, kw_only=True):
    """What makes a run a failure."""

    strict: bool = False
    """Remarks do."""
    allow_unproved: bool = False
    """What nothing proves does not."""

    def failures(self, matrix: Matrix) -> list[str]:
        """Say why a run is a failure; nothing if it is none."""
        found = []
        for row in matrix.rows:
            bad = sum(
                fails(cell, strict=self.strict, allow_unproved=self.allow_unproved)
                for cell in row.cells
            )
            if bad:
                found.append(
                    f"{row.model}: {bad} of {counted(len(row.cells), 'scenario')} failed the run"
                )
            elif not any(cell.status in PASSES and cell.proof.kind != "none" for cell in row.cells):
                found.append(f"{row.model}: no scenario was proved to pass")
        return found

    def written(self, matrix: Matrix, form: str, width: int = 100) -> str:
        """Return a matrix in one of the forms."""
        forms: Mapping[str, Callable[[], str]] = {
            "text": lambda: text_report(
                matrix, width=width, strict=self.strict, allow_unproved=self.allow_unproved
            ),
            "json": lambda: json_report(matrix),
            "junit": lambda: junit_report(
                matrix, strict=self.strict, allow_unproved=self.allow_unproved
            ),
            "html": lambda: html_report(matrix),
        }
        return forms[form]()


def write_out(matrix: Matrix, form: str, judging: Judging, terminal: Terminal) -> None:
    """Write a matrix to the standard output."""
    if form != "text":
        # Whatever the terminal's encoding is: what reads them takes them to be UTF-8.
        sys.stdout.buffer.write(judging.written(matrix, form).encode("utf-8", "surrogatepass"))
        sys.stdout.flush()
        return
    styled = spans(
        matrix,
        width=terminal.width,
        strict=judging.strict,
        allow_unproved=judging.allow_unproved,
    )
    for text, style in styled:
        terminal.mark(text, style)


def write_files(matrix: Matrix, paths: Iterable[str], judging: Judging, reporter: Reporter) -> bool:
    """Write a matrix to files, each in the form that its name says; tell what cannot be written."""
    try:
        for path in paths:
            form = SUFFIXES[Path(path).suffix.lower()]
            disk.publish(path, judging.written(matrix, form).encode("utf-8", "surrogatepass"))
    except OSError as error:
        reporter.error(error, "the matrix could not be written: ")
        return False
    return True
