"""What may come after what, on wires whose events name the block that they belong to.

A wire says it as a table: what each type of event does, and by which fields its block is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from reqllm_fixtures.checking.report import Report

Does: TypeAlias = Literal[
    "starts",  # the stream
    "opens",  # a block
    "adds",  # a part to a block
    "closes",  # a block
    "finishes",  # the answer: why it stopped; more may follow
    "ends",  # the stream
    "fails",  # the stream, whatever was open
    "passes",  # it may come anywhere
]


class Step(Struct, frozen=True):
    """What a type of event does."""

    does: Does
    block: str = ""
    """The kind of block, whose numbers are its own."""
    key: tuple[str, ...] = ()
    """The fields that number the block."""


class Table(Struct, frozen=True):
    """The events of a wire."""

    steps: Mapping[str, Step]
    one_at_a_time: bool = False
    """Whether a block is closed before the next one of its kind opens."""
    opened_by_parts: frozenset[str] = frozenset()
    """Kinds of block that may begin with their first part."""
    implied_by_parts: frozenset[str] = frozenset()
    """Kinds of block whose beginning some servers leave out, and a client can do without."""
    is_numbered: bool = True
    """Whether blocks are numbered from 0, each kind of them by itself."""
    kind_path: str = "$.type"
    """Where an event says what it is."""
    has_sentinel: bool = False
    """Whether `[DONE]` comes after the last event."""


Key: TypeAlias = tuple[str, tuple[int, ...]]


class Sequence:
    """Follows one stream through its table."""

    def __init__(self, table: Table, report: Report) -> None:
        self.report = report
        self.ended = False
        self.failed = False
        self._is_resumed = False
        self._counts: dict[tuple[str, tuple[int, ...]], int] = {}
        self._table = table
        self._started = not any(step.does == "starts" for step in table.steps.values())
        self._open: dict[Key, None] = {}  # in the order of opening
        self._closed: set[Key] = set()
        self._implied: set[Key] = set()

    def take(self, kind: str, value: dict[str, Any]) -> Key | None:
        """Take the next event; return the block that it belongs to."""
        step = self._table.steps.get(kind)
        if step is None:
            return None
        does = step.does
        if not self._started and does not in ("passes", "fails"):
            self._start(kind, is_start=does == "starts")
        elif does == "starts":
            self.report.add(
                "start-repeated", self._table.kind_path, f"expected one {kind}, came another"
            )
        if not step.key:
            if does == "ends":
                self._end(kind)
            elif does == "fails":
                self.ended = self.failed = True
            elif does == "finishes":
                self._check_all_closed(kind)
            return None
        key = _key(step, value)
        if key is None:
            return None
        if does == "adds":
            if key not in self._open:
                self._miss(key, step, kind)
        elif does == "opens":
            self._opens(key, step)
        elif does == "closes":
            self._closes(key, step, kind)
        return key

    def resume(self) -> None:
        """Take it that the stream began before this body."""
        self._started = self._is_resumed = True

    def end(self, *, has_reason: bool, is_done: bool = False) -> None:
        """Take the end of the body.

        has_reason: whether the answer told why it stopped; is_done: whether `[DONE]` came.
        """
        if not self.ended:
            last = next(kind for kind, step in self._table.steps.items() if step.does == "ends")
            rule = "last-event-missing" if has_reason else "terminal-missing"
            self.report.add(rule, "$", f"expected {last}, the stream ended before it")
        elif self._table.has_sentinel and not is_done and not self.failed:
            said = "expected [DONE], the stream ended before it"
            self.report.add("last-event-missing", "$", said)

    def _start(self, kind: str, *, is_start: bool) -> None:
        self._started = True
        if not is_start:
            first = next(k for k, step in self._table.steps.items() if step.does == "starts")
            self.report.add(
                "start-missing", self._table.kind_path, f"expected {first} first, came {kind}"
            )

    def _opens(self, key: Key, step: Step) -> None:
        report, place = self.report, _place(step)
        if key in self._open or key in self._closed:
            report.add("block-repeated", place, f"expected a new block, came {_named(key)} again")
        elif self._table.one_at_a_time:
            others = [other for other in self._open if other[0] == key[0]]
            if others:
                said = f"expected {_named(others[0])} to be closed, came {_named(key)}"
                report.add("block-open", place, said)
        if self._table.is_numbered:
            self._check_number(key, place)
        self._open[key] = None

    def _check_number(self, key: Key, place: str) -> None:
        """Hold the last number of a block against how many of its kind came in the same place."""
        block, numbers = key
        count = self._counts.get((block, numbers[:-1]), 0)
        if key not in self._open and key not in self._closed:
            self._counts[block, numbers[:-1]] = count + 1
            if numbers[-1] != count and not self._is_resumed:
                said = f"expected {block} {count}, came {_named(key)}"
                self.report.add("index-order", place, said)

    def _miss(self, key: Key, step: Step, kind: str) -> None:
        if self._is_resumed:
            return  # it may have been opened before
        if key in self._closed:
            said = f"expected nothing of {_named(key)} once it is closed, came {kind}"
            self.report.add("delta-after-stop", _place(step), said)
        elif step.block in self._table.opened_by_parts:
            self._opens(key, step)
        elif step.block in self._table.implied_by_parts:
            if key not in self._implied:
                said = f"expected the beginning of {_named(key)}, came {kind}"
                self.report.add("start-implied", _place(step), said)
                self._implied.add(key)  # what has no beginning needs no end
        else:
            said = f"expected {_named(key)} to be open, came {kind}"
            self.report.add("delta-before-start", _place(step), said)

    def _closes(self, key: Key, step: Step, kind: str) -> None:
        if key in self._open:
            del self._open[key]
        elif not self._is_resumed and key not in self._implied:
            said = f"expected {_named(key)} to be open, came {kind}"
            self.report.add("stop-without-start", _place(step), said)
        self._closed.add(key)

    def _end(self, kind: str) -> None:
        self.ended = True
        self._check_all_closed(kind)

    def _check_all_closed(self, kind: str) -> None:
        if self._open:
            other = next(iter(self._open))
            self.report.add(
                "block-open", "$", f"expected {_named(other)} to be closed, came {kind}"
            )


def _key(step: Step, value: dict[str, Any]) -> Key | None:
    numbers = []
    for name in step.key:
        number = value.get(name)
        if type(number) is not int:
            return None  # the schema's business
        numbers.append(number)
    return step.block, tuple(numbers)


def _place(step: Step) -> str:
    return f"$.{step.key[-1]}"


def _named(key: Key) -> str:
    block, numbers = key
    return f"{block} {'.'.join(str(number) for number in numbers)}"
