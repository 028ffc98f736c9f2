"""Where commands write: styled on a terminal, plain in a pipe, and nothing raw in either.

What a provider or a file says may hold escape sequences that move the cursor, set the title or
hide text. They are shown as pictures of themselves, in a pipe too: it may end in a terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import Any, TextIO

# All control characters but tab and line feed; what reorders a line; halves of characters.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PICTURES = 0x2400
_DELETE = "\x7f"
_DIVIDER = " · "
_ASCII = str.maketrans(
    {"·": "|", "→": "->", "←": "<-", "…": "...", "—": "-", "▶": ">", "✓": "+", "✗": "x", "○": "o"}
)


def visible(text: str) -> str:
    """Return the text with every control character but tab and line feed shown, not sent."""
    return _UNSAFE.sub(_picture, text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 0) -> str:
    """Return the text visible, its white space single blanks; cut at `limit` characters."""
    flat = " ".join(visible(text).split())
    return flat if not limit or len(flat) <= limit else f"{flat[: limit - 1]}…"


def has_signs(stream: TextIO) -> bool:
    """Tell whether a stream has the signs that words of ours are written with."""
    return (stream.encoding or "utf-8").lower().replace("_", "-").startswith("utf")


def in_ascii(text: str) -> str:
    """Return words of our own with their signs in their plain form."""
    return text.translate(_ASCII)


def as_json(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """Return plain values as JSON that is safe to print; nothing is lost. One line, or indented."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    # Outside its strings JSON is ASCII, so an escape is right wherever one of these stands.
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class Terminal:
    """Two streams to write to, and what is known of the first: its column, its colours."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        for stream in (out, err):
            _accept_all(stream)
        self._console = _console(out)
        self._unicode = has_signs(out)
        self._at_line_start = True

    @property
    def is_styled(self) -> bool:
        """Whether styles are seen; if not, words must say what they would."""
        return self._console is not None

    @property
    def width(self) -> int:
        """Columns of the terminal; of a pipe, more than a line should have."""
        return self._console.width if self._console is not None else 120

    def write(self, text: str, style: str = "") -> None:
        """Write text of anybody's and send it off at once."""
        text = visible(text)
        if not text:
            return
        self._at_line_start = text.endswith("\n")
        if self._console is None:
            self._out.write(text)
            self._out.flush()
            return
        from rich.segment import Segment, Segments

        # As it is: rich would expand tabs, and markup in it is text.
        known = self._console.get_style(style) if style else None
        self._console.print(Segments([Segment(text, known)]), end="", crop=False)

    def mark(self, text: str, style: str = "") -> None:
        """Write words of our own, whose signs have a plain form for terminals without them."""
        self.write(text if self._unicode else in_ascii(text), style)

    def line(self, text: str = "", style: str = "") -> None:
        """Write words of our own as a line of their own."""
        self.end_line()
        self.mark(text, style)
        self.write("\n")

    def facts(self, line: str, style: str = "") -> None:
        """Write facts divided by " · " on one line; on a narrow terminal, broken between two."""
        self.end_line()
        held = ""
        for fact in line.split(_DIVIDER):
            if self.is_styled and held and len(held) + len(_DIVIDER) + len(fact) > self.width:
                self.line(held, style)
                held = fact
            else:
                held = f"{held}{_DIVIDER}{fact}" if held else fact
        self.line(held, style)

    def end_line(self) -> None:
        """Go to the start of a line, if not there."""
        if not self._at_line_start:
            self.write("\n")

    def json(self, value: Any) -> None:
        """Write plain values as a line of JSON."""
        self._out.write(as_json(value, ascii_only=not self._unicode) + "\n")
        self._out.flush()

    def say(self, text: str) -> None:
        """Write a line to the error stream, after what stands on the other."""
        self.end_line()
        self._out.flush()
        self._err.write(visible(text) + "\n")
        self._err.flush()

    def give_up(self) -> None:
        """Send what is left nowhere: the reader of the pipe is gone, nobody is to hear of it."""
        send_nowhere(self._out, self._err)


def nowhere() -> TextIO:
    """Return a stream that keeps nothing."""
    return open(os.devnull, "w", encoding="utf-8")


def send_nowhere(*streams: TextIO) -> None:
    """Let what is still to be written to these streams go nowhere, also at the exit."""
    sink = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(sink, stream.fileno())


def _accept_all(stream: TextIO) -> None:
    """Let a stream replace what its encoding has no character for."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def _console(stream: TextIO) -> Any:
    """Return rich's console, None where no style is wanted: a pipe, NO_COLOR, a dumb terminal."""
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return None
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _picture(match: re.Match[str]) -> str:
    character = match[0]
    if character == _DELETE:
        return "␡"
    return chr(_PICTURES + ord(character)) if character < " " else "\ufffd"
