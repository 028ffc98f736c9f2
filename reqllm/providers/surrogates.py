"""Joins characters that a provider cut in two: a high surrogate here, its low half later."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH_AT_END = re.compile("[\ud800-\udbff]\\Z")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
REPLACEMENT = "\ufffd"


def has_surrogate(text: str) -> bool:
    """Whether the text holds half a character, which no encoder would take."""
    return _SURROGATE.search(text) is not None


def join_surrogates(held: str, text: str) -> tuple[str, str, bool]:
    """Return (text to hand out, half to hold back, whether a half had no partner)."""
    text = held + text
    rest = ""
    if _HIGH_AT_END.search(text):
        text, rest = text[:-1], text[-1]
    joined = _PAIR.sub(lambda pair: _join(pair[0]), text)
    whole = _SURROGATE.sub(REPLACEMENT, joined)
    return whole, rest, whole != joined


def _join(pair: str) -> str:
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
