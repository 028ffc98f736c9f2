"""Looks for what looks like a secret, and tells where and what, never which. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from reqllm_fixtures.bodies import event_frames
from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.bodies.json_strings import Text, by_path, data_lines, whole
from reqllm_fixtures.bodies.pieces import content_type
from reqllm_fixtures.cassette import Headers, Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.errors import MissingDependencyError, NodeError
from reqllm_fixtures.secrets.credentials import in_request
from reqllm_fixtures.secrets.places import CREDENTIAL_HEADERS
from reqllm_fixtures.secrets.shapes import hits, looks_random

_SHORTEST_KEY = 16


class Leak(NamedTuple):
    """A place that holds what looks like a secret, and the kind of secret."""

    place: str
    kind: str


def scan(interaction: Interaction) -> list[Leak]:
    """Look through an interaction."""
    request, response = interaction.request, interaction.response
    shaped = _distinct(
        [
            *_in_text("request url", request.uri),
            *_in_headers("request header", request.headers),
            *_in_body("request body", request.body),
            *_in_text("response reason", response.reason),
            *_in_headers("response header", response.headers),
            *_in_body("response body", _readable(response)),
        ]
    )
    return shaped + [
        leak
        for leak in _in_places(request)
        if not any(known.place.startswith(leak.place) for known in shaped)
    ]


def scan_text(text: str) -> list[Leak]:
    """Look through the text of a file."""
    return scan_bytes(text.encode("utf-8", "surrogatepass"))


def scan_bytes(data: bytes) -> list[Leak]:
    """Look through the content of a file."""
    return _distinct(_in_body("", data))


def _in_places(request: RecordedRequest) -> Iterator[Leak]:
    """Find keys without a shape of their own by where they stand, as in `x-api-key`."""
    bare = RecordedRequest(request.method, "", (), b"")
    parts = [
        ("request url", replace(bare, uri=request.uri)),
        *(
            (f"request header {name.lower()}", replace(bare, headers=((name, value),)))
            for name, value in request.headers
            if name.lower() in CREDENTIAL_HEADERS
        ),
        ("request body", replace(bare, body=request.body)),
    ]
    for place, part in parts:
        if any(_is_key(value) for value in in_request(part)):
            yield Leak(place, "a credential, by its place")


def _is_key(value: str) -> bool:
    return len(value) >= _SHORTEST_KEY and looks_random(value.encode("utf-8", "surrogatepass"))


def _readable(response: RecordedResponse) -> bytes:
    """Give a body as a reader sees it: decoded, and without the frames around its events."""
    if content_type(response.headers) == event_frames.CONTENT_TYPE:
        return event_frames.unwrapped(response.body)
    try:
        return decoded(response.body, response.headers)[0]
    except (NodeError, MissingDependencyError):
        return response.body


def _in_text(place: str, text: str) -> Iterator[Leak]:
    for hit in hits(text.encode("utf-8", "surrogatepass")):
        yield Leak(place, hit.kind)


def _in_headers(place: str, headers: Headers) -> Iterator[Leak]:
    for name, value in headers:
        yield from _in_text(f"{place} {name.lower()}", f"{name}: {value}")


def _in_body(place: str, body: bytes) -> Iterator[Leak]:
    for view in (by_path, data_lines, whole):
        for text in view(body):
            for hit in hits(text.content):
                yield Leak(_place(place, body, text, hit.start), hit.kind)


def _place(place: str, body: bytes, text: Text, start: int) -> str:
    at = text.where(start, start + 1)[0][0]
    line = body.count(b"\n", 0, at) + 1
    return f"{place} line {line}".strip()


def _distinct(leaks: list[Leak] | Iterator[Leak]) -> list[Leak]:
    return list(dict.fromkeys(leaks))
