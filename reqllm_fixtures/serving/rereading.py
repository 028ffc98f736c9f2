"""The files of a shelf: read at the start, and again where they change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from reqllm_fixtures.errors import FixtureError
from reqllm_fixtures.files import format as cassette_format
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

    def open(self) -> list[FixtureError]:
        """Read all files for the first time; return why some cannot be read."""
        failed: list[FixtureError] = []
        for path in self._names():
            try:
                self._read(path)
            except FixtureError as error:
                failed.append(error)
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
                self._reread(path)

    def look_for_more(self) -> bool:
        """Read files that came since; tell whether there are any."""
        known = set(self._seen)
        new = [path for path in self._names() if path not in known and _signature(path)]
        for path in new:
            self._reread(path)
        return bool(new)

    def _names(self) -> list[str]:
        """Name each file once, though it may be given more than once."""
        names: dict[str, str] = {}
        for path in self._find():
            names.setdefault(os.path.realpath(path), path)
        return list(names.values())

    def _reread(self, path: str) -> None:
        try:
            self._read(path)
        except FixtureError as error:
            self._say(f"{error} What was read of it before is still served.")
        else:
            self._say(f"read {path}")

    def _read(self, path: str) -> None:
        # First: what is written in between is found later. Kept in any case: an error is told once.
        signature = _signature(path)
        if signature is not None:
            self._seen[path] = signature
        self._shelf.put(path, cassette_format.load(path).interactions)


def _signature(path: str) -> _Signature | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
