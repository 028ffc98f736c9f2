"""Folders of cassettes are not searched for tests, unless there may be some."""

from __future__ import annotations

LOOKS = """
    import pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(collection_path):
        if "__pycache__" not in str(collection_path):
            print("looked at", collection_path.name)
"""
COLLECTS = """
    def pytest_collect_file(file_path, parent):
        return None
"""


def looked_at(suite, *args: str) -> set[str]:
    """Run a suite that has a conftest; return the names of all that pytest looked at."""
    lines = suite.run("-s", *args).outlines
    return {line.removeprefix("looked at ") for line in lines if line.startswith("looked at ")}


def test_a_folder_of_cassettes_is_passed_over(suite):
    """None of its files is looked at; a folder of another name is none of ours."""
    suite.write("conftest.py", LOOKS)
    suite.cassette("cassettes/test_a/test_one.yaml", "Hi")
    suite.cassette("others/test_a/test_two.yaml", "Hi")
    suite.write("test_a.py", "def test_one(reqllm_cassette): ask(reqllm_cassette.transport())")
    suite.run().assert_outcomes(passed=1)
    seen = looked_at(suite)
    assert {"cassettes", "test_two.yaml", "test_a.py"} <= seen
    assert "test_one.yaml" not in seen


def test_what_may_be_a_test_is_found(suite):
    """Tests among cassettes run, and a plugin that collects files is asked about each."""
    suite.cassette("cassettes/test_a/test_one.yaml", "Hi")
    suite.write("cassettes/test_b.py", "def test_b(): pass")
    suite.run().assert_outcomes(passed=1)
    suite.folder.joinpath("cassettes/test_b.py").unlink()
    suite.write("conftest.py", LOOKS + COLLECTS)
    assert "test_one.yaml" in looked_at(suite)
