"""What a recording speaks: whether it is a stream, and of which wire. Pure."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from reqllm.wires.recognising import wire_of_event, wire_of_path
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.cassette import Interaction, RecordedRequest
from reqllm_fixtures.errors import FixtureError

# :streamGenerateContent, /converse-stream, /invoke-with-response-stream
_STREAM_PATH = re.compile(r"[:/-]stream\w*$")
_SSE_STARTS = (b"data:", b"event:", b":", b"id:", b"retry:")
_FRAME_START = b"\x00"  # of a length that is written in four bytes
_STREAM_TYPES = ("event-stream", "eventstream", "ndjson")
_SNIFFED_BYTES = 65_536


class UnknownWireOfRecordingError(FixtureError):
    """Neither the address nor the first event tells which wire a recording speaks."""


def is_stream(interaction: Interaction) -> bool:
    """Return whether a stream was asked for, or came."""
    headers = interaction.response.headers
    types = [value for name, value in headers if name.lower() == "content-type"]
    if any(kind in value for value in types for kind in _STREAM_TYPES):
        return True
    if _wants_stream(interaction.request):
        return True
    if _STREAM_PATH.search(urlsplit(interaction.request.uri).path):
        return True
    body = interaction.response.body
    return body.lstrip().startswith(_SSE_STARTS) or body.startswith(_FRAME_START)


def wire_of(interaction: Interaction) -> str:
    """Return the wire that a recording speaks: by its address, else by its first event.

    Raises UnknownWireOfRecordingError.
    """
    path = urlsplit(interaction.request.uri).path
    found = wire_of_path(path) or wire_of_event(_first_event(interaction.response.body))
    if found is None:
        raise UnknownWireOfRecordingError(
            f"Neither the address ({path or '/'}) nor the first event tells which wire this "
            f"recording speaks. If it is one of {', '.join(WIRE_NAMES)}, name it with "
            "--wire; others are not read yet."
        )
    return found


def json_body(request: RecordedRequest) -> dict[str, Any]:
    """Return the request's body if it is a JSON object, else an empty one."""
    body = parsed(request.body)
    return body if isinstance(body, dict) else {}


def _wants_stream(request: RecordedRequest) -> bool:
    return json_body(request).get("stream") is True


def _first_event(body: bytes) -> Any:
    """Return the first event's data as JSON, or the body's own if it is one document."""
    if body.lstrip()[:1] == b"{":
        first_line = body.lstrip().partition(b"\n")[0]
        return parsed(first_line) or parsed(body)
    # Here, as the address mostly tells.
    from reqllm.framing.event import WireEvent
    from reqllm.framing.eventstream import EVENT_STREAM
    from reqllm.framing.sse import SSEDecoder

    if body.startswith(_FRAME_START):
        # A frame's name is not in its payload: it is put around it.
        frames = EVENT_STREAM.new().receive(body[:_SNIFFED_BYTES])
        named = ((e.event, parsed(e.data)) for e in frames if isinstance(e, WireEvent))
        return next(({name: data} for name, data in named), None)
    for event in SSEDecoder().receive(body[:_SNIFFED_BYTES]):
        if isinstance(event, WireEvent) and event.data.strip():
            return parsed(event.data)
    return None


def parsed(data: bytes) -> Any:
    """Return the value that is written in JSON, `None` for what is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
