"""Which recording answers a request: the same method, URL and body, and nothing looser. Pure.

A body that is JSON is compared by value: the order of keys, blanks and `1` against `1.0` are not
differences. Headers take no part, and neither do the places in a URL that hold a key: they were
redacted in the recording, and a replay has no key to send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import ABSENT, Difference

SECRET_QUERY = frozenset(
    {"key", "api_key", "api-key", "apikey", "access_token", "subscription-key"}
)

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SAFE_INTEGER = 2**53  # beyond it a float no longer tells which integer was meant


class StrictMatcher:
    """Method, URL and canonical body: all of it."""

    def key(self, request: RecordedRequest) -> Hashable:
        """Reduce a request to what must be equal."""
        return (request.method.upper(), *_address(request.uri).values(), _body_key(request.body))

    def differences(self, recorded: RecordedRequest, asked: RecordedRequest) -> list[Difference]:
        """List every place where two requests differ, the address first."""
        return [*_address_differences(recorded, asked), *_body_differences(recorded, asked)]

    def describe(self, request: RecordedRequest) -> str:
        """Name the request by method and URL, the keys in it masked."""
        return f"{request.method.upper()} {_masked(request.uri)}"


strict = StrictMatcher()


def _address(uri: str) -> dict[str, Hashable]:
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    return {
        "url.scheme": scheme,
        "url.host": parts.hostname,
        "url.port": parts.port or _DEFAULT_PORTS.get(scheme),
        # Clients disagree on what to quote (`model%3A0` and `model:0`), but never inside "/".
        "url.path": tuple(map(unquote, (parts.path or "/").split("/"))),
        # A recorder may have masked the key or have taken it out: it counts as not there.
        "url.query": tuple(
            sorted(
                (name, value)
                for name, value in parse_qsl(parts.query, keep_blank_values=True)
                if name.lower() not in SECRET_QUERY
            )
        ),
    }


def _address_differences(recorded: RecordedRequest, asked: RecordedRequest) -> Iterator[Difference]:
    if recorded.method.upper() != asked.method.upper():
        yield Difference("method", recorded.method.upper(), asked.method.upper())
    left, right = _address(recorded.uri), _address(asked.uri)
    for name in ("url.scheme", "url.host", "url.port"):
        if left[name] != right[name]:
            yield Difference(name, left[name], right[name])
    if left["url.path"] != right["url.path"]:
        yield Difference("url.path", urlsplit(recorded.uri).path, urlsplit(asked.uri).path)
    if left["url.query"] != right["url.query"]:
        yield from _query_differences(_query(left), _query(right))


def _query(address: dict[str, Any]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in address["url.query"]:
        values.setdefault(name, []).append(value)
    return values


def _query_differences(
    recorded: dict[str, list[str]], asked: dict[str, list[str]]
) -> Iterator[Difference]:
    for name in sorted(recorded.keys() | asked.keys()):
        left, right = recorded.get(name), asked.get(name)
        if left != right:
            yield Difference(f"url.query.{name}", _one_or_all(left), _one_or_all(right))


def _one_or_all(values: list[str] | None) -> Any:
    if values is None:
        return ABSENT
    return values[0] if len(values) == 1 else values


def _masked(uri: str) -> str:
    parts = urlsplit(uri)
    query = "&".join(map(_masked_field, parts.query.split("&")))
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, address, parts.path, query, ""))


def _masked_field(field: str) -> str:
    name, equals, _ = field.partition("=")
    return f"{name}=***" if equals and unquote(name).lower() in SECRET_QUERY else field


def _body_key(body: bytes) -> str | bytes:
    """Give canonical text for JSON, and the body itself for anything else."""
    try:
        document = json.loads(body, parse_float=_number)
        # Text, not the value itself: True == 1 in Python, and a dict has no hash.
        return json.dumps(document, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):  # what is nested beyond reason is as good as not JSON
        return body


def _body_differences(recorded: RecordedRequest, asked: RecordedRequest) -> Iterator[Difference]:
    left, right = _body_key(recorded.body), _body_key(asked.body)
    if left == right:
        return
    if isinstance(left, str) and isinstance(right, str):
        yield from _json_differences("$", json.loads(left), json.loads(right))
    else:
        yield Difference("body", _readable(recorded.body), _readable(asked.body))


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _SAFE_INTEGER else value


def _json_differences(path: str, recorded: Any, asked: Any) -> Iterator[Difference]:
    match recorded, asked:
        case dict(), dict():
            for key in [*recorded, *(key for key in asked if key not in recorded)]:
                yield from _json_differences(
                    _member(path, key), recorded.get(key, ABSENT), asked.get(key, ABSENT)
                )
        case list(), list():
            for index in range(max(len(recorded), len(asked))):
                yield from _json_differences(
                    f"{path}[{index}]", _item(recorded, index), _item(asked, index)
                )
        case _ if type(recorded) is not type(asked) or not _same(recorded, asked):
            yield Difference(path, recorded, asked)


def _same(left: Any, right: Any) -> bool:
    return bool(left == right) or (left != left and right != right)  # NaN is what it was


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN_KEY.match(key) else f"{path}[{json.dumps(key)}]"


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else ABSENT


def _readable(body: bytes) -> Any:
    try:
        return body.decode() if body else ABSENT
    except UnicodeDecodeError:
        return body
