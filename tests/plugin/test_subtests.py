"""Subtests are parts of a test: it is judged, and published, when all of them are over."""

from __future__ import annotations

import pytest

from .suites import told

pytestmark = pytest.mark.skipif(
    not hasattr(pytest, "Subtests"), reason="subtests come with pytest 9"
)

PARTS = """
    from unittest import TestCase

    PROMPT = os.environ.get("PROMPT", "Hi")

    def test_parts(reqllm_cassette, subtests):
        for part in (1, 2):
            with subtests.test(part=part):
                ask(reqllm_cassette.transport(), f"{PROMPT} {part}")

    def test_part_fails(reqllm_cassette, subtests):
        with subtests.test():
            ask(reqllm_cassette.transport(), PROMPT)
            assert PROMPT == "Hi"

    @pytest.mark.reqllm(patch=True)
    class TestUnit(TestCase):
        def test_parts(self):
            for part in (1, 2):
                with self.subTest(part=part):
                    ask(None, f"{PROMPT} {part}")

        def test_part_fails(self):
            with self.subTest():
                ask(None, PROMPT)
                self.assertEqual(PROMPT, "Hi")
"""


@pytest.fixture
def suite(suite, server):
    suite.write("test_rec.py", PARTS)
    suite.environ(LOOPBACK=f"{server.url}/v1/chat/completions")
    return suite


def test_all_parts_are_recorded_and_play(suite):
    """What the later parts ask is recorded with the rest, and not told to be unplayed before."""
    suite.run("--reqllm-mode=record").assert_outcomes(passed=4)
    assert suite.prompts("cassettes/test_rec/test_parts.yaml") == ["Hi 1", "Hi 2"]
    assert suite.prompts("cassettes/test_rec/TestUnit.test_parts.yaml") == ["Hi 1", "Hi 2"]
    suite.run().assert_outcomes(passed=4)


def test_a_part_that_fails_publishes_nothing(suite):
    """A test with a failed subtest fails: its cassette stays as it was."""
    suite.run("--reqllm-mode=record").assert_outcomes(passed=4)
    suite.environ(PROMPT="Ho")
    suite.run("--reqllm-mode=record")
    for test in ("test_part_fails", "TestUnit.test_part_fails"):
        assert suite.prompts(f"cassettes/test_rec/{test}.yaml") == ["Hi"]
    assert suite.prompts("cassettes/test_rec/test_parts.yaml") == ["Ho 1", "Ho 2"]


def test_a_miss_in_a_part_is_told(suite):
    """It fails its subtest, and the test, with what differs; nothing is told of what is left."""
    suite.run("--reqllm-mode=record").assert_outcomes(passed=4)
    suite.environ(PROMPT="Ho")
    result = suite.run()
    assert result.ret == 1
    lines = [line for said in told(result).values() for line in said]
    assert any('asked:    "Ho 1"' in line for line in lines)
    assert not any("not played" in line for line in lines)
