"""Whatever a server sends, nothing is raised, and what every stream promises is kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus import ABSENT, captures

from .invariants import check_stream, fed_in_pieces, pieces_of, plain

ALL = [*captures("openai-chat"), *captures("anthropic-messages")]
WIRES = ("openai-chat", "anthropic-messages")
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 3, 10**9, 2**64, 0.5, -1e300),
        *("", " ", "a", "1", "[DONE]", "stop", "tool_calls", "error", "text", "thinking"),
        *("\ud83d", "\ude00", "\ud83d\ude00", "a\ud83d", "\ude00b", "\x00", "\ufffd", '{"a":1}'),
        *("text_delta", "input_json_delta", "message_start", "message_stop", "content_block_stop"),
        *(
            "content_block_start",
            "tool_use",
            "redacted_thinking",
            "hologram",
            "message",
            "reasoning",
        ),
    ]
)
KEYS = st.sampled_from(
    [
        *("id", "index", "type", "delta", "content", "text", "choices", "usage", "error", "name"),
        *("function", "arguments", "tool_calls", "message", "content_block", "citation", "\ud83d"),
        *("reasoning", "reasoning_details", "thinking", "signature", "audio", "data", "transcript"),
        *("images", "image_url", "url", "annotations", "logprobs", "refusal", "finish_reason"),
        *("citations", "input", "stop_reason", "partial_json", "x_groq", "extra_content", "google"),
        *("thought_signature", "custom", "function_call", "prompt_tokens", "executed_tools"),
        *("code", "detail", "container", "server_tool_use", "tool_use_id", "is_error", "model"),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def stream_of(events: list[Any]) -> bytes:
    """Return events as a body; half characters are escaped, as JSON does."""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of everything inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def events_of(body: bytes) -> list[Any]:
    lines = body.split(b"\n")
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


@pytest.mark.skipif(not ALL, reason=ABSENT)
@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    """Events of a live provider with anything put in anywhere, dropped or doubled."""
    capture = data.draw(st.sampled_from(ALL))
    events = events_of(capture.body)
    start = data.draw(st.integers(0, max(0, len(events) - 6)))
    events = copy.deepcopy([*events[:2], *events[start : start + 6], *events[-3:]])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(events) - 1))
        container, key = data.draw(st.sampled_from(list(places(events[at])) or [(events, at)]))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(KEYS)] = data.draw(VALUES)
        else:
            container[key] = data.draw(VALUES)
    check_both(capture.wire, stream_of(events))


@settings(max_examples=400, deadline=None)
@given(
    wire=st.sampled_from(WIRES),
    events=st.lists(st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=6),
)
def test_any_json(wire: str, events: list[Any]) -> None:
    """Events of any JSON at all, also of none that the wire knows."""
    check_both(wire, stream_of(events))


@settings(max_examples=300, deadline=None)
@given(wire=st.sampled_from(WIRES), body=st.binary(max_size=200))
def test_any_bytes(wire: str, body: bytes) -> None:
    """Bytes that are no stream at all."""
    check_both(wire, body)
    check_both(wire, b"data: " + body + b"\n\n")


def check_both(wire: str, body: bytes) -> None:
    response = check_stream(wire, body)
    assert plain(fed_in_pieces(wire, pieces_of(1, body))) == plain(response)
    check_stream(wire, body, on_malformed="skip", on_incomplete="return")
