"""Whatever comes in Bedrock's frames, nothing is raised, and both ways to read it agree."""

from __future__ import annotations

import copy
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqllm.framing.event import WireEvent
from reqllm.stream_server import StreamServer
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.table import wire_named
from tests.corpus import ABSENT, Capture, captures, params
from tests.framing.frames import frame, message, texts

from .bedrock_cases import CLAUDE_HELLO, METRICS, METRICS_KEY, chunk, claude
from .invariants import check_stream, fed_in_pieces, pieces_of, plain
from .test_delta_lane import Event, changed_event, no_lane, read
from .test_hostile import DROPPED, ODD, VALUES, places

WIRES = ("bedrock-converse", "bedrock-invoke")
ALL = [capture for wire in WIRES for capture in captures(wire)]
needs_corpus = pytest.mark.skipif(not ALL, reason=ABSENT)
NAMES = st.sampled_from(
    [
        *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop"),
        *("messageStop", "metadata", "chunk", "message", "initial-response", "brandNew"),
        *("throttlingException", ""),
    ]
)
KEYS = st.sampled_from(
    [
        *("contentBlockIndex", "delta", "start", "text", "toolUse", "input", "toolUseId", "name"),
        *("reasoningContent", "signature", "redactedContent", "citation", "location", "web"),
        *("toolResult", "image", "source", "bytes", "format", "stopReason", "usage", "inputTokens"),
        *("cacheDetails", "ttl", "role", "output", "message", "content", "p", "metrics", "trace"),
        *("contentBlockDelta", "messageStop", "metadata", "xException", "type", "choices", "index"),
        *("outputText", "generation", "generations", "outputs", "completionReason", "stop_reason"),
        *("finish_reason", "prompt_token_count", METRICS_KEY, "response", "id", "error", "\ud83d"),
    ]
)
ANYTHING = VALUES | st.recursive(
    VALUES, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=6
)


def written(wire: str, event: Event) -> bytes:
    """Return an event as the wire writes it."""
    return frame(event.name, event.data) if wire == "bedrock-converse" else chunk(event.data)


def dumped(value: Any, name: str = "message") -> Event:
    """Return a value as an event; half characters are escaped, as JSON does."""
    return Event(json.dumps(value).encode(), name)


@cache
def events_of(capture: Capture) -> tuple[Event, ...]:
    """Return the events of a capture; of the model's vendor where they are wrapped."""
    found = wire_named(capture.wire).framing.new().receive(capture.body)
    events = [Event(e.data, e.event) for e in found if isinstance(e, WireEvent)]
    if capture.wire == "bedrock-converse":
        return tuple(events)
    return tuple(Event(b64decode(json.loads(e.data)["bytes"]), "chunk") for e in events)


def check_same(wire: str, events: Sequence[Event]) -> None:
    """Compare both ways for the events in one piece, one a piece, and cut elsewhere."""
    frames = [written(wire, event) for event in events]
    body = b"".join(frames)
    for pieces in ([body], frames, list(pieces_of(700, body))):
        short = read(wire, pieces)
        with no_lane():
            assert short == read(wire, pieces)


def check_both(wire: str, body: bytes) -> None:
    response = check_stream(wire, body)
    assert plain(fed_in_pieces(wire, pieces_of(1, body))) == plain(response)
    check_stream(wire, body, on_malformed="skip", on_incomplete="return")


# The short way.
@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_captures_are_the_same_without_the_short_way(capture: Capture) -> None:
    """Each capture gives the same chunks with the short way and without it."""
    check_same(capture.wire, events_of(capture))


@needs_corpus
@pytest.mark.parametrize("wire", WIRES)
def test_captures_do_take_the_short_way(wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proofs here prove something: where a model says one thing at length, most go it."""
    taken, sent = 0, 0
    take = JSONEventDecoder._take_event

    def counted(decoder: JSONEventDecoder, event: WireEvent) -> None:
        nonlocal taken
        taken += 1
        take(decoder, event)

    monkeypatch.setattr(JSONEventDecoder, "_take_event", counted)
    for capture in captures(wire):
        events = events_of(capture)
        # Amazon's own models number each event anew.
        if len(events) > 30 and b"messageStart" not in events[0].data:
            sent += len(events)
            StreamServer(wire).receive(capture.body)
    assert taken < sent / 3


@st.composite
def changed_streams(draw: st.DrawFn) -> tuple[str, list[Event]]:
    """A stretch of a capture in which events are repeated, changed, swapped and doubled."""
    capture = draw(st.sampled_from(ALL))
    events = events_of(capture)
    start = draw(st.integers(0, len(events) - 1))
    stretch = list(events[start : start + draw(st.integers(1, 5))])
    taught = [stretch[0]] * draw(st.integers(1, 3))
    changed = [changed_event(draw, draw(st.sampled_from(stretch)), stretch) for _ in range(4)]
    opening = list(events[: draw(st.sampled_from([0, 1, 2]))])
    closing = list(events[-3:]) if draw(st.booleans()) else []
    return capture.wire, [*opening, *taught, *stretch, *changed, stretch[-1], *closing]


@pytest.mark.untraced
@needs_corpus
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(stream=changed_streams())
def test_changed_captures_are_the_same_without_the_short_way(
    stream: tuple[str, list[Event]],
) -> None:
    """Whatever is changed in the events of a capture, both ways say the same."""
    check_same(*stream)


def test_what_grows_unseen_is_not_missed() -> None:
    """Hidden reasoning beside a text that repeats is kept each time, though it gives no chunk."""
    part = {"reasoningContent": {"text": "a", "redactedContent": "eA=="}}
    delta = {"contentBlockIndex": 0, "delta": part}
    check_same("bedrock-converse", [dumped(delta, "contentBlockDelta")] * 4)
    body = frame("contentBlockDelta", delta) * 4 + frame("messageStop", {"stopReason": "end_turn"})
    (thought,) = check_stream("bedrock-converse", body).content
    assert (thought.content, thought.data) == ("aaaa", "xxxx")


WRAPPINGS = (
    b'{"bytes":"%b"}',
    b'{"bytes":"%b","p":"abc"}',
    b'{"bytes":"%b","p":""}',
    b'{"bytes":"%b","p":"a b"}',
    b'{"bytes":"%b","p":"a\\u0062"}',
    b'{"bytes":"%b","note":"abc"}',
    b'{"bytes":"%b","p":"abc","note":"abc"}',
    b'{"p":"abc","bytes":"%b"}',
    b'{"bytes": "%b"}',
    b'{"bytes":"%b=","p":"abc"}',
    b'{"bytes":"A%b","p":"abc"}',
    b'{"bytes":"@%b","p":"abc"}',
    b'{"bytes":"%b%%","p":"abc"}',
    b'{"bytes":"%b","bytes":"","p":"abc"}',
)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_other_wrappings_are_read_the_long_way(wrapping: bytes) -> None:
    """A wrapping that differs from the last one, however little, says what it says alone."""
    begun = claude(*CLAUDE_HELLO[:4], end=False)
    body = b64encode(json.dumps(CLAUDE_HELLO[1]).encode())
    frames = [begun, *[frame("chunk", wrapping % body)] * 3, claude(*CLAUDE_HELLO[1:4])]
    for pieces in ([b"".join(frames)], frames):
        short = read("bedrock-invoke", pieces)
        with no_lane():
            assert short == read("bedrock-invoke", pieces)


# Anything in any place.
@pytest.mark.untraced
@needs_corpus
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    """Events of a live model with anything put in anywhere, dropped or doubled."""
    capture = data.draw(st.sampled_from(ALL))
    found = events_of(capture)
    start = data.draw(st.integers(0, max(0, len(found) - 6)))
    chosen = [*found[:2], *found[start : start + 6], *found[-3:]]
    values = [json.loads(event.data) for event in chosen]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(values) - 1))
        container, key = data.draw(st.sampled_from(list(places(values[at])) or [(values, at)]))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(KEYS)] = data.draw(ANYTHING)
        else:
            container[key] = data.draw(ANYTHING)
    events = zip(values, chosen, strict=True)
    body = b"".join(written(capture.wire, dumped(value, event.name)) for value, event in events)
    check_both(capture.wire, body)


# One stream of each wire, and of each kind of model, that has every member that is looked at.
RICH: dict[str, list[tuple[str, Any]]] = {
    "bedrock-converse": [
        ("messageStart", {"role": "assistant", "p": "ab", "note": 1}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "a"}, "p": "abc"}),
        (
            "contentBlockDelta",
            {
                "contentBlockIndex": 0,
                "delta": {
                    "citation": {
                        "title": "t",
                        "source": "s",
                        "sourceContent": [{"text": "x"}],
                        "location": {"web": {"url": "u", "domain": "d"}},
                    }
                },
            },
        ),
        (
            "contentBlockDelta",
            {
                "contentBlockIndex": 1,
                "delta": {
                    "reasoningContent": {"text": "a", "signature": "s", "redactedContent": "eA=="}
                },
            },
        ),
        (
            "contentBlockStart",
            {
                "contentBlockIndex": 2,
                "start": {
                    "toolUse": {"toolUseId": "t", "name": "f", "type": "x", "input": {"a": 1}}
                },
            },
        ),
        (
            "contentBlockDelta",
            {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}},
        ),
        (
            "contentBlockStart",
            {
                "contentBlockIndex": 3,
                "start": {"toolResult": {"toolUseId": "t", "status": "error", "content": [1]}},
            },
        ),
        ("contentBlockDelta", {"contentBlockIndex": 3, "delta": {"toolResult": [{"text": "x"}]}}),
        (
            "contentBlockStart",
            {"contentBlockIndex": 4, "start": {"image": {"format": "png"}}},
        ),
        (
            "contentBlockDelta",
            {
                "contentBlockIndex": 4,
                "delta": {
                    "image": {
                        "source": {"bytes": "eA==", "s3Location": {"uri": "s3://b"}},
                        "error": {"message": "x"},
                    }
                },
            },
        ),
        ("contentBlockStart", {"contentBlockIndex": 5, "start": {"hologram": {"light": "a"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 5, "delta": {"hologram": {"light": "b"}}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        (
            "messageStop",
            {"stopReason": "end_turn", "additionalModelResponseFields": {"stop_sequence": "x"}},
        ),
        (
            "metadata",
            {
                "usage": {
                    "inputTokens": 1,
                    "outputTokens": 2,
                    "totalTokens": 3,
                    "cacheReadInputTokens": 1,
                    "cacheWriteInputTokens": 1,
                    "cacheDetails": [{"ttl": "1h", "inputTokens": 1}],
                    "serverToolUsage": {"webSearch": 1},
                },
                "metrics": {"latencyMs": 1},
                "trace": {"guardrail": {}},
            },
        ),
    ],
    "bedrock-invoke": [
        (
            "message",
            {
                "id": "c",
                "outputText": "a",
                "index": 0,
                "generations": [
                    {"id": "g", "index": 1, "text": "b", "finish_reason": "COMPLETE"},
                ],
                "outputs": [{"text": "c", "stop_reason": None}],
                "event_type": "text-generation",
                "response": {"text": "x"},
                "inputTextTokenCount": 3,
            },
        ),
        ("message", {"generation": "d", "prompt_token_count": 1, "generation_token_count": 2}),
        ("message", {"completion": "e", "stop_reason": "stop", METRICS_KEY: METRICS}),
    ],
}
WRAPPED = {"output": {"message": {"content": [{"text": "a"}, {"toolUse": {"input": {"a": 1}}}]}}}


@pytest.mark.parametrize("wire", WIRES)
def test_every_member_may_be_of_any_type(wire: str) -> None:
    """Each member of each event, in turn replaced by a value of each kind, or left out."""
    for number, (_, event) in enumerate(RICH[wire]):
        for step in range(len(list(places(event)))):
            for value in (*ODD, DROPPED):
                events = copy.deepcopy(RICH[wire])
                container, key = list(places(events[number][1]))[step]
                if value is DROPPED:
                    del container[key]
                else:
                    container[key] = value
                check_stream(wire, b"".join(written(wire, dumped(e, name)) for name, e in events))


@pytest.mark.untraced
@settings(max_examples=100, deadline=None)
@given(
    wire=st.sampled_from(WIRES),
    events=st.lists(
        st.tuples(NAMES, st.dictionaries(KEYS, ANYTHING, max_size=5) | ANYTHING), max_size=6
    ),
    kind=st.sampled_from(["event", "event", "event", "exception", "error", "new"]),
)
def test_any_json(wire: str, events: list[tuple[str, Any]], kind: str) -> None:
    """Events of any name and any JSON at all, also of none that the wire knows."""
    body = b"".join(frame(name, dumped(value).data, kind) for name, value in events)
    check_both(wire, body)
    check_both(wire, b"".join(written(wire, dumped(value, name)) for name, value in events))


@pytest.mark.untraced
@settings(max_examples=100, deadline=None)
@given(wire=st.sampled_from(WIRES), payload=st.binary(max_size=60), name=NAMES)
def test_any_bytes(wire: str, payload: bytes, name: str) -> None:
    """Payloads that are no JSON, wrappings that hold none, bodies that are no stream."""
    check_both(wire, payload)
    check_both(wire, frame(name, payload) * 2)
    check_both(wire, message(payload, texts({":event-type": name})))
    check_both(wire, chunk(payload) + dumped(WRAPPED).data)
