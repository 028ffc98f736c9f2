"""What is known of tests once they were collected: what is wrong with a marker, which cassette."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import UNSET

from reqllm_fixtures.testing import naming, overlays
from reqllm_fixtures.testing.marking import Marked, MarkerError, marked
from reqllm_fixtures.testing.options import Options
from reqllm_fixtures.testing.results import Collected, Results


def take(
    items: Sequence[pytest.Item],
    asking: Sequence[pytest.Item],
    report: pytest.CollectReport,
    options: Options,
    results: Results,
) -> None:
    """Read the markers of tests that ask; what no marker may say fails the collection."""
    try:
        for each in asking:
            overlays.require(each)
        said = {each.nodeid: marked(each) for each in asking}
    except MarkerError as error:
        report.outcome, report.longrepr, report.result = "failed", str(error), []
        return
    if options.unused:
        paths = {each.nodeid: str(path_of(each, said[each.nodeid], options)) for each in asking}
        results.collected += [
            Collected(each.nodeid, str(each.path), paths.get(each.nodeid)) for each in items
        ]


def path_of(item: pytest.Item, said: Marked, options: Options) -> Path:
    """Name the cassette of a test, unless its fixture `fixture_path` names another."""
    if said.name is not UNSET:
        return naming.path_named(item.path, options.folder, str(said.name))
    classes = [each.name for each in item.listchain() if isinstance(each, pytest.Class)]
    return naming.path_of(item.path, options.folder, classes, overlays.name_of(item))


def relative(path: str, config: pytest.Config) -> str:
    """Write a path from where pytest was started."""
    return os.path.relpath(path, config.invocation_params.dir)
