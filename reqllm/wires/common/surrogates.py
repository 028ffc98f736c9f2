"""Joins characters that a provider cut in two: a high surrogate here, its low half later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from reqllm.chunk import StreamChunk

REPLACEMENT = "\ufffd"
_FIRST_HIGH, _LAST_HIGH = "\ud800", "\udbff"


def has_surrogate(text: str) -> bool:
    """Whether the text holds half a character, which no encoder would take."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def join_surrogates(held: str, text: str) -> tuple[str, str, bool]:
    """Return (text to hand out, half to hold back, whether a half had no partner)."""
    text = held + text
    rest = ""
    if _FIRST_HIGH <= text[-1:] <= _LAST_HIGH:
        text, rest = text[:-1], text[-1]
    whole = _whole(text)
    return whole, rest, whole.count(REPLACEMENT) != text.count(REPLACEMENT)


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
    """Join the halves that stand together; one that stands alone becomes U+FFFD."""
    # In UTF-16 two halves are a character.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
