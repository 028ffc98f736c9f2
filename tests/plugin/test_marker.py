"""The marker `reqllm` and the fixture `reqllm_config`: what they change, and what they refuse."""

from __future__ import annotations

import pytest

from .suites import told

WRONG = """
    class TestOne:
        @pytest.mark.parametrize("a", [1])
        @pytest.mark.{mark}
        def test_it(self, reqllm_cassette, a):
            pass
"""
MARKS = {
    'reqllm(volatle=["uuids"])': "Expected one of the keywords *Did you mean 'volatile'?",
    'reqllm(mode="record")': "A marker does not change the mode: *Use --reqllm-mode.",
    'reqllm(unplayed="no")': "Expected unplayed to be one of fail, warn, ignore. Came: 'no'.",
    "reqllm(schema=True)": "Expected schema to be one of strict, compat, off. Came: True.",
    "reqllm(pace=-1)": "Expected pace to be a number from 0 (at once) up. Came: -1.",
    'reqllm(volatile=["$.a["])': "Expected volatile to be JSON paths and names of presets (*",
    'reqllm(volatile=["uids"])': "*Did you mean 'uuids'?*",
    'reqllm(patch="yes")': "Expected patch to be True or False. Came: 'yes'.",
    "reqllm(wires=[])": "Expected wires to be the name of a wire, or several. Came: *",
    'reqllm(overlay="recutt:7")': "Expected overlay to be an overlay (*Did you mean 'recut'?*",
    "reqllm(match=1)": "Expected match to be a matcher, or names *",
    'reqllm("../x")': "Expected name to be a name inside the folder of cassettes *",
    'reqllm("/etc/x")': "Expected name to be a name inside *",
    'reqllm("a", "b")': "Expected one name of a cassette. Came: 'a', 'b'.",
    "reqllm(3)": "Expected name to be a text. Came: 3.",
}


def test_a_wrong_keyword_fails_the_collection(suite):
    """Each is told at the user's own line; no other file of tests is lost by it."""
    for number, mark in enumerate(MARKS):
        suite.write(f"test_{number:02}.py", WRONG.format(mark=mark))
    suite.write("test_right.py", "def test_it(reqllm_cassette): pass")
    result = suite.run("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=len(MARKS))
    text = result.outlines
    for number, (mark, expected) in enumerate(MARKS.items()):
        line = text.index(f"test_{number:02}.py:6: @pytest.mark.{mark}")
        pytest.LineMatcher([text[line + 1]]).fnmatch_lines([expected.replace("[", "[[]", 1)])


PLACES = """
    pytestmark = [
        pytest.mark.reqllm(
            pase=1
        ),
    ]

    def test_it(reqllm_cassette):
        pass
"""
UNIT = """
    from unittest import TestCase

    class TestUnit(TestCase):
        @pytest.mark.reqllm(
            "name", patsch=True
        )
        def test_it(self):
            pass
"""
LATE = """
    import pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            item.add_marker(pytest.mark.reqllm(patch=1))
"""


def test_wherever_a_marker_stands(suite):
    """The line is found for a module's markers, for unittest's, and told late for a late one."""
    suite.write("test_module.py", PLACES)
    suite.write("test_unit.py", UNIT)
    suite.write("late/conftest.py", LATE)
    suite.write("late/test_late.py", "def test_late(reqllm_cassette): pass")
    result = suite.run("--continue-on-collection-errors")
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines_random(
        [
            "test_module.py:5: pytest.mark.reqllm(",
            "test_unit.py:7: @pytest.mark.reqllm(",
            "Expected patch to be True or False. Came: 1.",
        ]
    )


def test_it_documents_itself(suite):
    """`pytest --markers` and `--fixtures` tell what there is, and --strict-markers knows it."""
    suite.write("test_it.py", "@pytest.mark.reqllm\ndef test_it(): pass")
    suite.run("--strict-markers").assert_outcomes(passed=1)
    suite.run("--markers").stdout.fnmatch_lines(["@pytest.mark.reqllm(name, match=*volatile=*"])


SAID = """
    import uuid

    pytestmark = pytest.mark.reqllm("one", unplayed="ignore")

    @pytest.fixture(scope="module")
    def reqllm_config():
        return {"volatile": ["$.metadata"], "secrets": ["hush"], "pace": 0}

    def send(cassette, **more):
        with httpx.Client(transport=cassette.transport()) as client:
            asked = request()
            return client.send(client.build_request(**{**asked, "json": {**asked["json"], **more}}))

    def test_config(reqllm_cassette):
        send(reqllm_cassette, metadata=1)

    @pytest.mark.reqllm(volatile=["$.user"])
    def test_the_marker_goes_first(reqllm_cassette):
        send(reqllm_cassette, user="me")

    @pytest.mark.reqllm(volatile=["$.user"])
    def test_and_in_its_place(reqllm_cassette):
        send(reqllm_cassette, metadata=1)

    @pytest.mark.reqllm(match=["method", "uri"])
    def test_vcrpys_names(reqllm_cassette):
        send(reqllm_cassette, anything=1)

    @pytest.mark.reqllm(match=["$.anything", "uuids"])
    def test_paths_in_match(reqllm_cassette):
        send(reqllm_cassette, anything=1)

    @pytest.mark.reqllm(pace=1)
    def test_pace(reqllm_cassette):
        import time
        begun = time.monotonic()
        send(reqllm_cassette)
        assert time.monotonic() - begun > 0.03

    class TestOther:
        @pytest.fixture
        def reqllm_config(self):
            return {"volatil": []}

        def test_wrong_config(self, reqllm_cassette):
            pass

    class TestSecrets:
        @pytest.fixture
        def reqllm_config(self):
            return {"secrets": "hush-hush"}

        def test_one_text(self, reqllm_cassette):
            pass

    class TestPath:
        @pytest.fixture
        def fixture_path(self, request):
            return request.path.parent / "elsewhere.yaml"

        def test_own_path(self, reqllm_cassette):
            send(reqllm_cassette)
"""


def test_settings(suite):
    """The closest marker counts, then reqllm_config of any scope; the path may be overridden."""
    suite.write("test_said.py", SAID)
    suite.cassette("cassettes/one.yaml", "Hi")
    suite.cassette("elsewhere.yaml", "Hi")
    result = suite.run()
    result.assert_outcomes(passed=6, failed=1, errors=2)
    said = told(result)
    # Recording anew mends no setting.
    told_once = ["Expected secrets as a list of texts, secrets=[...]. Came: one text."]
    assert said["TestSecrets.test_one_text"] == told_once
    assert "  $.metadata" in said["test_and_in_its_place"]
    assert said["TestOther.test_wrong_config"][0].startswith(
        "reqllm_config: Expected one of allow_"
    )


OVERRIDDEN = """
    SAID = "$.messages[0].content"

    @pytest.fixture(params=["a", "b"])
    def fixture_path(request):
        return request.path.parent / f"{request.param}.yaml"

    @pytest.fixture(params=[[SAID], [SAID, "$.n"]], ids=["one", "two"])
    def reqllm_config(request):
        return {"volatile": request.param}

    def test_by_cassette(reqllm_cassette):
        ask(reqllm_cassette.transport(), "Two")

    @pytest.mark.reqllm(patch=True)
    def test_by_marker():
        ask(None, "Three")

    def test_by_name(request, fixture_path):
        ask(request.getfixturevalue("reqllm_cassette").transport(), "Four")

    @pytest.mark.parametrize("fixture_path", ["a.yaml"])
    @pytest.mark.parametrize("reqllm_config", [{"volatile": SAID}])
    def test_by_parameters(reqllm_cassette):
        ask(reqllm_cassette.transport(), "Five")

    @pytest.mark.parametrize("other, fixture_path", [(1, "a.yaml"), (2, "b.yaml")])
    class TestAll:
        @pytest.mark.parametrize("reqllm_config", [{"volatile": SAID}])
        def test_by_class(self, other, reqllm_cassette):
            ask(reqllm_cassette.transport(), "Six")

    def test_without():
        pass
"""


def test_overridden_fixtures_with_parameters(suite):
    """A test runs once for each parameter of a user's fixtures in the place of ours, as it asks."""
    suite.write("test_over.py", OVERRIDDEN)
    suite.cassette("a.yaml", "Hi")
    suite.cassette("b.yaml", "Hi")
    suite.run().assert_outcomes(passed=3 * 4 + 1 + 2 + 1)
    suite.run("-k", "two").assert_outcomes(passed=3 * 2, deselected=10)


ASKED_LATE = """
    @pytest.fixture
    def reqllm_config():
        return {"volatile": ["$.messages[0].content"]}

    @pytest.fixture
    def fixture_path(request):
        return request.path.parent / "a.yaml"

    def test_late(request):
        ask(request.getfixturevalue("reqllm_cassette").transport(), "Two")
"""


def test_overridden_fixtures_of_a_test_that_asks_while_it_runs(suite):
    """What nobody knew of at the collection holds all the same."""
    suite.write("test_late.py", ASKED_LATE)
    suite.cassette("a.yaml", "Hi")
    suite.run().assert_outcomes(passed=1)
