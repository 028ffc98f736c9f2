"""The command `reqllm-fixtures import`."""

from __future__ import annotations

import sys

import click

from reqllm_fixtures.cli.command_line import NAME, running

EXAMPLES = """\b
Examples:
  reqllm-fixtures import session.har --into cassettes/chat.yaml
  reqllm-fixtures import old/*.yaml.gz --into cassettes/
  reqllm-fixtures import fixtures/anthropic/claude_haiku_4_5/streaming.json
  reqllm-fixtures import --from-pytest-recording tests/

\b
What is read, found out by its content, packed with gzip or not:
  ReqLLM's fixtures    the reads of the network are kept as pieces; no times
  HAR                  of browsers, proxies, Polly.JS; bodies are cut at their events
  vcrpy's cassettes    YAML or JSON; they play as they are, too

\b
--from-pytest-recording collects the tests in DIR, without running them. A cassette that lies where
our plugin looks for it is left alone; one whose name differs is written there. Nothing is removed.

Exit status: 0 all was imported, 1 a file was not, 2 the command was asked wrongly.
"""


@click.command(name="import", epilog=EXAMPLES, short_help="Make cassettes of others' recordings.")
@click.argument(
    "sources",
    nargs=-1,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False),
)
@click.option(
    "--into",
    metavar="DIR|FILE",
    help="A folder, or a file named .yaml or .json; by default beside each FILE, as .yaml.",
)
@click.option("--force", is_flag=True, help="Replace cassettes that are there.")
@click.option(
    "suite",
    "--from-pytest-recording",
    metavar="DIR",
    type=click.Path(exists=True),
    help="In place of FILE: a folder of tests under pytest-recording, whose cassettes are taken.",
)
def import_command(
    sources: tuple[str, ...], into: str | None, force: bool, suite: str | None
) -> None:
    """Make a cassette of each FILE that another recorder wrote.

    Nothing secret is taken over: headers are kept by name, keys are masked, and a file in which
    something still looks like a secret is refused. What could not be taken is told, line by line.
    """
    from reqllm.cli.reporting import WENT_WRONG
    from reqllm_fixtures.cli import importing
    from reqllm_fixtures.errors import FixtureError

    if (suite is None) is not bool(sources):
        raise click.UsageError("name files to import, or a suite by --from-pytest-recording.")
    if suite is not None and into is not None:
        raise click.UsageError("--into is for files: the cassettes of tests lie beside the tests.")
    with running() as (terminal, reporter):
        if suite is not None:
            from reqllm_fixtures.cli import suite_import

            taken = suite_import.take_over(suite, terminal, reporter, force=force)
            sys.exit(0 if taken else WENT_WRONG)
        try:
            made = importing.targets(sources, into)
        except importing.NotImportedError as error:
            raise click.UsageError(str(error)) from None
        failed = False
        for source, target in zip(sources, made, strict=True):
            try:
                interactions, lost = importing.take(source)
                importing.write(source, interactions, target, force=force)
            except FixtureError as error:
                failed = True
                reporter.error(error, f"{source}: ")
                continue
            terminal.line(f"{target}: interactions: {len(interactions)}, from {source}")
            for each in lost:
                terminal.say(f"{NAME}: {source}: not taken: {each}")
        if failed:
            sys.exit(WENT_WRONG)
