"""A lock that threads, tasks and processes share: a file beside the one that is changed."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    # Windows locks bytes against reading, too: one far behind the content.
    _FAR = 0x7FFF_0000

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this descriptor alone, if nobody else has."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this descriptor alone, if nobody else has."""
        try:
            # Not lockf: its locks are a process's, so that threads would share them.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_PATIENCE = 60.0  # seconds; a lock is held while one file is read and written
_PAUSE = 0.005


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at this path, which is gone afterwards. Raises OSError, TimeoutError."""
    descriptor = _acquired(path)
    try:
        yield
    finally:
        if sys.platform == "win32":  # pragma: no cover
            # What is open cannot be removed there, and what is closed may be another's by now.
            os.close(descriptor)
        else:
            # Removed while it is held: who waits for it sees that it is not the same file.
            path.unlink(missing_ok=True)
            os.close(descriptor)


def _acquired(path: Path) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if try_lock(descriptor) and _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"another process has held the lock {path} for {_PATIENCE:.0f} seconds; "
                "wait for it, or remove the lock if no process is recording"
            )
        time.sleep(_PAUSE)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
