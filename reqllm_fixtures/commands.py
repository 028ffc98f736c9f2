"""The command `reqllm-fixtures`: play, show and decode what models really sent."""

from __future__ import annotations

import math
import sys

import click

NAME = "reqllm-fixtures"
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
PLAY_EXAMPLES = """\b
Examples:
  reqllm-fixtures play cassettes/demo.yaml
  reqllm-fixtures play cassettes/demo.yaml --pace 0.5     twice as fast as it was
  reqllm-fixtures play cassettes/demo.yaml --interaction 0 --json | jq .kind

A recorded failure is played as what it is, with exit status 0; 1 means that a recording could not
be played, 2 that the command was asked wrongly.
"""


@click.group(name=NAME, context_settings=HELP)
@click.version_option(package_name="reqllm", prog_name=NAME)
def reqllm_fixtures() -> None:
    """Play, show and decode what language models really sent."""


@reqllm_fixtures.command(epilog=PLAY_EXAMPLES, short_help="Play the streams in a cassette.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--pace",
    type=float,
    metavar="N",
    default=1.0,
    show_default=True,
    help="1 plays in the recorded rhythm, 2 half as fast, 0 at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one chunk a line, as JSON.")
@click.option("--interaction", type=int, metavar="N", help="Play only the Nth, counted from 0.")
@click.option("--wire", metavar="WIRE", help="The wire format; by default it is found out.")
def play(file: str, pace: float, as_json: bool, interaction: int | None, wire: str | None) -> None:
    """Play the cassette FILE: what was streamed, through our own client, as it was streamed."""
    from reqllm.reporting import WENT_WRONG, Reporter
    from reqllm.terminal import Terminal
    from reqllm_fixtures.format import load
    from reqllm_fixtures.player import Player

    _check_pace(pace)
    _check_wire(wire)
    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(NAME, terminal)
    with reporter.running():
        chosen = list(enumerate(load(file).interactions))
        if interaction is not None:
            _check_interaction(interaction, len(chosen))
            chosen = [chosen[interaction]]
        player = Player(file, terminal, reporter, pace=pace, as_json=as_json, wire=wire)
        if not chosen:
            terminal.say(f"{NAME}: {file} holds no interaction")
        if not player.play(chosen):
            sys.exit(WENT_WRONG)


def _check_pace(pace: float) -> None:
    if not (pace >= 0 and math.isfinite(pace)):
        raise click.UsageError(f"--pace is from 0 (at once) up, 1 is as recorded; got {pace:g}.")


def _check_wire(wire: str | None) -> None:
    if wire is None:
        return
    from reqllm.providers.wires import DECODERS

    if wire not in DECODERS:
        known = ", ".join(sorted(DECODERS))
        raise click.UsageError(f"there is no wire {wire!r}. The wires are {known}.")


def _check_interaction(number: int, count: int) -> None:
    if not 0 <= number < count:
        held = f"interactions 0 to {count - 1}" if count else "no interaction"
        raise click.UsageError(f"there is no interaction {number}: the cassette holds {held}.")
