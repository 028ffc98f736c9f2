"""Reads the fixtures that ReqLLM, the Elixir library, keeps: one request, and its answer as read.

https://hexdocs.pm/req_llm/fixture-testing.html. All generations of the format are read; none of
them keeps times, nor how a stream ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reqllm_fixtures.bodies.pieces import content_type, cut_at_events
from reqllm_fixtures.cassette import Headers, Interaction, Piece, RecordedRequest, RecordedResponse
from reqllm_fixtures.cli.foreign_parts import (
    Taken,
    as_sent,
    headers_of,
    moment_of,
    unpacked,
    without,
)
from reqllm_fixtures.errors import NodeError
from reqllm_fixtures.files.nodes import member

_LENGTH = {"content-length", "transfer-encoding"}


def is_fixture(document: Any) -> bool:
    """Tell whether a JSON document is such a fixture."""
    return (
        isinstance(document, Mapping)
        and isinstance(document.get("request"), Mapping)
        and isinstance(document.get("response"), Mapping)
        and "interactions" not in document
    )


def read(document: Mapping[str, Any]) -> Taken:
    """Read a fixture, and tell what of it is lost. Raises NodeError."""
    lost: list[str] = []
    request, response = document["request"], document["response"]
    recorded = RecordedRequest(
        member(request, "method", str).upper(),
        member(request, "url", str),
        headers_of(request.get("headers")),
        _request_body(request, lost),
    )
    headers = headers_of(response.get("headers"))
    pieces, headers = _pieces(document, headers, lost)
    headers = as_sent(b"".join(piece.data for piece in pieces), headers)
    answer = RecordedResponse(
        member(response, "status", int),
        "",
        headers,
        pieces,
        recorded_at=moment_of(document.get("captured_at")),
    )
    return Taken([Interaction(recorded, answer)], lost)


def _request_body(request: Mapping[str, Any], lost: list[str]) -> bytes:
    match request.get("body"), request.get("canonical_json"):
        case {"b64": str(text)}, _:
            return unpacked(text, "request body")
        case _, dict() as document if "_fixture_body" in document:
            lost.append("the request's body: the fixture names its kind and size only")
        case _, dict() | list() as document:
            return json.dumps(document, ensure_ascii=False).encode()
        case str(text), _:
            return text.encode()
        case None, None:
            pass
        case _:
            lost.append("the request's body: it is kept in a form that is not known")
    return b""


def _pieces(
    document: Mapping[str, Any], headers: Headers, lost: list[str]
) -> tuple[tuple[Piece, ...], Headers]:
    chunks = document.get("chunks")
    if isinstance(chunks, list) and chunks:
        return tuple(_piece(index, chunk) for index, chunk in enumerate(chunks)), headers
    if document.get("events"):
        lost.append("the events: of a format with no bytes in it")
    match document["response"].get("body"):
        case None:
            body = b""
            if not document.get("events"):
                lost.append("the answer's body: the fixture has none")
        case {"b64": str(text), **rest} if not rest:
            body = unpacked(text, "response body")
        case str(text):
            body = text.encode()
        case value:
            body = json.dumps(value, ensure_ascii=False).encode()
            headers = without(headers, _LENGTH)
            lost.append("the layout of the answer's JSON: the fixture keeps its value only")
    return cut_at_events(body, content_type(headers)), headers


def _piece(index: int, chunk: Any) -> Piece:
    match chunk:
        case {"b64": str(text), **rest}:
            at = rest.get("t_us")
            return Piece(
                unpacked(text, f"chunk {index}"), at / 1000 if isinstance(at, int | float) else 0
            )
        case {"decoded": str(text)}:
            return Piece(text.encode())
    raise NodeError(f"chunk {index} with its bytes in base64", "none", "Record it anew.")
