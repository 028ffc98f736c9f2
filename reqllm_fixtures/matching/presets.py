"""What varies from run to run though nobody meant it: ids, dates, padding. Pure.

Ids are not blanked but renamed, each after the place where it is first met: another id is no
difference, but an id that stands for something else is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from reqllm_fixtures.errors import RulesError
from reqllm_fixtures.matching.json_paths import parsed, without

Change = Callable[[Any], Any]

_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(?<![\w-])(?:msg|resp|chatcmpl|cmpl|rs|fc|ws|ci|ig|mcp|run|req|gen|item|conv|thread|batch|file|asst|step"
    r"|container|session|trace|lc_run-)[-_]+(?=\w*\d)[\w-]{8,}\Z"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[AP]M|[+-]\d\d:?\d\d))?"
_TIME = rf"(?:,?[T ](?:at )?\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?{_ZONE})?"
_DATE = re.compile(
    rf"(?<![\d-]){_DAY}(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}} {_MONTH} \d{{4}}"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}){_TIME}(?![\d-])"
)
_OBFUSCATION = (parsed("$..obfuscation"), parsed("$..include_obfuscation"))
_TOOL_CALL_KEYS = frozenset({"tool_call_id", "call_id", "tool_use_id", "toolUseId", "toolCallId"})
_TOOL_CALL_OWNERS = frozenset({"tool_calls", "functionCall", "functionResponse"})
_TOOL_CALL_TYPES = frozenset({"tool_use", "server_tool_use", "mcp_tool_use", "tool-call"})


def change_of(name: str) -> Change:
    """Give the change that a preset makes to a document. Raises RulesError."""
    if name not in PRESETS:
        raise RulesError(unknown("a JSON path or one of the presets", name, PRESETS))
    return PRESETS[name]


def unknown(expected: str, came: str, names: Iterable[str]) -> str:
    """Say that a name is not known, and which comes near."""
    known = sorted(names)
    near = get_close_matches(came, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Expected {expected} {', '.join(known)}. Came: {came!r}.{hint}"


class _Place(NamedTuple):
    """Where a text stands: its path, what holds it, and the name that the holder goes by."""

    path: str
    holder: Any = None
    key: Any = None
    owner: Any = None

    def member(self, holder: dict[str, Any], key: str) -> _Place:
        return _Place(f"{self.path}.{key}", holder, key, self._name())

    def item(self, index: int) -> _Place:
        return _Place(f"{self.path}[{index}]", None, None, self._name())

    def _name(self) -> Any:
        return self.key or self.owner if self.holder is not None else self.owner


Texts = Callable[[str, _Place], str]


def _changed(value: Any, place: _Place, change: Texts) -> Any:
    """Change every text of a document, in an order that its layout does not decide."""
    match value:
        case str():
            return change(value, place)
        case list():
            return [_changed(each, place.item(i), change) for i, each in enumerate(value)]
        case dict():
            done = {
                key: _changed(value[key], place.member(value, key), change) for key in sorted(value)
            }
            return {key: done[key] for key in value}
    return value


def _renamed(pattern: re.Pattern[str], document: Any) -> Any:
    names: dict[str, str] = {}

    def change(text: str, place: _Place) -> str:
        return pattern.sub(
            lambda found: names.setdefault(found[0].lower(), f"(the id met at {place.path})"), text
        )

    return _changed(document, _Place("$"), change)


def _tool_calls_renamed(document: Any) -> Any:
    names: dict[str, str] = {}

    def change(text: str, place: _Place) -> str:
        if not _is_tool_call(place):
            return text
        return names.setdefault(text, f"(the call met at {place.path})")

    return _changed(document, _Place("$"), change)


def _is_tool_call(place: _Place) -> bool:
    if place.key != "id" or place.holder is None:
        return place.key in _TOOL_CALL_KEYS
    return place.owner in _TOOL_CALL_OWNERS or place.holder.get("type") in _TOOL_CALL_TYPES


def _undated(document: Any) -> Any:
    return _changed(document, _Place("$"), lambda text, _: _DATE.sub("(a date)", text))


def _unpadded(document: Any) -> Any:
    for path in _OBFUSCATION:
        document = without(document, path)
    return document


PRESETS: Mapping[str, Change] = MappingProxyType(
    {
        "dates": _undated,
        "generated_ids": partial(_renamed, _GENERATED),
        "obfuscation": _unpadded,
        "tool_call_ids": _tool_calls_renamed,
        "uuids": partial(_renamed, _UUID),
    }
)
