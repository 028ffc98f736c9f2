"""What the commands of `reqllm-fixtures` share: their name, where they write, how they fail."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal

NAME = "reqllm-fixtures"


@contextlib.contextmanager
def running() -> Iterator[tuple[Terminal, Reporter]]:
    """Give a command its terminal; what it raises becomes a line and an exit status."""
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal

    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(NAME, terminal)
    with reporter.running():
        yield terminal, reporter
