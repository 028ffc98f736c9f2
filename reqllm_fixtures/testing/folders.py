"""Folders in which nothing but cassettes lies.

pytest asks all plugins about each file of a folder, which takes longer than to look at its name:
with a cassette a test, that is part of the price of each.
"""

from __future__ import annotations

import os

import pytest

from reqllm_fixtures.testing.naming import is_cassette


def may_be_passed_over(path: str, config: pytest.Config) -> bool:
    """Tell whether a folder holds cassettes only, and nobody may take such files for tests."""
    try:
        return not _others_collect(config) and _has_cassettes_only(path)
    except OSError:  # pytest may tell of it
        return False


def _others_collect(config: pytest.Config) -> bool:
    """Tell whether anybody but pytest collects files: it might take YAML or JSON for tests."""
    asked = config.hook.pytest_collect_file.get_hookimpls()
    return any(not each.function.__module__.startswith("_pytest.") for each in asked)


def _has_cassettes_only(path: str) -> bool:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not _has_cassettes_only(entry.path):
                    return False
            elif not is_cassette(entry.name):
                return False
    return True
