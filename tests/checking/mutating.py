"""Breaks clean streams on purpose, one place at a time, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

from msgspec import Struct

from reqllm_fixtures.checking import Finding, check_events
from reqllm_fixtures.checking.explaining import json_path
from reqllm_fixtures.checking.schemas import schema, schema_of_kind
from reqllm_fixtures.checking.wires.table import checked_wire

from .more_streams import NAME
from .shapes import SHAPES
from .streams import Event

Path = tuple[str | int, ...]
OTHER = {str: 7, int: "7", float: "7.5", bool: "yes", list: {"x": 1}, dict: [7], type(None): [7]}
ENDINGS = {"terminal-missing", "last-event-missing", "finish-missing"}


class Mutant(Struct, frozen=True):
    """A stream with one thing wrong, and what a finding must name."""

    how: str
    events: tuple[Event, ...]
    at: tuple[int, ...]
    """Numbers of events, of which one must be named."""
    path: str = ""
    """The place, or one inside of it; empty if the order is wrong."""
    sentinel: bool = True

    def named_by(self, found: Finding) -> bool:
        """Tell whether a finding names the place."""
        if self.how == "ending":
            return found.event == 0 and found.rule in ENDINGS
        if found.event not in self.at:
            return False
        rest = found.path.removeprefix(self.path)
        return found.path.startswith(self.path) and (not rest or rest[0] in ".[")


def mutants(
    wire: str, streams: Sequence[tuple[Event, ...]], count: int, seed: int
) -> Iterator[Mutant]:
    """Break streams of a wire in turn, each way as often as the others."""
    chance = random.Random(f"{wire} {seed}")
    ways: tuple[Callable[..., Mutant | None], ...] = (retyped, without_field, reordered, unended)
    made = 0
    while made < count:
        mutant = ways[made % len(ways)](wire, chance.choice(streams), chance)
        if mutant is not None:
            made += 1
            yield mutant


def is_found(wire: str, mutant: Mutant) -> bool:
    """Check a mutant strictly; tell whether what is wrong with it is named."""
    body = SHAPES[wire].framed(mutant.events, sentinel=mutant.sentinel)
    return any(map(mutant.named_by, check_events(wire, body, profile="strict")))


def with_anything_anywhere(events: tuple[Event, ...]) -> Iterator[tuple[Event, ...]]:
    """Put a list, an object and a number in turn at every place of a stream."""
    for at, event in enumerate(events):
        for path in _places(event, frozenset({NAME})):
            for value in ([7], {"x": 1}, 7):
                yield _changed("type", events, at, path, partial(_put, value)).events


# Each way of breaking a stream; None where this stream has nothing to break so.
def retyped(wire: str, events: tuple[Event, ...], chance: random.Random) -> Mutant | None:
    """Replace a value by one of another JSON type."""
    at = chance.randrange(len(events))
    places = list(_places(events[at], SHAPES[wire].free))
    path = chance.choice(places)
    return _changed("type", events, at, path, lambda parent, key: _retype(parent, key))


def without_field(wire: str, events: tuple[Event, ...], chance: random.Random) -> Mutant | None:
    """Drop a field that must be there."""
    at = chance.randrange(len(events))
    kind = checked_wire(wire).kind_of(events[at], events[at].get(NAME, ""))
    part = schema_of_kind(schema(checked_wire(wire).schema or wire, "strict"), kind or "")
    found = _required(part, part["$defs"], events[at])
    paths = [each for each in found if each[0] not in SHAPES[wire].typed_by]
    if not paths:
        return None
    path = chance.choice(paths)
    return _changed("field", events, at, path, lambda parent, key: parent.pop(key))


def reordered(wire: str, events: tuple[Event, ...], chance: random.Random) -> Mutant | None:
    """Exchange two neighbours that have an order."""
    shape = SHAPES[wire]
    pairs = [at for at in range(len(events) - 1) if shape.has_order(events[at], events[at + 1])]
    if not pairs:
        return None
    at = chance.choice(pairs)
    mixed = list(events)
    mixed[at], mixed[at + 1] = mixed[at + 1], mixed[at]
    return Mutant("order", tuple(mixed), (at + 1, at + 2), "$")


def unended(wire: str, events: tuple[Event, ...], chance: random.Random) -> Mutant | None:
    """Drop the sentinel, or the last event, or everything from some event on."""
    shape = SHAPES[wire]
    end = max(at for at, event in enumerate(events) if shape.is_terminal(event))
    kept = chance.choice([end, chance.randrange(1, end + 1)])
    if shape.sentinel and chance.random() < 0.3:
        kept = len(events)
    return Mutant("ending", events[:kept], (0,), sentinel=False)


def _changed(
    how: str, events: tuple[Event, ...], at: int, path: Path, change: Callable[[Any, Any], object]
) -> Mutant:
    event = deepcopy(events[at])
    parent: Any = event
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    changed = (*events[:at], event, *events[at + 1 :])
    return Mutant(how, changed, (at + 1,), json_path(path))


def _retype(parent: Any, key: Any) -> None:
    parent[key] = OTHER[type(parent[key])]


def _put(value: Any, parent: Any, key: Any) -> None:
    parent[key] = value


def _places(value: Any, free: frozenset[str], path: Path = ()) -> Iterator[Path]:
    """Give every place inside of an event but those in which anything may stand."""
    items: Any = ()
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        if key not in free:
            yield (*path, key)
            yield from _places(each, free, (*path, key))


def _required(part: Any, defs: Event, value: Any, path: Path = ()) -> Iterator[Path]:
    """Give the places of all fields that a schema requires of a value."""
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        yield from _required(defs[part["$ref"].rpartition("/")[2]], defs, value, path)
    for each in part.get("anyOf", []):
        if _is_chosen(each, defs, value):
            yield from _required(each, defs, value, path)
    if isinstance(value, dict):
        for name in {*part.get("required", []), *part.get("else", {}).get("required", [])}:
            if name in value:
                yield (*path, name)
        for name, each in part.get("properties", {}).items():
            if name in value:
                yield from _required(each, defs, value[name], (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _required(part.get("items"), defs, each, (*path, number))


def _is_chosen(part: Any, defs: Event, value: Any) -> bool:
    if "$ref" in part:
        part = defs[part["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "null": type(None)}
    if not isinstance(value, kinds.get(part.get("type"), object)):
        return False
    said = part.get("properties", {}).get("type", {})
    if not isinstance(value, dict) or not said:
        return True
    return value.get("type") in [said.get("const"), *said.get("enum", [])]
