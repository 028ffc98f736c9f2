"""The command `reqllm-fixtures serve`."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from reqllm_fixtures.cli.command_line import NAME, running
from reqllm_fixtures.cli.options import pace_option

if TYPE_CHECKING:
    import socket

    from reqllm.cli.terminal import Terminal
    from reqllm_fixtures.overlay.base import Overlay
    from reqllm_fixtures.serving.shelf import Redacted, Shelf

EXAMPLES = """\b
Examples:
  reqllm-fixtures serve cassettes/
  reqllm-fixtures serve cassettes/chat.yaml --port 0 --pace 0
  reqllm-fixtures serve cassettes/ --match dates --match '$.metadata.trace' --repeat

\b
Then, for what was recorded from https://api.openai.com/v1:
  OPENAI_BASE_URL=http://127.0.0.1:8089/v1 OPENAI_API_KEY=unused node chat.mjs

\b
While it runs:
  curl http://127.0.0.1:8089/_reqllm                 what was played, not played and missed
  curl -X POST http://127.0.0.1:8089/_reqllm/reset   play all from the start

Exit status, after Ctrl-C or SIGTERM: 0 all that was asked was played; 1 something was missed, as
--fail-on has it, or a file could not be read; 2 the command was asked wrongly.
"""
_SHOWN = 20
_LOOPBACK = ("127.", "::1")


def _checked_match(
    _: click.Context, __: click.Parameter, declared: tuple[str, ...]
) -> tuple[str, ...]:
    """Return what may vary if it is a path or a preset."""
    from reqllm_fixtures.errors import RulesError
    from reqllm_fixtures.matching.matchers import Rules

    try:
        Rules(declared)
    except RulesError as error:
        raise click.BadParameter(str(error)) from None
    return declared


def _checked_overlay(_: click.Context, __: click.Parameter, text: str | None) -> Overlay | None:
    """Return the overlay if it is one."""
    from reqllm_fixtures.errors import OverlayError
    from reqllm_fixtures.overlay.words import overlay_of

    try:
        return overlay_of(text)
    except OverlayError as error:
        raise click.BadParameter(str(error)) from None


@click.command(name="serve", epilog=EXAMPLES, short_help="Serve recordings over HTTP.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8089,
    show_default=True,
    help="0 is any that is free; the address is the first line of the standard output.",
)
@pace_option
@click.option(
    "--match",
    metavar="PATH|PRESET",
    multiple=True,
    callback=_checked_match,
    help="What may vary in a body: a JSON path, or dates, generated_ids, obfuscation, "
    "tool_call_ids, uuids; may be given more than once.",
)
@click.option(
    "--overlay",
    metavar="OVERLAY",
    callback=_checked_overlay,
    help="Change every stream, as in 'cut:events=3'; the header x-reqllm-overlay does so for one.",
)
@click.option("--repeat", is_flag=True, help="Play the last recording of a request again for ever.")
@click.option(
    "--allow-origin",
    metavar="ORIGIN",
    multiple=True,
    help="Let pages of this origin ask, from a browser; may be given more than once.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["missed", "unplayed", "never"]),
    default="missed",
    show_default=True,
    help="What makes the exit status 1; unplayed: also what nobody asked for.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not tell of each request.")
def serve_command(
    paths: tuple[str, ...],
    host: str,
    port: int,
    pace: float,
    match: tuple[str, ...],
    overlay: Overlay | None,
    repeat: bool,
    allow_origin: tuple[str, ...],
    fail_on: str,
    quiet: bool,
) -> None:
    """Serve the recordings in each PATH, a cassette or a folder of them, as an HTTP server.

    A program in any language replays them through its base URL: the recorded one with this
    server's address in place of the provider's. No key is needed, and nothing is ever sent on.

    A request is answered by the first recording, not played yet, with the same method, path,
    query and body, piece by piece, and ends as it ended. A request that none answers gets status
    404 and what differs. A file that changes is read again, and plays from its start.
    """
    from reqllm.cli.reporting import WENT_WRONG

    missing = [name for name in ("starlette", "uvicorn") if not importlib.util.find_spec(name)]
    if missing:
        raise click.UsageError(
            f"{' and '.join(missing)} not installed: pip install 'reqllm[fixtures,serve]'"
        )
    with running() as (terminal, reporter):
        from reqllm_fixtures.cli.looking_over import cassettes_in
        from reqllm_fixtures.matching.matchers import Rules
        from reqllm_fixtures.serving.application import application
        from reqllm_fixtures.serving.by_path import ByPath
        from reqllm_fixtures.serving.rereading import Files
        from reqllm_fixtures.serving.server import Server
        from reqllm_fixtures.serving.shelf import Shelf

        def say(text: str) -> None:
            terminal.say(f"{NAME}: {text}")

        shelf = Shelf(ByPath(Rules(match)), _redacted(), repeat=repeat)
        files = Files(lambda: cassettes_in(paths), shelf, say)
        unreadable = files.open()
        for error in unreadable:
            reporter.error(error)
        if unreadable:
            sys.exit(WENT_WRONG)
        if not shelf.cassettes:
            raise click.UsageError(f"there is no cassette in {', '.join(paths)}.")
        say_of_request = (lambda _: None) if quiet else say
        made = application(
            shelf, files, pace=pace, overlay=overlay, origins=allow_origin, say=say_of_request
        )
        server = Server(made)
        with _listening(host, port) as listener:
            _announce(shelf, listener, terminal, say)
            server.run(sockets=[listener])
        failed = _summed_up(shelf, fail_on, say)
    if failed:
        sys.exit(WENT_WRONG)


def _listening(host: str, port: int) -> socket.socket:
    from reqllm_fixtures.serving.server import listen

    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise click.UsageError(
            f"cannot listen at {host}, port {port}: {said}. --port 0 takes any that is free."
        ) from None


def _redacted() -> Redacted:
    """Make what a request is redacted by, once one comes that is not found as it is."""
    from reqllm_fixtures.secrets.redaction import Redactor

    return Redactor.of((), os.environ).redact_request


def _announce(
    shelf: Shelf, listener: socket.socket, terminal: Terminal, say: Callable[[str], None]
) -> None:
    from reqllm_fixtures.serving.server import url_of

    url = url_of(listener)
    terminal.line(url)
    held = [each for cassette in shelf.cassettes for each in cassette.interactions]
    say(f"cassettes: {len(shelf.cassettes)}, interactions: {len(held)}; Ctrl-C ends it")
    for origin in sorted({_origin(each.request.uri) for each in held}):
        say(f"{url} is in place of {origin}")
    if not str(listener.getsockname()[0]).startswith(_LOOPBACK):
        say("warning: whoever reaches this machine can read the recordings")


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _summed_up(shelf: Shelf, fail_on: str, say: Callable[[str], None]) -> bool:
    """Tell what was played, not played and missed; return whether that is a failure."""
    unplayed, misses = shelf.unplayed(), shelf.misses
    say(f"played: {shelf.plays}, not played: {len(unplayed)}, missed: {len(misses)}")
    _listed([f"not played: {path}, interaction {n}: {name}" for path, n, name in unplayed], say)
    _listed([f"missed: {each.request}" for each in misses], say)
    if fail_on == "never":
        return False
    return bool(misses) or (fail_on == "unplayed" and bool(unplayed))


def _listed(lines: list[str], say: Callable[[str], None]) -> None:
    for line in lines[:_SHOWN]:
        say(line)
    if len(lines) > _SHOWN:
        say(f"… and {len(lines) - _SHOWN} more")
