"""Reasoning that stands in the text between tags, taken out where that is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm import decode_stream
from reqllm.content import ReasoningPart, TextPart
from reqllm.wires.openai_chat.thinking import ThinkTags


def body(*deltas: dict[str, Any], end: bool = True) -> bytes:
    events = [{"delta": delta} for delta in deltas]
    if end:
        events.append({"delta": {}, "finish_reason": "stop"})
    lines = [f"data: {json.dumps({'choices': [{'index': 0, **event}]})}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n" * end]).encode()


def says(*texts: str, **options: bool) -> bytes:
    return body(*({"content": text} for text in texts), **options)


def parts(*texts: str) -> list[tuple[str, str]]:
    response = decode_stream("openai-chat", says(*texts), split_thinking=True)
    assert response.state == "complete"
    return [(part.kind, part.content) for part in response.content]


def test_a_tag_in_pieces():
    """A tag that came in pieces is a tag; what is between a pair of them is reasoning."""
    assert parts("<thi", "nk>x</th", "ink>y") == [("reasoning", "x"), ("text", "y")]
    assert parts("a<think>b</think>c<think>d</think>") == [
        ("text", "a"),
        ("reasoning", "b"),
        ("text", "c"),
        ("reasoning", "d"),
    ]


@pytest.mark.parametrize("text", ["a < b", "<thing>", "a <thin", "</think>x", "<", ""])
def test_what_is_no_tag(text):
    """What only looks like a tag stays text, also where it is the last that came."""
    assert parts(text) == ([("text", text)] if text else [])


def test_an_open_tag():
    """Reasoning that nobody ended is reasoning to the end."""
    assert parts("<think>x", "y</thi") == [("reasoning", "xy</thi")]
    cut = decode_stream("openai-chat", says("<think>x</t", end=False), split_thinking=True)
    assert (cut.state, cut.thinking, cut.text) == ("incomplete", "x</t", "")


def test_not_unless_asked_for():
    """Without the option text is text."""
    response = decode_stream("openai-chat", says("<think>x</think>y"))
    assert response.content == (TextPart("<think>x</think>y"),)


def test_before_a_tool_call():
    """What was held back comes before the call that follows it, and joins reasoning of its own."""
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    stream = body({"reasoning": "Hm. "}, {"content": "<think>so<"}, {"tool_calls": [call]})
    response = decode_stream("openai-chat", stream, split_thinking=True)
    assert response.content[0] == ReasoningPart("Hm. so<")
    assert response.tool_calls[0].name == "f"


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "think>", "a", "é ", "</"])))
def test_any_cut(words):
    """However the text is cut, it is split in the same way, and nothing but tags is lost."""
    text = "".join(words)
    split: list[list[tuple[str, str]]] = []
    for pieces in (words, [text], list(text)):
        tags = ThinkTags()
        found = [part for piece in pieces for part in tags.split(piece)] + [*tags.rest()]
        joined: list[tuple[str, str]] = []
        for kind, part in found:
            if joined and joined[-1][0] == kind:
                joined[-1] = (kind, joined[-1][1] + part)
            else:
                joined.append((kind, part))
        split.append(joined)
    assert split[0] == split[1] == split[2]
    kept = "".join(part for _, part in split[0])
    tags_taken = (len(text) - len(kept)) / len("<think>")
    assert tags_taken <= text.count("<think>") + 2 * text.count("</think>")
