"""Clean streams of each wire, small and whole, for tests that break them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from reqllm_fixtures.checking import Finding, check_events

Event = dict[str, Any]


class Broken(Struct, frozen=True):
    """A body that breaks one rule, and where."""

    rule: str
    wire: str
    body: bytes
    event: int
    path: str = "$"


DONE = b"data: [DONE]\n\n"


def unnamed(events: Iterable[Event]) -> bytes:
    """Frame events as server-sent events of data only."""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def named(events: Iterable[Event], by: str = "type") -> bytes:
    """Frame events as server-sent events named by their type."""
    texts = (f"event: {event.get(by)}\ndata: {json.dumps(event)}\n\n" for event in events)
    return b"".join(text.encode("utf-8", "replace") for text in texts)


# OpenAI chat.
def chunk(delta: Event, finish: str | None = None, *, choice: int = 0, **more: Any) -> Event:
    """Make a chunk of one choice."""
    return {
        **bare(),
        "choices": [{"index": choice, "delta": delta, "finish_reason": finish}],
        **more,
    }


def bare(**more: Any) -> Event:
    """Make a chunk without choices."""
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        **more,
    }


def call(index: int, arguments: str, **start: str) -> Event:
    """Make a delta of one tool call; `id` and `name` where it begins."""
    function = {"name": start["name"]} if "name" in start else {}
    entry: Event = {"index": index, "function": {**function, "arguments": arguments}}
    if "id" in start:
        entry |= {"id": start["id"], "type": "function"}
    return {"tool_calls": [entry]}


def usage(prompt: int = 3, completion: int = 4, total: int = 7) -> Event:
    """Make OpenAI's usage."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


OPENAI_TEXT = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "He"}),
    chunk({"content": "llo"}),
    chunk({}, "stop"),
    bare(usage=usage()),
)
OPENAI_CALLS = (
    chunk({"role": "assistant", "content": None}),
    chunk(call(0, "", id="t1", name="f")),
    chunk(call(0, '{"a":')),
    chunk(call(0, "1}")),
    chunk(call(1, "", id="t2", name="g")),
    chunk(call(1, "{}")),
    chunk({}, "tool_calls"),
)


def openai(events: Iterable[Event]) -> bytes:
    """Frame chunks, with the sentinel."""
    return unnamed(events) + DONE


# Anthropic.
def start(index: int, block: Event) -> Event:
    """Begin a block."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **member: str) -> Event:
    """Give a part of a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **member}}


def stop(index: int) -> Event:
    """Close a block."""
    return {"type": "content_block_stop", "index": index}


def finish(reason: str | None = "end_turn", output: int = 9) -> Event:
    """Say why the answer stopped."""
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": output},
    }


MESSAGE_START: Event = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 1},
    },
}
MESSAGE_STOP: Event = {"type": "message_stop"}
TEXT_BLOCK: Event = {"type": "text", "text": ""}
THINKING_BLOCK: Event = {"type": "thinking", "thinking": "", "signature": ""}
TOOL_BLOCK: Event = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
ANTHROPIC = (
    MESSAGE_START,
    start(0, THINKING_BLOCK),
    {"type": "ping"},
    delta(0, "thinking_delta", thinking="Hm"),
    delta(0, "signature_delta", signature="s"),
    stop(0),
    start(1, TEXT_BLOCK),
    delta(1, "text_delta", text="He"),
    delta(1, "text_delta", text="llo"),
    stop(1),
    start(2, TOOL_BLOCK),
    delta(2, "input_json_delta", partial_json=""),
    delta(2, "input_json_delta", partial_json='{"a":'),
    delta(2, "input_json_delta", partial_json="1}"),
    stop(2),
    finish("tool_use"),
    MESSAGE_STOP,
)


def told(findings: Iterable[Finding]) -> list[tuple[str, int, str]]:
    """Say in short what was found: rule, event and path."""
    return [(each.rule, each.event, each.path) for each in findings]


def strictly(wire: str, body: bytes) -> list[tuple[str, int, str]]:
    """Check strictly, and say in short what was found."""
    return told(check_events(wire, body, profile="strict"))
