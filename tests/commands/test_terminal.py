"""What reaches a terminal."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm.terminal import Terminal, as_json, one_line, visible

DANGEROUS = [chr(n) for n in (*range(9), *range(11, 32), *range(0x7F, 0xA0))]
REORDERING = [chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


def terminal(encoding: str = "utf-8") -> tuple[Terminal, io.BytesIO]:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, newline="")
    return Terminal(out, io.TextIOWrapper(io.BytesIO(), encoding=encoding)), raw


@pytest.mark.parametrize(
    "character", [*DANGEROUS, *REORDERING, chr(0xD83D), chr(0xDCFF)], ids=ascii
)
def test_no_control_character_passes(character: str):
    """A control character, one that reorders a line or half a character becomes another sign."""
    shown = visible(f"a{character}b")
    assert shown[0] == "a"
    assert shown[-1] == "b"
    assert character not in shown
    assert len(shown) == 3


def test_an_escape_sequence_is_seen_not_obeyed():
    """A sequence that would set the terminal's title is text with pictures of its controls."""
    assert visible("\x1b]0;owned\x07 \x9b31m") == "␛]0;owned␇ \ufffd31m"


def test_tabs_and_line_feeds_stay_and_line_ends_are_one():
    """Layout is kept, and CR LF is a line feed."""
    assert visible("a\tb\r\nc\nd") == "a\tb\nc\nd"
    assert visible("a\rb") == "a␍b"


@given(st.text(st.characters(exclude_categories=())))
def test_visible_text_can_always_be_encoded(text: str):
    """Any text at all comes out without surrogates, and showing it twice changes nothing."""
    shown = visible(text)
    shown.encode()
    assert visible(shown) == shown


@given(st.text(st.characters(exclude_categories=())), st.booleans())
def test_json_is_safe_to_print_and_loses_nothing(text: str, ascii_only: bool):
    """A line of JSON holds no control character, and reads back as what it was."""
    line = as_json({"text": text}, ascii_only=ascii_only)
    assert visible(line) == line
    assert "\n" not in line
    assert json.loads(line) == json.loads(json.dumps({"text": text}))


def test_one_line_is_one_line():
    """White space is folded, and what is too long is cut with a sign."""
    assert one_line(" a\n\n b\tc ") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"


def test_an_ascii_terminal_gets_replacements():
    """What an encoding has no character for is replaced; our own signs have a plain form."""
    screen, raw = terminal("ascii")
    screen.mark("→ ")
    screen.write("Zürich 🌍")
    screen.line("a · b…")
    screen.json({"text": "Zürich"})
    assert raw.getvalue() == b'-> Z?rich ?\na | b...\n{"text": "Z\\u00fcrich"}\n'


def test_every_write_is_sent_off():
    """Each token is flushed by itself."""
    screen, raw = terminal()
    for text in ("Hel", "lo"):
        screen.write(text)
        assert raw.getvalue().decode().endswith(text)


def test_a_line_is_ended_once():
    """Asking for the start of a line writes a line feed only where one is needed."""
    screen, raw = terminal()
    screen.end_line()
    screen.write("a")
    screen.end_line()
    screen.end_line()
    screen.write("b\n")
    screen.end_line()
    assert raw.getvalue() == b"a\nb\n"


def test_facts_stay_on_one_line_in_a_pipe():
    """Only a terminal has a width to break lines for."""
    screen, raw = terminal()
    screen.facts(" · ".join(["fact"] * 100))
    assert raw.getvalue().count(b"\n") == 1
