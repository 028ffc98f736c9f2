"""The broken providers: each differs from a healthy one, in its scenario, on each of its wires."""

from __future__ import annotations

import pytest

import reqllm
from reqllm_fixtures.conformance.scenarios import SCENARIOS, WEATHER

from .asked.readers import READERS
from .asking import BY_NAME, asked, request, sent
from .conformance import LoopbackConformance
from .defects import DEFECTS, defect_named
from .messages import Request
from .rewriting import payload, rewritten, spoken
from .scenario import Scenario, Text
from .wires import Wire, events
from .wording import Options

WORDS = "Zażółć 👩‍👩‍👧 now"
HEALTHY = LoopbackConformance(silence=0)
every_defect = pytest.mark.parametrize("defect", DEFECTS, ids=str)


def last_request(wire: Wire, name: str) -> Request:
    """The request in which a scenario's defects show: after a tool has answered, the second."""
    if name != "tool_round_trip":
        return request(wire, name)
    first = reqllm.decode_stream(wire, sent(HEALTHY(request(wire, name))))
    call = first.tool_calls[0]
    answered = reqllm.Message.tool(call.id, dict(WEATHER), name=call.name)
    return asked(wire, BY_NAME[name].context.append(first.message, answered))


@every_defect
def test_a_defect_changes_the_answer(defect):
    """By its bytes, its writes or its head, on every wire that it names."""
    broken = LoopbackConformance(defect=defect, silence=0)
    for wire in defect.wires:
        made = last_request(wire, defect.caught_by)
        assert broken(made) != HEALTHY(made), wire


@every_defect
def test_a_broken_provider_answers_all_the_same(defect):
    """It is wrong in one way, and does not fall over elsewhere."""
    broken = LoopbackConformance(defect=defect, silence=0)
    wire = defect.wires[len(defect.name) % len(defect.wires)]
    for name in BY_NAME:
        assert broken(request(wire, name)).status in (200, 400, 401, 403, 404, 500)


def test_every_scenario_has_something_to_catch():
    """And every defect a scenario that is there, a wire, and a reason."""
    assert {defect.caught_by for defect in DEFECTS} == {scenario.name for scenario in SCENARIOS}
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 20
    for defect in DEFECTS:
        assert defect.why
        assert set(defect.wires) <= set(READERS)
        assert len(set(defect.wires)) == len(defect.wires) > 0
        assert defect_named(str(defect)) is defect


def test_every_wire_can_be_broken_in_every_scenario():
    """But for stop sequences, which OpenAI's responses have not."""
    played = {(wire, defect.caught_by) for defect in DEFECTS for wire in defect.wires}
    wanted = {(wire, name) for wire in READERS for name in BY_NAME}
    assert wanted - played == {("openai-responses", "stop_sequence")}


@pytest.mark.parametrize("wire", READERS)
def test_a_payload_that_is_not_changed_stays(wire):
    """Events are taken apart and written again as they were, frames with true checksums."""
    made = events(wire, Scenario(parts=(Text(WORDS),)), Options(model="m"))
    again = rewritten(wire, made, dict)
    heard, once_more = (reqllm.decode_stream(wire, b"".join(each)) for each in (made, again))
    assert once_more.chunks == heard.chunks
    assert [payload(wire, event) for event in again] == [payload(wire, event) for event in made]
    assert "".join(spoken(wire, event) for event in made) == heard.text == WORDS


def test_a_defect_is_played_only_where_it_is_meant():
    """One that changes an object leaves a mere text alone."""
    for name in ("member_missing", "object_in_a_fence", "calls_unasked", "says_the_stop"):
        made = request("openai-chat", "text")
        broken = LoopbackConformance(defect=defect_named(name), silence=0)
        assert broken(made) == HEALTHY(made)
