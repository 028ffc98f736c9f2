"""An event that is one more of the last is not judged; the findings are the same."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm_fixtures.checking import check_events
from reqllm_fixtures.checking.finding import PROFILES, Profile
from reqllm_fixtures.checking.likeness import Likeness
from reqllm_fixtures.checking.wires.table import checked_wire
from tests.corpus import captures

from .shapes import SHAPES
from .streams import ANTHROPIC, chunk, named, unnamed

WIRES = ("openai-chat", "anthropic-messages")
SMALL = 40_000

# What may come in the place of a text, within its quotes or out of them.
TEXTS = (
    *(b"more", b"\xc3\xa9", b" ", b"", b'\\"', b"\\u0041", b'"', b'","role":"x', b"\\ud800"),
    *(b"\xff", b"\n", b"\x00", b"\xed\xa0\x80"),
)
BLOCKS = (
    b'{"error": "x"}',
    b": alive",
    b"{}",
    b"data: [DONE]",
    b"event: error\ndata: {}",
    b'data: {"error":"x"}',
)
CHANGES = st.one_of(
    st.tuples(st.sampled_from(("twice", "drop", "swap", "rename")), st.integers(0), st.none()),
    st.tuples(st.just("text"), st.integers(0), st.sampled_from(TEXTS)),
    st.tuples(st.just("before"), st.integers(0), st.sampled_from(BLOCKS)),
)


@cache
def streams(wire: str) -> tuple[tuple[bytes, ...], ...]:
    """Give the blocks of small streams, real ones where the corpus is there."""
    made = [SHAPES[wire].framed(events) for events in SHAPES[wire].clean]
    real = [each.body for each in captures(wire) if len(each.body) < SMALL]
    return tuple(tuple(body.removesuffix(b"\n\n").split(b"\n\n")) for body in (*made, *real))


def changed(blocks: tuple[bytes, ...], changes: list[tuple[str, int, bytes | None]]) -> list[bytes]:
    """Break a stream, a block at a time."""
    kept = list(blocks)
    for how, where, what in changes:
        at = where % len(kept)
        if how == "twice":
            kept.insert(at, kept[at])
        elif how == "drop" and len(kept) > 1:
            del kept[at]
        elif how == "swap":
            kept[at], kept[-1] = kept[-1], kept[at]
        elif how == "rename":
            kept[at] = kept[at].replace(b"event: content", b"event: another", 1)
        elif how == "text" and what is not None:
            kept[at] = with_text(kept[at], what)
        elif how == "before" and what is not None:
            kept.insert(at, what)
    return kept


def with_text(block: bytes, text: bytes) -> bytes:
    """Put a text in the place of the one that a block has."""
    for key in (b'"content":', b'"text":', b'"thinking":', b'"reasoning":'):
        before, found, after = block.partition(key)
        begin = after.find(b'"')
        end = after.find(b'"', begin + 1)
        if found and begin in (0, 1) and end > begin:
            return before + found + after[: begin + 1] + text + after[end:]
    return block


def unlike(blocks: list[bytes]) -> list[bytes]:
    """Write each event otherwise than the one before, by blanks that mean nothing."""
    return [
        block.replace(b"data: {", b"data: {" + b" " * (number % 2), 1)
        for number, block in enumerate(blocks)
    ]


def told(wire: str, blocks: list[bytes], end: bytes, profile: Profile) -> list[tuple[object, ...]]:
    found = check_events(wire, b"\n\n".join(blocks) + end, profile=profile)
    return [(each.event, each.rule, each.path, each.severity, each.repeats) for each in found]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=150)
@given(data=st.data(), changes=st.lists(CHANGES, max_size=5))
def test_the_findings_are_those_of_events_that_are_all_judged(wire, profile, data, changes):
    """A stream, however broken, is told of as if each of its events had been judged."""
    blocks = changed(data.draw(st.sampled_from(streams(wire))), changes)
    end = data.draw(st.sampled_from((b"\n\n", b"")))
    assert told(wire, blocks, end, profile) == told(wire, unlike(blocks), end, profile)


def fitting(*events: dict[str, Any], wire: str = "openai-chat") -> list[bool]:
    """Tell of each event whether it is one more of the last, and so not judged."""
    likeness, fits = Likeness(checked_wire(wire).more), []
    for value in events:
        data = json.dumps(value).encode()
        fits.append(likeness.fits(b"data: " + data))
        if not fits[-1]:
            likeness.learn(b"data: " + data + b"\n\n", data, value)
    return fits


def piece(text: str, **more: Any) -> dict[str, Any]:
    return chunk({"content": text}, **more)


def test_pieces_of_text_are_judged_once():
    """What differs in its text, and in what fills it up, is one more of the last."""
    assert fitting(piece("a"), piece("b"), piece("cd e")) == [False, True, True]
    filled = [piece(text, obfuscation="x" * len(text)) for text in ("a", "bc", "def")]
    assert fitting(*filled) == [False, True, True]
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        for text in "abc"
    ]
    assert fitting(*deltas, wire="anthropic-messages") == [False, True, True]


def test_another_frame_is_told():
    """The same text under another name, or without the mark that closes it, is judged."""
    pieces = unnamed(map(piece, "abc")).removesuffix(b"\n\n")
    rules = {each.rule: each.event for each in check_events("openai-chat", pieces)}
    assert rules["unfinished-event"] == 3

    first = next(event for event in ANTHROPIC if event["type"] == "content_block_delta")
    frames = named([first, first, first]).replace(b"event: c", b"event: C", 3)
    frames = frames.replace(b"event: C", b"event: c", 2)
    rules = {each.rule: each.event for each in check_events("anthropic-messages", frames)}
    assert rules["event-name"] == 3


@pytest.mark.parametrize(
    "last",
    [
        piece("b", id="c2"),
        piece('"'),
        piece("b\n"),
        piece("b", choice=1),
        piece("b", more=1),
        chunk({"content": "b"}, "stop"),
        chunk({"content": "b", "tool_calls": []}),
        chunk({"refusal": "b"}),
    ],
)
def test_what_says_more_is_judged(last):
    """An event that differs in anything but plain text is judged."""
    assert fitting(piece("a"), last) == [False, False]


@pytest.mark.parametrize(
    "first",
    [piece(""), chunk({"content": "a"}, "stop"), chunk({"tool_calls": [{"index": 0}]})],
)
def test_what_changes_the_rules_is_no_mould(first):
    """After which the next may be wrong is judged each time."""
    assert fitting(first, first) == [False, False]


def test_likeness_are_not_made_for_ever():
    """Where each event has another id, likeness are no longer made after a few."""
    events = [piece("a", id=str(number)) for number in range(9)]
    assert fitting(*events, events[-1]) == [False] * 10
