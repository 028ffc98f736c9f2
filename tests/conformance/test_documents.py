"""docs/conformance.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

from reqllm_fixtures import conformance
from reqllm_fixtures.cli.conformance_command import conformance_command
from reqllm_fixtures.conformance.results import STATUSES
from reqllm_fixtures.conformance.scenarios import SCENARIOS, TOKEN_LIMIT

PAGE = Path(__file__).parents[2].joinpath("docs", "conformance.md").read_text()


def table(head: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    rows = PAGE.partition(f"| {head} ")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_scenario_is_in_the_table():
    """With its capability, in the order in which they are run."""
    told = [[cell.strip("`") for cell in row[:2]] for row in table("scenario")]
    assert told == [[each.name, each.capability] for each in SCENARIOS]
    assert f"`max_tokens` {TOKEN_LIMIT}" in PAGE


def test_every_status_is_in_the_table():
    """In the order of the reports."""
    assert [row[0].strip("`") for row in table("status")] == [*STATUSES]


def test_every_option_is_in_the_table():
    """And no other."""
    told = {name for row in table("option") for name in re.findall(r"`(-[\w-]+)`", row[0])}
    assert told == {
        name for each in conformance_command.params for name in each.opts if "-" in name
    }


def test_what_is_imported_is_there():
    """Every public name that the page names."""
    named = {
        name for names in re.findall(r"conformance import (.+)", PAGE) for name in names.split(", ")
    }
    assert len(named) > 6
    assert named <= set(dir(conformance))
