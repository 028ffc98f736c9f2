"""Reads the YAML that we write ourselves, five times as fast as YAML can be read. Pure.

It knows no more of YAML than what `yaml_writing` mostly writes: block mappings and sequences,
literal blocks, text that is plain or in single quotes, whole numbers and moments. At whatever else
it meets it gives up, and the file is left to the reader that knows all of YAML.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

# Neither is taken for anything but text by YAML's resolvers; a key has no colon or blank in it.
_KEY = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_KEY_LINE = re.compile(r"[A-Za-z_][\w-]*:(?: |\Z)", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z][\w.;/+*=()?&%@$~-]*(?:[ :][\w.;/+*=()?&%@$~-]+)*\Z", re.ASCII)
_NOT_TEXT = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'\Z")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


class NotOurs(Exception):
    """This is not written as we write it."""


def parse(text: str | bytes) -> Any:
    """Read a document into plain data. Raises NotOurs."""
    try:
        given = text.decode() if isinstance(text, bytes) else text
        # Tabs, other line ends and what YAML forbids: all that is not read here.
        if not given.endswith("\n") or not given.replace("\n", "").isprintable():
            raise NotOurs
        return _Reader(given).document()
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise NotOurs from error


class _Reader:
    """Reads line after line; each method begins at a line and ends behind its last one."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._at = 0

    def document(self) -> Any:
        node = self._mapping(0)
        if self._lines[self._at :] != [""]:
            raise NotOurs
        return node

    def _mapping(self, indent: int) -> dict[str, Any]:
        node: dict[str, Any] = {}
        prefix = " " * indent
        while (line := self._lines[self._at]).startswith(prefix) and line[indent:][:1] not in " -":
            key, colon, rest = line[indent:].partition(":")
            if not colon or not _KEY.match(key) or _NOT_TEXT.match(key):
                raise NotOurs
            self._at += 1
            node[key] = self._value(rest, indent)
        if not node:
            raise NotOurs
        return node

    def _value(self, rest: str, indent: int) -> Any:
        if rest.startswith(" |"):
            return self._literal(rest[2:], indent + 2)
        if rest:
            if rest[0] != " ":
                raise NotOurs
            return _scalar(rest[1:])
        if self._lines[self._at].startswith(" " * indent + "- "):
            return self._sequence(indent)
        return self._mapping(indent + 2)

    def _sequence(self, indent: int) -> list[Any]:
        node: list[Any] = []
        dash = " " * indent + "- "
        while (line := self._lines[self._at]).startswith(dash):
            if _KEY_LINE.match(line, indent + 2):
                self._lines[self._at] = line.replace("-", " ", 1)
                node.append(self._mapping(indent + 2))
            else:
                self._at += 1
                node.append(_scalar(line[indent + 2 :]))
        return node

    def _literal(self, chomping: str, indent: int) -> str:
        lines, begin = self._lines, self._at
        if chomping not in ("", "-", "+"):
            raise NotOurs
        prefix = " " * indent
        # By the first line YAML tells how far it is indented: not by an empty one, nor by a blank.
        if not lines[begin].startswith(prefix) or lines[begin][indent:][:1] in ("", " "):
            raise NotOurs
        at = begin
        while lines[at].startswith(prefix) or not lines[at]:
            at += 1
            if at == len(lines):  # it would go on to the end, whose last line break is none of it
                raise NotOurs
        self._at = at
        content = "\n".join([line[indent:] for line in lines[begin:at]])
        if chomping == "+":
            return content + "\n"
        return content.rstrip("\n") + ("" if chomping else "\n")


def _scalar(text: str) -> Any:
    if _QUOTED.match(text):
        return text[1:-1].replace("''", "'")
    if _PLAIN.match(text):
        if _NOT_TEXT.match(text):
            raise NotOurs
        return text
    if _NUMBER.match(text):
        return int(text)
    if _MOMENT.match(text):
        return datetime.fromisoformat(text)
    if text in ("{}", "[]"):
        return {} if text == "{}" else []
    raise NotOurs
