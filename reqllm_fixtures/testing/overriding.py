"""Which of our fixtures a user has overridden.

Those of ours that only give what is known are not set up for the fixtures that need them: that
would cost each test more than to open its cassette. A user's own must be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from reqllm_fixtures.testing.options import CONFIG, PATH

_OVERRIDABLE = (CONFIG, PATH)


class Overriding:
    """Knows what is overridden where; it is asked for once in each module or class."""

    def __init__(self) -> None:
        self._names: dict[Any, tuple[str, ...]] = {}

    def names(self, item: pytest.Item) -> tuple[str, ...]:
        """Name the fixtures that are to be set up for a test, if it asks for any of ours."""
        names = self._names.get(item.parent)
        if names is None:
            above = [] if item.parent is None else [*_parametrized(item.parent.iter_markers())]
            names = self._names[item.parent] = tuple(
                each for each in _OVERRIDABLE if len(_found(each, item)) > 1 or each in above
            )
        callspec = getattr(item, "callspec", None)
        if callspec is None:
            return names
        return (*names, *(each for each in _OVERRIDABLE if each in callspec.params))

    def unnamed(self, metafunc: pytest.Metafunc) -> list[str]:
        """Name the fixtures that a test needs, if it asks for any of ours, and does not name."""
        definition = metafunc.definition
        needed = {*self.names(definition), *_parametrized(definition.own_markers)}
        return [
            each for each in _OVERRIDABLE if each in needed and each not in metafunc.fixturenames
        ]


def declare(names: Iterable[str], metafunc: pytest.Metafunc) -> None:
    """Tell pytest of fixtures that a test needs, as if it named them.

    It runs the test once for each of their parameters.
    """
    for name in names:
        metafunc.fixturenames.append(name)
        metafunc._arg2fixturedefs[name] = _found(name, metafunc.definition)


def _found(fixture: str, item: pytest.Item) -> Sequence[Any]:
    return item.session._fixturemanager.getfixturedefs(fixture, item) or ()


def _parametrized(marks: Iterable[pytest.Mark]) -> Iterator[str]:
    """Name those that a test is parametrized by itself."""
    for mark in marks:
        if mark.name == "parametrize":
            said = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
            names = said.split(",") if isinstance(said, str) else said
            yield from (each for each in _OVERRIDABLE if each in (name.strip() for name in names))
