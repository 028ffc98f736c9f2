"""Counts that differ from event to event go the short way too, and never say anything else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm.stream_server import StreamServer

from .test_delta_lane import Event, check_same

HEAD = b'{"candidates": [{"content": {"parts": [{"text": "%b"}],"role": "model"},"index": 0}],'
COUNTS = (
    b'{"promptTokenCount": 3,"candidatesTokenCount": %b,"totalTokenCount": %b,'
    b'"promptTokensDetails": [{"modality": "TEXT","tokenCount": 3}]}'
)
TAIL = b',"modelVersion": "gemini-2.5","responseId": "r1"}'


def said(text: bytes, *counts: bytes, usage: bytes = COUNTS, tail: bytes = TAIL) -> Event:
    return Event(HEAD % text + b'"usageMetadata": ' + (usage % counts if counts else usage) + tail)


END = Event(
    b'{"candidates": [{"content": {"parts": []},"finishReason": "STOP","index": 0}]'
    b',"modelVersion": "gemini-2.5","responseId": "r1"}'
)
TAUGHT = [said(b"a", b"1", b"4"), said(b"b", b"2", b"5"), said(b"c", b"3", b"6")]
# Numbers, and what only looks like one in this place.
NUMBERS = (
    *(b"0", b"7", b"10", b"123456789012345", b"1234567890123456", b"99999999999999999999"),
    *(b"05", b"-1", b"1.5", b"1e5", b"null", b"true", b'"7"', b"[]", b'7,"x": 1', b"", b" 7"),
)
CHANGES = (
    (rb"[0-9]+", NUMBERS),
    (rb'"(promptTokenCount|TEXT|tokenCount)"', (b'"T1"', b'"cached"', b'"a\\u0041"', b"1")),
    (rb"usageMetadata", (b"usageMetadatum", b'usageMetadata": {"x": 1}, "usageMetadata')),
    (rb'"index": 0', (b'"index": 1', b'"index": 0,"usageMetadata": {"totalTokenCount": 9}')),
    (rb"\{|\}|\[|\]|,", (b"", b"{", b"}", b",")),
    (rb"gemini-2.5", (b"gemini-3.5", b"gemini-25")),
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_both_ways_say_the_same(data: st.DataObject) -> None:
    """Events with any numbers, and with anything else instead, mean what they mean the long way."""
    events = list(TAUGHT)
    for _ in range(data.draw(st.integers(1, 4))):
        event = said(b"d", data.draw(st.sampled_from(NUMBERS)), data.draw(st.sampled_from(NUMBERS)))
        if data.draw(st.booleans()):
            pattern, others = data.draw(st.sampled_from(CHANGES))
            places = list(re.finditer(pattern, event.data))
            if places:
                place = data.draw(st.sampled_from(places))
                other = data.draw(st.sampled_from(others))
                event = Event(event.data[: place.start()] + other + event.data[place.end() :])
        events += [event] * data.draw(st.integers(1, 2))
    check_same("gemini", [*events, END] if data.draw(st.booleans()) else events)


@pytest.mark.parametrize(
    "usage",
    [
        b'{"promptTokenCount": 3,"cachedContentTokenCount": 2,"totalTokenCount": %b}',
        b'{"totalTokenCount": %b,"tier1": 1}',
        b'{"totalTokenCount": %b,"tier": "t1"}',
        b'{"totalTokenCount": %b,"a\\"{": 1}',
        b"{}",
    ],
)
def test_counts_of_other_kinds(usage: bytes) -> None:
    """Counts that are left out later keep their last value; odd members go the long way."""
    numbers = (b"1", b"2", b"3", b"4", b"5")
    others = [said(b"x", *((n,) if b"%b" in usage else ()), usage=usage) for n in numbers]
    check_same("gemini", [*others, *TAUGHT, *others[:1], END])
    check_same("gemini", [*TAUGHT, *others, *TAUGHT])


def test_most_events_do_take_it() -> None:
    """Each event of an answer with growing counts goes the short way, and the last counts hold."""
    server = StreamServer("gemini")
    for number in range(1, 101):
        server.receive(said(b"a", b"%d" % number, b"%d" % (number + 3)).lines("gemini"))
    assert server._decoder._lane.recognised > 95  # type: ignore[attr-defined]
    server.receive(END.lines("gemini"))
    server.end()
    response = server.response
    assert response.state == "complete"
    assert response.text == "a" * 100
    assert response.usage is not None
    assert (response.usage.output_tokens, response.usage.total_tokens) == (100, 103)
