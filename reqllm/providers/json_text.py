"""JSON as providers write it: strict, but with the text that strict parsers cannot hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

decode_json = msgspec.json.Decoder().decode


def parse_json(text: bytes | str) -> Any:
    """Parse one JSON value. Raises ValueError for anything else, whatever the parser felt.

    The fast parser refuses halves of surrogate pairs (`"\\ud83d"` in one delta, `"\\ude00"` in
    the next); the standard library's keeps them apart, so that they can be joined later.
    """
    try:
        return decode_json(text)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    except (msgspec.MsgspecError, UnicodeError):
        pass
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None


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
    return (value, False) if isinstance(value, dict) else ({}, True)


def compact(value: Any) -> str:
    """Return a JSON value as compact text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
