"""What an error says in words, wherever its server put them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.wires.common.fields import as_list, as_object, filled
from reqllm.wires.common.json_text import parse_json

# Objects that clouds put around what they report, and what is in them then.
_ENVELOPES = ("Output", "Response", "ResponseMetadata")
_REPORTED = ("Error", "__type")
_SAID_IN = ("message", "Message", "msg", "detail", "error", "error_msg", "status_msg", "text")
_DEEPEST = 4
_MOST = 5


def unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what lies in the envelope of a cloud; the body itself where there is none."""
    for name in _ENVELOPES:
        inner = as_object(body.get(name))
        if any(inner.get(key) for key in _REPORTED):
            return inner
    return body


def message_of(outer: Mapping[str, Any], inner: Any, detail: Mapping[str, Any]) -> str | None:
    """Return the message of an error.

    outer: all of the body. inner: its member `error`, as far as there is one. detail: which of
    the two says more.
    """
    described = filled(outer.get("error_description"))
    if described is not None and isinstance(inner, str):
        return f"{inner}: {described}"  # as OAuth has it
    said = _words(detail.get("message")) or (None if inner is detail else _words(inner))
    said = said or _words({key: item for key, item in detail.items() if key != "error"})
    raw = filled(as_object(detail.get("metadata")).get("raw"))
    # OpenRouter says no more than that the provider failed, and adds how that said it.
    return said if raw is None else f"{said}: {_in_json(raw)}" if said else _in_json(raw)


def _words(value: Any, depth: int = 0) -> str | None:
    """Return a value in words: a text, the text in an object, the texts of several."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, list):
        said = [text for text in (_words(each, depth + 1) for each in value[:_MOST]) if text]
        return "; ".join(said) or None
    if not isinstance(value, dict):
        return str(value)
    if depth > _DEEPEST:
        return None
    found = (_words(value.get(key), depth + 1) for key in _SAID_IN)
    said_first = next(filter(None, found), None)
    # FastAPI says of each mistake where it is.
    place = ".".join(str(step) for step in as_list(value.get("loc")))
    return f"{place}: {said_first}" if place and said_first else said_first


def _in_json(raw: str) -> str:
    try:
        value = parse_json(raw)
    except ValueError:
        return raw.strip()
    return _words(value) or raw.strip()
