"""The marker `reqllm`: what it may say, and where in a user's file it says something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType

from reqllm_fixtures.errors import OverlayError, RulesError
from reqllm_fixtures.testing import marker_places, naming
from reqllm_fixtures.testing.options import SCHEMAS, UNPLAYED

MARKER = "reqllm"
_SOUND = pytest.StashKey[dict[int, pytest.Mark]]()
"""The marks that were looked at in this run and say what they may."""


class Marked(Struct, frozen=True, kw_only=True):
    """What the markers of one test say together; UNSET is what none of them says."""

    name: str | UnsetType = UNSET
    match: Any = UNSET
    volatile: Any = UNSET
    schema: str | UnsetType = UNSET
    unplayed: str | UnsetType = UNSET
    pace: float | UnsetType = UNSET
    wires: str | list[str] | UnsetType = UNSET
    patch: bool | UnsetType = UNSET
    overlay: Any = UNSET


class MarkerError(Exception):
    """A marker says what no marker says; the message begins with its line."""


def marked(item: pytest.Item) -> Marked:
    """Read the markers of a test: of each keyword the closest to it counts. Raises MarkerError."""
    said: dict[str, Any] = {}
    sound = item.config.stash.setdefault(_SOUND, {})
    for node, mark in item.iter_markers_with_node(MARKER):
        if sound.get(id(mark)) is not mark:  # the tests of a module have its marks in common
            problem = _problem(mark)
            if problem is not None:
                raise MarkerError(f"{marker_places.place_of(node, mark, item)}\n{problem}")
            sound[id(mark)] = mark
        said = {**_said(mark), **said}
    return Marked(**said)


def problem_with(keyword: str, value: Any) -> str | None:
    """Tell what is wrong with the value of a keyword, if anything is."""
    expected = _EXPECTED[keyword](value)
    return None if expected is None else f"Expected {keyword} to be {expected}. Came: {value!r}."


def _problem(mark: pytest.Mark) -> str | None:
    if len(mark.args) > 1:
        return f"Expected one name of a cassette. Came: {', '.join(map(repr, mark.args))}."
    if mark.args and "name" in mark.kwargs:
        return "Expected one name of a cassette. Came: two."
    if "mode" in mark.kwargs:
        return (
            "A marker does not change the mode: whether a run reaches the network must be seen "
            "on its command line. Use --reqllm-mode."
        )
    for keyword, value in _said(mark).items():
        if keyword not in _EXPECTED:
            from reqllm_fixtures.matching.presets import (
                unknown,  # here, as hardly any marker needs it
            )

            return unknown("one of the keywords", keyword, _EXPECTED)
        if problem := problem_with(keyword, value):
            return problem
    return None


def _said(mark: pytest.Mark) -> dict[str, Any]:
    return {**dict(zip(("name",), mark.args, strict=False)), **mark.kwargs}


def _name(value: Any) -> str | None:
    return naming.refusal(value) if isinstance(value, str) else "a text"


def _matcher(value: Any) -> str | None:
    if hasattr(value, "key") or isinstance(value, str) or callable(value):
        return None
    if isinstance(value, Iterable) and all(isinstance(i, str) or callable(i) for i in value):
        return None
    return "a matcher, or names of vcrpy's matchers, functions, JSON paths and presets"


def _volatile(value: Any) -> str | None:
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, Iterable) or not all(isinstance(each, str) for each in paths):
        return "JSON paths and names of presets"
    from reqllm_fixtures.matching.matchers import Rules

    try:
        Rules(paths)
    except RulesError as error:
        return f"JSON paths and names of presets ({error})"
    return None


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str | None]:
    return lambda value: None if value in choices else f"one of {', '.join(choices)}"


def _pace(value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number and 0 <= value < float("inf") else "a number from 0 (at once) up"


def _wires(value: Any) -> str | None:
    names = [value] if isinstance(value, str) else value
    is_list = isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names)
    return None if is_list else "the name of a wire, or several"


def _overlay(value: Any) -> str | None:
    from reqllm_fixtures.overlay.words import overlay_of  # here, as few markers say one

    try:
        overlay_of(value)
    except OverlayError as error:
        return f"an overlay ({error})"
    return None


def _bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


_EXPECTED: Mapping[str, Callable[[Any], str | None]] = MappingProxyType(
    {
        "name": _name,
        "match": _matcher,
        "volatile": _volatile,
        "schema": _one_of(SCHEMAS),
        "unplayed": _one_of(UNPLAYED),
        "pace": _pace,
        "wires": _wires,
        "patch": _bool,
        "overlay": _overlay,
    }
)
