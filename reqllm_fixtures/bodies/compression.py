"""Undo the content codings of a recorded body. https://www.rfc-editor.org/rfc/rfc9110#section-8.4"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from typing import Any

from reqllm_fixtures.cassette import Headers
from reqllm_fixtures.errors import MissingDependencyError, NodeError

_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # what zlib calls them


def decoded(body: bytes, headers: Headers) -> tuple[bytes, bool]:
    """Decode a body by its headers, and tell whether they name a coding.

    A stream that broke off is decoded as far as it goes. Many recorders keep a body decoded and
    the header of its coding with it: such a body is taken as it is.
    Raises NodeError for a damaged body, MissingDependencyError where no decoder is installed.
    """
    codings = [
        coding.strip().lower()
        for name, value in headers
        if name.lower() == "content-encoding"
        for coding in value.split(",")
    ]
    codings = [coding for coding in codings if coding not in {"", "identity"}]
    for coding in reversed(codings):
        body = _undone(coding, body)
    return body, bool(codings)


def _undone(coding: str, body: bytes) -> bytes:
    if not body:
        return body
    try:
        return _decoder(coding)(body)
    except Exception as error:  # each decoder has errors of its own
        if _is_text(body):
            return body
        if isinstance(error, NodeError | MissingDependencyError):
            raise
        raise NodeError(f"a body in {coding}", f"one that is damaged ({error})") from error


def _decoder(coding: str) -> Callable[[bytes], bytes]:
    match coding:
        case "gzip" | "x-gzip":
            return lambda body: _inflated(body, _GZIP)
        case "deflate":
            return _deflate
        case "br":
            return _of_first("brotli", "brotlicffi").decompress  # type: ignore[no-any-return]
        case "zstd":
            return _zstd
    raise NodeError(
        "a content coding of gzip, deflate, br or zstd",
        repr(coding),
        "Record it anew with accept-encoding: identity.",
    )


def _inflated(body: bytes, window: int) -> bytes:
    """Inflate all members; a last one that breaks off gives what it has."""
    parts = []
    while body:
        inflater = zlib.decompressobj(window)
        parts.append(inflater.decompress(body))
        body = inflater.unused_data.lstrip(b"\0")  # some pad
    return b"".join(parts)


def _deflate(body: bytes) -> bytes:
    try:
        return _inflated(body, _ZLIB)
    except zlib.error:  # the name means zlib's format; some servers send it bare
        return _inflated(body, _RAW_DEFLATE)


def _zstd(body: bytes) -> bytes:
    module = _of_first("compression.zstd", "backports.zstd", "zstandard")
    if module.__name__ == "zstandard":  # the others have a function for it
        reader: Any = module.ZstdDecompressor().decompressobj(read_across_frames=True)
        return bytes(reader.decompress(body))
    return bytes(module.decompress(body))


def _of_first(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingDependencyError(
        f"A recorded body is compressed and needs one of {', '.join(names)}, and none is "
        f"installed. Install one: pip install {names[-1]}."
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
