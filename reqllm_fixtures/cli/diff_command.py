"""The command `reqllm-fixtures diff`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from reqllm_fixtures.cli.command_line import running
from reqllm_fixtures.cli.options import wire_option

if TYPE_CHECKING:
    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.cli.differing import Compared
    from reqllm_fixtures.errors import Difference

EXAMPLES = """\b
Examples:
  reqllm-fixtures diff old.yaml new.yaml
  git show HEAD:chat.yaml > was.yaml; reqllm-fixtures diff was.yaml chat.yaml
  reqllm-fixtures diff old.yaml new.yaml --json | jq -r 'select(.kind == "differs").path'

Exit status: 0 they mean the same, 1 they differ, 2 one cannot be read or the command was asked
wrongly.
"""
_CANNOT = 2
_FILE = click.Path(exists=True, dir_okay=False)
_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


@click.command(name="diff", epilog=EXAMPLES, short_help="Show what two cassettes differ in.")
@click.argument("a", type=_FILE)
@click.argument("b", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one difference a line, as JSON.")
@wire_option
def diff_command(a: str, b: str, as_json: bool, wire: str | None) -> None:
    """Show in what the cassettes A and B differ, not in how they are written.

    Requests that are equal are paired, then those that are left, in their order. A request differs
    by JSON path. Of a stream the chunks are compared that our client makes of it, so where the
    network cut it, when it came, ids, dates and padding do not count; of an unknown wire it is
    the events. Headers are not compared, but for the content type.
    """
    from reqllm.cli.reporting import WENT_WRONG
    from reqllm_fixtures.cli.differing import compare
    from reqllm_fixtures.errors import FixtureError
    from reqllm_fixtures.files.format import load

    with running() as (terminal, reporter):
        try:
            left, right = load(a).interactions, load(b).interactions
        except FixtureError as error:
            reporter.error(error)
            sys.exit(_CANNOT)
        different = [each for each in compare(left, right, wire=wire) if not each.is_equal]
        for each in different:
            if as_json:
                for item in _items(each):
                    terminal.json({"a": each.a, "b": each.b, **item})
            else:
                _show(each, terminal)
        if different:
            sys.exit(WENT_WRONG)


def _show(compared: Compared, terminal: Terminal) -> None:
    from reqllm.cli.terminal import one_line

    request = one_line(compared.request)
    if compared.a is None or compared.b is None:
        side, number = ("A", compared.a) if compared.b is None else ("B", compared.b)
        terminal.line(f"only in {side}: interaction {number}, {request}", "bold")
        return
    terminal.line(f"A interaction {compared.a}, B interaction {compared.b}: {request}", "bold")
    for each in compared.differences:
        terminal.line(f"  {one_line(each.path)}")
        terminal.line(f"    A: {_spelt(each.recorded)}", "red")
        terminal.line(f"    B: {_spelt(each.asked)}", "green")
    for line in compared.events:
        terminal.line(line, _COLOURS.get(line[:1], ""))


def _items(compared: Compared) -> list[dict[str, Any]]:
    request = {"request": compared.request}
    if compared.a is None or compared.b is None:
        return [{"kind": "only_in_a" if compared.b is None else "only_in_b", **request}]
    items = [
        {"kind": "differs", "path": each.path, **_sides(each)} for each in compared.differences
    ]
    if compared.events:
        items.append({"kind": "answer", "diff": list(compared.events)})
    return items


def _sides(difference: Difference) -> dict[str, Any]:
    """Give both values; a side that has nothing there is left out."""
    from reqllm_fixtures.errors import ABSENT

    sides = {"value_a": difference.recorded, "value_b": difference.asked}
    return {name: _plain(value) for name, value in sides.items() if value is not ABSENT}


def _spelt(value: Any) -> str:
    from reqllm.cli.terminal import as_json
    from reqllm_fixtures.errors import ABSENT

    return "(absent)" if value is ABSENT else as_json(_plain(value))


def _plain(value: Any) -> Any:
    from reqllm_fixtures.playback import value_of

    return value_of(value) if isinstance(value, bytes) else value
