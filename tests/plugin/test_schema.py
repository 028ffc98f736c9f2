"""Streams that are not as their wire has them fail the test that plays or records them."""

from __future__ import annotations

import pytest

from .suites import ANSWER, told

PIECES = [ANSWER[0], ANSWER[1].replace(b'"lo"', b"5"), *ANSWER[2:]]
# What only a strict reading minds: a field that is not documented.
EXTRA = [ANSWER[0].replace(b'"created"', b'"craeted":1,"created"'), *ANSWER[1:]]
CHECKED = """
    def test_broken(reqllm_cassette):
        ask(reqllm_cassette.transport())

    @pytest.mark.reqllm(schema="off")
    def test_broken_off(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_left_early(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_extra(reqllm_cassette):
        ask(reqllm_cassette.transport())

    @pytest.mark.reqllm(schema="strict")
    def test_extra_strict(reqllm_cassette):
        ask(reqllm_cassette.transport())

    @pytest.mark.reqllm(wires=["anthropic-messages", "gemini"])
    def test_of_another_wire(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_fails_by_itself(reqllm_cassette):
        ask(reqllm_cassette.transport())
        assert 0
"""


@pytest.fixture
def suite(suite):
    suite.write("test_check.py", CHECKED)
    for name in ("broken", "broken_off", "fails_by_itself"):
        suite.cassette(f"cassettes/test_check/test_{name}.yaml", "Hi", pieces=PIECES)
    for name in ("extra", "extra_strict"):
        suite.cassette(f"cassettes/test_check/test_{name}.yaml", "Hi", pieces=EXTRA)
    suite.cassette("cassettes/test_check/test_of_another_wire.yaml", "Hi")
    suite.cassette("cassettes/test_check/test_left_early.yaml", "Hi", pieces=ANSWER[:1])
    return suite


def test_a_violation_fails_the_test(suite):
    """Its number, its path and the rule are named; a test says how strictly it wants to be read."""
    result = suite.run()
    result.assert_outcomes(passed=2, failed=5)
    said = told(result)
    assert said["test_broken"][0].startswith("cassettes/test_check/test_broken.yaml holds a str")
    where = "  interaction 0: error: event 2 $.choices[0].delta.content: type: "
    assert said["test_broken"][1].startswith(where)
    assert said["test_broken"][-1].startswith("To record it: ")
    assert "terminal-missing" in said["test_left_early"][1]
    assert "event 1 $.craeted: " in said["test_extra_strict"][1]
    assert "came one of openai-chat" in said["test_of_another_wire"][1]
    assert not any("holds a stream" in line for line in said["test_fails_by_itself"])


def test_how_strictly(suite):
    """The command line goes before the marker, but for a marker that turns the check off."""
    suite.run("--reqllm-schema=off").assert_outcomes(passed=6, failed=1)
    suite.run("--reqllm-schema=strict").assert_outcomes(passed=1, failed=6)
    suite.ini("reqllm_schema = strict")
    suite.run("-k", "extra").assert_outcomes(failed=2, deselected=5)
    suite.run("-k", "extra", "--reqllm-schema=compat").assert_outcomes(passed=2, deselected=5)


RECORDED = """
    def test_recorded(reqllm_cassette):
        with httpx.Client(transport=reqllm_cassette.transport()) as client:
            asked = request()
            asked["json"]["model"] = "no_terminator"
            client.send(client.build_request(**asked))
"""


def test_what_is_recorded_is_checked_before_it_is_published(suite, server):
    """A recording that breaks its wire's rules is refused; without the check it is taken."""
    suite.write("test_check.py", RECORDED)
    suite.environ(LOOPBACK=f"{server.url}/v1/chat/completions")
    result = suite.run("--reqllm-mode=record", "--reqllm-schema=strict")
    result.assert_outcomes(failed=1)
    assert "interaction 0: error: " in told(result)["test_recorded"][1]
    assert "cassettes/test_check/test_recorded.yaml" not in suite.cassettes()
    suite.run("--reqllm-mode=record", "--reqllm-schema=off").assert_outcomes(passed=1)
    assert "cassettes/test_check/test_recorded.yaml" in suite.cassettes()
