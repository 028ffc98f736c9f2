"""Which cassettes no test uses: those that were neither opened nor belong to a test by their name.

Only where every test that could use them was collected: a run of one file does not judge those of
another, and one of a single test judges none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from reqllm_fixtures.file_names import stem
from reqllm_fixtures.testing import naming
from reqllm_fixtures.testing.options import Options
from reqllm_fixtures.testing.results import Results

_SKIPPED = "no search for unused cassettes"


class Found(NamedTuple):
    """Cassettes that nobody uses, and why there might be more."""

    paths: list[str]
    reasons: list[str]


def search(results: Results, options: Options, config: pytest.Config) -> Found:
    """Search the folders of cassettes beside the tests that were collected."""
    reason = _why_not(results, config)
    if reason:
        return Found([], [reason])
    used = {os.path.realpath(each.path) for each in results.collected if each.path}
    used.update(results.opened)
    judged = {path for place in _places(results, options, config) for path in _cassettes(place)}
    return Found(sorted(path for path in judged if os.path.realpath(path) not in used), [])


def _why_not(results: Results, config: pytest.Config) -> str | None:
    """Tell why no cassette can be said to be unused, if so."""
    if not results.is_whole:
        return f"{_SKIPPED}: a worker died and did not tell what it used"
    for option in ("lf", "stepwise"):
        if config.getoption(option, False):
            return f"{_SKIPPED}: --{option} leaves tests out"
    by_hand = _opened_elsewhere(results)
    left_out = len({each.test for each in results.collected} - set(results.ran))
    if by_hand and left_out:
        return (
            f"{_SKIPPED}: {left_out} of the tests did not run, and some here choose cassettes "
            "by themselves"
        )
    return None


def _opened_elsewhere(results: Results) -> bool:
    """Tell whether tests open cassettes that are not theirs by their names."""
    named = {os.path.realpath(each.path) for each in results.collected if each.path}
    return any(path not in named for path in results.opened)


class _Place(NamedTuple):
    folder: Path
    is_deep: bool


def _places(results: Results, options: Options, config: pytest.Config) -> Iterator[_Place]:
    """List the folders whose every user was collected."""
    args = [_Arg.of(each, config) for each in config.args]
    for file in {Path(each.file) for each in results.collected}:
        covering = [arg for arg in args if file.is_relative_to(arg.path)]
        if any(arg.is_whole and arg.path.is_dir() for arg in covering):
            yield _Place(file.parent / options.folder, is_deep=True)
        elif any(arg.is_whole for arg in covering):
            yield _Place(file.parent / options.folder / stem(file.stem), is_deep=True)


class _Arg(NamedTuple):
    """What pytest was asked to collect: a folder, a file, or a part of one."""

    path: Path
    is_whole: bool

    @classmethod
    def of(cls, text: str, config: pytest.Config) -> _Arg:
        path, found, _ = text.partition("::")
        return cls(Path(config.invocation_params.dir, path).resolve(), not found)


def _cassettes(place: _Place) -> Iterator[str]:
    for folder, _, names in os.walk(place.folder):
        for name in names:
            if naming.is_cassette(name) and not name.startswith("."):
                yield os.path.join(folder, name)
