"""Files as a cassette needs them: read with clear errors, published whole or not at all."""

from __future__ import annotations

import gzip
import os
import secrets
import zlib
from pathlib import Path

from reqllm_fixtures.errors import CassetteFormatError, CassetteNotFoundError

_GZIP_MAGIC = b"\x1f\x8b"


def read(path: str) -> bytes:
    """Read a file, unpacked if it is gzip, whatever its name says."""
    try:
        with open(path, "rb", buffering=0) as file:  # a buffer is no use to who reads it all
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise CassetteNotFoundError(path) from None
    except OSError as error:
        came = "a directory" if isinstance(error, IsADirectoryError) else str(error.strerror)
        raise CassetteFormatError(
            path,
            expected="a file that can be read",
            came=came,
            advice="Check the path and its permissions.",
        ) from error
    return _unpacked(path, data) if data.startswith(_GZIP_MAGIC) else data


def publish(path: str, data: bytes) -> None:
    """Write a file beside its place, then move it there in one step; packed if named `.gz`.

    Missing folders are made. Whatever fails, the old file is unharmed and nothing is left over.
    """
    # A link keeps pointing where it points: what is replaced is the file behind it.
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            # No time stamp in the header: equal cassettes are equal files.
            file.write(gzip.compress(data, mtime=0) if target.suffix == ".gz" else data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _unpacked(path: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CassetteFormatError(
            path,
            expected="a whole gzip file",
            came=f"one that breaks off or is damaged ({error})",
            advice="Restore it from version control, or record it anew.",
        ) from error
