"""The strings of JSON in a body, joined as a reader of the stream would join them. Pure.

A provider may cut a text anywhere and send its parts as strings of consecutive events. Here they
are one text again, and each place in it is traced to the bytes of the body. The finder is lenient:
it reads JSON, SSE, NDJSON, a file with any of it inside, and what was cut off in the middle.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple

Span = tuple[int, int]

_TOKEN = re.compile(
    # Where a document begins: whatever was left open before it was cut off.
    rb"(?P<start>^(?:[ \t]*data:[ ]?(?=[{\[\"])|(?=[{\[])))"
    # A string has no line end in it: one that was cut off ends there.
    rb'|"(?P<string>[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+)"?'
    rb"|(?P<number>-?\d[\d.eE+-]*+)|[{}\[\],]",
    re.MULTILINE,
)
_DATA_LINE = re.compile(rb"^[ \t]*data:[ ]?([^\r\n]+)", re.MULTILINE)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_SHORT_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f"}
_DEEPEST_TOLD = 50  # of a path; texts further down are told apart by no more
# What tells apart the streams that run through one place.
_MARKS = frozenset({b"index", b"output_index", b"content_index", b"contentBlockIndex", b"item_id"})


class Text:
    """A text that is spread over a body; positions in it lead back to the body's bytes."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.content = b""
        self._parts: list[bytes] = []
        # For each run: where it begins here, there, and its two sizes.
        self._runs: list[tuple[int, int, int, int]] = []
        self._starts: list[int] = []
        self._length = 0

    def add(self, raw: bytes, at: int) -> None:
        """Append the inside of a JSON string that stands at this place of the body."""
        done = 0
        for escape in _ESCAPE.finditer(raw):
            self._append(raw[done : escape.start()], at + done, escape.start() - done)
            self._append(_unescaped(escape[0]), at + escape.start(), len(escape[0]))
            done = escape.end()
        self._append(raw[done:], at + done, len(raw) - done)

    def add_plain(self, raw: bytes, at: int) -> None:
        """Append bytes as they are."""
        self._append(raw, at, len(raw))

    def close(self) -> Text:
        """Join what was added."""
        self.content = b"".join(self._parts)
        return self

    def where(self, start: int, end: int) -> list[Span]:
        """Give the bytes of the body that make up a part of the text, one span a string."""
        spans: list[Span] = []
        index = bisect_right(self._starts, start) - 1
        while index < len(self._runs) and self._runs[index][0] < end:
            here, there, size, raw_size = self._runs[index]
            first, last = there, there + raw_size
            if size == raw_size:  # no escape: to the byte
                first = there + max(0, start - here)
                last = there + min(size, end - here)
            if spans and spans[-1][1] == first:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
            index += 1
        return spans

    def _append(self, content: bytes, at: int, raw_size: int) -> None:
        if content:
            self._parts.append(content)
            self._runs.append((self._length, at, len(content), raw_size))
            self._starts.append(self._length)
            self._length += len(content)


class _Frame:
    """An object or a list that is open, and what was read of it."""

    __slots__ = ("count", "is_list", "key", "marks", "step")

    def __init__(self, step: Any, is_list: bool) -> None:
        self.step, self.is_list = step, is_list
        self.key: bytes | None = None
        self.count = 0
        self.marks: tuple[bytes, ...] = ()

    @property
    def place(self) -> Any:
        return self.count if self.is_list else self.key


class _String(NamedTuple):
    raw: bytes
    at: int
    frames: tuple[_Frame, ...]
    place: Any

    def stream(self) -> Hashable:
        """Name the stream that this string is a part of: its path, with all that counts on it."""
        return (*((each.step, *sorted(each.marks)) for each in self.frames), self.place)

    def path(self) -> str:
        steps = [*(frame.step for frame in self.frames[1:]), self.place] if self.frames else []
        return "$" + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step.decode(errors='replace')}"
            for step in steps
            if step is not None
        )


def by_path(body: bytes) -> list[Text]:
    """Give the texts of a body by their paths, the streams that run through one path apart."""
    # A list, since what tells streams apart may follow the text (`index` after `delta`).
    return _grouped((each.stream(), each) for each in list(_strings(body)))


def by_name(body: bytes) -> list[Text]:
    """Give the texts of all members of a name: a stream may go on at another path than it began."""
    return _grouped((each.place, each) for each in _strings(body) if isinstance(each.place, bytes))


def data_lines(body: bytes) -> list[Text]:
    """Give the lines of data of an event stream as one text."""
    text = Text("data")
    for line in _DATA_LINE.finditer(body):
        text.add_plain(line[1], line.start(1))
    return [text.close()]


def whole(body: bytes) -> list[Text]:
    """Give the body as it is."""
    text = Text("")
    text.add_plain(body, 0)
    return [text.close()]


def _grouped(strings: Iterable[tuple[Hashable, _String]]) -> list[Text]:
    texts: dict[Hashable, Text] = {}
    for stream, string in strings:
        if stream not in texts:
            texts[stream] = Text(string.path())
        texts[stream].add(string.raw, string.at)
    return [text.close() for text in texts.values()]


def _strings(body: bytes) -> Iterator[_String]:
    """Find the strings of the documents in a body; what is not in one may be any text."""
    stack: list[_Frame] = []
    met = started = body.lstrip()[:1] in (b"{", b"[")
    for token in _TOKEN.finditer(body):
        top = stack[-1] if stack else None
        kind = token.lastgroup
        if kind == "start":
            stack.clear()
            met = started = True
            continue
        if kind == "string" and met:
            if top and top.key is None and not top.is_list:
                top.key = token["string"]
            elif top or started:
                yield _noted(token, top, stack)
        elif kind == "number":
            if top and top.key in _MARKS:
                top.marks += (token["number"],)
        elif kind is None:
            _punctuation(token[0], top, stack)
        started = False


def _noted(token: re.Match[bytes], top: _Frame | None, stack: list[_Frame]) -> _String:
    raw = token["string"]
    if top and top.key in _MARKS:
        top.marks += (raw,)
    return _String(raw, token.start("string"), tuple(stack[:_DEEPEST_TOLD]), top and top.place)


def _punctuation(mark: bytes, top: _Frame | None, stack: list[_Frame]) -> None:
    if mark in b"{[":
        stack.append(_Frame(top.place if top else None, mark == b"["))
    elif mark in b"}]" and stack:
        stack.pop()
    elif mark == b"," and top:
        top.key = None
        top.count += 1


def _unescaped(escape: bytes) -> bytes:
    if escape[1:2] != b"u" or len(escape) == 2:
        return _SHORT_ESCAPES.get(escape[1:], escape[1:])
    halves = [int(part, 16) for part in escape.split(b"\\u")[1:]]
    units = b"".join(half.to_bytes(2, "big") for half in halves)
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
