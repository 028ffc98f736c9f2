"""JSON as providers write it: strict, but with the text that strict parsers cannot hold."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import msgspec

from reqllm.wires.common.surrogates import whole_text

decode_json = msgspec.json.Decoder().decode
# Deeper than any answer is. What was read is walked by functions that call themselves; how deep
# those may go depends on who called us, so the limit is ours and the same everywhere.
MAX_DEPTH = 128
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_DATA = b"data:"
# The value is one word: a sentence is no field.
_OTHER_FIELD = re.compile(rb"(?:event|id|retry):[ ]?\S+\s*$", re.MULTILINE)
_HALF = re.compile(f"(?<!{_HIGH}){_LOW}|{_HIGH}(?!{_LOW})")


def parse_json(text: bytes | str) -> Any:
    """Parse one JSON value. Raises ValueError for anything else, whatever the parser felt.

    The fast parser refuses halves of surrogate pairs (`"\\ud83d"` in one delta, `"\\ude00"` in
    the next); the standard library's keeps them apart, so that they can be joined later.
    """
    try:
        value = _parse(text)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if _may_be_deep(text) and _is_deep(value):
        raise ValueError(f"JSON nested deeper than {MAX_DEPTH}")
    return value


def _parse(text: bytes | str) -> Any:
    try:
        return decode_json(text)
    except (msgspec.MsgspecError, UnicodeError):
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def events_within(data: bytes, *, is_cut: bool = False) -> list[bytes] | None:
    """Return the events that stand in the data of one; None if it holds anything else.

    A server may put no blank line between its events, or the whole frame of each into the data of
    another. Each is a JSON object, or the sentinel, on a line of its own.
    is_cut: the last line may have been cut off, and is left out then.
    """
    lines = [line.strip() for line in data.split(b"\n") if line.strip()]
    if len(lines) < 2 and not is_framed(data):
        return None
    texts = (line.removeprefix(_DATA).lstrip() for line in lines if not _OTHER_FIELD.match(line))
    events = [text for text in texts if text]
    if is_cut and events and not _is_event(events[-1]):
        events.pop()
    return events if all(map(_is_event, events)) else None


def is_framed(data: bytes) -> bool:
    """Whether the data of an event begins as one does, which no JSON does."""
    return data.startswith(_DATA) or _OTHER_FIELD.match(data) is not None


def _is_event(line: bytes) -> bool:
    try:
        return line == b"[DONE]" or isinstance(parse_json(line), dict)
    except ValueError:
        return False


def is_utf8(data: bytes) -> bool:
    """Whether bytes are text, which JSON must be."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def has_halves(text: str) -> bool:
    """Whether JSON text spells half a character: only then may its values hold one."""
    return "\\u" in text and _HALF.search(text) is not None


def _may_be_deep(text: bytes | str) -> bool:
    if isinstance(text, str):
        return text.count("[") + text.count("{") > MAX_DEPTH
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _items(outer)]
    return any(isinstance(item, dict | list) for item in level)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is too large for a number")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse_arguments(raw: str) -> tuple[Mapping[str, Any], bool]:
    """Return a tool call's arguments and whether they are invalid, that is no JSON object.

    A call without any arguments text has no arguments; nothing else is repaired.
    """
    if not raw:
        return {}, False
    try:
        value = parse_json(raw)
    except ValueError:
        return {}, True
    if not isinstance(value, dict) or (has_halves(raw) and value != whole_text(value)):
        # Half a character cannot be passed on, and nothing is put in its place here.
        return {}, True
    return value, False


def compact(value: Any) -> str:
    """Return a JSON value as compact text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def arguments_text(value: Any) -> str:
    """Return a call's arguments as the text that they are, or compact; nothing for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else compact(value)
