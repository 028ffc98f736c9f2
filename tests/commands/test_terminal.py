"""What reaches a terminal."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm.cli.terminal import Terminal, as_json, one_line, visible

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


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    return Screen()


def test_styles_are_written_for_a_screen(screen: Screen):
    """On a terminal a style is a sequence of ours around the text, which itself stays as it is."""
    styled = Terminal(screen, io.StringIO())
    assert styled.is_styled
    assert styled.width == 40
    styled.write("[b]a\x1b[1m\tb  ", "dim")
    assert screen.getvalue() == "\x1b[2m[b]a␛[1m\tb  \x1b[0m"


def test_a_screen_breaks_facts_between_two(screen: Screen):
    """Facts that do not fit on one line of a terminal go on in the next."""
    styled = Terminal(screen, io.StringIO())
    styled.facts(" · ".join(["fifteen letters"] * 5))
    lines = screen.getvalue().splitlines()
    assert lines == [*["fifteen letters · fifteen letters"] * 2, "fifteen letters"]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_screen_without_styles_is_plain(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    """A wish for no colour, and a terminal that has none, are respected."""
    monkeypatch.setenv(name, value)
    plain = Terminal(screen, io.StringIO())
    plain.write("a", "bold")
    assert (plain.is_styled, screen.getvalue()) == (False, "a")
