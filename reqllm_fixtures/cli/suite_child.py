"""A plugin for a run of pytest that only collects: which tests play from cassettes, and how named.

`reqllm-fixtures import --from-pytest-recording` starts that run, and reads the file that it writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from reqllm_fixtures.testing import naming

VARIABLE = "REQLLM_COLLECTED"
# What a suite may override, and so keep its cassettes elsewhere or read them otherwise.
_FIXTURES = ("vcr_config", "vcr_cassette_dir", "default_cassette_name")
# A suite that is strict about markers must collect where pytest-recording is gone already, too.
_MARKERS = ("vcr", "default_cassette", "block_network", "allowed_hosts")


class Test(Struct, frozen=True):
    """One test that plays from cassettes."""

    test: str
    file: str
    name: str
    """With its parameters."""
    cls: str | None
    default: str | None
    """The name that its marker `default_cassette` gives."""
    extras: list[str]
    """Files that its markers `vcr` name beside its own."""
    options: list[str]
    """What else those markers say."""
    is_vcr: bool
    """Whether it still bears pytest-recording's marker, and not only ours."""
    path: str
    """Where our plugin looks for its cassette."""


class Suite(Struct, frozen=True):
    """What was collected."""

    tests: list[Test] = []
    overridden: list[tuple[str, str]] = []
    """A file, and one of pytest-recording's fixtures that it defines."""


def pytest_configure(config: pytest.Config) -> None:
    for name in _MARKERS:
        config.addinivalue_line("markers", f"{name}: pytest-recording's")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    suite = Suite(
        [_told(item, _folder(config)) for item in items if _is_recorded(item)],
        sorted({*_overridden(config, items)}),
    )
    Path(os.environ[VARIABLE]).write_bytes(msgspec.json.encode(suite))


def _is_recorded(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("vcr", "reqllm"))


def _told(item: pytest.Item, folder: str) -> Test:
    markers = list(item.iter_markers("vcr"))
    named = item.get_closest_marker("default_cassette")
    default = str(named.args[0]) if named is not None and named.args else None
    cls = getattr(item, "cls", None)
    return Test(
        item.nodeid,
        str(item.path),
        item.name,
        None if cls is None else cls.__name__,
        default,
        [str(name) for marker in markers for name in marker.args],
        sorted({name for marker in markers for name in marker.kwargs}),
        bool(markers),
        str(_path(item, folder, default)),
    )


def _path(item: pytest.Item, folder: str, default: str | None) -> Path:
    if default is not None:  # as the marker that takes its place must say it
        return naming.path_named(item.path, folder, f"{item.path.stem}/{default}")
    classes = [each.name for each in item.listchain() if isinstance(each, pytest.Class)]
    return naming.path_of(item.path, folder, classes, item.name)


def _folder(config: pytest.Config) -> str:
    try:
        return str(config.getini("reqllm_cassette_dir") or "cassettes")
    except (KeyError, ValueError):  # our plugin was turned off
        return "cassettes"


def _overridden(config: pytest.Config, items: Sequence[pytest.Item]) -> Iterator[tuple[str, str]]:
    conftests = [each for each in config.pluginmanager.get_plugins() if _is_conftest(each)]
    owners: list[Any] = [*conftests, *(getattr(item, "module", None) for item in items)]
    for owner in owners:
        yield from ((str(owner.__file__), name) for name in _FIXTURES if hasattr(owner, name))
    for item in items:
        cls = getattr(item, "cls", None)
        yield from ((str(item.path), name) for name in _FIXTURES if hasattr(cls, name))


def _is_conftest(plugin: Any) -> bool:
    return isinstance(plugin, ModuleType) and str(plugin.__file__).endswith("conftest.py")
