"""What proves a cell, how old that is, and how long the calls took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from reqllm_fixtures.cassette import NO_STATUS, Interaction
from reqllm_fixtures.conformance.results import Proof
from reqllm_fixtures.conformance.taken import Taken
from reqllm_fixtures.library import CassetteInUse

_SECONDS_A_DAY = 86_400


def proof_of(taken: Taken, cassette: CassetteInUse | None, now: datetime | None) -> Proof:
    """Tell what answered: a network, recordings, or nothing that is known, as a mock."""
    if cassette is not None and any(
        each.response.status != NO_STATUS for each in cassette.recorded
    ):
        return Proof(kind="live", path=cassette.path)
    if all(turn.recording and turn.heard for turn in taken.turns):
        played = [turn.heard for turn in taken.turns if turn.heard is not None]
        return proof_by(taken.first.recording, played, now or datetime.now(UTC))
    return Proof(kind="live") if any(turn.is_live for turn in taken.turns) else Proof()


def proof_by(path: str, interactions: Iterable[Interaction], now: datetime) -> Proof:
    """Return the proof by these recordings: as old as the oldest of them."""
    times = [each.response.recorded_at for each in interactions]
    known = [time for time in times if time is not None]
    if not known or len(known) < len(times):
        return Proof(kind="recording", path=path)
    oldest = min(known)
    age = (now - oldest).total_seconds() / _SECONDS_A_DAY
    return Proof(
        kind="recording", path=path, recorded_at=f"{oldest:%Y-%m-%dT%H:%M:%SZ}", age_days=age
    )


def as_kept(taken: Taken, cassette: CassetteInUse | None) -> Taken:
    """Return what came with the times that its recording has."""
    kept = () if cassette is None or cassette.played else cassette.recorded
    if len(kept) != len(taken.turns):
        return taken
    turns = (replace(turn, heard=each) for turn, each in zip(taken.turns, kept, strict=True))
    return replace(taken, turns=tuple(turns))


def times(taken: Taken, proof: Proof) -> tuple[float | None, float | None]:
    """Return the seconds that all calls took, and those until the first chunk of the first."""
    if proof.kind == "none":
        return None, None
    pieces = [turn.heard.response.pieces for turn in taken.turns if turn.heard is not None]
    if not pieces or not all(pieces):
        return None, None
    seconds = sum(each[-1].at_ms for each in pieces) / 1000
    first = next(iter(taken.first.pieces_by_chunk), 0)
    known = 0 < first <= len(pieces[0])
    return seconds, pieces[0][first - 1].at_ms / 1000 if known else None
