"""The words and signs of the reports: one place, so that all of them say the same. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from reqllm.cli.summary import seconds_words
from reqllm.cli.terminal import one_line
from reqllm_fixtures.conformance.results import (
    FINE,
    STATUSES,
    Cell,
    Matrix,
    Row,
    ScenarioInfo,
    Status,
)


class Look(Struct, frozen=True):
    """How a status is shown: never by its colour alone."""

    symbol: str
    word: str
    style: str
    """As `rich` has it."""
    meaning: str


LOOKS: Mapping[Status, Look] = MappingProxyType(
    {
        "passed": Look("✓", "passed", "green", "every check held"),
        "remarks": Look(
            "!",
            "with remarks",
            "yellow",
            "what the scenario asks for held, but its stream deviates from its wire",
        ),
        "failed": Look("✗", "failed", "bold red", "a check of the scenario did not hold"),
        "error": Look("?", "error", "bold magenta", "the scenario could not be judged"),
        "unsupported": Look(
            "—", "unsupported", "dim", "the wire has no form for what the scenario asks"
        ),
        "not_claimed": Look(
            "·", "not claimed", "dim", "the model is said to be without this capability"
        ),
        "not_proved": Look(
            "○", "not proved", "bold cyan", "nothing was asked, and no valid recording answers"
        ),
    }
)
PROOFS: Mapping[str, str] = MappingProxyType(
    {
        "live": "the provider was asked in this run, and its answer was judged",
        "recorded … ago": "an answer that was kept when it came was judged",
        "no answer": "there was none to judge: nothing is proved",
    }
)
SKIPPED: frozenset[Status] = frozenset({"unsupported", "not_claimed"})
"""What is not asked for, and nobody's fault."""


def proof_words(cell: Cell) -> str:
    """Say in a few words what a cell rests on."""
    proof = cell.proof
    if proof.kind == "live":
        return "live"
    if proof.kind == "none":
        return "not asked" if cell.status in SKIPPED else "no answer"
    if proof.age_days is None:
        return "recorded, age unknown"
    days = int(proof.age_days)
    return "recorded today" if days < 1 else f"recorded {counted(days, 'day')} ago"


def facts(cell: Cell) -> Iterator[tuple[str, str]]:
    """Give what is known of a cell beside its status, by name."""
    proof = cell.proof
    yield "proof", proof_words(cell)
    if proof.path:
        yield "recording", proof.path
    if proof.recorded_at:
        yield "recorded at", proof.recorded_at
    yield "checks made", f"{cell.asserted:,}"
    if cell.first_chunk_seconds is not None:
        yield "first chunk after", seconds_words(cell.first_chunk_seconds)
    if cell.seconds is not None:
        yield "took", seconds_words(cell.seconds)
    if cell.chunks:
        yield "chunks", f"{cell.chunks:,}"
    if cell.input_tokens is not None or cell.output_tokens is not None:
        asked, given = (
            "?" if count is None else f"{count:,}"
            for count in (cell.input_tokens, cell.output_tokens)
        )
        yield "tokens", f"{asked} in, {given} out"
    for request_id in cell.request_ids:
        yield "request id", request_id


def cell_line(model: str, cell: Cell) -> str:
    """Say in one line what came out of a cell: for where a line cannot be redrawn."""
    look = LOOKS[cell.status]
    why = f": {one_line(cell.message)}" if cell.message else ""
    said = f"{look.word} ({proof_words(cell)}){why}"
    return f"{look.symbol} {one_line(model)} {one_line(cell.scenario)}: {said}"


def tally(cells: Iterable[Cell]) -> dict[Status, int]:
    """Count cells by their status, in the order of all; what there is none of is left out."""
    counts = Counter(cell.status for cell in cells)
    return {status: counts[status] for status in STATUSES if counts[status]}


def tally_words(cells: Iterable[Cell]) -> str:
    """Say how many cells have which status."""
    counts = tally(cells)
    return ", ".join(f"{n:,} {LOOKS[status].word}" for status, n in counts.items()) or "nothing ran"


def matrix_words(matrix: Matrix) -> list[str]:
    """Say what was run, how, and when."""
    return [
        counted(len(matrix.rows), "model"),
        counted(len(scenarios_of(matrix)), "scenario"),
        f"mode {matrix.mode}",
        f"profile {matrix.profile}",
        f"begun {matrix.started_at}",
    ]


def row_words(row: Row) -> list[str]:
    """Say what is known of a model beside its name."""
    return [row.wire, row.base_url] if row.base_url else [row.wire]


def named(matrix: Matrix) -> Matrix:
    """Return the matrix with models of one name called by what tells them apart, too."""
    times = Counter(row.model for row in matrix.rows)
    rows = (
        row
        if times[row.model] == 1
        else replace(row, model=f"{row.model} ({', '.join(row_words(row))})")
        for row in matrix.rows
    )
    return replace(matrix, rows=tuple(rows))


def scenarios_of(matrix: Matrix) -> tuple[ScenarioInfo, ...]:
    """Return all scenarios: those that the matrix lists, and what only its cells name."""
    listed = {each.name for each in matrix.scenarios}
    others = {
        cell.scenario: ScenarioInfo(name=cell.scenario, capability=cell.capability, title="")
        for _, cell in matrix.cells
        if cell.scenario not in listed
    }
    return (*matrix.scenarios, *others.values())


def cells_of(row: Row, scenario: ScenarioInfo) -> list[Cell]:
    """Return the cells of a model in a scenario: one, or none where it did not run."""
    return [cell for cell in row.cells if cell.scenario == scenario.name]


def fails(cell: Cell, *, strict: bool = False, allow_unproved: bool = False) -> bool:
    """Tell whether a cell fails its run.

    strict: remarks do. allow_unproved: what nothing proves does not.
    """
    if cell.status == "remarks":
        return strict
    if cell.status == "not_proved":
        return not allow_unproved
    return cell.status not in FINE


def counted(count: int, thing: str) -> str:
    """Say how many there are of a thing."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
