"""A matrix over the loopback provider, in every wire: live, recorded, replayed, not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import httpx2
import pytest
from msgspec.structs import replace

from reqllm import Client
from reqllm_fixtures import load
from reqllm_fixtures.conformance import (
    SCENARIOS,
    Cell,
    Proof,
    Scenario,
    run_scenario,
    scenario,
)
from tests.loopback.asking import MODELS
from tests.loopback.conformance import LoopbackConformance
from tests.loopback.messages import Answer, Request
from tests.loopback.problems import json_answer
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer

from .playing import REGION, UNSUPPORTED, matrix, target

SHORT = [scenario("text"), scenario("usage")]
PATIENT = Scenario(
    name="asserts_nothing", title="", context=SHORT[0].context, check=lambda taken, expect: None
)


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REGION, "us-east-1")


def found(cell: Cell) -> Cell:
    """A cell without what differs between a call and its replay: what proves it, and times."""
    return replace(cell, proof=Proof(), seconds=None, first_chunk_seconds=None)


@pytest.mark.parametrize("wire", MODELS)
def test_a_healthy_provider_passes(wire, tmp_path: Path):
    """Every scenario passes or has no form in the wire; its replay finds the same, and its age."""
    with LoopbackServer(LoopbackConformance()) as server:
        asked = [target(wire, server.url)]
        live = matrix(asked, mode="record", cassettes=tmp_path)
    later = datetime.now(UTC) + timedelta(days=3)
    replayed = matrix(
        [replace(asked[0], api_key=None)],
        mode="replay",
        cassettes=tmp_path,
        now=lambda: later,
    )

    statuses = {cell.scenario: (cell.status, cell.message) for _, cell in live.cells}
    unsupported = [name for name, (status, _) in statuses.items() if status == "unsupported"]
    assert unsupported == UNSUPPORTED.get(wire, [])
    assert {
        name: told for name, told in statuses.items() if name not in unsupported
    } == dict.fromkeys(
        [each.name for each in SCENARIOS if each.name not in unsupported], ("passed", "")
    )
    assert [found(cell) for _, cell in replayed.cells] == [found(cell) for _, cell in live.cells]
    for (_, called), (_, played) in zip(live.cells, replayed.cells, strict=True):
        if called.status != "unsupported":
            assert called.proof == Proof(kind="live", path=played.proof.path)
            assert played.proof.kind == "recording"
            assert 2.9 < (played.proof.age_days or 0) < 3.1
            assert Path(played.proof.path).is_relative_to(tmp_path)
            # The times are those of the call, not of its replay.
            assert played.seconds == pytest.approx(called.seconds, abs=0.001)


def test_what_was_never_recorded_is_not_proved(tmp_path: Path):
    """Nothing is asked, and nothing passes; what has no form in the wire is told all the same."""
    run = matrix(["openai:gpt-5-mini"], mode="replay", cassettes=tmp_path)

    assert {cell.status for _, cell in run.cells} == {"not_proved"}
    _, first = next(run.cells)
    assert first.message == f"there is no recording at {tmp_path}/openai/gpt-5-mini/text.yaml"
    assert first.proof.kind == "none"


def test_what_asserts_nothing_is_an_error(tmp_path: Path):
    """A scenario that cannot fail has not passed."""
    with LoopbackServer(LoopbackConformance()) as server:
        run = matrix([target("openai-chat", server.url)], scenarios=[PATIENT], cassettes=tmp_path)

    _, cell = next(run.cells)
    assert cell.status == "error"
    assert "asserted nothing" in cell.message


def test_what_is_not_claimed_is_not_asked(tmp_path: Path):
    """By capability, or by the name of a scenario."""
    run = matrix(["openai:x"], without=["tools", "cancel"], mode="replay", cassettes=tmp_path)

    left_out = {cell.scenario for _, cell in run.cells if cell.status == "not_claimed"}
    assert left_out == {each.name for each in SCENARIOS if each.capability == "tools"} | {"cancel"}


def test_a_recording_that_is_too_old(tmp_path: Path):
    """It proves nothing in a replay; to fill is to record it anew, and nothing else."""
    with LoopbackServer(LoopbackConformance()) as server:
        asked = [target("openai-chat", server.url)]
        options = {"scenarios": SHORT, "cassettes": tmp_path}
        matrix(asked, mode="record", **options)
        old = {"now": lambda: datetime.now(UTC) + timedelta(days=9), "max_age": timedelta(days=7)}
        replayed = matrix(asked, mode="replay", **options, **old)
        filled = matrix(asked, mode="fill", **options, **old)
        again = matrix(asked, mode="fill", **options)

    assert [cell.status for _, cell in replayed.cells] == ["not_proved"] * 2
    _, first = next(replayed.cells)
    assert "expected a recording of the last 7 days" in first.message
    assert "9 days old" in first.message
    assert first.proof.kind == "recording"
    assert [cell.proof.kind for _, cell in filled.cells] == ["live", "live"]
    assert [cell.proof.kind for _, cell in again.cells] == ["recording", "recording"]


def test_nobody_is_there(tmp_path: Path):
    """No traceback and no recording: a clear message in each cell, and no waiting for each."""
    with LoopbackServer(LoopbackConformance()) as server:
        gone = server.url
    waits: list[float] = []
    run = matrix(
        [target("openai-responses", gone)],
        mode="record",
        scenarios=[*SHORT, scenario("stop_sequence")],
        cassettes=tmp_path,
        sleep=waits.append,
    )

    first, second, third = (cell for _, cell in run.cells)
    for cell in (first, second):
        assert cell.status == "error"
        assert cell.message.startswith("TransportError: could not reach http")
        assert cell.proof == Proof()
    assert second.message.endswith("not asked again")
    assert third.status == "unsupported"
    assert len(waits) == 2
    assert list(tmp_path.rglob("*.yaml")) == []


def test_a_provider_without_room_is_asked_again(tmp_path: Path):
    """As long as it asks to wait, twice; only what was judged is recorded."""
    healthy, asked, waits = LoopbackConformance(silence=0), [], []

    def busy(request: Request) -> Answer:
        asked.append(request)
        if len(asked) < 3:
            status, more = ((429, (("retry-after", "7"),)), (503, ()))[len(asked) - 1]
            return json_answer({"error": {"message": "busy"}}, more, status)
        return healthy(request)

    with LoopbackServer(busy) as server:
        run = matrix(
            [target("openai-chat", server.url)],
            mode="fill",
            scenarios=SHORT[:1],
            cassettes=tmp_path,
            sleep=waits.append,
            chance=lambda: 0.0,
        )

    _, cell = next(run.cells)
    assert (cell.status, cell.proof.kind) == ("passed", "live")
    assert waits == [7.0, 1.0]
    (file,) = tmp_path.rglob("*.yaml")
    assert [each.response.status for each in load(file).interactions] == [200]


def test_a_provider_that_is_down_is_not_judged(tmp_path: Path):
    """A 500 says nothing of what it can; nothing of it is kept."""
    down = json_answer({"error": {"message": "down"}}, status=500)
    with LoopbackServer(lambda _: down) as server:
        asked = [target("openai-chat", server.url)]
        run = matrix(asked, mode="record", scenarios=SHORT[:1], cassettes=tmp_path)

    _, cell = next(run.cells)
    assert cell.status == "error"
    assert cell.message.startswith("ServerError: down")
    assert cell.proof == Proof(kind="live")
    assert list(tmp_path.rglob("*.yaml")) == []


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_of_either_library(library):
    """Scenarios are asked by it as it is, and it is as before when they are over."""
    with (
        LoopbackServer(LoopbackConformance(silence=0.001)) as server,
        library.Client(verify=False, trust_env=False) as http,
        Client(server.url, KEY, http_client=http) as client,
    ):
        hooks = {name: [*each] for name, each in http.event_hooks.items()}
        for name in ("tool_round_trip", "long_output", "cancel", "unauthenticated"):
            found = run_scenario(scenario(name), client, MODELS["openai-chat"])
            assert (found.status, found.message) == ("passed", "")
            assert found.proof == Proof(kind="live")
            assert found.seconds is not None
        assert http.event_hooks == hooks


def test_a_key_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The variable is named; where there is a recording, nobody asks for a key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    run = matrix(["openai:gpt-5-mini"], scenarios=SHORT, cassettes=tmp_path)

    _, cell = next(run.cells)
    assert cell.status == "error"
    assert "set OPENAI_API_KEY" in cell.message


def test_a_recording_of_another_question(tmp_path: Path):
    """It is told what differs; it is neither a pass nor a failure of the provider."""
    with LoopbackServer(LoopbackConformance()) as server:
        asked = [target("openai-chat", server.url)]
        options = {"cassettes": tmp_path}
        matrix(asked, mode="record", scenarios=SHORT, **options)
        other = replace(SHORT[0], context=scenario("unicode").context)
        run = matrix(asked, mode="replay", scenarios=[other], **options)

    _, cell = next(run.cells)
    assert cell.status == "error"
    assert "$.messages[0].content" in cell.message


def test_two_wires_of_a_model_have_recordings_of_their_own(tmp_path: Path):
    """The second does not replace the first."""
    with LoopbackServer(LoopbackConformance()) as server:
        asked = [target(wire, server.url) for wire in ("gemini", "gemini-interactions")]
        run = matrix(asked, mode="record", scenarios=SHORT[:1], cassettes=tmp_path)

    assert {cell.status for _, cell in run.cells} == {"passed"}
    assert sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.yaml")) == [
        "google/gemini-3-flash/text.yaml",
        "google/gemini-3-flash@gemini-interactions/text.yaml",
    ]


def test_a_server_without_keys(tmp_path: Path):
    """That it takes any key is no defect of it; it is not asked at all."""
    with LoopbackServer(LoopbackConformance(())) as server:
        asked = [target("ollama", server.url, key=None)]
        run = matrix(asked, scenarios=[scenario("unauthenticated")], cassettes=tmp_path)

    _, cell = next(run.cells)
    assert (cell.status, cell.message) == ("unsupported", "ollama asks for no key")
