"""Asks a scenario of one model, and judges: what came becomes a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from reqllm.errors import (
    APIError,
    InvalidInputError,
    InvalidRequestError,
    OverloadedError,
    RateLimitError,
    ReqLLMError,
    StreamError,
)
from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm.streaming import Client
from reqllm_fixtures.checking import Profile
from reqllm_fixtures.checking.finding import checked_profile
from reqllm_fixtures.conformance.asking import Question, perform, spoken, unsupported
from reqllm_fixtures.conformance.case import Scenario
from reqllm_fixtures.conformance.every_stream import check_turn
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.proving import as_kept, proof_of, times
from reqllm_fixtures.conformance.results import Cell, Proof, Remark, Status
from reqllm_fixtures.conformance.taken import Taken, Turn
from reqllm_fixtures.errors import ConformanceError
from reqllm_fixtures.library import CassetteInUse

# What a provider is to blame for; any other error means that it could not be judged.
_BLAMES = (StreamError, InvalidRequestError)
# No answer to what was asked wrongly.
_PASSING = (RateLimitError, OverloadedError)
_SHOWN_LINES = 20


class Judged(Struct, frozen=True):
    """A cell, and the error for which it could not be judged, if there was one."""

    cell: Cell
    error: Exception | None = None


class Unasked(Struct, frozen=True):
    """Why nothing is asked: there is no recording that may answer, or nobody is there."""

    message: str
    proof: Proof = Proof()
    status: Status = "not_proved"


def run_scenario(
    scenario: Scenario,
    client: Client,
    model: str | Model,
    *,
    wire: str | None = None,
    profile: Profile = "compat",
    cassette: CassetteInUse | None = None,
    now: datetime | None = None,
) -> Cell:
    """Ask a model by a client what the scenario asks; return how it did.

    Nothing that the provider does is raised: `verify` raises for a cell that did not pass.

    model: "provider:model", or a `Model`.
    wire: the wire format, if not the provider's usual one.
    profile: with `strict`, a stream must be as the provider documents it.
    cassette: where answers are recorded, if they are.
    now: what ages are counted to.

    Raises InvalidModelError, UnknownProviderError, UnknownWireError, ValueError for a profile.
    """
    return conduct(
        scenario, client, model, wire=wire, profile=profile, cassette=cassette, now=now
    ).cell


def conduct(
    scenario: Scenario,
    client: Client,
    model: str | Model,
    *,
    wire: str | None = None,
    profile: Profile = "compat",
    cassette: CassetteInUse | None = None,
    now: datetime | None = None,
    unasked: Unasked | None = None,
) -> Judged:
    """As `run_scenario`, with the error for which a cell could not be judged.

    unasked: nothing is asked, for this reason.
    """
    if not isinstance(client, Client):
        raise InvalidInputError(
            f"expected a Client, got {type(client).__name__}; scenarios are asked on a thread, and "
            "check_stream takes the chunks of an async stream"
        )
    asked = Model.parse(model)
    speaker = provider_named(asked.provider)
    question = Question.of(scenario, asked, spoken(speaker, asked, wire))
    profile = checked_profile(profile)
    is_recorded = cassette is not None and bool(cassette.cassette.interactions)
    if said := unsupported(
        question, speaker, client.base_url, is_keyed=client.has_key or is_recorded
    ):
        return Judged(cell(scenario, "unsupported", said))
    if unasked is not None:
        return Judged(cell(scenario, unasked.status, unasked.message, proof=unasked.proof))
    try:
        taken = as_kept(perform(question, client), cassette)
    except Exception as error:
        # A request that no recording answers; or a defect, of a provider in somebody's own package
        # for one: the other cells go on.
        return Judged(_error(scenario, error, Proof()), error)
    return _judged(scenario, taken, proof_of(taken, cassette, now), profile)


def verify(judged: Cell, *, strict: bool = False) -> None:
    """Raise ConformanceError if a scenario did not pass, or nothing proved that it does.

    strict: remarks count, too. What is unsupported or not claimed is let pass.
    """
    __tracebackhide__ = True
    bad = {"failed", "error", "not_proved", *(["remarks"] if strict else [])}
    if judged.status not in bad:
        return
    lines = [f"{judged.scenario}: {judged.status.replace('_', ' ')}: {judged.message}"]
    lines += [f"  {remark}" for remark in judged.remarks[:_SHOWN_LINES]]
    if len(judged.remarks) > _SHOWN_LINES:
        lines.append(f"  and {len(judged.remarks) - _SHOWN_LINES} more")
    raise ConformanceError("\n".join(lines))


def cell(scenario: Scenario, status: Status, message: str = "", **known: Any) -> Cell:
    """Return a cell of this scenario."""
    return Cell(
        scenario=scenario.name,
        capability=scenario.capability,
        status=status,
        message=" ".join(message.split()),
        **known,
    )


def _judged(scenario: Scenario, taken: Taken, proof: Proof, profile: Profile) -> Judged:
    for turn in taken.turns:
        if turn.error is not None and not _can_judge(turn.error, scenario):
            return Judged(_error(scenario, turn.error, proof), turn.error)
    own, general = Expect(), Expect()
    broken = [turn for turn in taken.turns if turn.error is not None]
    if broken and not scenario.wrong:
        own.none_of(map(_breach, broken))
    else:
        try:
            scenario.check(taken, own)
        except Exception as error:
            return Judged(_error(scenario, error, proof), error)
    for turn in taken.turns:
        if turn.error is None:
            check_turn(turn, taken.wire, general, profile=profile, is_left=scenario.leaves)
    return Judged(_counted(scenario, taken, proof, own, general))


def _can_judge(error: ReqLLMError, scenario: Scenario) -> bool:
    """Whether an error is the provider's answer to the scenario, right or wrong."""
    if not scenario.wrong:
        return isinstance(error, _BLAMES)
    return isinstance(error, APIError | StreamError) and not isinstance(error, _PASSING)


def _breach(turn: Turn) -> Remark:
    error = turn.error
    return Remark(
        severity="error",
        rule="refused" if isinstance(error, APIError) else "stream-broken",
        message=f"expected an answer, came {type(error).__name__}: {error}",
        turn=turn.number,
    )


def _counted(scenario: Scenario, taken: Taken, proof: Proof, own: Expect, general: Expect) -> Cell:
    told = {(remark.rule, remark.message) for remark in own.remarks}
    others = (each for each in general.remarks if (each.rule, each.message) not in told)
    remarks = (*own.remarks, *others)
    usages = [turn.usage for turn in taken.turns if turn.usage is not None]
    seconds, first = times(taken, proof)
    status, message = _verdict(own, remarks)
    return cell(
        scenario,
        status,
        message,
        proof=proof,
        asserted=own.asserted + general.asserted,
        remarks=remarks,
        seconds=seconds,
        first_chunk_seconds=first,
        chunks=sum(len(turn.chunks) for turn in taken.turns),
        input_tokens=_sum(usage.input_tokens for usage in usages),
        output_tokens=_sum(usage.output_tokens for usage in usages),
        request_ids=tuple(filter(None, map(_request_id, taken.turns))),
    )


def _verdict(own: Expect, remarks: Sequence[Remark]) -> tuple[Status, str]:
    if not own.asserted:
        return "error", "the scenario asserted nothing, so that nothing could fail"
    worst = next((each for each in remarks if each.severity == "error"), None)
    said = worst or next(iter(remarks), None)
    if said is None:
        return "passed", ""
    more = f" (and {len(remarks) - 1} more)" if len(remarks) > 1 else ""
    return "remarks" if worst is None else "failed", f"{said.rule}: {said.message}{more}"


def _error(scenario: Scenario, error: Exception, proof: Proof) -> Cell:
    if proof.kind == "live":
        proof = Proof(kind="live")  # what could not be judged is not kept
    return cell(scenario, "error", f"{type(error).__name__}: {error}", proof=proof)


def _request_id(turn: Turn) -> str | None:
    if turn.error is not None:
        return turn.error.request_id
    return None if turn.metadata is None else turn.metadata.request_id


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
