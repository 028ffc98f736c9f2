"""Where the cassette of a test lies: `cassettes/<module>/<test>.yaml` beside its file. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from reqllm_fixtures.file_names import FORBIDDEN, LONGEST, stem

_KINDS = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
_FILES = 16


def path_of(file: Path, folder: str, classes: Sequence[str], test: str) -> Path:
    """Name the cassette of a test; `test` is its name with its parameters."""
    name = stem(".".join([*classes, test]))
    return Path(os.path.join(_folder_of(file, folder), f"{name}.yaml"))


# A file of tests has many, and each step of pathlib's takes as long as all the rest.
@lru_cache(_FILES)
def _folder_of(file: Path, folder: str) -> str:
    return os.path.join(file.parent, folder, stem(file.stem))


def path_named(file: Path, folder: str, name: str) -> Path:
    """Name the cassette that a marker names, which `refusal` has let pass."""
    return file.parent / folder / (name if is_cassette(name) else f"{name}.yaml")


def is_cassette(name: str) -> bool:
    """Tell whether a file's name ends as a cassette's does."""
    return name.endswith(_KINDS)


def refusal(name: str) -> str | None:
    """Tell why a marker's name is none for a cassette, if so."""
    parts = PurePosixPath(name).parts
    if not name or name.endswith("/") or "\\" in name:
        return "a file's name, perhaps with folders before it"
    if name.startswith("/") or any(part.startswith(".") for part in parts):
        return "a name inside the folder of cassettes (override fixture_path for one elsewhere)"
    wrong = next((part for part in parts if FORBIDDEN.search(part)), None)
    if wrong is not None or any(len(part) > LONGEST for part in parts):
        return f"at most {LONGEST} characters that every file system takes"
    return None
