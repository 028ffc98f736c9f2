"""The journal of a recording: one line for each finished interaction, as soon as it is finished.

It lies beside the cassette and is locked while its recording lives: one that is not locked was
left behind by a process that died.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.files.locking import try_lock

_SUFFIX = ".journal"


class Journal:
    """Lines that outlive the process; the file is made with the first of them."""

    def __init__(self, cassette: Path) -> None:
        self.path = cassette.with_name(f".{cassette.name}.{secrets.token_hex(4)}{_SUFFIX}")
        self._descriptor: int | None = None
        self._lock = threading.Lock()  # of what is closed the descriptor may be another file's

    def add(self, number: int, interaction: Interaction) -> None:
        """Write a line. Raises OSError."""
        # It is not synced: a process that is killed loses nothing that the system has taken.
        line = memoryview(_line(number, interaction))
        with self._lock:
            if self._descriptor is None:
                self._descriptor = self._opened()
            while line:
                line = line[os.write(self._descriptor, line) :]

    def remove(self) -> None:
        """Close the journal and remove it."""
        with self._lock:
            if self._descriptor is None:
                return
            descriptor, self._descriptor = self._descriptor, None
            if os.name == "nt":  # pragma: no cover - where what is open cannot be removed
                os.close(descriptor)
                self.path.unlink(missing_ok=True)
            else:
                # Removed while it is locked, or another run would take it for one left behind.
                self.path.unlink(missing_ok=True)
                os.close(descriptor)

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is locked, for the same reason.
        unlocked = self.path.with_suffix(".new")
        descriptor = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        try_lock(descriptor)
        unlocked.rename(self.path)
        return descriptor


def read(path: Path) -> list[Interaction]:
    """Read what a journal holds, in the order of the requests; a line cut short does not count."""
    numbered: dict[int, Interaction] = dict(_lines(path))
    return [numbered[number] for number in sorted(numbered)]


def left_behind(cassette: Path) -> list[Path]:
    """List the journals of this cassette whose recordings have died."""
    start = f".{cassette.name}."
    try:
        with os.scandir(cassette.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(start)]
    except OSError:
        return []
    paths = (cassette.with_name(name) for name in sorted(names) if name.endswith(_SUFFIX))
    return [path for path in paths if not _is_alive(path)]


def _line(number: int, interaction: Interaction) -> bytes:
    text = cassette_format.dumps([interaction], as_json=True)
    # Its own indentation is for reading; a journal is for surviving.
    return json.dumps([number, json.loads(text)], ensure_ascii=False).encode() + b"\n"


def _lines(path: Path) -> Iterator[tuple[int, Interaction]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            number, document = json.loads(line)
        except ValueError:
            continue
        text = json.dumps(document)
        yield number, cassette_format.loads(text, path=str(path), as_json=True)[0]


def _is_alive(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return True  # removed by now, or not ours to judge
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
