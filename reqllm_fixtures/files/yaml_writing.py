"""YAML of cassettes, written so that a body shows its lines as they were sent."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from reqllm_fixtures.files.nodes import moment
from reqllm_fixtures.files.yaml_reading import NotYamlError, parse

# A plain scalar that no YAML resolver takes for anything but text.
_PLAIN = re.compile(r"[A-Za-z][\w.;/+*=()?&%@$~-]*(?:[ :][\w.;/+*=()?&%@$~-]+)*\Z", re.ASCII)
_NOT_TEXT = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
# What a literal block cannot hold: CR, NEL and the Unicode line ends would be normalised, control
# characters are forbidden, and a byte order mark may be taken for one.
_NOT_LITERAL = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BASE64_LINE = 76

Blocks = Callable[[str, str], str]


class Block(str):
    """Text that is written as a literal block wherever YAML allows it."""

    __slots__ = ()


class Flow(dict[str, Any]):
    """A mapping that is written on one line."""


def body(data: bytes) -> Block | bytes:
    """Take a body as text if it is text, else as it is."""
    try:
        return Block(data.decode())
    except UnicodeDecodeError:
        return data


def write(document: dict[str, Any]) -> str:
    """Write plain data as YAML that reads back equal, which is checked; lines are never wrapped.

    Raises ValueError for data that YAML cannot carry.
    """
    for block in (_literal, _quoted_lines):
        text = "".join(_mapping(document, "", block))
        if _reads_back(text, document):
            return text
    raise ValueError("data that does not read back from YAML as it was written")


def _reads_back(text: str, document: dict[str, Any]) -> bool:
    try:
        return bool(parse(text) == document)
    except NotYamlError:
        return False


def _mapping(node: dict[str, Any], indent: str, block: Blocks) -> Iterator[str]:
    for key, value in node.items():
        yield f"{indent}{_inline(str(key))}:"
        yield from _value(value, indent, block)


def _sequence(node: list[Any], indent: str, block: Blocks) -> Iterator[str]:
    for value in node:
        if isinstance(value, dict) and value:
            # The first key stands on the line of the dash.
            lines = "".join(_mapping(value, indent + "  ", block))
            yield f"{indent}- {lines[len(indent) + 2 :]}"
        else:
            yield f"{indent}-"
            yield from _value(value, indent, block)


def _value(value: Any, indent: str, block: Blocks) -> Iterator[str]:
    deeper = indent + "  "
    match value:
        case Flow():
            yield " {" + ", ".join(f"{key}: {_inline(each)}" for key, each in value.items()) + "}\n"
        case dict() if value:
            yield "\n"
            yield from _mapping(value, deeper, block)
        case list() if value:
            yield "\n"
            yield from _sequence(value, indent, block)
        case Block() if value:
            yield f" {block(value, deeper)}\n"
        case str():
            yield f" {_inline(value)}\n"
        case bytes():
            yield f" !!binary |\n{_base64_lines(value, deeper)}"
        case datetime():
            yield f" {moment(value)}\n"
        case _:
            yield f" {json.dumps(value)}\n"


def _inline(text: str) -> str:
    """Write text on one line: plain, or in the quotes it needs."""
    if _PLAIN.match(text) and not _NOT_TEXT.match(text):
        return text
    if text.isascii() and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return f'"{_escaped(text)}"'


def _literal(text: str, indent: str) -> str:
    """Write text as a literal block, or quoted where a block cannot hold it."""
    if _NOT_LITERAL.search(text):
        return _quoted_lines(text, indent)
    # The reader finds the indentation by the first line, unless that begins with a blank itself.
    hint = "2" if text[0] in " \t\n" else ""
    content = text.removesuffix("\n")
    chomping = "-" if content == text else "+" if content.endswith("\n") or not content else ""
    lines = (indent + line if line else "" for line in content.split("\n"))
    return "\n".join([f"|{hint}{chomping}", *lines])


def _quoted_lines(text: str, indent: str) -> str:
    """Write text in double quotes, a line for each of its lines."""
    # A backslash before the line end joins the two; the blanks that follow it are skipped, so a
    # line that begins with one escapes it.
    lines = (
        f"\\{escaped}" if escaped.startswith(" ") else escaped
        for escaped in map(_escaped, _LINE.findall(text))
    )
    return '"' + f"\\\n{indent}".join(lines) + '"'


def _escaped(text: str) -> str:
    """Escape text for double quotes: JSON's escapes, and those for what YAML finds unprintable."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return _NOT_LITERAL.sub(lambda match: f"\\u{ord(match[0]):04x}", plain)


def _base64_lines(data: bytes, indent: str) -> str:
    text = base64.b64encode(data).decode()
    return "".join(
        f"{indent}{text[start : start + _BASE64_LINE]}\n"
        for start in range(0, len(text), _BASE64_LINE)
    )
