"""Takes over a suite under pytest-recording: its cassettes, and word of what is left to be done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.cli import importing, suite_source
from reqllm_fixtures.cli.command_line import NAME
from reqllm_fixtures.cli.suite_child import Suite
from reqllm_fixtures.cli.suite_source import Move
from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.secrets.scan import scan

if TYPE_CHECKING:
    from reqllm.cli.reporting import Reporter
    from reqllm.cli.terminal import Terminal

_GUIDE = "see docs/migrating.md"


def take_over(folder: str, terminal: Terminal, reporter: Reporter, *, force: bool) -> bool:
    """Write the cassettes of a suite where our plugin looks for them; tell whether all were.

    A file that lies there already is left as it is, unless `force` has it written anew or a marker
    adds other files to it. Raises NotImportedError.
    """
    suite = suite_source.collected(folder)
    if not suite.tests:
        raise importing.NotImportedError(
            f"Expected tests marked with vcr in {folder}. Came: none. Name the folder of the "
            "tests, not that of their cassettes."
        )
    moves = suite_source.moves(suite.tests)
    failed = [move for move in moves if not _moved(move, terminal, reporter, force=force)]
    for note in (*_left_over(suite, moves, failed), *_to_do(suite)):
        terminal.say(f"{NAME}: {note}")
    return not failed


def _moved(move: Move, terminal: Terminal, reporter: Reporter, *, force: bool) -> bool:
    target, sources = _short(move.target), ", ".join(map(_short, move.sources))
    if not (force or move.is_in_place) and os.path.lexists(move.target):
        terminal.line(f"{target}: is there already, left as it is")
        return True
    try:
        own, *others = (importing.take(source).interactions for source in move.sources)
        held = {_key(each) for each in own}
        added = [each for other in others for each in other if _key(each) not in held]
        if move.is_in_place and not (added or force):
            _leave(own, target, terminal)
            return True
        importing.write(sources, [*own, *added], move.target, force=True)
    except FixtureError as error:
        reporter.error(error, f"{sources}: ")
        return False
    terminal.line(f"{target}: interactions: {len(own) + len(added)}, from {sources}")
    return True


def _leave(interactions: Sequence[Interaction], target: str, terminal: Terminal) -> None:
    terminal.line(f"{target}: interactions: {len(interactions)}, plays as it is")
    if any(scan(each) for each in interactions):
        terminal.say(f"{NAME}: {target}: holds what looks like a secret; --force writes it without")


def _key(interaction: Interaction) -> tuple[object, ...]:
    """Tell one interaction from another, whoever wrote it down."""
    request = interaction.request
    return request.method, request.uri, request.body, interaction.response.body


def _left_over(suite: Suite, moves: Iterable[Move], failed: Iterable[Move]) -> Iterator[str]:
    """Name tests without recordings, and files without tests: not those that could not be taken."""
    recorded = {test for move in moves for test in move.tests}
    for test in suite.tests:
        if test.is_vcr and test.test not in recorded:
            yield f"{test.test}: no recording was found"
    used = {source for move in moves for source in move.sources}
    kept = {os.path.realpath(move.target) for move in moves}
    kept |= {os.path.realpath(source) for move in failed for source in move.sources}
    for file in suite_source.files_of(suite.tests):
        if os.path.realpath(file) in kept:
            continue
        yield f"{_short(file)}: {'no longer needed' if file in used else 'no test uses it'}"


def _to_do(suite: Suite) -> Iterator[str]:
    """Tell what only the suite's authors can change."""
    for file, fixture in suite.overridden:
        yield f"{_short(file)}: {fixture} is read by pytest-recording alone: {_GUIDE}"
    tests = [test for test in suite.tests if test.is_vcr]
    for test in tests:
        if test.default is not None:
            said = f"{os.path.basename(os.path.dirname(test.path))}/{test.default}"
            yield f"{test.test}: its default_cassette becomes reqllm({said!r}, patch=True)"
        if test.options:
            yield f"{test.test}: its marker's {', '.join(test.options)}: {_GUIDE}"
    for file in sorted({_short(test.file) for test in tests if test.default is None}):
        yield f"{file}: @pytest.mark.vcr becomes @pytest.mark.reqllm(patch=True)"


def _short(path: str) -> str:
    return os.path.relpath(path)
