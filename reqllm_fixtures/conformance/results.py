"""What a run of conformance found: plain values, which the reports write out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from reqllm_fixtures.checking import Severity

Status: TypeAlias = Literal[
    "passed", "remarks", "failed", "error", "unsupported", "not_claimed", "not_proved"
]
"""
passed       every check held
remarks      the scenario's own checks held, but a check of every stream found a deviation
failed       a check of the scenario did not hold
error        the scenario could not be judged: it asserted nothing, or something unforeseen happened
unsupported  the wire has no form for what the scenario asks
not_claimed  the caller says that the model cannot do this
not_proved   nothing was asked, and no recording answers
"""
STATUSES: tuple[Status, ...] = get_args(Status)
FINE: frozenset[Status] = frozenset({"passed", "remarks", "unsupported", "not_claimed"})
"""What does not fail a run."""
PASSES: frozenset[Status] = frozenset({"passed", "remarks"})
"""What proves something."""


class Proof(Struct, frozen=True, kw_only=True):
    """What a cell rests on: a live call, a recording, or nothing."""

    kind: Literal["live", "recording", "none"] = "none"
    path: str = ""
    """The cassette that was played, or written."""
    recorded_at: str = ""
    """When, as in "2026-11-22T10:00:00Z"; empty where the recording does not say."""
    age_days: float | None = None
    """How old the recording was when the run began."""


class Remark(Struct, frozen=True, kw_only=True):
    """One thing that was not as it should be, and where."""

    severity: Severity
    rule: str
    """What was broken: a check's name, or a rule of docs/checking.md."""
    message: str
    """What was expected, and what came; words of the provider's may be in it."""
    event: int = 0
    """The number of the event or chunk, counted from 1; 0 is the stream as a whole."""
    path: str = "$"
    """The place in the event."""
    turn: int = 0
    """Which of the scenario's calls, counted from 1; 0 is the scenario as a whole."""

    def __str__(self) -> str:
        at = f" (event {self.event} {self.path})" if self.event else ""
        turn = f"call {self.turn}: " if self.turn > 1 else ""
        return f"{self.severity}: {turn}{self.rule}: {self.message}{at}"


class Cell(Struct, frozen=True, kw_only=True):
    """How one model did in one scenario."""

    scenario: str
    capability: str
    status: Status
    proof: Proof = Proof()
    asserted: int = 0
    """How many checks were made."""
    remarks: tuple[Remark, ...] = ()
    message: str = ""
    """Why, in one line; empty where it passed."""
    seconds: float | None = None
    """What the calls took; of a recording, when it was made."""
    first_chunk_seconds: float | None = None
    """Until the first chunk of the first answer."""
    chunks: int = 0
    input_tokens: int | None = None
    """Of all calls; `None` where the provider did not report any."""
    output_tokens: int | None = None
    request_ids: tuple[str, ...] = ()


class Row(Struct, frozen=True, kw_only=True):
    """How one model did."""

    model: str
    """As it was asked for: "openai:gpt-5-mini"."""
    wire: str
    base_url: str = ""
    """The address, where it is not the provider's own."""
    cells: tuple[Cell, ...] = ()


class ScenarioInfo(Struct, frozen=True, kw_only=True):
    """What a column of the matrix is."""

    name: str
    capability: str
    title: str


class Matrix(Struct, frozen=True, kw_only=True):
    """Models by scenarios. A run that was interrupted has fewer rows, or fewer cells in them."""

    version: int = 1
    started_at: str
    mode: str
    profile: str
    scenarios: tuple[ScenarioInfo, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def cells(self) -> Iterator[tuple[Row, Cell]]:
        """Every cell with its row, row by row."""
        return ((row, cell) for row in self.rows for cell in row.cells)
