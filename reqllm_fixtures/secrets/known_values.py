"""The very values that must not be written, in every form in which they may appear. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from urllib.parse import quote, quote_plus

from reqllm_fixtures.bodies.edits import cuts, edited, spread
from reqllm_fixtures.bodies.json_strings import by_name, by_path, data_lines, whole
from reqllm_fixtures.cassette import Piece
from reqllm_fixtures.secrets.places import REDACTED

# Shorter values are words (`test`, `none`, `dummy`) and parts of words: to take them out of every
# text would spoil recordings and hide nothing. Where a header or a query holds one, it goes.
SHORTEST = 8
_SHORTEST_CORE = 6
_OF_NUMBER = re.compile(rb"[:\[,]\s*[-+.\deE]*\Z")

_MASK = REDACTED.encode()
_VIEWS = (by_path, by_name, data_lines, whole)  # the decoded ones first: they know escapes


class KnownSecrets:
    """A set of values, and how to replace them in a text, a body, or one that was cut up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = frozenset(
            value for value in values if len(value) >= SHORTEST and value not in REDACTED
        )

    def __repr__(self) -> str:
        return f"<KnownSecrets: {len(self.values)}>"

    def __or__(self, values: Iterable[str]) -> KnownSecrets:
        more = KnownSecrets([*self.values, *values])
        return self if more.values == self.values else more

    def in_text(self, text: str) -> str:
        """Replace the values in a text."""
        pieces = self.in_pieces((Piece(text.encode("utf-8", "surrogatepass")),))
        return pieces[0].data.decode("utf-8", "surrogatepass")

    def in_body(self, body: bytes, *, same_size: bool = False) -> bytes:
        """Replace the values in a body."""
        return self.in_pieces((Piece(body),), same_size=same_size)[0].data

    def in_pieces(self, pieces: Sequence[Piece], *, same_size: bool = False) -> Sequence[Piece]:
        """Replace the values in a body that was cut, also where a cut or an event parts them."""
        for view in _VIEWS if self._needles else ():
            body, at = b"".join(piece.data for piece in pieces), cuts(pieces)
            edits = [
                edit
                for text in view(body)
                for start, end, mask in self._found(text.content, escaped=view is whole)
                for edit in spread(text.where(start, end), mask, at, same_size=same_size)
            ]
            pieces = edited(pieces, edits) if edits else pieces
        return pieces

    @cached_property
    def _needles(self) -> dict[bytes, bytes]:
        """Map each form of each value to what takes its place."""
        return {form: mask for value in self.values for form, mask in _forms(value)}

    def _found(self, content: bytes, *, escaped: bool) -> Iterator[tuple[int, int, bytes]]:
        bounds = _unescaped if escaped else _as_is
        found = sorted(
            (*bounds(content, start, len(form)), mask)
            for form, mask in self._needles.items()
            for start in _finds(content, form)
        )
        for start, end, mask in _united(found):
            is_number = escaped and _is_number(content, start, end)
            yield start, end, b"1" + b"0" * (end - start - 1) if is_number else mask


def _united(found: list[tuple[int, int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
    """Make one of finds that overlap; the longest says what takes its place."""
    start, end, mask = 0, 0, b""
    for first, last, other in found:
        if first >= end:
            if mask:
                yield start, end, mask
            start, end, mask = first, last, other
        elif last > end or (first, last) == (start, end):
            end, mask = last, other if first == start else _MASK
    if mask:
        yield start, end, mask


def _is_number(content: bytes, start: int, end: int) -> bool:
    """Tell digits that are a number of JSON, where a word would break it."""
    return content[start:end].isdigit() and bool(
        _OF_NUMBER.search(content[max(0, start - 32) : start])
    )


def _forms(value: str) -> Iterator[tuple[bytes, bytes]]:
    """Give a value as it may be written, each form with what takes its place."""
    raw = value.encode("utf-8", "surrogatepass")
    yield from _in_base64(raw)
    quoted = quote(raw, safe="")
    escapes = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    escapes |= {escape.replace("/", r"\/") for escape in escapes}
    for form in {quoted, _lower_hex(quoted), quote(raw), quote_plus(raw), *escapes}:
        yield form.encode("utf-8", "surrogatepass"), _MASK
    yield raw, _MASK


def _in_base64(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give what is sure to appear where a value is part of something that is encoded in base64."""
    for offset in range(3):
        groups = raw[(3 - offset) % 3 :]
        core = groups[: len(groups) // 3 * 3]
        if len(core) >= _SHORTEST_CORE:
            mask = base64.b64encode(_cycled(len(core)))  # so that what it is part of can be decoded
            yield base64.b64encode(core), mask
            yield base64.urlsafe_b64encode(core), mask


def _lower_hex(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)


def _cycled(size: int) -> bytes:
    return (_MASK * (size // len(_MASK) + 1))[:size]


def _finds(content: bytes, form: bytes) -> Iterator[int]:
    start = content.find(form)
    while start >= 0:
        yield start
        start = content.find(form, start + 1)


def _as_is(_: bytes, start: int, size: int) -> tuple[int, int]:
    return start, start + size


def _unescaped(content: bytes, start: int, size: int) -> tuple[int, int]:
    """Widen a find so that it neither begins nor ends inside an escape."""
    end = start + size
    if _ends_in_escape(content[max(0, start - 64) : start]):
        start -= 1
    return start, min(len(content), end + _ends_in_escape(content[start:end]))


def _ends_in_escape(content: bytes) -> bool:
    return (len(content) - len(content.rstrip(b"\\"))) % 2 == 1
