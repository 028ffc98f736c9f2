"""The files of a shelf: read at the start, and again where they change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from reqllm_fixtures import format as cassette_format
from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.serving.shelf import Shelf

_Signature = tuple[int, int, int]


class Files:
    """Puts files on a shelf.

    find: names the files that there are now; they are searched in its order.
    say: is told what became of a file while it was served.
    """

    def __init__(
        self, find: Callable[[], Iterable[str]], shelf: Shelf, say: Callable[[str], None]
    ) -> None:
        self._find, self._shelf, self._say = find, shelf, say
        self._seen: dict[str, _Signature] = {}

    def open(self) -> list[tuple[str, FixtureError]]:
        """Read all files for the first time; return those that cannot be read, and why."""
        failed: list[tuple[str, FixtureError]] = []
        for path in self._find():
            try:
                self._read(path)
            except FixtureError as error:
                failed.append((path, error))
        return failed

    def look_again(self) -> None:
        """Read files anew that have changed; one that cannot be read stays as it was."""
        for path, seen in list(self._seen.items()):
            now = _signature(path)
            if now is None:
                del self._seen[path]
                self._shelf.remove(path)
                self._say(f"{path} is gone")
            elif now != seen:
                self._reread(path, now)

    def look_for_more(self) -> bool:
        """Read files that came since; tell whether there are any."""
        new = [path for path in self._find() if path not in self._seen]
        for path in new:
            self._reread(path, _signature(path))
        return bool(new)

    def _reread(self, path: str, now: _Signature | None) -> None:
        try:
            self._read(path)
        except FixtureError as error:
            self._say(f"{error} What is served of it is what was read before.")
            if now is not None and path in self._seen:
                self._seen[path] = now  # told once
        else:
            self._say(f"read {path}")

    def _read(self, path: str) -> None:
        signature = _signature(path)  # first: what is written in between is found later
        self._shelf.put(path, cassette_format.load(path).interactions)
        if signature is not None:
            self._seen[path] = signature


def _signature(path: str) -> _Signature | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
