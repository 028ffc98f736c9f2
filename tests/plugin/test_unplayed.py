"""Recordings that a passing test does not play fail it, unless it says otherwise."""

from __future__ import annotations

from .suites import told

UNPLAYED = """
    def one(cassette):
        ask(cassette.transport(), "Hi")

    def test_one_of_two(reqllm_cassette):
        one(reqllm_cassette)

    @pytest.mark.reqllm(unplayed="ignore")
    def test_ignored(reqllm_cassette):
        one(reqllm_cassette)

    @pytest.mark.reqllm(unplayed="warn")
    def test_warned(reqllm_cassette):
        one(reqllm_cassette)

    def test_failing_anyway(reqllm_cassette):
        one(reqllm_cassette)
        assert 0

    def test_skipped(reqllm_cassette):
        pytest.skip()

    @pytest.fixture
    def cleaned(reqllm_cassette):
        yield reqllm_cassette
        ask(reqllm_cassette.transport(), "Bye")

    def test_plays_the_rest_when_torn_down(cleaned):
        one(cleaned)

    @pytest.fixture
    def cleaned_in_vain(reqllm_cassette):
        yield reqllm_cassette

    def test_plays_nothing_when_torn_down(cleaned_in_vain):
        one(cleaned_in_vain)

    def test_path_alone(fixture_path):
        assert fixture_path.exists()

    def test_asks_for_none():
        pass
"""
ADVICE = (
    "The test no longer asks for them. Ask again or record it anew; where that is meant: "
    '@pytest.mark.reqllm(unplayed="ignore").'
)
TESTS = (
    "one_of_two ignored warned failing_anyway skipped plays_the_rest_when_torn_down "
    "plays_nothing_when_torn_down path_alone asks_for_none"
)


def test_unplayed(suite):
    """A passing test that plays less than was recorded fails, names what it left, and only that."""
    suite.ini()
    suite.write("test_two.py", UNPLAYED)
    for test in TESTS.split():
        suite.cassette(f"cassettes/test_two/test_{test}.yaml", "Hi", "Bye")
    result = suite.run()
    result.assert_outcomes(passed=6, failed=2, skipped=1, errors=1, warnings=1)
    said = told(result)
    assert said["test_one_of_two"] == [
        "1 of 2 recordings in cassettes/test_two/test_one_of_two.yaml were not played:",
        "  interaction 1 (POST https://api.example.test/v1/chat/completions)",
        ADVICE,
        "To record it: pytest test_two.py::test_one_of_two --reqllm-mode=record",
    ]
    assert not any("recordings" in line for line in said["test_failing_anyway"])
    # The verdict waits for a fixture that may still ask.
    assert "1 of 2 recordings" in said["test_plays_nothing_when_torn_down"][0]
    result.stdout.fnmatch_lines(["*UnplayedWarning: 1 of 2 recordings in *test_warned.yaml*"])


def test_the_ini_decides_for_all(suite):
    """The ini file says it for tests that do not; whoever adds recordings is not judged by them."""
    suite.ini("reqllm_unplayed = ignore")
    suite.write("test_two.py", UNPLAYED)
    for test in TESTS.split():
        suite.cassette(f"cassettes/test_two/test_{test}.yaml", "Hi", "Bye")
    suite.run().assert_outcomes(passed=7, failed=1, skipped=1, warnings=1)
    suite.ini()
    suite.run("--reqllm-mode=fill").assert_outcomes(passed=7, failed=1, skipped=1)
