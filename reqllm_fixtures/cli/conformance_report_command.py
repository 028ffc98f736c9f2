"""The command `reqllm-fixtures conformance-report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reqllm_fixtures.cli.command_line import NAME, running
from reqllm_fixtures.cli.conformance_command import form_option, outputs_option

if TYPE_CHECKING:
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.conformance.combining import Change
    from reqllm_fixtures.conformance.results import Matrix

EXAMPLES = """\b
Examples:
  reqllm-fixtures conformance-report openai.json anthropic.json -o all.html
  reqllm-fixtures conformance-report new.json --against old.json
  reqllm-fixtures conformance-report matrix.json --format junit > matrix.xml

Exit status: 0 all went well, 1 what was given to --against was better, or a file could not be read
or written, 2 the command was asked wrongly.
"""
_FILE = click.Path(exists=True, dir_okay=False)


@click.command(
    name="conformance-report",
    epilog=EXAMPLES,
    short_help="Put reports of conformance together, or compare them.",
)
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...", type=_FILE)
@click.option(
    "--against",
    metavar="REPORT",
    type=_FILE,
    help="Print what has changed since that run, in place of the matrix; what is worse fails.",
)
@form_option
@outputs_option
def conformance_report_command(
    reports: tuple[str, ...], against: str | None, form: str, outputs: tuple[str, ...]
) -> None:
    """Make one matrix of REPORTs that `conformance` wrote as JSON, of one run or of several.

    Of the same model and scenario the last report counts, but one that proves nothing takes the
    place of none that does. Nothing is asked and no recording is played.
    """
    from reqllm.cli.reporting import WENT_WRONG
    from reqllm_fixtures.cli.conformance_reports import Judging, write_files, write_out
    from reqllm_fixtures.conformance.combining import changes, merged

    with running() as (terminal, reporter):
        matrix = merged(map(_read, reports))
        judging = Judging(strict=matrix.profile == "strict")
        found = None if against is None else changes(_read(against), matrix)
        if found is None:
            write_out(matrix, form, judging, terminal)
        else:
            _show(found, terminal)
        if not write_files(matrix, outputs, judging, reporter):
            sys.exit(WENT_WRONG)
        if found is not None:
            worse = sum(change.is_worse for change in found)
            terminal.say(f"{NAME}: changes: {len(found)}, for the worse: {worse}")
            if worse:
                sys.exit(WENT_WRONG)


def _read(path: str) -> Matrix:
    from reqllm_fixtures.conformance.json_report import read_report
    from reqllm_fixtures.errors import ReportError

    try:
        text = Path(path).read_bytes()
    except OSError as error:
        said = error.strerror or str(error)
        raise ReportError(path, expected="a file that can be read", came=said) from None
    return read_report(text, path)


def _show(found: tuple[Change, ...], terminal: Terminal) -> None:
    from reqllm.cli.terminal import one_line

    for change in found:
        terminal.mark(f"{'-' if change.is_worse else '+'} ", _style(change))
        terminal.mark(one_line(str(change)), _style(change))
        terminal.end_line()


def _style(change: Change) -> str:
    return "red" if change.is_worse else "green"
