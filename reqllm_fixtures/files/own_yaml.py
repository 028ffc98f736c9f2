"""Reads the YAML that we write ourselves, five times as fast as YAML can be read. Pure.

It knows no more of YAML than what `yaml_writing` mostly writes: block mappings and sequences,
literal blocks, text that is plain or in single quotes, whole numbers and moments. At whatever else
it meets it gives up, and the file is left to the reader that knows all of YAML.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

# Neither a key nor this is taken for anything but text by YAML's resolvers...
_TEXT = r"[A-Za-z0-9_.;/+*=()?&%@$~-]"
# ...but for these.
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_LINE = re.compile(
    r"( *(?:- )?)"  # what it begins with
    r"(?:([A-Za-z_][A-Za-z0-9_-]*):(?: (?=.)|\Z))?"  # a key, which has no colon or blank in it
    rf"(?:([A-Za-z]{_TEXT}*(?:[ :]{_TEXT}+)*)"  # plain text
    r"|'([ -&(-~]*)'"  # text in quotes, with none in it
    r"|(.+))?\Z"  # anything else
)
_SIGNS = frozenset({"|", "|-", "|+", "{}", "[]"})
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_ASCII = bytes([*b"\n", *range(0x20, 0x7F)])
# Cassettes are much alike: most lines of one were in the one before.
_REMEMBERED_LINES = 512


class NotOurs(Exception):
    """This is not written as we write it."""


def parse(text: str | bytes) -> Any:
    """Read a document into plain data. Raises NotOurs."""
    try:
        data = text.encode() if isinstance(text, str) else text
        # Tabs, other line ends and what YAML forbids: all that is not read here. What is ASCII,
        # and so most of it, is looked at as bytes, which takes a quarter of the time.
        if not data.endswith(b"\n") or not data.translate(None, _ASCII).decode().isprintable():
            raise NotOurs
        return _Reader(data.decode()).document()
    except (UnicodeError, RecursionError, ValueError) as error:
        raise NotOurs from error


class _Line(NamedTuple):
    lead: str
    """Its blanks, and the dash of an item."""
    key: str | None
    value: Any
    is_whole: bool
    """Whether that is the value, and no sign of what is to follow."""


_END = _Line("", None, None, True)


class _Reader:
    """Reads line after line; each method begins at a line and ends at the one behind its last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._go_to(0)

    def _go_to(self, at: int) -> None:
        text = self._text
        end = text.find("\n", at)
        self._at, self._next = at, end + 1
        self._line = _END if end < 0 else _taken_apart(text[at:end])

    def document(self) -> Any:
        node = self._mapping("")
        if self._at != len(self._text):
            raise NotOurs
        return node

    def _mapping(self, lead: str) -> dict[str, Any]:
        """Read a mapping; `lead` is what its first line begins with, which may be an item's."""
        node: dict[str, Any] = {}
        indent = len(lead)
        while True:
            before, key, value, is_whole = self._line
            if before != lead or key is None:
                break
            if is_whole:
                node[key] = value
                self._go_to(self._next)
            else:
                node[key] = self._value(value, indent)
            lead = " " * indent
        if not node:
            raise NotOurs
        return node

    def _value(self, sign: str, indent: int) -> Any:
        """Read what is not in the line of its key."""
        if sign.startswith("|"):
            return self._literal(sign, indent + 2)
        self._go_to(self._next)
        if sign:
            return {} if sign == "{}" else []
        item = " " * indent + "- "
        if self._line.lead == item:
            return self._sequence(item)
        return self._mapping(" " * (indent + 2))

    def _sequence(self, lead: str) -> list[Any]:
        node: list[Any] = []
        while True:
            before, key, value, is_whole = self._line
            if before != lead:
                return node
            if key is not None:
                node.append(self._mapping(lead))
            elif is_whole:
                node.append(value)
                self._go_to(self._next)
            else:
                raise NotOurs

    def _literal(self, sign: str, indent: int) -> str:
        text, prefix, begin = self._text, " " * indent, self._next + indent
        # By the first line YAML tells how far it is indented: not by an empty one, nor by a blank.
        if not text.startswith(prefix, begin - indent) or text[begin : begin + 1] in "\n ":
            raise NotOurs
        end = _behind(indent).search(text, begin)
        if end is None:  # it would go on to the end, whose last line break is none of it
            raise NotOurs
        self._go_to(end.end())
        content = text[begin : end.start()].replace("\n" + prefix, "\n")
        if sign == "|+":
            return content + "\n"
        return content.rstrip("\n") + ("" if sign == "|-" else "\n")


@cache
def _behind(indent: int) -> re.Pattern[str]:
    """Find the end of a literal block: before a line less indented, unless that is empty."""
    return re.compile(rf"\n(?!{' ' * indent}|\n|\Z)")


@lru_cache(_REMEMBERED_LINES)
def _taken_apart(line: str) -> _Line:
    """Tell what a line says by itself. Raises NotOurs."""
    found = _LINE.match(line)
    if found is None:
        raise NotOurs
    lead, key, plain, quoted, other = found.groups()
    if (key or "").lower() in _NOT_TEXT or (plain or "").lower() in _NOT_TEXT:
        raise NotOurs
    if plain is not None or quoted is not None:
        return _Line(lead, key, quoted if plain is None else plain, True)
    if other is None or other in _SIGNS:
        return _Line(lead, key, other or "", False)
    return _Line(lead, key, _scalar(other), True)


def _scalar(text: str) -> Any:
    if _NUMBER.match(text):
        return int(text)
    if _MOMENT.match(text):
        return datetime.fromisoformat(text)
    inner = text[1:-1]
    if len(text) < 2 or not text[0] == text[-1] == "'" or "'" in inner.replace("''", ""):
        raise NotOurs
    return inner.replace("''", "'")
