"""The command `reqllm-fixtures record`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from reqllm_fixtures.cli.command_line import running

EXAMPLES = """\b
Examples:
  reqllm-fixtures record -- python agent.py --question "Why is the sky blue?"
  reqllm-fixtures record --into cassettes/chat.yaml -- python -m my_package.chat
  reqllm-fixtures record --into cassettes/chat.yaml --mode fill -- my-console-command
  reqllm-fixtures record -- python -c "import openai; ..."

\b
Then:
  reqllm-fixtures show cassettes/chat.yaml
  reqllm-fixtures play cassettes/chat.yaml

Exit status: that of COMMAND; 1 also if what was recorded could not be kept, 2 if the command was
asked wrongly.
"""


@click.command(
    name="record",
    epilog=EXAMPLES,
    short_help="Run a Python command and record what it asks.",
    context_settings={"allow_interspersed_args": False},
)
@click.option(
    "--into",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The cassette, .yaml or .json; by default cassettes/, named after the command.",
)
@click.option(
    "--mode",
    type=click.Choice(["record", "fill"]),
    default="record",
    show_default=True,
    help="record replaces the cassette; fill answers from it and adds what it has not.",
)
@click.option("--keep-on-error", is_flag=True, help="Keep what was recorded if COMMAND fails.")
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
def record_command(
    into: str | None, mode: str, keep_on_error: bool, command: tuple[str, ...]
) -> None:
    """Run the Python COMMAND, and record what every client of httpx and httpx2 in it streams.

    The command needs no change, and sees its answers when it would have: every piece is passed on
    the moment it comes. Its own transports, proxies and time-outs stay. The recording has no
    secret, appears whole or not at all, and only if the command succeeds.

    COMMAND is a script, python with a script, -m or -c, or the name of a console entry. `python`
    without a path is the one that runs this command. What COMMAND starts as processes of their
    own is not recorded.
    """
    from reqllm_fixtures.cli.launching import NotPythonError, launch_of
    from reqllm_fixtures.cli.recording_child import ordered

    with running():
        try:
            launch = launch_of(command)
        except NotPythonError as error:
            raise click.UsageError(str(error)) from None
        if launch.script is not None and not Path(launch.script).exists():
            raise click.UsageError(f"there is no script {launch.script}")
        into = into or str(Path("cassettes", f"{launch.name}.yaml"))
        order = ordered(into, mode, keep_on_error=keep_on_error)
        sys.exit(_status(launch.argv, {**os.environ, **order}))


def _status(argv: list[str], environ: dict[str, str]) -> int:
    """Run a command to its end; a Ctrl-C is for it, and it ends when it will."""
    try:
        child = subprocess.Popen(argv, env=environ)
    except OSError as error:
        raise click.UsageError(f"{argv[0]} cannot be started: {error.strerror}.") from None
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt:
            continue
        # A shell's way to tell of a signal.
        return status if status >= 0 else 128 - status
