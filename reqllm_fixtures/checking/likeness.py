"""Knows an event that is one more of the last but for its text, and need not be judged. Pure.

Most events of an answer differ in nothing but a few words. One that was judged and found well
is a mould; what fits it byte for byte around its text is as well as that one was, and leaves the
rules as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reqllm.wires.common.fillers import FILLER_KEYS, members
from reqllm.wires.common.json_text import is_utf8

More = Callable[[dict[str, Any]], tuple[str, str] | None]
"""Gives the member that holds the text of an event, and the text, if the event is a piece of text
and nothing else: an event like it but for the text, whatever that is, meets the same schema, and
changes nothing in the rules once that one was taken."""

# It matches what is nothing, too.
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_MOST_IN_VAIN = 4


class Likeness:
    """Knows the events of one stream that are one more of the last."""

    def __init__(self, more: More | None) -> None:
        self.count = 0
        """How many were."""
        self._more = more
        self._first = b""
        self._others: tuple[bytes, ...] = ()
        """What stands around what may vary in the last event; nothing if none is like it."""
        self._in_vain = 0

    def fits(self, block: bytes) -> bool:
        """Return whether an event with all its lines is the same as the last but for plain text."""
        others, plain = self._others, _PLAIN.match
        if not others or not block.startswith(self._first):
            return False
        at = len(self._first)
        for part in others:
            at = plain(block, at).end()  # type: ignore[union-attr]
            if not block.startswith(part, at):
                return False
            at += len(part)
        if block[at:].lstrip(b" ") != b"}" or not is_utf8(block):
            return False
        self._in_vain = 0
        self.count += 1
        return True

    def forget(self) -> None:
        """Take nothing for one more of what came."""
        self._others = ()

    def learn(self, block: bytes, data: bytes, value: dict[str, Any] | None) -> None:
        """Learn from an event that was judged; `value` is none if something was wrong with it.

        block: all its lines, and the mark that closes it.
        """
        self._others = ()
        # Where each event differs in more than its text, nothing is gained.
        if self._more is None or value is None or self._in_vain == _MOST_IN_VAIN:
            return
        if (said := self._more(value)) is not None:
            head, found, _ = block.rpartition(data)  # not if it came in several lines
            first, *others = _around(data, value, *said) if found else [data]
            self._first, self._others = head + first, tuple(others)
            self._in_vain += 1


def _around(data: bytes, value: dict[str, Any], member: str, text: str) -> list[bytes]:
    """Part an event around its text and what fills it up; not at all where that is not plain."""
    varies = {member: text}
    varies.update((name, value[name]) for name in FILLER_KEYS if isinstance(value.get(name), str))
    at = 0
    parts = []
    for found in members(*varies).finditer(data):
        said = varies.pop(found[1].decode(), None)
        if said is None or found[2] != said.encode("utf-8", "surrogatepass"):
            return [data]  # it came before, is written with escapes, or is another of that name
        parts.append(data[at : found.start(2)])
        at = found.end(2)
    if varies or not data.endswith(b"}"):
        return [data]
    return [*parts, data[at:-1].rstrip(b" ")]
