"""A run of conformance for terminals: a table of what came out, then all that was found. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from reqllm.cli.terminal import one_line
from reqllm_fixtures.conformance.results import Cell, Matrix, Remark, Row, ScenarioInfo
from reqllm_fixtures.conformance.wording import (
    LOOKS,
    SKIPPED,
    cell_line,
    cells_of,
    fails,
    matrix_words,
    named,
    proof_words,
    row_words,
    scenarios_of,
    tally,
    tally_words,
)

Span: TypeAlias = tuple[str, str]
"""Text, and its style as `rich` has it."""

_GAP = "  "
_NARROWEST = 60
_STYLES = {"error": "red", "warning": "yellow"}


def text_report(
    matrix: Matrix, *, width: int = 100, strict: bool = False, allow_unproved: bool = False
) -> str:
    """Write a matrix as plain text; tables are at most so many columns wide.

    Models that do not fit beside one another stand below.

    strict: remarks are failures. allow_unproved: what nothing proves is none.
    """
    return "".join(
        text for text, _ in spans(matrix, width=width, strict=strict, allow_unproved=allow_unproved)
    )


def spans(
    matrix: Matrix, *, width: int = 100, strict: bool = False, allow_unproved: bool = False
) -> Iterator[Span]:
    """As `text_report`, but give each part of the text with its style."""
    yield from _line("Conformance", "bold")
    yield from _line(one_line(" · ".join(matrix_words(matrix))), "dim")
    told_apart = named(matrix)
    for rows in _beside_one_another(told_apart, max(width, _NARROWEST)):
        yield from _line()
        yield from _table(scenarios_of(matrix), rows)
    yield from _skipped(told_apart)
    for row in told_apart.rows:
        yield from _found(row)
    yield from _sum(matrix, strict=strict, allow_unproved=allow_unproved)


def _line(text: str = "", style: str = "") -> Iterator[Span]:
    yield text, style
    yield "\n", ""


def _beside_one_another(matrix: Matrix, width: int) -> Iterator[list[Row]]:
    """Divide the models into groups of which each fits on a line."""
    scenarios = scenarios_of(matrix)
    first = _first_width(scenarios)
    group: list[Row] = []
    taken = first
    for row in matrix.rows:
        wanted = _width_of(row, scenarios) + len(_GAP)
        if group and taken + wanted > width:
            yield group
            group, taken = [], first
        group.append(row)
        taken += wanted
    if group:
        yield group


def _table(scenarios: Sequence[ScenarioInfo], rows: Sequence[Row]) -> Iterator[Span]:
    widths = [_first_width(scenarios), *(_width_of(row, scenarios) for row in rows)]
    yield from _columns([("", ""), *((one_line(row.model), "bold") for row in rows)], widths)
    for scenario in scenarios:
        found = [cells_of(row, scenario) for row in rows]
        said = [(_said(cells), LOOKS[cells[0].status].style if cells else "dim") for cells in found]
        yield from _columns([(one_line(scenario.name), ""), *said], widths)


def _columns(columns: Sequence[Span], widths: Sequence[int]) -> Iterator[Span]:
    """Write a line of a table; nothing follows what is last in it."""
    before = ""
    for (text, style), width in zip(columns, widths, strict=True):
        yield before, ""
        yield text, style
        before = " " * (width - _cells(text)) + _GAP
    yield "\n", ""


def _first_width(scenarios: Sequence[ScenarioInfo]) -> int:
    return max((_cells(one_line(each.name)) for each in scenarios), default=0)


def _width_of(row: Row, scenarios: Sequence[ScenarioInfo]) -> int:
    said = (_said(cells_of(row, scenario)) for scenario in scenarios)
    return max(_cells(text) for text in (one_line(row.model), *said))


def _said(cells: Sequence[Cell]) -> str:
    """Say what came out and what it rests on, in the words of a table."""
    return "; ".join(f"{_status(cell)}, {proof_words(cell)}" for cell in cells) or "not run"


def _status(cell: Cell) -> str:
    look = LOOKS[cell.status]
    return f"{look.symbol} {look.word}"


def _skipped(matrix: Matrix) -> Iterator[Span]:
    """Tell why cells were not asked for, a line each."""
    told = [(r, c) for r, c in matrix.cells if c.status in SKIPPED and (c.message or c.remarks)]
    if told:
        yield from _line()
    for row, cell in told:
        yield from _line(cell_line(row.model, cell), LOOKS[cell.status].style)
        yield from _remarks(cell)


def _found(row: Row) -> Iterator[Span]:
    """Tell why cells are no plain success: once of those of which the same is to be told."""
    same: dict[Any, list[Cell]] = {}
    for cell in row.cells:
        if cell.status not in SKIPPED and (cell.message or cell.remarks):
            said = (cell.status, cell.message, *(_without_event(each) for each in cell.remarks))
            same.setdefault(said, []).append(cell)
    for cells in same.values():
        yield from _line()
        yield from _told_of(row, cells)


def _told_of(row: Row, cells: Sequence[Cell]) -> Iterator[Span]:
    first = cells[0]
    yield _status(first), LOOKS[first.status].style
    yield f" {one_line(row.model)} {', '.join(one_line(cell.scenario) for cell in cells)}", "bold"
    yield from _line(f" · {', '.join(dict.fromkeys(map(proof_words, cells)))}", "dim")
    if len(cells) == 1 and first.proof.path:
        yield from _line(f"  {one_line(first.proof.path)}", "dim")
    if first.message and not any(first.message.startswith(_said_by(r)) for r in first.remarks):
        yield from _line(f"  {one_line(first.message)}")
    yield from _remarks(first, _without_event if len(cells) > 1 else str)


def _remarks(cell: Cell, said: Callable[[Remark], str] = str) -> Iterator[Span]:
    for remark in cell.remarks:
        yield from _line(f"  {one_line(said(remark))}", _STYLES[remark.severity])


def _said_by(remark: Remark) -> str:
    return f"{remark.rule}: {remark.message}"


def _without_event(remark: Remark) -> str:
    """Write a remark of several answers, in which it is at other events."""
    at = f" ({remark.path})" if remark.event else ""
    return f"{replace(remark, event=0)}{at}"


def _sum(matrix: Matrix, *, strict: bool, allow_unproved: bool) -> Iterator[Span]:
    yield from _line()
    for row in matrix.rows:
        bad = [c for c in row.cells if fails(c, strict=strict, allow_unproved=allow_unproved)]
        yield f"{one_line(row.model)} ({one_line(', '.join(row_words(row)))}): ", ""
        yield from _line(tally_words(row.cells), "red" if bad else "green")
    if len(matrix.rows) != 1:
        yield from _line(f"all: {tally_words(cell for _, cell in matrix.cells)}", "bold")
    for status in tally(cell for _, cell in matrix.cells):
        look = LOOKS[status]
        yield from _line(f"  {look.symbol} {look.word}: {look.meaning}", "dim")


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    from rich.cells import cell_len

    return cell_len(text)
