"""Writes messages of an AWS event stream, as the service does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zlib import crc32


def message(payload: bytes, headers: bytes = b"") -> bytes:
    """Return one message around headers that are written already."""
    whole = prelude(len(payload) + len(headers) + 16, len(headers)) + headers + payload
    return whole + crc32(whole).to_bytes(4)


def prelude(total: int, headers: int) -> bytes:
    """Return the lengths that a message begins with, and their checksum."""
    lengths = total.to_bytes(4) + headers.to_bytes(4)
    return lengths + crc32(lengths).to_bytes(4)


def header(name: str, value: bytes, kind: int = 7) -> bytes:
    """Return one header; texts and bytes (7, 6) are written with their length."""
    size = len(value).to_bytes(2) if kind in (6, 7) else b""
    return bytes([len(name.encode())]) + name.encode() + bytes([kind]) + size + value


def texts(headers: Mapping[str, str]) -> bytes:
    return b"".join(header(name, value.encode()) for name, value in headers.items())


def frame(name: str, payload: Any, kind: str = "event") -> bytes:
    """Return an event or an exception of that name; a payload that is no bytes becomes JSON."""
    is_written = isinstance(payload, bytes)
    written = payload if is_written else json.dumps(payload, separators=(",", ":")).encode()
    named = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    return message(written, texts(named))
