"""Runs the commands: in this process, in one of their own, and on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from reqllm.cli.commands import reqllm
from reqllm_fixtures.cli.commands import reqllm_fixtures

ROOT = Path(__file__).parents[2]
DEMO = str(ROOT / "cassettes" / "demo.yaml")
TOOLS = str(ROOT / "cassettes" / "openai_tools.yaml")
REASONING = str(ROOT / "cassettes" / "anthropic_reasoning_tools.yaml")
MODEL, PROMPT = "anthropic:claude-haiku-4-5", "Why is the sky blue?"
PATIENCE = 20.0

_MODULES = {"reqllm": "reqllm.cli", "reqllm-fixtures": "reqllm_fixtures.cli"}
# Nothing of the machine's: no keys, no wishes for colour.
_FOREIGN = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "", **extra}


def run(command: str, *args: str, stdin: bytes | str | None = None, **env: str) -> Result:
    """Run a command in this process, without keys; what is no exit is a defect, and raised."""
    group = {"reqllm": reqllm, "reqllm-fixtures": reqllm_fixtures}[command]
    absent: Mapping[str, str | None] = dict.fromkeys(_FOREIGN)
    result = CliRunner().invoke(group, args, input=stdin, env={**absent, **env})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def argv(command: str, *args: str) -> list[str]:
    # As the entry point does it, but from here: it need not be installed.
    program = f"import sys; from {_MODULES[command]} import main; sys.argv[0] = {command!r}; main()"
    return [sys.executable, "-c", program, *args]


def process(command: str, *args: str, env: Mapping[str, str] | None = None, **options: Any) -> Any:
    """Start a command in a process of its own, with pipes at all three streams."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        argv(command, *args),
        cwd=ROOT,
        env=env or environment(),
        # A run of the tests in the background ignores Ctrl-C; what it starts must not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **{**streams, **options},
    )


def finished(
    command: str, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own to its end."""
    return subprocess.run(
        argv(command, *args),
        cwd=ROOT,
        env=env or environment(),
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def on_terminal(command: str, *args: str, columns: int = 80, **env: str) -> tuple[str, int]:
    """Run a command on a terminal of its own; return what it wrote there, and its status."""
    import pty

    ours, theirs = pty.openpty()
    with process(
        command,
        *args,
        env=environment(COLUMNS=str(columns), **env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        written = b"".join(iter(lambda: _read(ours), b""))
        status = child.wait(PATIENCE)
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), status


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux tells that the other end was closed
        return b""
