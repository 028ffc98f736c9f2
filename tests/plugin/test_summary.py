"""The end of a run: what was recorded, is unused, stale or live; the report says it all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reqllm_fixtures import Cassette, load, save
from reqllm_fixtures.matching.matchers import strict

THREE = """
    def test_a(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_b(reqllm_cassette):
        ask(reqllm_cassette.transport())

    @pytest.mark.reqllm("named")
    def test_c(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_d(reqllm_cassette):
        pytest.skip()
"""
OTHER = """
    def test_e(fixture_path):
        pass

    def test_f():
        pass
"""
USED = ["test_three/test_a", "test_three/test_b", "named", "test_three/test_d", "test_other/test_e"]
UNUSED = [
    "cassettes/old.yaml",
    "cassettes/test_gone/test_a.yaml",
    "cassettes/test_other/test_old.json",
    "cassettes/test_three/test_old.yaml.gz",
]


@pytest.fixture
def suite(suite):
    suite.write("test_three.py", THREE)
    suite.write("test_other.py", OTHER)
    for name in USED:
        suite.cassette(f"cassettes/{name}.yaml", "Hi")
    for name in UNUSED:
        suite.cassette(name, "Hi")
    suite.folder.joinpath("cassettes", "README.md").write_text("Recorded by hand.")
    return suite


def unused(result):
    return [line.split()[1] for line in result.outlines if line.startswith("unused ")]


def test_unused(suite):
    """Cassettes that belong to no test are listed; those of tests that did not run are not."""
    assert unused(suite.run("--reqllm-unused")) == UNUSED
    assert unused(suite.run("--reqllm-unused", "-k", "test_b or test_f")) == UNUSED
    assert unused(suite.run("--reqllm-unused", "-n", "2")) == UNUSED
    in_file = ["cassettes/test_three/test_old.yaml.gz"]
    assert unused(suite.run("--reqllm-unused", "test_three.py", "--collect-only")) == in_file
    assert unused(suite.run("--reqllm-unused", "test_three.py::test_a")) == []
    quiet = suite.run()
    assert quiet.ret == 0
    quiet.stdout.no_fnmatch_line("*reqllm: *")


CHOOSES = """
    @pytest.fixture
    def fixture_path(request):
        return request.path.parent / "cassettes" / "mine.yaml"

    def test_chooses(reqllm_cassette):
        ask(reqllm_cassette.transport())

    def test_other():
        pass
"""


def test_unused_where_tests_choose_by_themselves(suite):
    """What a test chose is in use; where one did not run that might have chosen, none is judged."""
    suite.write("test_chooses.py", CHOOSES)
    suite.cassette("cassettes/mine.yaml", "Hi")
    assert unused(suite.run("--reqllm-unused", "--deselect=test_three.py::test_d")) == []
    suite.write("test_three.py", THREE.replace("pytest.skip()", "ask(reqllm_cassette.transport())"))
    suite.write("test_other.py", "")
    suite.folder.joinpath("cassettes/test_other/test_e.yaml").unlink()
    assert unused(suite.run("--reqllm-unused")) == UNUSED
    result = suite.run("--reqllm-unused", "-k", "not test_b")
    assert unused(result) == []
    result.stdout.fnmatch_lines(
        ["no search for unused cassettes: 1 of the tests did not run, and some *"]
    )


def test_stale(suite):
    """Cassettes older than --reqllm-max-age are listed with their age, where that is asked."""
    path = suite.folder / "cassettes/test_three/test_a.yaml"
    cassette = load(path)
    then = datetime.now(UTC) - timedelta(days=100, minutes=1)
    aged = [
        replace(each, response=replace(each.response, recorded_at=then))
        for each in cassette.interactions
    ]
    save(Cassette(path, aged, matcher=strict))
    suite.run("--reqllm-max-age=99").stdout.fnmatch_lines(
        [
            "*= reqllm: replay =*",
            "stale cassettes/test_three/test_a.yaml: recorded 100 days ago, at 20*",
        ]
    )
    suite.run("--reqllm-max-age=101").stdout.no_fnmatch_line("*reqllm: *")


LIVE = """
    def test_live(reqllm_cassette):
        ask(reqllm_cassette.transport())
        assert [json.loads(each.body)["model"] for each in reqllm_cassette.sent] == ["text"]

    def test_broken(reqllm_cassette):
        with httpx.Client(transport=reqllm_cassette.transport()) as client:
            asked = request()
            asked["json"]["model"] = "fault-reset"
            with pytest.raises(httpx.HTTPError), client.stream(**asked) as response:
                list(response.iter_raw())
"""


def test_live_and_incomplete(suite, server):
    """Live calls are counted and keep nothing; a recording that broke off is told as one."""
    suite.write("test_live.py", LIVE)
    suite.environ(LOOPBACK=f"{server.url}/v1/chat/completions")
    before = suite.cassettes()
    suite.run("test_live.py", "--reqllm-mode=live").stdout.fnmatch_lines(
        [
            "*= reqllm: live =*",
            "live test_live.py::test_broken: 1 request",
            "live test_live.py::test_live: 1 request",
        ]
    )
    assert suite.cassettes() == before
    result = suite.run("test_live.py", "--reqllm-mode=record", "-n", "2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "recorded cassettes/test_live/test_broken.yaml: 1 interaction, * bytes",
            "recorded cassettes/test_live/test_live.yaml: 1 interaction, * bytes",
            "incomplete cassettes/test_live/test_broken.yaml: interaction 0 broke off: *Error: *",
        ]
    )
    replay = suite.run("test_live.py")
    replay.assert_outcomes(passed=2)
    replay.stdout.no_fnmatch_line("*reqllm: *")


def test_the_report(suite):
    """The report holds what every test used and what the section says, the same under xdist."""
    suite.write(
        "test_miss.py", "def test_g(reqllm_cassette):\n    ask(reqllm_cassette.transport())"
    )
    path = suite.folder / "out" / "report.json"
    seen = []
    for how in ((), ("-n", "2")):
        suite.run("--reqllm-report=out/report.json", "--reqllm-unused", *how)
        seen.append(json.loads(path.read_text()))
    assert seen[0] == seen[1]
    report = seen[0]
    assert (report["version"], report["mode"], report["unused"]) == (1, "replay", UNUSED)
    tests = {each["test"]: each for each in report["tests"]}
    assert tests["test_three.py::test_a"] == {
        "test": "test_three.py::test_a",
        "path": "cassettes/test_three/test_a.yaml",
        "mode": "replay",
        "passed": True,
        "requests": 1,
        "played": 1,
        "unplayed": 0,
        "refused": 0,
        "recorded": 0,
        "recorded_bytes": 0,
        "oldest": None,
        "incomplete": [],
    }
    assert tests["test_miss.py::test_g"]["refused"] == 1
    assert not tests["test_miss.py::test_g"]["passed"]
