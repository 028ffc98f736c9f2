"""Conformance as tests: the ready class, and any parametrisation, on the plugin's own cassettes."""

from __future__ import annotations

import inspect

import pytest

from reqllm_fixtures.conformance import SCENARIOS, ConformanceSuite
from tests.loopback.conformance import LoopbackConformance
from tests.loopback.defects import defect_named
from tests.loopback.provider import KEY
from tests.loopback.server import LoopbackServer
from tests.plugin.suites import Suite, told

SUITE = """
import os
from reqllm_fixtures.conformance import ConformanceSuite

class TestMine(ConformanceSuite):
    model = "openai:gpt-5-mini"
    wire = "openai-responses"
    base_url = os.environ["LOOPBACK"]
    api_key_env = "CONFORMANCE_KEY"
    without = ("vision",)
    test_cancel = None
"""
PARAMETRISED = """
from reqllm_fixtures.conformance import run_scenario, scenario, verify

SOME = [scenario(name) for name in ("text", "tool_round_trip", "unicode", "unauthenticated")]

@pytest.mark.parametrize("scenario", SOME, ids=str)
def test_conformance(scenario, reqllm_client):
    cell = run_scenario(scenario, reqllm_client, "ollama:qwen3:8b")
    if cell.status == "unsupported":
        pytest.skip(cell.message)
    verify(cell)
    proof = cell.proof.kind, cell.proof.path.endswith(f"test_conformance[{scenario}].yaml")
    assert proof in (("live", False), ("recording", True))
    assert cell.seconds is not None
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Suite(pytester, monkeypatch)


def test_the_class_has_a_test_for_each_scenario():
    """In the order in which all are run: none was forgotten."""
    tests = [name for name in vars(ConformanceSuite) if name.startswith("test_")]
    assert tests == [f"test_{each.name}" for each in SCENARIOS]
    for each in SCENARIOS:
        assert f'"{each.name}"' in inspect.getsource(getattr(ConformanceSuite, f"test_{each.name}"))


def test_recorded_and_replayed(suite: Suite):
    """Recorded once, all pass without key and network; what is not asked for is skipped, and why.

    What was never recorded is a miss, told by the plugin, with the command that records it.
    """
    suite.write("test_mine.py", SUITE)
    suite.write("test_all.py", PARAMETRISED)
    with (
        LoopbackServer(LoopbackConformance(silence=0.001)) as server,
        LoopbackServer(LoopbackConformance((), silence=0.001)) as at_home,
    ):
        suite.environ(LOOPBACK=server.url, CONFORMANCE_KEY=KEY, OLLAMA_HOST=at_home.url)
        suite.run("--reqllm-mode=record").assert_outcomes(passed=17 + 3, skipped=2 + 1)
    suite.environ(CONFORMANCE_KEY="")
    suite.write("test_more.py", PARAMETRISED)
    replayed = suite.run("-rs")

    replayed.assert_outcomes(passed=17 + 3, failed=3, skipped=2 + 2)
    replayed.stdout.fnmatch_lines_random(
        [
            "*openai-responses does not take stop: not sent*",
            "*openai:gpt-5-mini is said to be without vision",
            "To record it: pytest 'test_more.py::test_conformance?text?' --reqllm-mode=record",
        ]
    )
    kept = suite.cassettes()
    assert len(kept) == 17 + 3
    assert "cassettes/test_mine/TestMine.test_tool_round_trip.yaml" in kept
    assert "cassettes/test_all/test_conformance[unicode].yaml" in kept
    assert not any(KEY in suite.folder.joinpath(each).read_text() for each in kept)


def test_what_does_not_conform_fails_its_test(suite: Suite):
    """And no other; it is told what was expected, and no traceback of ours is shown."""
    suite.write("test_all.py", PARAMETRISED)
    ignores = LoopbackConformance((), defect_named("mojibake"), silence=0.001)
    with LoopbackServer(ignores) as server:
        suite.environ(OLLAMA_HOST=server.url)
        result = suite.run("--reqllm-mode=live")

    result.assert_outcomes(passed=2, failed=1, skipped=1)
    (lines,) = told(result).values()
    said = "\n".join(lines)
    assert "ConformanceError: unicode: failed: text-differs: " in said
    assert "judging.py" not in said
