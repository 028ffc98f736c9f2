"""A plain red square as PNG, the same bytes wherever it is made. https://www.w3.org/TR/png-3/"""

from __future__ import annotations

import zlib

_SIZE = 64
_RED = b"\xff\x00\x00"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def red_square() -> bytes:
    """Return a PNG of 64 by 64 pixels, all of them red.

    Its data are stored, not compressed: what a compressor writes depends on its release.
    """
    head = _SIZE.to_bytes(4) * 2 + bytes((1, 3, 0, 0, 0))  # one bit a pixel, out of a palette
    row = bytes(1 + _SIZE // 8)  # not filtered; every pixel is the palette's first colour
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", _RED),
            _chunk(b"IDAT", _stored(row * _SIZE)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def _stored(data: bytes) -> bytes:
    """Wrap data as zlib does, in one block that is not compressed (RFC 1950 and 1951)."""
    size = len(data)
    block = b"\x01" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data
    return b"\x78\x01" + block + zlib.adler32(data).to_bytes(4)
