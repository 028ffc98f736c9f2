"""What colour a PNG is: https://www.w3.org/TR/png-3/. Up to eight bits a sample, not interlaced."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by colour type
PALETTE, GREYS = 3, (0, 4)
LARGEST = 1 << 20  # pixels
COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 160, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 140, 0),
    "purple": (128, 0, 128),
    "pink": (255, 170, 190),
    "brown": (120, 70, 20),
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
}


def colour_of(data: bytes) -> str | None:
    """The name nearest to the picture's mean colour; None for what is no such PNG."""
    try:
        pixels = list(_pixels(data))
    except (ValueError, KeyError, IndexError, struct.error, zlib.error):
        return None
    if not pixels:
        return None
    mean = [sum(channel) / len(pixels) for channel in zip(*pixels, strict=True)]
    return min(COLOURS, key=lambda name: _distance(mean, COLOURS[name]))


def _distance(one: list[float], other: tuple[int, int, int]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _pixels(data: bytes) -> Iterator[tuple[int, int, int]]:
    chunks = dict(_chunks(data))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if depth > 8 or interlaced or not 0 < width * height <= LARGEST:
        raise ValueError("not a picture that this reads")
    size, palette = SAMPLES[kind], chunks.get(b"PLTE", b"")
    length = (width * size * depth + 7) // 8
    raw = zlib.decompressobj().decompress(chunks[b"IDAT"], (length + 1) * height)
    for line in _lines(raw, length, height, max(size * depth // 8, 1)):
        samples = line if depth == 8 else _unpacked(line, depth)
        for at in range(0, width * size, size):
            if kind == PALETTE:
                red, green, blue = palette[samples[at] * 3 : samples[at] * 3 + 3]
            elif kind in GREYS:
                red = green = blue = samples[at] * 255 // ((1 << depth) - 1)
            else:
                red, green, blue = samples[at : at + 3]
            yield red, green, blue


def _unpacked(line: bytes, depth: int) -> list[int]:
    """The samples of a line in which several share a byte, the first in its highest bits."""
    places = range(8 - depth, -1, -depth)
    return [byte >> place & ((1 << depth) - 1) for byte in line for place in places]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each kind of chunk with its data; those of the picture's are joined."""
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG")
    at, picture = len(SIGNATURE), b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        if zlib.crc32(kind + body) != struct.unpack_from(">I", data, at + 8 + size)[0]:
            raise ValueError("the checksum does not fit")
        picture += body if kind == b"IDAT" else b""
        yield kind, picture if kind == b"IDAT" else body
        at += 12 + size


def _lines(raw: bytes, length: int, height: int, size: int) -> Iterator[bytes]:
    """Undo the filter of each line."""
    above = bytearray(length)
    for number in range(height):
        start = number * (length + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + length])
        if len(line) != length:
            raise ValueError("the picture ends before its last line")
        for at in range(length):
            left = line[at - size] if at >= size else 0
            corner = above[at - size] if at >= size else 0
            line[at] = (line[at] + _predicted(kind, left, above[at], corner)) & 255
        yield bytes(line)
        above = line


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda value: abs(guess - value))
    return (0, left, up, (left + up) // 2)[kind]
