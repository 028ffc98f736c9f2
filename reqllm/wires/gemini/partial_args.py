"""Writes a call's arguments as JSON text while their values come one by one, by their paths. Pure.

With `streamFunctionCallArguments` the arguments of a call are no object but a list of places
and values (`{"jsonPath": "$.to[0].city", "stringValue": "Os", "willContinue": true}`), and texts
come in pieces. They come in the order of the document, so its text can be written as they come.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, TypeAlias

from reqllm.wires.common.json_text import MAX_DEPTH, compact

Step: TypeAlias = str | int
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<number>[0-9]{1,9})\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
)
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


def steps_of(path: Any) -> tuple[Step, ...] | None:
    """Return the steps of a path below the arguments, `None` if it is none."""
    if not isinstance(path, str) or not path.startswith("$"):
        return None
    steps: list[Step] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or len(steps) == MAX_DEPTH - 1:
            return None
        at = step.end()
        number = step["number"]
        steps.append(int(number) if number else step["name"] or step["quoted"] or "")
    return tuple(steps) if steps and isinstance(steps[0], str) else None


def value_of(entry: dict[str, Any]) -> Any:
    """Return the value that comes with a place, `...` if none does."""
    for key in _VALUES:
        if key in entry:
            return None if key == "nullValue" else entry[key]
    return ...


class _Text:
    """A text that comes in pieces."""

    def __init__(self, piece: str) -> None:
        self.pieces = [piece]


class ArgumentsWriter:
    """One call's arguments: `write` each value that comes, then `close`.

    What was handed out stands. Where a place comes whose turn is over, it is told once more at
    the end, with all that it holds: of two members of one name the last counts.
    """

    def __init__(self) -> None:
        self._value: dict[Step, Any] = {}
        self._open: list[tuple[Step, Any]] = []  # the containers around the last place, as steps
        self._text: tuple[tuple[Step, ...], _Text] | None = None  # which is open, and where
        self._late: dict[Step, None] = {}
        """Members of the arguments whose text is not all that they hold."""

    def write(self, steps: tuple[Step, ...], value: Any, *, continues: bool) -> str:
        """Take a value, or one more piece of a text; return the JSON text that it adds."""
        if value is ...:
            value = "" if continues or self._is_open(steps) else None
        if isinstance(value, str) and self._is_open(steps):
            return self._more_text(value, continues=continues)
        written = self._end_text()
        way = None if self._late else self._way_to(steps)
        continues = continues and isinstance(value, str)
        kept = _Text(value) if continues else value
        around = self._put(steps, kept)
        if isinstance(kept, _Text):
            self._text = (steps, kept)
        if way is None:
            self._late[steps[0]] = None
            return written
        self._open = around
        return written + way + (f'"{_piece(value)}' if continues else compact(value))

    def close(self) -> str:
        """Return the text that ends the arguments."""
        written = self._end_text() + self._leave(0)
        opened = bool(self._value)
        for name in self._late:
            whole = _written(self._value[name])
            written += f",{compact(name)}:{whole}"
        return written + ("}" if opened else "{}")

    def _is_open(self, steps: tuple[Step, ...]) -> bool:
        return self._text is not None and self._text[0] == steps

    def _more_text(self, piece: str, *, continues: bool) -> str:
        if self._text is None:
            return ""
        self._text[1].pieces.append(piece)
        written = "" if self._late else _piece(piece)
        return written if continues else written + self._end_text()

    def _end_text(self) -> str:
        quote = '"' if self._text is not None and not self._late else ""
        self._text = None
        return quote

    def _way_to(self, steps: tuple[Step, ...]) -> str | None:
        """Return the text that leads to a place, `None` if its turn is over."""
        shared = 0
        for (name, _), step in zip(self._open, steps[:-1], strict=False):
            if name != step:
                break
            shared += 1
        holder = self._open[shared - 1][1] if shared else self._value
        if not _is_next(holder, steps[shared]):
            return None
        way = self._leave(shared) + _before(holder, steps[shared])
        for step in steps[shared + 1 :]:
            way += "[" if isinstance(step, int) else f"{{{compact(step)}:"
        return way

    def _leave(self, depth: int) -> str:
        """Return the text that closes the containers below a depth."""
        left = self._open[depth:]
        del self._open[depth:]
        return "".join("]" if isinstance(value, list) else "}" for _, value in reversed(left))

    def _put(self, steps: tuple[Step, ...], value: Any) -> list[tuple[Step, Any]]:
        """Keep a value; return the containers around it."""
        holder: Any = self._value
        around = []
        for step, following in itertools.pairwise(steps):
            kind = list if isinstance(following, int) else dict
            inner = _get(holder, step)
            if not isinstance(inner, kind):
                inner = kind()
                _set(holder, step, inner)
            around.append((step, inner))
            holder = inner
        _set(holder, steps[-1], value)
        return around


def _is_next(holder: Any, step: Step) -> bool:
    """Whether a place is the next of its container."""
    if isinstance(holder, list):
        return step == len(holder)
    return isinstance(step, str) and step not in holder


def _before(holder: Any, step: Step) -> str:
    """Return what stands before the next member of a container."""
    if isinstance(holder, list):
        return "," if holder else ""
    return f"{',' if holder else '{'}{compact(step)}:"


def _get(holder: Any, step: Step) -> Any:
    if isinstance(holder, list):
        return holder[step] if isinstance(step, int) and step < len(holder) else None
    return holder.get(step)


def _set(holder: Any, step: Step, value: Any) -> None:
    if isinstance(holder, list) and not (isinstance(step, int) and step < len(holder)):
        holder.append(value)  # no list has holes
    else:
        holder[step] = value


def _piece(text: str) -> str:
    return compact(text)[1:-1]


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_joined)


def _joined(text: _Text) -> str:
    return "".join(text.pieces)
