"""The pages say what the plugin does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from reqllm_fixtures import plugin
from reqllm_fixtures.secrets.redaction import Redactor
from reqllm_fixtures.testing import marking, results, settings, summary

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text()


def test_the_example_of_the_readme_is_one_of_our_tests():
    """What the README shows is tests/test_recorded_chat.py, which runs with all others."""
    assert (ROOT / "tests" / "test_recorded_chat.py").read_text() in (
        ROOT / "README.md"
    ).read_text()


def test_the_page_lists_everything(pytestconfig: pytest.Config):
    """Every fixture, keyword, option, ini name and field of the report has its line."""
    rows = re.findall(r"^\| (.*) \|$", PAGE, re.M)
    named = {name for row in rows for name in re.findall(r"`(?:--)?([\w-]+)", row)}
    fixtures = {
        name for name in vars(plugin) if name.startswith(("fixture_", "reqllm_", "stream_"))
    }
    assert fixtures - {"reqllm_fixtures"} <= named
    assert set(marking.Marked.__struct_fields__) <= named
    assert set(summary.Summary.__struct_fields__) <= named
    assert set(results.Used.__struct_fields__) <= named
    ours = {name for name in vars(pytestconfig.option) if name.startswith("reqllm_")}
    assert {name.replace("_", "-") for name in ours} <= named
    assert {*ours, "reqllm_unplayed", "reqllm_cassette_dir", "reqllm_allowed_hosts"} <= named


def test_the_marker_documents_its_keywords():
    """The line that `pytest --markers` shows has every keyword, with a word on it."""
    for keyword in marking.Marked.__struct_fields__:
        assert f"{keyword}: " in plugin.MARKER or f"{keyword}=" in plugin.MARKER


def test_what_a_project_may_say_about_redaction():
    """`reqllm_config` takes what a redactor takes, and docs/pytest.md lists it."""
    assert inspect.signature(Redactor.of).parameters.keys() - {"environ"} == settings.REDACTION
    for name in {*settings.REDACTION, "match_on", "allow_repeats"}:
        assert f"`{name}`" in PAGE
