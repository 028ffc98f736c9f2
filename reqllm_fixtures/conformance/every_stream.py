"""What holds for every stream, whatever was asked: checked in all scenarios. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from reqllm.accumulator import Accumulator
from reqllm.chunk import ErrorChunk, Finish, FinishChunk, ReasoningDelta, StreamChunk, TextDelta
from reqllm.errors import ReqLLMError
from reqllm.response import Response, StreamState
from reqllm.wires.table import wire_named
from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.checking import Finding, Profile, check_chunks, check_events
from reqllm_fixtures.checking.finding import checked_profile
from reqllm_fixtures.conformance.asserting import check_usage
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.results import Remark
from reqllm_fixtures.conformance.taken import Turn
from reqllm_fixtures.errors import MissingDependencyError, NodeError

# What is true of every stream that was left early.
_OF_THE_END = frozenset({"terminal-missing", "no-events", "unfinished-event", "block-open"})
OF_A_REQUEST = frozenset(
    {
        "content_not_sent",
        "invalid_arguments_wrapped",
        "name_not_sent",
        "option_adjusted",
        "reasoning_not_sent",
        "system_moved",
        "tool_call_not_sent",
        "tools_missing",
        "unsupported_option",
    }
)
"""Codes of warnings that are about what was asked, and not about what came."""
_WITHOUT_MODEL = frozenset({"bedrock-converse", "cohere-v2"})
"""Wires whose streams do not name the model."""


def check_stream(
    stream: Any,
    *,
    wire: str | None = None,
    body: bytes | None = None,
    profile: Profile = "compat",
) -> tuple[Remark, ...]:
    """Check one stream by what holds for all of them; return what is wrong with it.

    stream: a response of our client, read to its end here; a `Response` with its chunks; or chunks.
    wire, body: what the stream speaks and its bytes, to have its events checked too.
    profile: with `strict` what the provider documents must hold, with `compat` what a client
        needs; what breaks the former alone is then a warning.

    Raises ValueError for another profile, UnknownWireError.
    """
    expect = Expect()
    turn = Turn(number=0, answer=_read(stream))
    _check_answer(turn, wire, expect)
    expect.none_of(_of_chunks(turn, checked_profile(profile)))
    if wire is not None and body is not None:
        expect.none_of(_of_events(turn, wire, body, checked_profile(profile)))
    return tuple(expect.remarks)


def check_turn(
    turn: Turn, wire: str, expect: Expect, *, profile: Profile = "compat", is_left: bool = False
) -> None:
    """Check the answer to one call.

    is_left: it was left early, so that its end is missing.
    """
    if not is_left:
        _check_answer(turn, wire, expect)
    expect.none_of(_excused(_of_chunks(turn, profile), is_left))
    if turn.heard is None:
        return
    response = turn.heard.response
    expect.rather(
        response.status == 200,
        "status",
        f"expected status 200, came {response.status}",
        turn=turn.number,
    )
    types = [value for name, value in response.headers if name.lower() == "content-type"]
    wanted = wire_named(wire).accept
    expect.rather(
        any(each.partition(";")[0].strip().lower() == wanted for each in types),
        "content-type",
        f"expected the content type {wanted}, came {', '.join(types) or 'none'}",
        turn=turn.number,
    )
    try:
        body, _ = decoded(response.body, response.headers)
    except (NodeError, MissingDependencyError) as error:
        expect.rather(False, "unreadable-body", str(error), turn=turn.number)
        return
    expect.none_of(_excused(_of_events(turn, wire, body, profile), is_left))


def _check_answer(turn: Turn, wire: str | None, expect: Expect) -> None:
    answer, number = turn.answer, turn.number
    expect.that(
        answer.state == "complete",
        "not-complete",
        f"expected a complete stream, came one that is {answer.state}"
        + (f": {answer.error}" if answer.error else ""),
        turn=number,
    )
    reason = answer.finish_reason.reason if answer.finish_reason else None
    raw = answer.finish_reason.raw if answer.finish_reason else None
    expect.rather(
        reason not in (None, "other", "incomplete"),
        "finish-reason",
        f"expected a finish reason that is known, came {raw or reason or 'none'!r:.80}",
        turn=number,
    )
    expect.rather(
        answer.usage is not None, "usage-missing", "expected usage, came none", turn=number
    )
    expect.rather(
        answer.content or _was_spent_on_thoughts(answer),
        "empty-answer",
        "expected an answer, came a stream that says nothing",
        turn=number,
    )
    if answer.usage is not None:
        check_usage(answer.usage, partial(expect.rather, turn=number))
    expect.rather(
        answer.model or wire in _WITHOUT_MODEL,
        "model-missing",
        "expected the name of the model that answered, came none",
        turn=number,
    )
    empty = [
        chunk.kind
        for chunk in turn.chunks
        if isinstance(chunk, TextDelta | ReasoningDelta) and not chunk.text
    ]
    expect.rather(
        not empty, "empty-delta", f"expected no empty delta, came {len(empty)}", turn=number
    )
    for warned in answer.warnings:
        if warned.code not in OF_A_REQUEST:
            expect.rather(False, warned.code, warned.message, turn=number)


def _was_spent_on_thoughts(answer: Response) -> bool:
    """Whether there were no tokens left to say anything with."""
    reason = answer.finish_reason.reason if answer.finish_reason else None
    return reason == "length" and bool(answer.usage and answer.usage.reasoning_output_tokens)


def _of_chunks(turn: Turn, profile: Profile) -> Iterator[Remark]:
    for finding in check_chunks(turn.chunks, profile=profile):
        yield _remark(finding, turn.number)


def _of_events(turn: Turn, wire: str, body: bytes, profile: Profile) -> Iterator[Remark]:
    """Give what is wrong with events; what only the strict profile minds is a warning in compat."""
    found = check_events(wire, body, profile="strict")
    if found and profile == "compat":
        lenient = check_events(wire, body, profile="compat")
        known = {_place(finding) for finding in lenient}
        others = (finding for finding in found if _place(finding) not in known)
        found = (*lenient, *(replace(finding, severity="warning") for finding in others))
    for finding in found:
        yield _remark(finding, turn.number)


def _excused(remarks: Iterable[Remark], is_left: bool) -> Iterator[Remark]:
    return (each for each in remarks if not (is_left and each.rule in _OF_THE_END))


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.rule, finding.event, finding.path


def _remark(finding: Finding, turn: int) -> Remark:
    more = f" (and {finding.repeats} more like it)" if finding.repeats else ""
    return Remark(
        severity=finding.severity,
        rule=finding.rule,
        message=f"{finding.message}{more}",
        event=finding.event,
        path=finding.path,
        turn=turn,
    )


def _read(stream: Any) -> Response:
    """Return a whole answer with its chunks, out of whatever holds them."""
    if isinstance(stream, Response):
        return stream
    chunks: list[StreamChunk] = []
    try:
        chunks.extend(stream)
    except ReqLLMError as error:
        chunks.append(ErrorChunk(error))
    folded = Accumulator()
    folded.add(chunks)
    last = chunks[-1] if chunks else None
    broke = last.error if isinstance(last, ErrorChunk) else None
    return folded.response(_state(last), broke).with_chunks(chunks)


def _state(last: StreamChunk | None) -> StreamState:
    match last:
        case FinishChunk(finish=Finish(reason="cancelled")):
            return "interrupted"
        case FinishChunk(finish=Finish(reason="incomplete")):
            return "incomplete"
        case FinishChunk():
            return "complete"
        case ErrorChunk(error=broke) if broke.partial is not None:
            return broke.partial.state
        case ErrorChunk():
            return "failed"
        case _:
            return "open"
