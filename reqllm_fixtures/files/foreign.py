"""Interactions that vcrpy wrote, of any age that it still reads, and those of its kin.

vcrpy itself reads them (`vcr.serialize`), but only plain data that was parsed safely: older ones
of its own YAML readers execute tags. A body is played decoded, cut at its events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.bodies.pieces import content_type, cut_at_events, without_coding
from reqllm_fixtures.cassette import Interaction, RecordedRequest, RecordedResponse
from reqllm_fixtures.errors import MissingDependencyError, NodeError
from reqllm_fixtures.files.nodes import (
    member,
    read_body,
    read_headers,
    read_status,
    read_uri,
)

_TYPES = ("none", "json", "text", "binary")


class _Parsed:
    """A serializer for vcrpy that gives what we have parsed."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def deserialize(self, _: str) -> dict[str, Any]:
        return self._document


def read_interaction(node: Any) -> Interaction:
    """Read an interaction as vcrpy does. Raises NodeError, MissingDependencyError."""
    if not isinstance(node, Mapping):
        raise NodeError("an interaction as a mapping", f"a {type(node).__name__}")
    request, response = _through_vcrpy(
        _request(member(node, "request", dict)), _response(member(node, "response", dict))
    )
    status, reason = read_status(response["status"])
    headers = read_headers(response["headers"])
    body, codings = decoded(read_body(response["body"]), headers)
    if codings:
        headers = without_coding(headers)
    return Interaction(
        RecordedRequest(
            request.method,
            request.uri,
            read_headers(node["request"].get("headers")),  # vcrpy keeps one value of each
            read_body(request.body),
        ),
        RecordedResponse(status, reason, headers, cut_at_events(body, content_type(headers))),
    )


def _through_vcrpy(request: dict[str, Any], response: dict[str, Any]) -> tuple[Any, Any]:
    try:
        from vcr.serialize import deserialize
    except ImportError as error:
        raise MissingDependencyError(
            "This cassette was written by vcrpy and is read with its help, but vcrpy is not "
            f"installed ({error}). Install it: pip install 'reqllm[fixtures]'."
        ) from error
    document = {"interactions": [{"request": request, "response": response}]}
    requests, responses = deserialize("", _Parsed(document))[:2]
    return requests[0], responses[0]


def _request(node: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the four members that vcrpy knows; it fails on any other."""
    body = node.get("body")
    if body is None and "parsed_body" in node:  # several projects keep JSON bodies readable so
        body = node["parsed_body"]
    return {
        "method": member(node, "method", str),
        "uri": read_uri(node),
        "headers": node.get("headers") or {},
        "body": _body(body),
    }


def _response(node: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the layouts of a response to the one that vcrpy writes today."""
    if "status_code" in node:  # vcrpy before 5, for httpx
        status: Any = {"code": node["status_code"]}
        body = node.get("content")
    else:
        status, body = node.get("status"), _response_body(node)
    headers = node.get("headers") or {}
    return {"status": status, "headers": headers, "body": {"string": _body(body)}}


def _response_body(node: Mapping[str, Any]) -> Any:
    match node.get("body"):
        case {"base64_string": str()} as body:
            return read_body(body)
        case {"string": string}:
            return string
        case {"parsed_body": document}:
            return document
        case None:
            return node.get("parsed_body")
        case body:
            return body


def _body(node: Any) -> Any:
    match node:
        case {"type": str() as kind, **rest} if kind in _TYPES and not rest.keys() - {"content"}:
            return _typed(kind, rest.get("content"))
    return json.dumps(node) if isinstance(node, dict | list | int | float) else node


def _typed(kind: str, content: Any) -> Any:
    """Read a body of cassetter's: it says what it is."""
    match kind:
        case "none":
            return None
        case "json":
            return json.dumps(content)
        case "text":
            return content
    try:
        return bytes.fromhex(content)
    except (TypeError, ValueError) as error:
        raise NodeError("a body in hexadecimal digits", str(error)) from error
