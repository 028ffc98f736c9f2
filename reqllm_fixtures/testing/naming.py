"""Where the cassette of a test lies: `cassettes/<module>/<test>.yaml` beside its file. Pure."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

# What every file system takes. pytest-recording's names of ordinary tests come out unchanged.
_FORBIDDEN = re.compile(r"[^\w \[\]().,;=+@~#&!{}^$-]", re.ASCII)
_KINDS = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
# A name has 255 bytes, and what is written beside a cassette while it is recorded adds some.
_LONGEST = 150
_DIGITS = 8


def path_of(file: Path, folder: str, classes: Sequence[str], test: str) -> Path:
    """Name the cassette of a test; `test` is its name with its parameters."""
    name = stem(".".join([*classes, test]))
    # In one step: each `/` of pathlib's takes as long as all the rest.
    return Path(os.path.join(file.parent, folder, stem(file.stem), f"{name}.yaml"))


def path_named(file: Path, folder: str, name: str) -> Path:
    """Name the cassette that a marker names, which `refusal` has let pass."""
    return file.parent / folder / (name if is_cassette(name) else f"{name}.yaml")


def is_cassette(name: str) -> bool:
    """Tell whether a file's name ends as a cassette's does."""
    return name.endswith(_KINDS)


def stem(name: str) -> str:
    """Make a file's name of a test's: equal only for equal names, and never a way elsewhere.

    What a file system may refuse becomes a dash; what was so changed, or cut because it was too
    long, ends in a hash of what it was.
    """
    clean = _FORBIDDEN.sub("-", name)
    if clean.startswith("."):
        clean = f"-{clean[1:]}"
    if clean == name and 0 < len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{clean[: _LONGEST - _DIGITS - 1]}-{digest}"


def refusal(name: str) -> str | None:
    """Tell why a marker's name is none for a cassette, if so."""
    parts = PurePosixPath(name).parts
    if not name or name.endswith("/") or "\\" in name:
        return "a file's name, perhaps with folders before it"
    if name.startswith("/") or any(part.startswith(".") for part in parts):
        return "a name inside the folder of cassettes (override fixture_path for one elsewhere)"
    wrong = next((part for part in parts if _FORBIDDEN.search(part)), None)
    if wrong is not None or any(len(part) > _LONGEST for part in parts):
        return f"at most {_LONGEST} characters that every file system takes"
    return None
