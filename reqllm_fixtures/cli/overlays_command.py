"""Overlays on the command line: the option `--overlay`, and the command that lists them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from reqllm_fixtures.cli.command_line import running
from reqllm_fixtures.errors import OverlayError

if TYPE_CHECKING:
    from reqllm_fixtures.cassette import Interaction
    from reqllm_fixtures.overlay.base import Overlay

Numbered = list[tuple[int, "Interaction"]]
EXAMPLES = """\b
Examples:
  reqllm-fixtures overlays
  reqllm-fixtures show cassettes/demo.yaml --pieces --overlay recut:events
  reqllm-fixtures play cassettes/demo.yaml --overlay "pace:2 | cut:events=30"
  reqllm-fixtures play cassettes/demo.yaml --overlay "refused:429,retry_after=1"
  pytest --reqllm-overlay recut:bytes

"a | b" is a and then b; "drop:3@0" is for interaction 0 alone. Events are counted from 1, or from
-1 for the last.
"""


def _read(context: click.Context, parameter: click.Parameter, text: str | None) -> Overlay | None:
    if text is None:
        return None
    from reqllm_fixtures.overlay.words import parse

    try:
        return parse(text)
    except OverlayError as error:
        raise click.BadParameter(str(error)) from None


overlay_option = click.option(
    "--overlay",
    callback=_read,
    metavar="OVERLAY",
    help='Change what is recorded, as in "recut:bytes | cut:events=3"; `overlays` lists them.',
)


def overlaid(chosen: Numbered, overlay: Overlay, path: str, *, pace: float) -> Numbered:
    """Return what an overlay makes of interactions: each answer of a series is one of its own.

    Raises OverlayError.
    """
    from reqllm_fixtures.cassette import Interaction
    from reqllm_fixtures.overlay.applying import all_played

    made = all_played(chosen, overlay, path, pace=pace)
    return [
        (number, Interaction(each.request, answer))
        for number, each in chosen
        for answer in (made[number].answers if number in made else (each.response,))
    ]


@click.command("overlays", epilog=EXAMPLES, short_help="List the overlays that there are.")
def overlays_command() -> None:
    """List what can be done to a recording while it is played, and how it is written."""
    from reqllm_fixtures.overlay.incidents import INCIDENTS
    from reqllm_fixtures.overlay.words import GROUPS, KINDS

    with running() as (terminal, _):
        rows = [(_written(kind), _said(kind)) for kind in KINDS.values()]
        _table(terminal, "overlays", rows)
        known = INCIDENTS.items()
        _table(terminal, "incidents", [(n, f"{i.said} ({', '.join(i.wires)})") for n, i in known])
        _table(terminal, "groups", [(name, ", ".join(texts)) for name, texts in GROUPS.items()])


def _written(kind: type[Overlay]) -> str:
    from msgspec import structs

    fields = [
        field.name if field.name == kind.bare else f"{field.name}=…"
        for field in structs.fields(kind)
    ]
    return f"{kind.name}:{','.join(fields)}" if fields else kind.name


def _said(kind: type[Overlay]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]


def _table(terminal: Any, title: str, rows: list[tuple[str, str]]) -> None:
    terminal.line(title, "bold")
    for written, said in rows:
        terminal.line(f"  {written}")
        terminal.line(f"      {said}", "dim")
