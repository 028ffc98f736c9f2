"""The plain data of a file, as values, and values as plain data. Pure but for one warning.

The layout is vcrpy's version 1; ours is the key `x_reqllm` inside a response, where vcrpy keeps it.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from reqllm_fixtures.bodies.pieces import content_type, cut, cut_at_events, written
from reqllm_fixtures.cassette import (
    End,
    EndError,
    Headers,
    Interaction,
    LazyPieces,
    Piece,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.errors import NodeError, StalePiecesWarning

OWN_KEY = "x_reqllm"
OWN_VERSION = 1
_USUAL_HTTP = "HTTP/1.1"  # of a file that does not say

BodyNode = Callable[[bytes], Any]


def is_own(node: Any) -> bool:
    """Tell whether we wrote this interaction."""
    response = node.get("response") if isinstance(node, dict) else None
    return isinstance(response, dict) and OWN_KEY in response


def read_interaction(node: Mapping[str, Any], name: str) -> Interaction:
    """Read an interaction of ours; `name` is told in a warning. Raises NodeError."""
    request, response = member(node, "request", dict), member(node, "response", dict)
    return Interaction(
        RecordedRequest(
            member(request, "method", str),
            read_uri(request),
            read_headers(request.get("headers")),
            read_body(request.get("body")),
        ),
        _read_response(response, name),
    )


def _read_response(node: Mapping[str, Any], name: str) -> RecordedResponse:
    own = member(node, OWN_KEY, dict)
    if own.get("v") != OWN_VERSION:
        raise NodeError(
            f"an {OWN_KEY} of version {OWN_VERSION}", repr(own.get("v")), "Update reqllm."
        )
    status, reason = read_status(node.get("status"))
    headers, body = read_headers(node.get("headers")), read_body(node.get("body"))
    return RecordedResponse(
        status,
        reason,
        headers,
        LazyPieces(partial(_cut, own, body, headers, name), body),
        _read_end(own.get("end")),
        _read_moment(own.get("recorded_at")),
        str(own.get("http_version", _USUAL_HTTP)),
    )


def write_interaction(interaction: Interaction, text: BodyNode, flow: type[dict[str, Any]]) -> Any:
    """Write an interaction; `text` turns a body into a node, `flow` makes a one-line mapping."""
    request, response = interaction.request, interaction.response
    body = text(response.body)
    return {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": _write_headers(request.headers),
            "body": text(request.body),
        },
        "response": {
            "status": {"code": response.status, "message": response.reason},
            "headers": _write_headers(response.headers),
            # vcrpy asks for the string even where there is none.
            "body": {"string": "", **body} if isinstance(body, dict) else {"string": body},
            OWN_KEY: _write_own(response, flow),
        },
    }


def moment(value: datetime) -> str:
    """Write a time as UTC, with the letter Z and no more digits than it needs."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write_own(response: RecordedResponse, flow: type[dict[str, Any]]) -> dict[str, Any]:
    sizes, times = written(response.pieces)
    end, version = response.end, response.http_version
    return {
        "v": OWN_VERSION,
        **({"recorded_at": response.recorded_at} if response.recorded_at else {}),
        **({"http_version": version} if version != _USUAL_HTTP else {}),
        "bytes": sizes,
        "at_ms": times,
        "length": len(response.body),
        "sha256": hashlib.sha256(response.body).hexdigest(),
        "end": flow(error=end.name, message=end.message) if isinstance(end, EndError) else end,
    }


def member(node: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """Take a member that must be there and of this kind. Raises NodeError."""
    value = node.get(key)
    if not isinstance(value, kind):
        came = "none" if value is None else f"a {type(value).__name__}"
        raise NodeError(f"a {key} that is a {kind.__name__}", came)
    return value


def read_uri(request: Mapping[str, Any]) -> str:
    """Take the address, which must be one that can be compared. Raises NodeError."""
    uri: str = member(request, "uri", str)
    try:
        _ = urlsplit(uri).port
    except ValueError as error:
        raise NodeError("a uri", f"{uri!r} ({error})") from error
    return uri


def read_headers(node: Any) -> Headers:
    """Read headers, each with one value or a list of them. Raises NodeError."""
    if node is None:
        return ()
    if not isinstance(node, dict):
        raise NodeError("headers as a mapping", f"a {type(node).__name__}")
    # A list first: a cassette of a thousand interactions has ten thousand headers.
    return tuple(
        [
            (str(name), value if type(value) is str else _header_value(value))
            for name, values in node.items()
            for value in (values if isinstance(values, list) else (values,))
        ]
    )


def read_status(node: Any) -> tuple[int, str]:
    """Read a status, `{code, message}` or `200 OK`; no message means the usual one."""
    match node:
        case dict():
            code, message = node.get("code"), node.get("message")
        case str():
            code, _, message = node.partition(" ")
        case _:
            code, message = node, None
    try:
        number = int(code)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise NodeError("a status with a code", repr(node)) from None
    return number, _usual_reason(number) if message is None else str(message)


def read_body(node: Any) -> bytes:
    """Read a body: text, bytes, none, or a mapping with its `string` or `base64_string`."""
    match node:
        case None:
            return b""
        case bytes():
            return node
        case str():
            return _encoded(node)
        case {"base64_string": str() as text}:
            try:
                return base64.b64decode("".join(text.split()), validate=True)
            except ValueError as error:
                raise NodeError("a body in base64", str(error)) from error
        case {"string": string}:
            return read_body(string)
    raise NodeError("a body of text or bytes", f"a {type(node).__name__}")


def _cut(own: Mapping[str, Any], body: bytes, headers: Headers, name: str) -> tuple[Piece, ...]:
    """Cut a body where it was written down; at its events if it no longer is that body."""
    try:
        if own.get("length") != len(body) or own.get("sha256") != hashlib.sha256(body).hexdigest():
            raise ValueError("a length or a checksum that is not the body's")
        # str: a single number without quotes is read as a number.
        return cut(body, str(own.get("bytes", "")), str(own.get("at_ms", "")))
    except ValueError as error:
        warnings.warn(
            f"The body of {name} was changed since it was recorded ({error}): it plays cut at its "
            "events and without its times. Record it anew to have them back.",
            StalePiecesWarning,
            stacklevel=2,
        )
        return cut_at_events(body, _kind_of_edited(body, headers))


def _kind_of_edited(body: bytes, headers: Headers) -> str:
    """Take any text for an event stream, since the blank lines are all that is left to go by."""
    kind = content_type(headers)
    if kind.startswith("application/") and kind != "application/json":
        return kind
    try:
        body.decode()
    except UnicodeDecodeError:
        return kind
    return "text/event-stream"


def _read_end(node: Any) -> End:
    match node:
        case "eof" | "client_closed":
            end: End = node
            return end
        case {"error": str() as name, **rest}:
            return EndError(name, str(rest.get("message", "")))
    raise NodeError("an end that is eof, client_closed or an error", repr(node))


def _read_moment(node: Any) -> datetime | None:
    if node is None:
        return None
    try:
        moment = node if isinstance(node, datetime) else datetime.fromisoformat(node)
    except (TypeError, ValueError):
        raise NodeError("a recorded_at that is a time", repr(node)) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _write_headers(headers: Headers) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _header_value(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NodeError("a body of Unicode text", f"half a surrogate pair ({error})") from None


def _usual_reason(code: int) -> str:
    return HTTPStatus(code).phrase if code in HTTPStatus._value2member_map_ else ""
