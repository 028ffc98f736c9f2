"""The command `reqllm-fixtures check`."""

from __future__ import annotations

import sys

import click

from reqllm_fixtures.cli.command_line import NAME, running
from reqllm_fixtures.cli.options import wire_option

EXAMPLES = """\b
Examples:
  reqllm-fixtures check cassettes/
  reqllm-fixtures check cassettes/ --profile strict --fail-on warning
  reqllm-fixtures check cassettes/ --ignore error-status --ignore usage-missing
  reqllm-fixtures check tests --format junit > check.xml
  curl -sN https://... | reqllm-fixtures check --wire openai-chat -

Exit status: 0 nothing was found of the severity of --fail-on or a worse one, 1 something was, or a
file could not be read, 2 the command was asked wrongly, or there was nothing to check.
"""


def _checked_rules(
    _: click.Context, __: click.Parameter, rules: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the rules if there are such."""
    from reqllm_fixtures.checking.rules import RULES
    from reqllm_fixtures.linting import LINTS

    for rule in rules:
        if rule not in RULES and rule not in LINTS:
            raise click.BadParameter(f"there is no rule {rule!r}. docs/checking.md lists them.")
    return rules


@click.command(name="check", epilog=EXAMPLES, short_help="Check recordings and their streams.")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
    type=click.Path(exists=True, allow_dash=True),
)
@click.option(
    "--profile",
    type=click.Choice(["strict", "compat"]),
    default="compat",
    show_default=True,
    help="strict: what the provider documents; compat: what a client needs.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
    help="json: one finding a line; junit: XML; github: annotations of a workflow.",
)
@wire_option
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    metavar="DAYS",
    default=365,
    show_default=True,
    help="How old a recording may be.",
)
@click.option(
    "--ignore",
    "ignored",
    metavar="RULE",
    multiple=True,
    callback=_checked_rules,
    help="Do not tell of this rule; may be given more than once.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="What makes the exit status 1.",
)
def check_command(
    paths: tuple[str, ...],
    profile: str,
    form: str,
    wire: str | None,
    max_age: int,
    ignored: tuple[str, ...],
    fail_on: str,
) -> None:
    """Check each PATH: a cassette, a folder of them, or a captured body if --wire names its wire.

    Every stream is held to the schema of each of its events and to the rules of their order, and
    every recording is looked over: whether it is empty, cut off, old, an error in place of an
    answer, without usage, edited, or holds what looks like a secret. docs/checking.md lists all
    rules.
    """
    from datetime import UTC, datetime, timedelta

    from reqllm.cli.reporting import ASKED_WRONGLY, WENT_WRONG
    from reqllm_fixtures.checking.finding import checked_profile
    from reqllm_fixtures.cli.check_formats import FORMATS, Tally
    from reqllm_fixtures.cli.looking_over import looked_over, without
    from reqllm_fixtures.linting import Linter

    linter = Linter(
        now=datetime.now(UTC),
        profile=checked_profile(profile),
        wire=wire,
        max_age=timedelta(days=max_age),
    )
    with running() as (terminal, _):
        tally = Tally()
        looked = without(looked_over(paths, linter, sys.stdin.buffer), ignored)
        FORMATS[form](tally.counted(looked), terminal)
        terminal.say(f"{NAME}: {tally}")
        if not tally.files:
            # A check of nothing in CI would pass for ever, wherever the cassettes have moved.
            terminal.say(f"{NAME}: nothing was checked: no cassette is in {', '.join(paths)}")
            sys.exit(ASKED_WRONGLY)
        if tally.fails(fail_on):
            sys.exit(WENT_WRONG)
