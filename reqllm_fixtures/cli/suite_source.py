"""A suite of tests under pytest-recording: which cassettes its tests have, and where ours will be.

Names, folders and markers are those of https://github.com/kiwicom/pytest-recording.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from reqllm_fixtures.cli.importing import NotImportedError
from reqllm_fixtures.cli.suite_child import VARIABLE, Suite, Test

_CHILD = "reqllm_fixtures.cli.suite_child"
_FOLDER = "cassettes"
_ENDINGS = (".yaml", ".json")  # by its two serializers
_FORBIDDEN = str.maketrans(dict.fromkeys("<>?%*:|\"'/\\", "-"))
_LONGEST = 255
_TOLD_LINES = 15
_NO_TESTS = 5


class Move(Struct, frozen=True):
    """What becomes one cassette of ours: all that its tests may play."""

    target: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def is_in_place(self) -> bool:
        """Whether the first file lies where our plugin looks for it already."""
        return os.path.realpath(self.sources[0]) == os.path.realpath(self.target)


def collected(suite: str) -> Suite:
    """Ask pytest which tests there are. Raises NotImportedError."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "tests.json")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", _CHILD, suite],
            env={**os.environ, VARIABLE: str(told)},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode not in (0, _NO_TESTS):
            said = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-_TOLD_LINES:])
            raise NotImportedError(
                f"The names of cassettes are those of tests, and pytest could not collect those in "
                f"{suite} (exit status {done.returncode}). It said:\n{said}"
            )
        return msgspec.json.decode(told.read_bytes(), type=Suite) if told.is_file() else Suite()


def moves(tests: Iterable[Test]) -> list[Move]:
    """Tell which files become which cassettes. Tests that have no recording make none.

    Raises NotImportedError where one cassette would take the place of two different ones.
    """
    made: dict[str, Move] = {}
    for test in tests:
        sources = tuple(_sources(test))
        if not sources:
            continue
        known = made.get(test.path)
        if known is not None and known.sources != sources:
            raise NotImportedError(
                f"{known.tests[0]} and {test.test} would both play from {test.path}, and have "
                "different recordings: give one of them a cassette of another name."
            )
        before = () if known is None else known.tests
        made[test.path] = Move(test.path, sources, (*before, test.test))
    return list(made.values())


def files_of(tests: Iterable[Test]) -> list[str]:
    """List every cassette that lies where these tests' are."""
    folders = {Path(test.file).parent / _FOLDER / Path(test.file).stem for test in tests}
    found = (
        path for folder in folders for ending in _ENDINGS for path in folder.rglob(f"*{ending}")
    )
    return sorted(map(str, found))


def _sources(test: Test) -> Iterator[str]:
    """Tell the files of a test that are there, its own before those that its markers add."""
    file = Path(test.file)
    folder = file.parent / _FOLDER / file.stem
    own = _name(test) if test.default is None else test.default
    named = [folder / _with_ending(own, ending) for ending in _ENDINGS]
    found = [path for path in named if path.is_file()][:1]
    # pathlib leaves an absolute one as it is.
    found += [path for each in test.extras if (path := folder / each).is_file()]
    yield from dict.fromkeys(map(str, found))


def _name(test: Test) -> str:
    name = test.name if test.cls is None else f"{test.cls}.{test.name}"
    return name.translate(_FORBIDDEN)


def _with_ending(name: str, ending: str) -> str:
    if len(name) + len(ending) > _LONGEST:
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        name = f"{name[: _LONGEST - len(ending) - len(digest) - 3]}...{digest}"
    return name if name.endswith(ending) else f"{name}{ending}"
