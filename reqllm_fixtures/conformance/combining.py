"""Several runs of conformance as one, and what changed between two. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reqllm_fixtures.conformance.results import Cell, Matrix, Row, ScenarioInfo, Status
from reqllm_fixtures.conformance.wording import LOOKS

_Key: TypeAlias = tuple[str, str, str]
# How far a status is from one that proves what the scenario asks for.
_FAR: Mapping[Status, int] = MappingProxyType(
    {
        "passed": 0,
        "remarks": 1,
        "unsupported": 2,
        "not_claimed": 2,
        "not_proved": 3,
        "error": 4,
        "failed": 4,
    }
)


class Change(Struct, frozen=True, kw_only=True):
    """One scenario of one model that came out otherwise. `str()` is one line."""

    model: str
    wire: str
    base_url: str = ""
    scenario: str
    before: Status | None
    """`None` where it did not run."""
    after: Status | None

    @property
    def is_worse(self) -> bool:
        """Tell whether less is proved than before; what no longer runs proves nothing."""
        return _far(self.after) > _far(self.before)

    def __str__(self) -> str:
        at = f"{self.wire}, {self.base_url}" if self.base_url else self.wire
        what = f"{_word(self.before)} → {_word(self.after)}"
        return f"{self.model} ({at}) {self.scenario}: {what}"


def merged(matrices: Iterable[Matrix]) -> Matrix:
    """Make one matrix of several; of the same model and scenario the last one counts.

    But what rests on nothing takes the place of nothing that rests on an answer. A model over
    another wire, or at another address, is another model. Raises ValueError if there is no matrix.
    """
    runs = list(matrices)
    if not runs:
        raise ValueError("expected at least one matrix, came none")
    scenarios: dict[str, ScenarioInfo] = {}
    rows: dict[_Key, Row] = {}
    for run in runs:
        scenarios.update((each.name, each) for each in run.scenarios)
        for row in run.rows:
            key = row.model, row.wire, row.base_url
            known = rows[key].cells if key in rows else ()
            rows[key] = replace(row, cells=_joined((*known, *row.cells)))
    return Matrix(
        started_at=min(run.started_at for run in runs),
        mode=", ".join(dict.fromkeys(run.mode for run in runs)),
        profile=", ".join(dict.fromkeys(run.profile for run in runs)),
        scenarios=tuple(scenarios.values()),
        rows=tuple(rows.values()),
    )


def changes(before: Matrix, after: Matrix) -> tuple[Change, ...]:
    """Return where two matrices differ in a status, in the order of the later one."""
    old, new = dict(_statuses(before)), dict(_statuses(after))
    found = ((place, old.get(place), new.get(place)) for place in {**new, **old})
    return tuple(
        Change(model=model, wire=wire, base_url=base_url, scenario=scenario, before=was, after=now)
        for ((model, wire, base_url), scenario), was, now in found
        if was != now
    )


def _joined(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    kept: dict[str, Cell] = {}
    for cell in cells:
        old = kept.get(cell.scenario)
        if old is None or cell.proof.kind != "none" or old.proof.kind == "none":
            kept[cell.scenario] = cell
    return tuple(kept.values())


def _statuses(matrix: Matrix) -> Iterator[tuple[tuple[_Key, str], Status]]:
    for row, cell in matrix.cells:
        yield ((row.model, row.wire, row.base_url), cell.scenario), cell.status


def _far(status: Status | None) -> int:
    return _FAR["not_proved"] if status is None else _FAR[status]


def _word(status: Status | None) -> str:
    return "not run" if status is None else LOOKS[status].word
