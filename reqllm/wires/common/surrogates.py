"""Joins characters that a provider cut in two: a high surrogate here, its low half later."""

from __future__ import annotations

import re
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from reqllm.chunk import StreamChunk

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


def whole_text(value: Any) -> Any:
    """Return a JSON value in which halves of characters are U+FFFD, at any depth."""
    match value:
        case str():
            return _whole(value) if has_surrogate(value) else value
        case dict():
            return {whole_text(key): whole_text(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(whole_text(item) for item in value)
        case Struct():
            return _whole_struct(value)
    return value


def whole_chunk(chunk: StreamChunk) -> StreamChunk:
    """Return a chunk in which no text holds half a character, wherever it lies."""
    return cast("StreamChunk", _whole_struct(chunk))


def _whole_struct(value: Struct) -> Struct:
    known = {name: getattr(value, name) for name in value.__struct_fields__}
    whole = {name: whole_text(item) for name, item in known.items()}
    return value if whole == known else replace(value, **whole)


def _whole(text: str) -> str:
    return _SURROGATE.sub(REPLACEMENT, _PAIR.sub(lambda pair: _join(pair[0]), text))
