"""Reads HAR files, as browsers, proxies and Polly.JS write them.

http://www.softwareishard.com/blog/har-12-spec/. A HAR keeps a body whole: it is cut at its events,
and has no times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from reqllm_fixtures.bodies.pieces import content_type, cut_at_events
from reqllm_fixtures.cassette import Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.cli.foreign_parts import (
    Taken,
    decoded_as_said,
    headers_of,
    moment_of,
    unpacked,
)
from reqllm_fixtures.errors import NodeError
from reqllm_fixtures.files.nodes import member


def is_har(document: Any) -> bool:
    """Tell whether a JSON document is a HAR."""
    return isinstance(document, Mapping) and isinstance(document.get("log"), Mapping)


def read(document: Mapping[str, Any]) -> Taken:
    """Read the entries of a HAR, and tell which could not be taken. Raises NodeError."""
    entries = document["log"].get("entries")
    if not isinstance(entries, list):
        raise NodeError("a list of entries in its log", "none", "Export it anew.")
    taken = Taken([], [])
    for number, entry in enumerate(entries):
        try:
            taken.interactions.append(_interaction(entry, number, taken.lost))
        except NodeError as error:
            taken.lost.append(f"entry {number}: expected {error.expected}, came {error.came}")
    return taken


def _interaction(entry: Any, number: int, lost: list[str]) -> Interaction:
    request, response = member(entry, "request", dict), member(entry, "response", dict)
    status = member(response, "status", int)
    if not 100 <= status <= 599:
        raise NodeError("an answer", f"status {status}: it was blocked or broke off")
    if status == 101:
        raise NodeError("an answer over HTTP", "a WebSocket")
    headers = headers_of(response.get("headers"))
    content = member(response, "content", dict) if response.get("content") else {}
    body, headers = decoded_as_said(_content(content), headers)
    if not body and content.get("size"):
        lost.append(f"entry {number}: its answer's body, which the HAR does not hold")
    return Interaction(
        RecordedRequest(
            member(request, "method", str).upper(),
            member(request, "url", str),
            headers_of(request.get("headers")),
            _posted(request.get("postData")),
        ),
        RecordedResponse(
            status,
            response.get("statusText") or "",
            headers,
            cut_at_events(body, content_type(headers)),
            recorded_at=moment_of(entry.get("startedDateTime")),
        ),
    )


def _posted(data: Any) -> bytes:
    if not isinstance(data, Mapping):
        return b""
    if isinstance(text := data.get("text"), str) and text:
        return unpacked(text, "request body") if data.get("encoding") == "base64" else text.encode()
    params = data.get("params") or ()
    return urlencode([(each.get("name", ""), each.get("value", "")) for each in params]).encode()


def _content(content: Mapping[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    if content.get("encoding") != "base64" and not content.get("_isBinary"):
        return text.encode()
    # Polly.JS keeps what it read piece by piece as a list.
    try:
        parts = json.loads(text) if text.startswith("[") else [text]
    except ValueError as error:
        raise NodeError("a list of texts as the body", str(error)) from error
    return b"".join(unpacked(part, "response body") for part in parts)
