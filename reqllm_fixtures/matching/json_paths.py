"""Paths into JSON, as far as matching needs them, and the taking out of what they name. Pure.

`$.a.b` · `$.a["b c"]` · `$.a[0]` · `$.a[-1]` · `$.a[*]` · `$.a.*` · `$..a`, a subset of
https://www.rfc-editor.org/rfc/rfc9535.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

from reqllm_fixtures.errors import RulesError

# Half of a surrogate pair is in no text that was sent.
VOLATILE: Final = "\ud800volatile"

_STEP = re.compile(
    r"(?P<deep>\.\.)?(?:(?(deep)|\.)(?P<name>[^\W\d][\w-]*|\*)"
    r"|\[(?:(?P<index>-?\d+)|(?P<any>\*)|(?P<double>\"(?:[^\"\\]|\\.)*\")|'(?P<single>[^']*)')\])"
)


class Step(NamedTuple):
    """One step of a path: to a member, an item or all of them (None), here or at any depth."""

    place: str | int | None
    deep: bool


Path = tuple[Step, ...]


def parsed(path: str) -> Path:
    """Read a path. Raises RulesError."""
    if not path.startswith("$"):
        raise RulesError(f"Expected a path that begins with $, like $.messages[*].id. Came: {path}")
    steps, position = [], 1
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            raise RulesError(
                f'Expected .name, ..name, [0], [*] or ["name"] in {path} at position {position}. '
                f"Came: {path[position:]}"
            )
        steps.append(_step(found))
        position = found.end()
    return tuple(steps)


def without(document: Any, path: Path) -> Any:
    """Copy a document without what a path names: members are gone, items are blank."""
    if not path:
        return VOLATILE
    match document:
        case dict():
            return {
                key: each
                for key, value in document.items()
                if (each := _at(value, _matches_member(path[0], key), path)) is not VOLATILE
            }
        case list():
            size = len(document)
            return [
                _at(value, _matches_item(path[0], index, size), path)
                for index, value in enumerate(document)
            ]
    return document


def _at(value: Any, matches: bool, path: Path) -> Any:
    if matches:
        value = without(value, path[1:])
    if path[0].deep and value is not VOLATILE:
        value = without(value, path)
    return value


def _matches_member(step: Step, key: str) -> bool:
    return step.place is None or step.place == key


def _matches_item(step: Step, index: int, size: int) -> bool:
    return step.place is None or step.place in (index, index - size)


def _step(found: re.Match[str]) -> Step:
    deep = bool(found["deep"])
    if found["index"]:
        return Step(int(found["index"]), deep)
    if found["any"] or found["name"] == "*":
        return Step(None, deep)
    if found["double"]:
        return Step(str(json.loads(found["double"])), deep)
    return Step(found["name"] if found["single"] is None else found["single"], deep)
