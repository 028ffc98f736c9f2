"""Finds the credentials that are in use: in a real request, and in the environment. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reqllm_fixtures.cassette import Headers, RecordedRequest
from reqllm_fixtures.secrets.places import (
    ACCOUNT_HEADERS,
    CREDENTIAL_HEADERS,
    CREDENTIAL_MEMBERS,
    ENVIRONMENT,
    ENVIRONMENT_SUFFIXES,
    HEADER_VARIABLES,
    SECRET_QUERY,
)

_SIGNED = re.compile(r"(?:Credential=([^/,\s]+)|Signature=([0-9a-f]+))")
_DATES = frozenset({"x-amz-date"})


def in_request(request: RecordedRequest) -> set[str]:
    """Give every credential and account id of a request that was really sent."""
    return {*_in_headers(request.headers), *_in_url(request.uri), *_in_body(request.body)} - {""}


def in_environment(environ: Mapping[str, str]) -> set[str]:
    """Give the values of the variables in which vendors keep their keys."""
    found = {value.strip() for name, value in environ.items() if _is_secret(name)}
    for name in HEADER_VARIABLES & environ.keys():
        fields = [line.partition(":") for line in environ[name].splitlines()]
        found |= {value.strip() for _, _, value in fields}
    return found - {""}


def _is_secret(name: str) -> bool:
    return name in ENVIRONMENT or name.endswith(ENVIRONMENT_SUFFIXES)


def _in_headers(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if name.lower() == "cookie":
            yield from (each.partition("=")[2].strip() for each in value.split(";"))
        elif name.lower() in CREDENTIAL_HEADERS:
            yield from _in_authorization(value.strip())
        elif name.lower() in ACCOUNT_HEADERS:
            yield value.strip()


def _in_authorization(value: str) -> Iterator[str]:
    """Take a header apart: a bare key, `Bearer key`, `Basic base64`, or a signature."""
    scheme, _, rest = value.partition(" ")
    if scheme.upper().startswith("AWS4-"):
        yield from (part for found in _SIGNED.findall(rest) for part in found)
        return
    yield rest.strip() or scheme
    if scheme.lower() == "basic":
        # The name and the password; the name alone may be anybody's.
        pair = _decoded(rest)
        yield pair
        yield pair.partition(":")[2]


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""


def _in_url(uri: str) -> Iterator[str]:
    parts = urlsplit(uri)
    yield parts.password or ""
    for name, value in parse_qsl(parts.query):
        if name.lower() == "x-amz-credential":
            yield value.partition("/")[0]
        elif name.lower() in SECRET_QUERY - _DATES:
            yield value


def _in_body(body: bytes) -> Iterable[str]:
    try:
        return _in_document(json.loads(body))
    except (ValueError, RecursionError):
        return ()


def _in_document(document: Any) -> set[str]:
    """Give the credentials of other servers that a request hands on to the provider (MCP)."""
    found: set[str] = set()
    match document:
        case dict():
            for name, value in document.items():
                if isinstance(value, str) and str(name).lower() in CREDENTIAL_MEMBERS:
                    found |= set(_in_authorization(value.strip()))
                found |= _in_document(value)
        case list():
            for value in document:
                found |= _in_document(value)
    return found
