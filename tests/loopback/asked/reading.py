"""Reads a request's JSON member by member, and knows the place of what is wrong with it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .ask import Turn

Place = tuple[str | int, ...]
JSON_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
DATA_URL = "data:"
WEB = str.maketrans("-_", "+/")


class Malformed(Exception):
    """A request that its vendor refuses: at which member, and what is wrong with it."""

    def __init__(self, place: Place, wrong: str) -> None:
        self.place = place
        self.wrong = wrong
        super().__init__(f"{self.dotted}: {wrong}")

    @property
    def dotted(self) -> str:
        """The place as `messages.0.role`."""
        return ".".join(map(str, self.place))

    @property
    def indexed(self) -> str:
        """The place as `messages[0].role`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return "".join(steps).removeprefix(".")


class Fields:
    """An object of the request; a member that is null counts as not there."""

    __slots__ = ("place", "value")

    def __init__(self, value: Any, place: Place = ()) -> None:
        if not isinstance(value, dict):
            raise Malformed(place, _expected(dict, value))
        self.value: dict[str, Any] = value
        self.place = place

    def at(self, *names: str | int) -> Place:
        """The place of a member."""
        return (*self.place, *names)

    def wrong(self, name: str, what: str) -> Malformed:
        """What to raise for a member that is not as it must be."""
        return Malformed(self.at(name), what)

    def has(self, name: str) -> bool:
        """Whether the member is there."""
        return self.value.get(name) is not None

    def need(self, *names: str) -> None:
        """Refuse a request without these members."""
        for name in names:
            if not self.has(name):
                raise self.wrong(name, "required, but missing")

    def text(self, name: str) -> str:
        """A string; empty where there is none."""
        return self._typed(name, str) or ""

    def word(self, name: str, words: Iterable[str]) -> str:
        """A string out of these; empty where there is none."""
        said = self.text(name)
        if self.has(name) and said not in (known := tuple(words)):
            raise self.wrong(name, f"expected one of {', '.join(known)}, got {said!r}")
        return said

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self._typed(name, bool)
        return default if value is None else value

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number within bounds."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, _expected(float, value))
        if not low <= value <= high:
            raise self.wrong(name, f"expected a value from {low:g} to {high:g}, got {value}")
        return value

    def whole(self, name: str, low: int = 1) -> int | None:
        """An integer of at least `low`."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, f"expected an integer, got {_shown(value)}")
        if value < low:
            raise self.wrong(name, f"expected a value of at least {low}, got {value}")
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        """A JSON object as it is."""
        return self._typed(name, dict)

    def fields(self, name: str) -> Fields:
        """An object to be read; an empty one where there is none."""
        return Fields(self.object(name) or {}, self.at(name))

    def each(self, name: str) -> list[Fields]:
        """The objects of an array."""
        entries = self._typed(name, list) or []
        return [Fields(entry, self.at(name, n)) for n, entry in enumerate(entries)]

    def texts(self, name: str) -> tuple[str, ...]:
        """A string, or an array of them."""
        value = self.value.get(name)
        if value is None:
            return ()
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise self.wrong(name, f"expected strings, got {_shown(value)}")
        return tuple(entries)

    def parts(self, name: str, text_type: str = "text") -> list[Fields]:
        """The parts of a content; a mere string is one part of `text_type`."""
        value = self.value.get(name)
        if isinstance(value, str):
            return [Fields({"type": text_type, "text": value}, self.at(name))]
        return self.each(name)

    def bytes(self, name: str, *, web: bool = False) -> bytes:
        """Base64, also as a `data:` address; `web`: also in the letters that are safe in one."""
        text = self.text(name)
        try:
            encoded = text.partition(",")[2] if text.startswith(DATA_URL) else text
            encoded = encoded.translate(WEB) if web else encoded
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            raise self.wrong(name, f"expected base64, got {_shown(text)}")
        return data

    def _typed(self, name: str, kind: type) -> Any:
        value = self.value.get(name)
        if value is not None and not isinstance(value, kind):
            raise self.wrong(name, _expected(kind, value))
        return value


def parsed(data: bytes) -> Fields:
    """The body of a request."""
    try:
        value = json.loads(data)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Malformed((), "the body is not valid JSON") from None
    return Fields(value)


def json_or_text(text: str) -> Any:
    """What a tool answered: JSON where it is some."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def conversation(turns: Iterable[Turn], place: Place) -> tuple[Turn, ...]:
    """Join what one side said in a row, and refuse a result of a call that nobody made."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            joined[-1] = _joined(joined[-1], turn)
        else:
            joined.append(turn)
    if not joined:
        raise Malformed(place, "expected at least one message")
    _check_results(joined, place)
    return tuple(joined)


def _joined(one: Turn, other: Turn) -> Turn:
    return replace(
        one,
        text="\n".join(filter(None, (one.text, other.text))),
        images=one.images + other.images,
        calls=one.calls + other.calls,
        results=one.results + other.results,
    )


def _check_results(turns: list[Turn], place: Place) -> None:
    called: set[str] = set()
    for turn in turns:
        called |= {call.key for call in turn.calls}
        for result in turn.results:
            if result.key not in called:
                raise Malformed(place, f"a tool's result answers {result.key!r}, never called")


def _expected(kind: type, value: Any) -> str:
    return f"expected {JSON_NAMES.get(kind, 'a number')}, got {_shown(value)}"


def _shown(value: Any) -> str:
    return f"{json.dumps(value, ensure_ascii=False):.60}"
