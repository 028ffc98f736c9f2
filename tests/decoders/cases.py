"""Cases as rows: the bytes that a server sends, and what must come of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from reqllm.errors import ReqLLMError
from reqllm.response import Response

from .invariants import check_stream, fed_in_pieces, pieces_of, plain


class Call(Struct, frozen=True):
    """A tool call that is expected; `raw` only where it is not the compact form of `arguments`."""

    id: str
    name: str
    arguments: Mapping[str, Any] = {}
    raw: str | None = None
    invalid: bool = False
    executed: bool = False


class Case(Struct, frozen=True, kw_only=True):
    """One row; what is not named is expected to be empty, as most is."""

    id: str
    """The catalogue's number, and a word where it has several bodies."""
    says: str
    body: bytes
    options: Mapping[str, Any] = {}
    text: str = ""
    thinking: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    finish: tuple[str, str | None] | None = ("stop", "stop")
    details: Mapping[str, Any] = {}
    state: str = "complete"
    warnings: tuple[str, ...] = ()
    error: type[ReqLLMError] | None = None
    message: str = ""
    """What the error's message begins with."""
    usage: Mapping[str, int | None] = {}
    metadata: Mapping[str, Any] = {}
    """What `provider_metadata` holds, all of it."""
    kinds: str | None = None
    """The kinds of all chunks in order, where they matter."""
    model: str | None = "m"
    response_id: str | None = "c1"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the error."""


def check_case(wire: str, case: Case) -> Response:
    """Decode a case, whole and byte by byte, and compare all that it says."""
    response = check_stream(wire, case.body, **case.options)
    if not case.options:
        assert plain(fed_in_pieces(wire, pieces_of(1, case.body))) == plain(response)
    assert (response.text, response.thinking, response.refusal) == (
        case.text,
        case.thinking,
        case.refusal,
    )
    assert [_call(part) for part in response.tool_calls] == [_expected(c) for c in case.calls]
    assert response.state == case.state
    assert tuple(warning.code for warning in response.warnings) == case.warnings
    assert (response.id, response.model) == (case.response_id, case.model)
    assert dict(response.provider_metadata) == dict(case.metadata)
    _check_end(case, response)
    for name, number in case.usage.items():
        assert getattr(response.usage, name) == number, name
    if not case.usage:
        assert response.usage is None
    if case.kinds is not None:
        assert " ".join(chunk.kind for chunk in response.chunks) == case.kinds
    return response


def _check_end(case: Case, response: Response) -> None:
    error = response.error
    if case.error is None:
        assert error is None
        assert response.finish_reason is not None
        assert (response.finish_reason.reason, response.finish_reason.raw) == case.finish
        assert dict(response.finish_reason.details) == dict(case.details)
        return
    assert type(error) is case.error
    assert error is not None
    assert error.message.startswith(case.message)
    assert error.partial is not None
    assert error.partial.text == case.text
    for name, value in case.attributes.items():
        assert getattr(error, name) == value, name


def _call(part: Any) -> tuple[Any, ...]:
    return (
        *(part.id, part.name, dict(part.arguments), part.arguments_raw),
        *(part.invalid, part.provider_executed),
    )


def _expected(call: Call) -> tuple[Any, ...]:
    raw = json.dumps(call.arguments, separators=(",", ":")) if call.raw is None else call.raw
    return call.id, call.name, dict(call.arguments), raw, call.invalid, call.executed
