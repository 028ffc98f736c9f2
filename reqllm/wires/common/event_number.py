"""The number of a wire's event: where it stands among the bytes, and what comes next. Pure."""

from __future__ import annotations

import re


class EventNumber:
    """The number of the last event; and, once found, what stands around the next one."""

    __slots__ = ("form", "is_before", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self.form = b""
        """All that stands before the event's text, or all after it, with a place for a number."""
        self.is_before = True

    def find(self, found: re.Match[bytes], whole: bytes, prefix: bytes, tail: bytes) -> bool:
        """Take the place of the last event's number; return whether the next can be put there.

        found: the member in `whole`, the event, of which `prefix` and `tail` stay the same.
        """
        after = len(whole) - len(tail)
        if int(found[2]) != self.last:
            return False
        self.is_before = found.end() <= len(prefix)
        if not self.is_before and found.start() < after:
            return False
        begin, end = (0, len(prefix)) if self.is_before else (after, len(whole))
        parts = whole[begin : found.start(2)], whole[found.end() : end]
        self.form = b"%d".join(part.replace(b"%", b"%%") for part in parts)
        return True
