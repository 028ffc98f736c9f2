"""The command `reqllm-fixtures scan`."""

from __future__ import annotations

import sys

import click

from reqllm_fixtures.cli.command_line import NAME, running

EXAMPLES = """\b
Examples:
  reqllm-fixtures scan cassettes/
  reqllm-fixtures scan tests/cassettes/chat.yaml old/recording.yaml.gz
  reqllm-fixtures scan . --json | jq -r .file | sort -u

In a pre-commit hook or in CI it needs nothing but the paths.

Exit status: 0 nothing was found, 1 something was, or a file could not be read, 2 the command was
asked wrongly.
"""


@click.command(name="scan", epilog=EXAMPLES, short_help="Look for secrets in recordings.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print one finding a line, as JSON.")
def scan_command(paths: tuple[str, ...], as_json: bool) -> None:
    """Look in each PATH, a file or a folder, for what looks like a secret.

    Keys of all well-known vendors, tokens, private keys and bearer values are found in requests,
    headers and bodies, also where a stream has divided them over its events, and in the journals
    of recordings. Files that are no recordings are looked through as text.

    It tells the file, the interaction, the place in it and the kind of secret, never the secret.
    Whatever it finds should be revoked: it may have been seen. Then record anew.
    """
    from reqllm.cli.reporting import WENT_WRONG
    from reqllm.cli.terminal import one_line
    from reqllm_fixtures.cli.scanning import files_in, scan_file
    from reqllm_fixtures.errors import FixtureError

    hits = scanned = unread = 0
    with running() as (terminal, reporter):
        for path in files_in(paths):
            try:
                found = scan_file(path)
            except FixtureError as error:
                unread += 1
                reporter.error(error)
                continue
            scanned += 1
            hits += len(found)
            for each in found:
                if as_json:
                    terminal.json(each._asdict())
                else:
                    number = each.interaction
                    where = "" if number is None else f"interaction {number}, "
                    terminal.line(f"{one_line(each.file)}: {where}{each.place}: {each.kind}")
        if not as_json:
            terminal.say(f"{NAME}: files: {scanned}, findings: {hits}")
        if hits or unread:
            sys.exit(WENT_WRONG)
