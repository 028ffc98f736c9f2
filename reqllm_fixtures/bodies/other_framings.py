"""Bodies that are no server-sent events: lines of JSON, one JSON array, frames of AWS."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from struct import Struct as Layout

from msgspec.structs import replace

from reqllm_fixtures.bodies.cutting import CutEvent, sse_events

_BETWEEN_ITEMS = re.compile(rb"[\s,]*")
_LINE = re.compile(rb"[^\n]+")
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r"
_OPENERS = (b"{", b"[")
_PRELUDE = Layout(">III")
_CRC = Layout(">I")
_SMALLEST_FRAME = 16
_STRING_HEADER = 7
_LENGTH = Layout(">H")


def json_lines(body: bytes) -> Iterator[CutEvent]:
    """Cut NDJSON into its lines; what opens a document in a line of its own is one to the end."""
    start = len(_BOM) if body.startswith(_BOM) else 0
    for match in _LINE.finditer(body, start):
        line = match[0].strip(_BLANK)
        if line in _OPENERS:
            document = (line + b"\n" + body[match.end() + 1 :]).strip(_BLANK + b"\n")
            is_finished = body.endswith(b"\n")
            yield CutEvent(match.start(), len(body), document, is_finished=is_finished)
            return
        if line:
            stop = match.end() + 1
            yield CutEvent(match.start(), min(stop, len(body)), line, is_finished=stop <= len(body))


def sse_or_array(body: bytes) -> Iterator[CutEvent]:
    """Cut what Gemini sends: server-sent events, or without `alt=sse` one JSON array."""
    start = body[:64].lstrip()[:1]
    return array_items(body) if start in (b"[", b"{") else sse_events(body)


def array_items(body: bytes) -> Iterator[CutEvent]:
    """Cut one JSON array into its items; a body that is one object is one item."""
    # One character a byte: structure is ASCII, and so positions are right.
    text = body.decode("latin-1")
    decode = json.JSONDecoder().raw_decode
    is_array = body.lstrip()[:1] == b"["
    at = _skip(body, body.find(b"[") + 1 if is_array else 0)
    items: list[tuple[int, int]] = []
    while at < len(body) and text[at] != "]":
        try:
            _, stop = decode(text, at)
        except (ValueError, RecursionError):
            break
        items.append((at, stop))
        at = _skip(body, stop)
    is_closed = not is_array or text[at : at + 1] == "]"
    for start, stop in items:
        whole = is_closed or (start, stop) != items[-1]
        yield CutEvent(start, stop, body[start:stop], is_finished=whole)
    if at < len(body) and text[at] != "]":
        yield CutEvent(at, len(body), body[at:], is_stray=True)


def _skip(body: bytes, at: int) -> int:
    match = _BETWEEN_ITEMS.match(body, at)
    return match.end() if match else at


def frames(body: bytes) -> Iterator[CutEvent]:
    """Cut an AWS event stream into its messages, named by their type; exceptions are one type.

    https://smithy.io/2.0/aws/amazon-eventstream.html
    """
    at = 0
    while at < len(body):
        size = _whole_frame(body, at)
        if size is None:
            yield CutEvent(at, len(body), body[at:], is_stray=True)
            return
        stop = at + size
        (_, of_headers, _) = _PRELUDE.unpack_from(body, at)
        payload = at + _PRELUDE.size + of_headers
        headers = _headers(body[at + _PRELUDE.size : payload])
        is_event = headers.get(":message-type", "event") == "event"
        name = headers.get(":event-type", "") if is_event else "exception"
        data = body[payload : stop - _CRC.size]
        if not data and ":error-message" in headers:
            # An error has nothing but headers.
            data = json.dumps({"message": headers[":error-message"]}).encode()
        yield CutEvent(at, stop, data, name)
        at = stop


def wrapped_events(body: bytes) -> Iterator[CutEvent]:
    """Cut an AWS event stream whose messages hold a model's own events, in base64."""
    for event in frames(body):
        data = None if event.is_stray else _unwrapped(event.data)
        yield event if data is None else replace(event, data=data)


def _unwrapped(payload: bytes) -> bytes | None:
    """Return the event in a payload; `None` if there is none, as in an exception."""
    try:
        document = json.loads(payload)
        return base64.b64decode(document["bytes"], validate=True)
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def _whole_frame(body: bytes, at: int) -> int | None:
    """Return the size of the frame here; `None` if it is damaged, or not all there."""
    if len(body) - at < _SMALLEST_FRAME:
        return None
    size, of_headers, checksum = _PRELUDE.unpack_from(body, at)
    fits = _SMALLEST_FRAME + of_headers <= size <= len(body) - at
    if not fits or zlib.crc32(body[at : at + 8]) != checksum:
        return None
    end = at + size - _CRC.size
    return size if _CRC.unpack_from(body, end)[0] == zlib.crc32(body[at:end]) else None


def _headers(data: bytes) -> dict[str, str]:
    """Read the headers up to the first that is no text: those asked for are."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if len(data) < name_end + 1 + _LENGTH.size or data[name_end] != _STRING_HEADER:
            break
        value = name_end + 1 + _LENGTH.size
        (size,) = _LENGTH.unpack_from(data, name_end + 1)
        name = data[at + 1 : name_end].decode("utf-8", "replace")
        found[name] = data[value : value + size].decode("utf-8", "replace")
        at = value + size
    return found
