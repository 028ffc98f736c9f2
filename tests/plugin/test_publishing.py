"""What a run with --reqllm-mode=record writes, and when it writes nothing."""

from __future__ import annotations

import pytest

from tests.loopback.provider import KEY

from .suites import told

RECORDED = """
    import contextlib
    from unittest import TestCase

    PROMPT = os.environ.get("PROMPT", "Hi")

    def test_passes(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)
        ask(reqllm_cassette.transport(), "Twice")

    @pytest.mark.parametrize("way", ["a/b", "a-b", "../../x", "", "é", "ok"])
    def test_parameters(reqllm_cassette, way):
        ask(reqllm_cassette.transport(), f"{PROMPT} {way}")

    class TestOuter:
        class TestInner:
            def test_method(self, reqllm_cassette):
                ask(reqllm_cassette.transport(), PROMPT)

    @pytest.mark.reqllm(patch=True)
    class TestUnit(TestCase):
        def test_unit(self):
            ask(None, PROMPT)

        def test_unit_fails(self):
            ask(None, PROMPT)
            self.assertTrue(PROMPT == "Hi")

    @pytest.mark.reqllm("shared/one", unplayed="ignore")
    @pytest.mark.parametrize("number", [1, 2])
    def test_shared(reqllm_cassette, number):
        ask(reqllm_cassette.transport(), f"{PROMPT} {number}")

    def test_fails(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)
        assert PROMPT == "Hi"

    @pytest.fixture
    def broken(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)
        assert PROMPT == "Hi"

    def test_fails_before(broken):
        pass

    def test_skips(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)
        if PROMPT != "Hi":
            pytest.skip()

    @pytest.mark.xfail(condition=PROMPT != "Hi", reason="it fails")
    def test_xfails(reqllm_cassette):
        ask(reqllm_cassette.transport(), PROMPT)
        assert PROMPT == "Hi"

    def test_stays_open(reqllm_cassette):
        client = httpx.Client(transport=reqllm_cassette.transport())
        response = client.send(client.build_request(**request(PROMPT)), stream=True)
        next(response.iter_raw())

    def test_asks_nothing(reqllm_cassette, reqllm_client, reqllm_async_client):
        pass
"""
FAIL = [
    "TestUnit.test_unit_fails",
    "test_fails",
    "test_fails_before",
    "test_skips",
    "test_xfails",
]


@pytest.fixture
def suite(suite, server):
    suite.write("test_rec.py", RECORDED)
    suite.environ(LOOPBACK=f"{server.url}/v1/chat/completions")
    return suite


def test_a_passing_test_publishes_and_replays(suite, server):
    """What passed is recorded, under a name of its own, and plays in the next run."""
    result = suite.run_apart("--reqllm-mode=record")
    result.assert_outcomes(passed=18)
    result.stdout.fnmatch_lines_random(
        [
            "*= reqllm: record =*",
            "recorded cassettes/test_rec/test_passes.yaml: 2 interactions, * bytes",
            "recorded cassettes/shared/one.yaml: 2 interactions, * bytes",
            "incomplete cassettes/test_rec/test_stays_open.yaml: interaction 0 was left *",
        ]
    )
    files = suite.cassettes()
    assert len([each for each in files if "test_parameters" in each]) == 6
    assert len(files) == 16
    assert all(each.startswith(("cassettes/test_rec/", "cassettes/shared/one")) for each in files)
    assert "cassettes/test_rec/TestOuter.TestInner.test_method.yaml" in files
    assert suite.prompts("cassettes/test_rec/test_passes.yaml") == ["Hi", "Twice"]
    assert suite.prompts("cassettes/shared/one.yaml") == ["Hi 1", "Hi 2"]
    assert not any(KEY in (suite.folder / each).read_text() for each in files)

    asked = len(server.requests)
    replay = suite.run_apart()
    replay.assert_outcomes(passed=18)
    replay.stdout.no_fnmatch_line("*reqllm: *")
    assert len(server.requests) == asked
    assert suite.cassettes() == files


def test_what_did_not_pass_leaves_its_cassette(suite, server):
    """Failed, skipped, expected to fail, broken before it began: the old file stays as it was."""
    suite.run("--reqllm-mode=record").assert_outcomes(passed=18)
    before = {each: (suite.folder / each).read_bytes() for each in suite.cassettes()}
    suite.environ(PROMPT="Bye")
    result = suite.run("--reqllm-mode=record")
    result.assert_outcomes(passed=13, failed=2, errors=1, skipped=1, xfailed=1)
    after = {each: (suite.folder / each).read_bytes() for each in suite.cassettes()}
    same = sorted(each for each in before if before[each] == after[each])
    assert same == sorted(f"cassettes/test_rec/{each}.yaml" for each in FAIL)
    assert after.keys() == before.keys()
    for name in FAIL:
        result.stdout.no_fnmatch_line(f"recorded *{name}.yaml*")


def test_the_first_failure_ends_the_run(suite):
    """-x and -k: what passed by then is recorded, and nothing else."""
    suite.environ(PROMPT="Bye")
    args = ("-x", "-k", "passes or test_fails or asks or stays")
    suite.run("--reqllm-mode=record", *args).assert_outcomes(passed=1, failed=1, deselected=13)
    assert suite.cassettes() == ["cassettes/test_rec/test_passes.yaml"]


RERUN = """
    from pathlib import Path
    TIMES = Path(__file__).with_name("times")

    def test_flaky(reqllm_cassette):
        times = len(TIMES.read_text()) if TIMES.exists() else 0
        TIMES.write_text("x" * (times + 1))
        ask(reqllm_cassette.transport(), f"Try {times}")
        assert times == 1
"""


def test_reruns(suite):
    """Of a test that is run again only the try that passed is recorded, and once."""
    suite.write("test_rec.py", RERUN)
    result = suite.run_beside("--reqllm-mode=record", "--reruns=2", plugins=("rerunfailures",))
    result.assert_outcomes(passed=1)
    assert suite.prompts("cassettes/test_rec/test_flaky.yaml") == ["Try 1"]
    result.stdout.fnmatch_lines(["recorded *test_flaky.yaml: 1 interaction, *"])


SECRETS = """
    def test_secret(reqllm_cassette):
        ask(reqllm_cassette.transport(), "My key is sk-ant-api03-" + "a1B2" * 20)

    def test_swallows_that_there_is_no_key(reqllm_client):
        try:
            with reqllm_client.stream("openai:text", "Hi"):
                pass
        except Exception:
            pass
"""


def test_what_cannot_be_recorded(suite):
    """A secret that would be written, and a key that is not there, fail the test and say why."""
    suite.write("test_rec.py", SECRETS)
    result = suite.run("--reqllm-mode=fill")
    result.assert_outcomes(passed=1, errors=1, failed=1)
    said = told(result)
    assert "this looks like a secret" in said["test_secret"][0]
    assert "there is no API key" in said["test_swallows_that_there_is_no_key"][0]
    assert said["test_secret"][-1].endswith("--reqllm-mode=fill")
    assert suite.cassettes() == []
