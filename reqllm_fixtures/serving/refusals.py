"""What is answered where there is nothing to play: an error as the provider would write it. Pure.

An SDK shows the message of an error whose shape it knows, and retries none of these.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from reqllm.wires.recognising import wire_of_path
from reqllm_fixtures.cassette import Headers
from reqllm_fixtures.errors import ABSENT, Difference, UnmatchedRequestError

Json = dict[str, Any]


class Refusal(NamedTuple):
    """An error answer: its status, its headers beside the content type, and its JSON body."""

    status: int
    headers: Headers
    body: Json


# https://platform.openai.com/docs/guides/error-codes
def _openai(status: int, message: str, kind: str) -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


# https://docs.anthropic.com/en/api/errors
def _anthropic(status: int, message: str, kind: str) -> Json:
    named = "not_found_error" if status == 404 else "invalid_request_error"
    return {"type": "error", "error": {"type": named, "message": message}}


# https://cloud.google.com/apis/design/errors
def _google(status: int, message: str, kind: str) -> Json:
    named = "NOT_FOUND" if status == 404 else "INVALID_ARGUMENT"
    return {"error": {"code": status, "message": message, "status": named}}


def _ollama(status: int, message: str, kind: str) -> Json:
    return {"error": message}


def _message(status: int, message: str, kind: str) -> Json:
    return {"message": message}


_SHAPES: Mapping[str, Callable[[int, str, str], Json]] = MappingProxyType(
    {
        "anthropic-messages": _anthropic,
        "bedrock-converse": _message,
        "bedrock-invoke": _message,
        "cohere-v2": _message,
        "gemini": _google,
        "gemini-interactions": _google,
        "ollama": _ollama,
    }
)


def refusal(uri: str, status: int, message: str, kind: str, more: Json) -> Refusal:
    """Write an error for who asked this address; `more` is what programs may read of it."""
    wire = wire_of_path(urlsplit(uri).path) or ""
    body = _SHAPES.get(wire, _openai)(status, message, kind)
    headers: Headers = (("x-should-retry", "false"), ("x-reqllm-error", kind))
    if wire.startswith("bedrock"):
        named = "ResourceNotFoundException" if status == 404 else "ValidationException"
        headers = (*headers, ("x-amzn-errortype", named))
    return Refusal(status, headers, {**body, "reqllm": more})


def miss(uri: str, error: UnmatchedRequestError, message: str) -> Refusal:
    """Write the error of a request that no recording answers, with all that differs."""
    more = {
        "cassette": error.path,
        "request": error.request,
        "nearest": error.nearest,
        "differences": [_as_json(each) for each in error.differences],
        "advice": error.advice,
    }
    return refusal(uri, 404, message, "unmatched_request", more)


def _as_json(difference: Difference) -> Json:
    """Give a difference; a side that has nothing there is left out."""
    sides = {"recorded": difference.recorded, "asked": difference.asked}
    kept = {name: _plain(value) for name, value in sides.items() if value is not ABSENT}
    return {"path": difference.path, **kept}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value
