"""docs/endings.md says what is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reqllm.wires.table import WIRE_NAMES

from .page import PAGE

ROOT = Path(__file__).parents[2]


def test_what_was_measured_is_so_still() -> None:
    """Each SDK, and we, do with each fault what the page says; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.endings", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_wire_is_on_it() -> None:
    """The page tells the terminal evidence of every wire that there is."""
    text = PAGE.read_text(encoding="utf-8")
    assert [wire for wire in WIRE_NAMES if f"| `{wire}` |" not in text] == []
