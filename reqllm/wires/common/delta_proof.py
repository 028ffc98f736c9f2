"""The proof that an event is a delta and nothing else, whatever its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

import msgspec

from reqllm.wires.common.json_text import parse_json

_PROBE = "\x7fprobe\x7f"
PROBE = msgspec.json.encode(_PROBE)
"""Another text in the place of the delta's own, as JSON."""


def is_delta(data: bytes, probed: bytes, text: str, may_vary: Collection[str]) -> bool:
    """Whether the text is one value of the event, and nothing else says the same.

    probed: the event with the probe for its text, and whatever may vary changed as well. That
        must be in members of the event itself: anywhere else the same word means something.
    """
    try:
        value, other = parse_json(data), parse_json(probed)
    except ValueError:
        return False
    if _strings(value).count(text) != 1 or value.keys() != other.keys():
        return False
    return all(key in may_vary or _differ_in(item, other[key], text) for key, item in value.items())


@cache
def number_of(counter: str) -> re.Pattern[bytes]:
    """Return what finds the number of an event, a whole one."""
    return re.compile(rb'("%s": ?)([0-9]+)(?=[ ,}])' % re.escape(counter).encode())


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


def _differ_in(value: Any, probed: Any, text: str) -> bool:
    """Whether both are alike but for `text` here and the probe there."""
    if isinstance(value, dict) and isinstance(probed, dict):
        if value.keys() != probed.keys():
            return False
        return all(_differ_in(item, probed[key], text) for key, item in value.items())
    if isinstance(value, list) and isinstance(probed, list):
        return len(value) == len(probed) and all(
            _differ_in(item, other, text) for item, other in zip(value, probed, strict=True)
        )
    return bool(value == probed) or (value == text and probed == _PROBE)
