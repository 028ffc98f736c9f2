"""Looks for secrets in files: cassettes by interaction, journals, and any other text."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.errors import CassetteFormatError, MissingDependencyError
from reqllm_fixtures.files import disk, journal
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.secrets.scan import scan, scan_bytes

# What others keep, and nobody records into.
_PASSED_OVER = {".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules"}
_CASSETTES = {".yaml", ".yml", ".json"}


class Found(NamedTuple):
    """Something in a file that looks like a secret; `interaction` is None outside of any."""

    file: str
    interaction: int | None
    place: str
    kind: str


def files_in(paths: Iterable[str]) -> Iterator[str]:
    """Give the files, and those in the folders at any depth, hidden ones too, in a stable order."""
    for path in paths:
        if not Path(path).is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(set(folders) - _PASSED_OVER)
            found = (Path(folder, name) for name in sorted(names))
            yield from (str(each) for each in found if each.is_file())


def scan_file(path: str) -> list[Found]:
    """Look through a file. Raises CassetteNotFoundError, CassetteFormatError if it is unreadable.

    What stands in no interaction, as a comment, is looked for in the text; kinds that were found
    in the interactions already are not told a second time.
    """
    content = disk.read(path)
    found = [
        Found(path, number, leak.place, leak.kind)
        for number, interaction in _interactions(path, content)
        for leak in scan(interaction)
    ]
    known = {each.kind for each in found}
    text = (leak for leak in scan_bytes(content) if leak.kind not in known)
    return [*found, *(Found(path, None, leak.place, leak.kind) for leak in text)]


def _interactions(path: str, content: bytes) -> Iterable[tuple[int, Interaction]]:
    """Read the interactions of a cassette or a journal; none of any other file."""
    name = path.removesuffix(".gz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether a body fits its sizes is not the question here
        try:
            if name.endswith(".journal"):
                return list(enumerate(journal.read(Path(path))))
            if Path(name).suffix not in _CASSETTES:
                return ()
            text = content.decode()
            as_json = cassette_format.is_json(path)
            return list(enumerate(cassette_format.loads(text, path=path, as_json=as_json)))
        except (CassetteFormatError, MissingDependencyError, ValueError, LookupError, TypeError):
            return ()
