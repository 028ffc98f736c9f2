"""Where two requests differ: in the address, in a JSON body path by path, or in plain bytes. Pure.

Documents are compared as they were prepared and shown as they were sent: what may vary has been
taken out of the one, and a reader must know the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from reqllm_fixtures.cassette import RecordedRequest
from reqllm_fixtures.errors import ABSENT, Difference
from reqllm_fixtures.secrets.places import SECRET_QUERY

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# RFC 2046: how the parts of a body begin, by a word that most clients draw anew for each.
_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=? -]{1,70})\r\n")
_SAFE_INTEGER = 2**53  # beyond it a float no longer tells which integer was meant
_ADDRESSES = 128  # a run asks for few addresses, and for each of them often


@lru_cache(_ADDRESSES)
def address(uri: str) -> Mapping[str, Hashable]:
    """Take an address apart, into what must be equal."""
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    parted: dict[str, Hashable] = {
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
    return MappingProxyType(parted)


def address_differences(recorded: RecordedRequest, asked: RecordedRequest) -> Iterator[Difference]:
    """Tell the differences in method and address."""
    if recorded.method.upper() != asked.method.upper():
        yield Difference("method", recorded.method.upper(), asked.method.upper())
    left, right = address(recorded.uri), address(asked.uri)
    for name in ("url.scheme", "url.host", "url.port"):
        if left[name] != right[name]:
            yield Difference(name, left[name], right[name])
    if left["url.path"] != right["url.path"]:
        yield Difference("url.path", urlsplit(recorded.uri).path, urlsplit(asked.uri).path)
    if left["url.query"] != right["url.query"]:
        yield from _query_differences(_query(left), _query(right))


def masked(uri: str) -> str:
    """Write an address without the keys in it."""
    parts = urlsplit(uri)
    query = "&".join(map(_masked_field, parts.query.split("&")))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def document_of(body: bytes) -> Any:
    """Read a body as JSON; `1.0` is `1`. Raises ValueError, RecursionError."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if (
        text[:1] not in _OPENERS or text[1:2] == "\0"
    ):  # blanks, numbers, or UTF-16, which JSON may be
        return json.loads(body, parse_float=_number)
    return _decode(text)


def canonical(document: Any) -> str:
    """Write a document so that equal ones are equal texts."""
    # Text, not the value itself: True == 1 in Python, and a dict has no hash.
    return _encode(document)


def body_difference(recorded: RecordedRequest, asked: RecordedRequest) -> Difference:
    """Tell the difference of two bodies that are not both JSON."""
    left, right = without_boundary(recorded.body), without_boundary(asked.body)
    return Difference("body", _readable(left), _readable(right))


def without_boundary(body: bytes) -> bytes:
    """Return a body of parts with one name for what divides them; any other as it is."""
    begins = _BOUNDARY.match(body)
    if begins is None or not body.rstrip(b"\r\n").endswith(b"--%b--" % begins[1]):
        return body
    return body.replace(b"--" + begins[1], b"--boundary")


def json_differences(path: str, recorded: Any, asked: Any, shown: Any) -> Iterator[Difference]:
    """Tell each path at which prepared documents differ; `shown`: both as they were sent."""
    match recorded, asked:
        case dict(), dict():
            for key in [*recorded, *(key for key in asked if key not in recorded)]:
                yield from json_differences(
                    _member(path, key),
                    recorded.get(key, ABSENT),
                    asked.get(key, ABSENT),
                    tuple(each.get(key, ABSENT) for each in shown),
                )
        case list(), list():
            for index in range(max(len(recorded), len(asked))):
                yield from json_differences(
                    f"{path}[{index}]",
                    _item(recorded, index),
                    _item(asked, index),
                    tuple(_item(each, index) for each in shown),
                )
        case _ if type(recorded) is not type(asked) or not _same(recorded, asked):
            # Two ids may be the same text and yet not stand for the same thing.
            alike = type(shown[0]) is type(shown[1]) and _same(*shown)
            yield Difference(path, *((recorded, asked) if alike else shown))


def _query(parts: Mapping[str, Any]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parts["url.query"]:
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


def _masked_field(field: str) -> str:
    name, equals, _ = field.partition("=")
    return f"{name}=***" if equals and unquote(name).lower() in SECRET_QUERY else field


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _SAFE_INTEGER else value


# Made once: `json.loads` and `json.dumps` make theirs for each document.
_OPENERS = ("{", "[")
_decode = json.JSONDecoder(parse_float=_number).decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


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
