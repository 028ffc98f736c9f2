"""Options that several commands of `reqllm-fixtures` have, word for word."""

from __future__ import annotations

import click

from reqllm.cli.commands import checked_pace, checked_wire

wire_option = click.option(
    "--wire",
    metavar="WIRE",
    callback=checked_wire,
    help="The wire format; by default it is found out.",
)
pace_option = click.option(
    "--pace",
    type=float,
    callback=checked_pace,
    metavar="N",
    default=1.0,
    show_default=True,
    help="1 plays in the recorded rhythm, 2 half as fast, 0 at once.",
)
