"""Looks files over: cassettes, and bodies whose wire was named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from reqllm_fixtures.cli.check_formats import LookedOver
from reqllm_fixtures.cli.scanning import files_in
from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.files import disk
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.linting import Linter, Remark

_CASSETTES = (".yaml", ".yml", ".json")
_STDIN = "-"


def looked_over(paths: Iterable[str], linter: Linter, stdin: BinaryIO) -> Iterator[LookedOver]:
    """Look over the files, and those in the folders that are cassettes."""
    for path in paths:
        if path == _STDIN:
            yield LookedOver("(standard input)", _of_body(linter, stdin.read()))
        else:
            yield from (LookedOver(file, _of_file(file, linter)) for file in cassettes_in([path]))


def cassettes_in(paths: Iterable[str]) -> Iterator[str]:
    """Give the files, and those in the folders that are cassettes."""
    for path in paths:
        if Path(path).is_dir():
            yield from (file for file in files_in([path]) if _is_cassette(file))
        else:
            yield path


def without(looked: Iterable[LookedOver], ignored: Collection[str]) -> Iterator[LookedOver]:
    """Leave out what is said by rules that are ignored."""
    for each in looked:
        kept = [remark for remark in each.remarks if remark.rule not in ignored]
        yield LookedOver(each.file, kept)


def _of_file(path: str, linter: Linter) -> list[Remark]:
    try:
        content = disk.read(path)
        if not _has_name_of_cassette(path) and linter.wire is not None:
            return _of_body(linter, content)
        as_json = cassette_format.is_json(path)
        interactions = cassette_format.loads(content, path=path, as_json=as_json)
        return list(linter.cassette(interactions))
    except FixtureError as error:
        said = _flat(error)
        if not _has_name_of_cassette(path):
            said += " If it is the body of a stream, name its wire with --wire."
        return [linter.unreadable(said)]


def _of_body(linter: Linter, body: bytes) -> list[Remark]:
    if linter.wire is None:
        said = "expected a cassette, or a body whose wire is named with --wire"
        return [linter.unreadable(said)]
    return list(linter.stream(linter.wire, body))


def _has_name_of_cassette(path: str) -> bool:
    return path.removesuffix(".gz").endswith(_CASSETTES)


def _is_cassette(path: str) -> bool:
    """Tell whether a file in a folder is meant to be a cassette: others keep YAML and JSON, too."""
    if not _has_name_of_cassette(path):
        return False
    try:
        return b"interactions" in disk.read(path)
    except FixtureError:
        return True  # it is told why


def _flat(error: FixtureError) -> str:
    return " ".join(str(error).split())
