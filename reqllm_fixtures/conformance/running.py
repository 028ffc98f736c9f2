"""Runs scenarios with models over a folder of cassettes: replayed, recorded, or asked live."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

import httpx

from reqllm.calling import Retries
from reqllm.errors import ReqLLMError, TransportError
from reqllm.model import Model
from reqllm.streaming import Client
from reqllm_fixtures.checking import Profile
from reqllm_fixtures.checking.finding import checked_profile
from reqllm_fixtures.conformance.case import Scenario
from reqllm_fixtures.conformance.judging import Judged, Unasked, cell, conduct
from reqllm_fixtures.conformance.proving import proof_by
from reqllm_fixtures.conformance.results import Cell, Matrix, Row
from reqllm_fixtures.conformance.scenarios import SCENARIOS
from reqllm_fixtures.conformance.target import Target
from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.file_names import stem
from reqllm_fixtures.files.format import load
from reqllm_fixtures.library import CassetteInUse
from reqllm_fixtures.mode import Mode, chosen

FOLDER = "cassettes/conformance"
_AGAIN = Retries(limit=2)


class Watch(Protocol):
    """Whoever wants to know how far a run is."""

    def begin(self, model: str, scenario: str) -> None:
        """Hear of a cell that is begun."""

    def end(self, model: str, cell: Cell) -> None:
        """Hear what came out of it."""


def run_matrix(
    models: Iterable[str | Model | Target],
    *,
    scenarios: Iterable[Scenario] = SCENARIOS,
    cassettes: str | PathLike[str] = FOLDER,
    mode: Mode | str | None = None,
    without: Collection[str] = (),
    profile: Profile = "compat",
    max_age: timedelta | None = None,
    watch: Watch | None = None,
) -> Matrix:
    """Run scenarios with models; return how each did. What a provider does is never raised.

    cassettes: the folder with a cassette for each model and scenario.
    mode: replay, record, fill or live; by default `REQLLM_MODE`, else replay.
    without: capabilities that the models have not, or scenarios that are left out.
    profile: with `strict`, a stream must be as the provider documents it.
    max_age: how old a recording may be to prove anything; in the mode fill, what is older is
        recorded anew.
    watch: is told of each cell.

    Raises InvalidInputError for a model that cannot be asked (InvalidModelError,
    UnknownProviderError, UnknownWireError among them), ModeError, ValueError for a profile.
    """
    return MatrixRun(
        models,
        scenarios=scenarios,
        cassettes=cassettes,
        mode=mode,
        without=without,
        profile=profile,
        max_age=max_age,
        watch=watch,
    ).run()


class _Network:
    """Sends for all the cells of a run: its connections outlive the client of each."""

    def __init__(self) -> None:
        self._real: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._real is None:
            self._real = httpx.HTTPTransport()
        return self._real.handle_request(request)

    def close(self) -> None:
        """Hear of the end of a cell."""

    def leave(self) -> None:
        """Close the connections."""
        if self._real is not None:
            self._real.close()


class MatrixRun:
    """One run; what is there of its matrix can be asked for at any time."""

    def __init__(
        self,
        models: Iterable[str | Model | Target],
        *,
        scenarios: Iterable[Scenario] = SCENARIOS,
        cassettes: str | PathLike[str] = FOLDER,
        mode: Mode | str | None = None,
        without: Collection[str] = (),
        profile: Profile = "compat",
        max_age: timedelta | None = None,
        watch: Watch | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        now, sleep, chance: what ages are counted to, and how to wait for a provider without room.
        """
        self._targets = [Target.of(model) for model in models]
        for each in self._targets:
            each.require()
        self._rows = {position: each.spoken for position, each in enumerate(self._targets)}
        self._scenarios = tuple(scenarios)
        self._folder = Path(cassettes)
        self._mode = chosen(mode, Mode.REPLAY)
        self._without = frozenset(without)
        self._profile = checked_profile(profile)
        self._max_age = max_age
        self._watch = watch
        self._now, self._sleep, self._chance = now, sleep, chance
        self._started_at = now()
        self._cells: list[list[Cell]] = [[] for _ in self._targets]
        self._network = _Network()
        self._gone = ""  # why the model that is being asked cannot be reached

    @property
    def total(self) -> int:
        """How many cells there will be."""
        return len(self._targets) * len(self._scenarios)

    @property
    def matrix(self) -> Matrix:
        """What is known by now."""
        rows = [
            Row(
                model=str(target.model),
                wire=self._rows[position],
                base_url=target.base_url or "",
                cells=tuple(cells),
            )
            for position, (target, cells) in enumerate(zip(self._targets, self._cells, strict=True))
            if cells
        ]
        return Matrix(
            started_at=f"{self._started_at:%Y-%m-%dT%H:%M:%SZ}",
            mode=str(self._mode),
            profile=self._profile,
            scenarios=tuple(each.info for each in self._scenarios),
            rows=tuple(rows),
        )

    def run(self) -> Matrix:
        """Run every cell, model by model."""
        try:
            self._run()
        finally:
            self._network.leave()
        return self.matrix

    def _run(self) -> None:
        for target, cells in zip(self._targets, self._cells, strict=True):
            self._gone = ""
            for asked in self._scenarios:
                if self._watch is not None:
                    self._watch.begin(str(target.model), asked.name)
                cells.append(self._cell(target, asked))
                if self._watch is not None:
                    self._watch.end(str(target.model), cells[-1])

    def _cell(self, target: Target, asked: Scenario) -> Cell:
        for claimed in (asked.capability, asked.name):
            if claimed in self._without:
                return cell(asked, "not_claimed", f"said to be without {claimed}")
        path = self._folder / target.folder / f"{stem(asked.name)}.yaml"
        attempt = 1
        while True:
            judged = self._attempt(target, asked, path)
            error = judged.error
            if self._mode is Mode.REPLAY or not isinstance(error, ReqLLMError):
                return judged.cell
            delay = _AGAIN.delay(attempt, error, self._chance())
            if delay is None:
                if isinstance(error, TransportError):
                    self._gone = judged.cell.message
                return judged.cell
            self._sleep(delay)
            attempt += 1

    def _attempt(self, target: Target, asked: Scenario, path: Path) -> Judged:
        judged: Judged | None = None
        mode, unasked = self._mode, self._unproved(path)
        if unasked is not None and mode is Mode.FILL:
            mode, unasked = Mode.RECORD, None
        if self._gone and not (mode is Mode.FILL and path.exists()):
            unasked = Unasked(f"{self._gone}; not asked again", status="error")
        try:
            with (
                CassetteInUse(fspath(path), mode, missing_ok=True) as used,
                Client(
                    target.base_url,
                    target.api_key,
                    transport=used.transport(httpx, upstream=self._network),
                    max_retries=0,
                ) as client,
            ):
                judged = conduct(
                    asked,
                    client,
                    target.model,
                    wire=target.spoken,
                    profile=self._profile,
                    cassette=used,
                    now=self._started_at,
                    unasked=unasked,
                )
                if judged.error is not None:
                    used.discard()
                return judged
        except FixtureError as error:
            if judged is not None and judged.error is not None:
                return judged  # a miss, which was told already
            # A bad recording, or one that could not be written.
            return Judged(cell(asked, "error", f"{type(error).__name__}: {error}"), error)

    def _unproved(self, path: Path) -> Unasked | None:
        """Say why a recording proves nothing: there is none, or it is too old."""
        if self._mode not in (Mode.REPLAY, Mode.FILL):
            return None
        if not path.exists():
            return None if self._mode is Mode.FILL else Unasked(f"there is no recording at {path}")
        if self._max_age is None:
            return None
        try:
            proof = proof_by(fspath(path), load(path).interactions, self._started_at)
        except FixtureError:
            return None  # told when it is opened
        most = self._max_age / timedelta(days=1)
        if proof.age_days is not None and proof.age_days <= most:
            return None
        age = (
            "that does not tell its age"
            if proof.age_days is None
            else (f"of {proof.recorded_at[:10]}, {proof.age_days:.0f} days old")
        )
        return Unasked(f"expected a recording of the last {most:g} days, found one {age}", proof)
