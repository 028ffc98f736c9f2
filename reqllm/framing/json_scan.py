"""Finds where things end in JSON text that comes in pieces, looking at every byte once.

RFC 8259; what stands between quotes is skipped, whatever it holds. The text need not be valid:
only brackets and quotes are looked at.
"""

from __future__ import annotations

import re

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
BRACKETS = rb"\[\]{}"
_OPENING = frozenset(b"[{")


class TokenScanner:
    """Finds the next of some bytes outside strings, in a buffer that grows.

    tokens: the bytes, as they stand in a character class of a regular expression.
    """

    def __init__(self, tokens: bytes) -> None:
        outside = rb'[^"' + tokens + rb"]*+"
        # Possessive, so that no text can make it go back: one pass, no memory.
        self._outside = re.compile(outside + rb"(?:" + _STRING + outside + rb")*+", re.DOTALL)
        self._at = 0
        self._in_string = False

    def restart(self, at: int = 0) -> None:
        """Begin anew at this place of the buffer."""
        self._at = at
        self._in_string = False

    def moved(self, by: int) -> None:
        """Take note that so many bytes were cut off the buffer's beginning."""
        self._at -= by

    def find(self, buffer: bytearray) -> int:
        """Return the place of the next token, -1 if more bytes are needed to know."""
        if self._in_string and not self._leave_string(buffer):
            return -1
        match = self._outside.match(buffer, self._at)
        at = self._at if match is None else match.end()
        if at == len(buffer):
            self._at = at
            return -1
        self._at = at + 1
        if buffer[at] == _QUOTE:
            # The string goes on in the next piece.
            self._in_string = True
            self._leave_string(buffer)
            return -1
        return at

    def _leave_string(self, buffer: bytearray) -> bool:
        match = _REST_OF_STRING.match(buffer, self._at)
        self._at = self._at if match is None else match.end()
        # A backslash at the very end waits for the byte that it escapes.
        if self._at == len(buffer) or buffer[self._at] == _BACKSLASH:
            return False
        self._at += 1
        self._in_string = False
        return True


class ValueScanner:
    """Finds the end of one object or list, whose first byte is a bracket."""

    def __init__(self) -> None:
        self._tokens = TokenScanner(BRACKETS)
        self._depth = 0

    def restart(self, at: int = 0) -> None:
        """Begin with the value that begins at this place of the buffer."""
        self._tokens.restart(at)
        self._depth = 0

    def moved(self, by: int) -> None:
        """Take note that so many bytes were cut off the buffer's beginning."""
        self._tokens.moved(by)

    def find_end(self, buffer: bytearray) -> int:
        """Return the place after the value, -1 if it is not known yet."""
        while (at := self._tokens.find(buffer)) >= 0:
            self._depth += 1 if buffer[at] in _OPENING else -1
            if self._depth <= 0:
                return at + 1
        return -1
