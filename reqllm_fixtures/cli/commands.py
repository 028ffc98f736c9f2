"""The command `reqllm-fixtures`, with those of its commands that show what was really sent."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from reqllm.cli.commands import HELP, checked_wire
from reqllm_fixtures.cli.check_command import check_command
from reqllm_fixtures.cli.command_line import NAME
from reqllm_fixtures.cli.conformance_command import conformance_command
from reqllm_fixtures.cli.conformance_report_command import conformance_report_command
from reqllm_fixtures.cli.diff_command import diff_command
from reqllm_fixtures.cli.import_command import import_command
from reqllm_fixtures.cli.options import pace_option, wire_option
from reqllm_fixtures.cli.overlays_command import overlaid, overlay_option, overlays_command
from reqllm_fixtures.cli.record_command import record_command
from reqllm_fixtures.cli.scan_command import scan_command
from reqllm_fixtures.cli.serve_command import serve_command

if TYPE_CHECKING:
    from reqllm_fixtures.cassette import Interaction
    from reqllm_fixtures.overlay.base import Overlay

PLAY_EXAMPLES = """\b
Examples:
  reqllm-fixtures play cassettes/demo.yaml
  reqllm-fixtures play cassettes/demo.yaml --pace 0.5     twice as fast as it was
  reqllm-fixtures play cassettes/demo.yaml --interaction 0 --json | jq .kind
  reqllm-fixtures play cassettes/demo.yaml --overlay "recut:bytes | cut:events=30"

A recorded failure is played as what it is, with exit status 0; 1 means that a recording could not
be played, 2 that the command was asked wrongly.
"""
SHOW_EXAMPLES = """\b
Examples:
  reqllm-fixtures show cassettes/openai_tools.yaml
  reqllm-fixtures show cassettes/demo.yaml --pieces
  reqllm-fixtures show cassettes/demo.yaml --json | jq -c 'select(.kind == "event").data'
"""
DECODE_EXAMPLES = """\b
Examples:
  reqllm-fixtures decode --wire anthropic-messages body.sse
  curl -sN https://... | reqllm-fixtures decode --wire openai-chat -
  reqllm-fixtures decode --wire openai-chat body.sse --json | jq .kind

Exit status: 0 the stream is complete, 1 it is not, 2 the command was asked wrongly.
"""


@click.group(name=NAME, context_settings=HELP)
@click.version_option(package_name="reqllm", prog_name=NAME)
def reqllm_fixtures() -> None:
    """Record, play, show and check what language models really sent."""


reqllm_fixtures.add_command(record_command)
reqllm_fixtures.add_command(check_command)
reqllm_fixtures.add_command(conformance_command)
reqllm_fixtures.add_command(conformance_report_command)
reqllm_fixtures.add_command(diff_command)
reqllm_fixtures.add_command(scan_command)
reqllm_fixtures.add_command(import_command)
reqllm_fixtures.add_command(overlays_command)
reqllm_fixtures.add_command(serve_command)


@reqllm_fixtures.command(epilog=PLAY_EXAMPLES, short_help="Play the streams in a cassette.")
@click.argument("file", type=click.Path(dir_okay=False))
@pace_option
@overlay_option
@click.option("--json", "as_json", is_flag=True, help="Print one chunk a line, as JSON.")
@click.option("--interaction", type=int, metavar="N", help="Play only the Nth, counted from 0.")
@wire_option
def play(
    file: str,
    pace: float,
    overlay: Overlay | None,
    as_json: bool,
    interaction: int | None,
    wire: str | None,
) -> None:
    """Play the cassette FILE: what was streamed, through our own client, as it was streamed."""
    from reqllm.cli.reporting import WENT_WRONG, Reporter
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.cli.player import Player
    from reqllm_fixtures.files.format import load

    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(NAME, terminal)
    with reporter.running():
        chosen = _chosen(load(file).interactions, interaction)
        if overlay is not None:
            # Their times are those at which they are to play.
            chosen, pace = overlaid(chosen, overlay, file, pace=pace), 1.0
        player = Player(
            file,
            terminal,
            reporter,
            pace=pace,
            as_json=as_json,
            wire=wire,
            is_overlaid=overlay is not None,
        )
        if not chosen:
            terminal.say(f"{NAME}: {file} holds no interaction")
        if not player.play(chosen):
            sys.exit(WENT_WRONG)


@reqllm_fixtures.command(epilog=SHOW_EXAMPLES, short_help="Show what is in a cassette.")
@click.argument("file", type=click.Path(dir_okay=False))
@overlay_option
@click.option("--pieces", is_flag=True, help="Every piece: its number, time, gap and size.")
@click.option("--events", is_flag=True, help="Every event, as it was sent.")
@click.option("--chunks", is_flag=True, help="Every chunk that our client makes of it.")
@click.option("--json", "as_json", is_flag=True, help="Print one item a line, as JSON.")
@click.option("--interaction", type=int, metavar="N", help="Show only the Nth, counted from 0.")
@wire_option
def show(
    file: str,
    overlay: Overlay | None,
    pieces: bool,
    events: bool,
    chunks: bool,
    as_json: bool,
    interaction: int | None,
    wire: str | None,
) -> None:
    """Show the cassette FILE: requests, answers, and what came when.

    By default all of it in moderation; --pieces, --events and --chunks pick what is shown whole.
    Keys that a file of others may hold are masked.
    """
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.cli import showing
    from reqllm_fixtures.files.format import load

    terminal = Terminal(sys.stdout, sys.stderr)
    with Reporter(NAME, terminal).running():
        chosen = _chosen(load(file).interactions, interaction)
        if overlay is not None:
            chosen = overlaid(chosen, overlay, file, pace=1.0)
        sections = showing.Sections(pieces, events, chunks, overlay is not None)
        write = showing.show_json if as_json else showing.show
        write(chosen, terminal, sections, wire=wire)


@reqllm_fixtures.command(epilog=DECODE_EXAMPLES, short_help="Decode and judge a captured body.")
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--wire", metavar="WIRE", callback=checked_wire, required=True, help="The wire of the body."
)
@click.option("--json", "as_json", is_flag=True, help="Print one chunk a line, as JSON.")
def decode(file: BinaryIO, wire: str, as_json: bool) -> None:
    """Decode the body in FILE, or on the standard input, while its bytes arrive.

    The body alone, without HTTP headers. Only a complete stream is a success.
    """
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.cli import decoding

    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(NAME, terminal)
    with reporter.running():
        decoding.decode(file, wire, terminal, reporter, as_json=as_json)


def _chosen(
    interactions: Sequence[Interaction], number: int | None
) -> list[tuple[int, Interaction]]:
    """Return the interactions with their numbers: all of them, or one."""
    if number is None:
        return list(enumerate(interactions))
    if 0 <= number < len(interactions):
        return [(number, interactions[number])]
    held = f"interactions 0 to {len(interactions) - 1}" if interactions else "no interaction"
    raise click.UsageError(f"there is no interaction {number}: the cassette holds {held}.")
