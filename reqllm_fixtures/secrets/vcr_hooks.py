"""Filters and hooks of vcrpy's kind, honoured on what is recorded, in vcrpy's order. Pure.

They see requests and responses of vcrpy's own kind; vcrpy is loaded with the first recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec.structs import replace

from reqllm_fixtures.bodies.edits import Edit, cuts, edited
from reqllm_fixtures.cassette import Headers, Piece, RecordedRequest, RecordedResponse
from reqllm_fixtures.vcrpy import vcrpy

_NEEDS = "Filters and hooks need"
Hook = Callable[[Any], Any]
Filter = str | tuple[str, Any]


class Hooks(NamedTuple):
    """What a user declared; a filter is a name, or a name with what takes the place."""

    headers: Sequence[Filter] = ()
    query_parameters: Sequence[Filter] = ()
    post_data_parameters: Sequence[Filter] = ()
    before_record_request: Hook | None = None
    before_record_response: Hook | None = None

    def __bool__(self) -> bool:
        return any(self)

    @property
    def kept_headers(self) -> frozenset[str]:
        """The headers that a filter gives another value: they are to be written."""
        pairs = map(_pair, self.headers)
        return frozenset(name.lower() for name, value in pairs if value is not None)

    def of_request(self, request: RecordedRequest) -> RecordedRequest | None:
        """Filter a request; None where a hook says not to record it."""
        filters = vcrpy("vcr.filters", _NEEDS)
        ours = vcrpy("vcr.request", _NEEDS).Request(
            request.method, request.uri, request.body, _first_of_each(request.headers)
        )
        if self.headers:
            ours = filters.replace_headers(ours, list(map(_pair, self.headers)))
        if self.query_parameters:
            ours = filters.replace_query_parameters(ours, list(map(_pair, self.query_parameters)))
        if self.post_data_parameters:
            pairs = list(map(_pair, self.post_data_parameters))
            ours = filters.replace_post_data_parameters(ours, pairs)
        if self.before_record_request:
            ours = self.before_record_request(ours)
        return None if ours is None else _request(ours, request)

    def of_response(self, response: RecordedResponse) -> RecordedResponse | None:
        """Filter a response; None where a hook says not to record it."""
        if self.before_record_response is None:
            return response
        headers: dict[str, list[str]] = {}
        for name, value in response.headers:
            headers.setdefault(name, []).append(value)
        node = self.before_record_response(
            {
                "status": {"code": response.status, "message": response.reason},
                "headers": headers,
                "body": {"string": response.body},
            }
        )
        return None if node is None else _response(node, response)


def _pair(declared: Filter) -> tuple[str, Any]:
    return (declared, None) if isinstance(declared, str) else declared


def _first_of_each(headers: Headers) -> dict[str, str]:
    return dict(reversed(headers))


def _request(theirs: Any, sent: RecordedRequest) -> RecordedRequest:
    """Take a request back; a header that came twice stays so unless its value was changed."""
    headers = {str(name).lower(): (str(name), value) for name, value in theirs.headers.items()}
    before = {name.lower(): value for name, value in reversed(sent.headers)}
    kept = [
        (name, value)
        for name, value in sent.headers
        if headers.get(name.lower(), ("", None))[1] == before[name.lower()]
    ]
    changed = [pair for key, pair in headers.items() if before.get(key) != pair[1]]
    body = theirs.body_bytes if hasattr(theirs, "body_bytes") else theirs.body
    return RecordedRequest(theirs.method, theirs.uri, (*kept, *changed), _bytes(body))


def _response(node: dict[str, Any], came: RecordedResponse) -> RecordedResponse:
    status, headers = node["status"], node["headers"] or {}
    return replace(
        came,
        status=status["code"],
        reason=status.get("message") or "",
        headers=tuple(
            (name, value)
            for name, values in headers.items()
            for value in ([values] if isinstance(values, str) else values)
        ),
        pieces=with_body(came.pieces, _bytes(node["body"]["string"])),
    )


def with_body(pieces: Sequence[Piece], body: bytes) -> Sequence[Piece]:
    """Give pieces another body; line by line, so that what was not changed keeps its cuts."""
    before = b"".join(piece.data for piece in pieces)
    if body == before:
        return pieces
    if not pieces:
        return (Piece(body),)
    old, new = before.splitlines(keepends=True), body.splitlines(keepends=True)
    if len(old) != len(new):
        old, new = [before], [body]
    edits, at, places = [], 0, cuts(pieces)
    for left, right in zip(old, new, strict=True):
        if left != right:
            edits += _within_cuts(at, left, right, places)
        at += len(left)
    return edited(pieces, edits)


def _within_cuts(at: int, old: bytes, new: bytes, places: list[int]) -> list[Edit]:
    """Put a line in the place of another, what is new at the first byte that differs."""
    head = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    head = min(len(old), len(new)) if head is None else head
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    start, end = at + head, at + len(old) - tail
    inside = [place for place in places if start < place < end]
    parts = [Edit(first, last, b"") for first, last in pairwise([start, *inside, end])]
    return [Edit(parts[0].start, parts[0].end, new[head : len(new) - tail]), *parts[1:]]


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
