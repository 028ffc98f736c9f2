"""What the readers of other recorders' files share: headers, moments, bodies and their codings."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from reqllm_fixtures.bodies.compression import decoded
from reqllm_fixtures.cassette import Headers, Interaction
from reqllm_fixtures.errors import MissingDependencyError, NodeError

_OF_THE_CODING = {"content-encoding", "content-length", "transfer-encoding"}


class Taken(NamedTuple):
    """What was read from a file, and what of it could not be taken, in words."""

    interactions: list[Interaction]
    lost: list[str]


def headers_of(node: Any) -> Headers:
    """Read headers kept as a mapping, as pairs, or as objects of name and value."""
    if isinstance(node, Mapping):
        pairs = [(name, value) for name, value in node.items()]
    elif isinstance(node, list):
        pairs = [_pair(each) for each in node]
    else:
        pairs = []
    return tuple(
        (str(name), str(each))
        for name, value in pairs
        for each in (value if isinstance(value, list) else [value])
        if name and not str(name).startswith(":")  # HTTP/2 has the status line among them
    )


def moment_of(node: Any) -> datetime | None:
    """Read a moment in ISO 8601, to the second; None if it is none."""
    try:
        moment = datetime.fromisoformat(str(node))
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(microsecond=0)


def without(headers: Headers, names: Collection[str]) -> Headers:
    """Give the headers but those of these names, which are in lower case."""
    return tuple((name, value) for name, value in headers if name.lower() not in names)


def unpacked(text: Any, place: str) -> bytes:
    """Read base64. Raises NodeError, which names the place."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise NodeError(f"base64 as the {place}", str(error), "Restore the file.") from error


def as_sent(body: bytes, headers: Headers) -> Headers:
    """Drop the headers of a coding that the body no longer has: a client would trip over it."""
    try:
        plain, is_coded = decoded(body, headers)
    except NodeError:
        return without(headers, _OF_THE_CODING)
    except MissingDependencyError:  # it is coded, or no decoder would have been looked for
        return headers
    return without(headers, _OF_THE_CODING) if is_coded and plain == body else headers


def decoded_as_said(body: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Decode a body if it still is coded; its headers then say that it is not.

    Raises MissingDependencyError.
    """
    with contextlib.suppress(NodeError):  # it was decoded before it was kept
        body = decoded(body, headers)[0]
    return body, without(headers, _OF_THE_CODING)


def _pair(node: Any) -> tuple[Any, Any]:
    match node:
        case {"name": name, "value": value}:
            return name, value
        case [name, value]:
            return name, value
    return "", ""
