"""The command `reqllm-fixtures`: play, show and decode what was recorded."""

from __future__ import annotations

import sys
from typing import Any

import click

from reqllm_fixtures.errors import FixtureError

_NAME = "reqllm-fixtures"


@click.group(name=_NAME, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reqllm", prog_name=_NAME)
def reqllm_fixtures() -> None:
    """Play, show and decode what language models really sent."""


@reqllm_fixtures.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--pace", type=float, default=1.0, show_default=True, help="1 as recorded, 0 at once.")
@click.option("--json", "as_json", is_flag=True, help="One chunk a line, as JSON.")
@click.option("--interaction", type=int, help="Only the interaction of this number, from 0.")
@click.option("--wire", help="The wire that the recording speaks; by default it is found out.")
def play(
    file: str, pace: float, as_json: bool, interaction: int | None, wire: str | None
) -> None:
    """Play a cassette: what was streamed, as it was streamed."""
    from reqllm.reporting import Reporter
    from reqllm.terminal import Terminal
    from reqllm_fixtures import player
    from reqllm_fixtures.format import load

    terminal = Terminal(sys.stdout, sys.stderr)
    reporter = Reporter(_NAME, terminal)
    with reporter.running():
        cassette = load(file)
        player.play(cassette, terminal, reporter, pace=pace, as_json=as_json, wire=wire)
