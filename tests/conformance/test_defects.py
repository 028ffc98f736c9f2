"""Conformance against broken providers: each is caught, and no scenario hides what it shows."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import reqllm
from reqllm_fixtures.conformance import SCENARIOS, scenario
from tests.loopback.asking import request, sent
from tests.loopback.conformance import LoopbackConformance
from tests.loopback.defect import Defect
from tests.loopback.defects import DEFECTS
from tests.loopback.test_defects import last_request
from tests.loopback.wires import Wire

from .playing import REGION, cells

HEALTHY = LoopbackConformance(silence=0)
REFUSALS = ("unauthenticated", "unknown_model", "invalid_request")
# What nobody could know to be wrong: another text than the healthy one, which is a text.
ANY_TEXT = {"text", "usage", "no_tool", "token_limit", "tool_round_trip"}
UNKNOWABLE = {
    "drops_a_delta": ANY_TEXT,
    "gives_up": ANY_TEXT,
    "doubles_a_delta": {*ANY_TEXT, "system", "multi_turn", "reasoning", "image_input"},
    # Each has what was asked for in it, said twice or in other words.
    "forgets_turns": {"tool_round_trip"},
}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REGION, "us-east-1")


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """One for the module: building a TLS context is the slowest thing here."""
    with httpx.Client(verify=False, trust_env=False, timeout=5) as client:
        yield client


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_a_defect_is_caught(defect: Defect, http: httpx.Client):
    """By the scenario meant for it, on every wire that can have it; it says what was found."""
    meant = scenario(defect.caught_by)
    for wire in defect.wires:
        (cell,) = cells(wire, defect, [meant], http).values()
        assert cell.status in ("failed", "remarks"), wire
        assert cell.remarks, wire
        assert cell.message, wire


@pytest.mark.untraced
@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_no_scenario_hides_a_defect(defect: Defect, http: httpx.Client):
    """Where a broken provider says something else than a healthy one, no scenario just passes."""
    wire = defect.wires[len(defect.name) % len(defect.wires)]
    found = cells(wire, defect, SCENARIOS, http)
    passed = {name for name, cell in found.items() if cell.status == "passed"}
    # An answer that is left early may have been left before what is wrong with it.
    hidden = {name for name in passed - {"cancel"} if differs(defect, wire, name)}
    assert hidden <= UNKNOWABLE.get(defect.name, set())


def differs(defect: Defect, wire: Wire, name: str) -> bool:
    """Whether a reader of the answer gets to see that it is another."""
    made = request(wire, name) if name in REFUSALS else last_request(wire, name)
    broken, healthy = LoopbackConformance(defect=defect, silence=0)(made), HEALTHY(made)
    if name in REFUSALS or broken.status != healthy.status:
        return (broken.status, sent(broken)) != (healthy.status, sent(healthy))
    return seen(wire, sent(broken)) != seen(wire, sent(healthy))


def seen(wire: Wire, body: bytes) -> tuple[object, ...]:
    """What a reader sees of an answer, beside ids and how it was cut."""
    answer = reqllm.decode_stream(wire, body)
    calls = [(call.name, call.arguments_raw) for call in answer.tool_calls]
    finish = answer.finish_reason.reason if answer.finish_reason else None
    usage = answer.usage and (answer.usage.input_tokens, answer.usage.output_tokens)
    return answer.state, answer.text, calls, finish, usage, answer.model, answer.warnings
