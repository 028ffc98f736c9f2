"""What Mistral sends where it leaves OpenAI's shape, as bytes."""

from __future__ import annotations

import json
from typing import Any

from .cases import Call, Case

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "total_tokens": 5, "completion_tokens": 2}
COUNTS = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    value = {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return f"data: {json.dumps({**value, **more}, separators=(',', ':'))}\n\n".encode()


def thinks(*said: str, **more: Any) -> dict[str, Any]:
    inner = [{"type": "text", "text": text} for text in said]
    return {"type": "thinking", "thinking": inner, **more}


def says(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def end(reason: str = "stop", **delta: Any) -> bytes:
    return chunk({"content": "", **delta}, reason, usage=USAGE, p="abc") + DONE


def call(id: str, name: str = "f", **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "function": {"name": name, "arguments": '{"a":1}'}, **more}


def row(id: str, says: str, body: bytes, **expected: Any) -> Case:  # noqa: A002
    """A case in which an answer is complete and says Hello, where nothing else is named."""
    return Case(id=id, says=says, body=body, **{"text": "Hello", "usage": COUNTS, **expected})


CASES = (
    row(
        "M01",
        "calls come whole, without type and without index",
        chunk({"role": "assistant", "content": ""})
        + end("tool_calls", tool_calls=[call("XubyS1qTd"), call("nqjf8Hqe1", "g")]),
        text="",
        calls=(Call("XubyS1qTd", "f", {"a": 1}), Call("nqjf8Hqe1", "g", {"a": 1})),
        finish=("tool_calls", "tool_calls"),
    ),
    row(
        "M01, index 0",
        "or all of them have the index 0",
        end("tool_calls", tool_calls=[call("a" * 9, index=0), call("b" * 9, "g", index=0)]),
        text="",
        calls=(Call("a" * 9, "f", {"a": 1}), Call("b" * 9, "g", {"a": 1})),
        finish=("tool_calls", "tool_calls"),
    ),
    row(
        "M02",
        "parts that think are reasoning, and the text may begin in the same chunk",
        chunk({"content": [thinks("H")]})
        + chunk({"content": [thinks("m", closed=True), says("Hel")]})
        + chunk({"content": "lo"})
        + end(),
        thinking="Hm",
    ),
    row(
        "model_length",
        "the model's own limit is one of length",
        chunk({"content": "Hello"}) + end("model_length"),
        finish=("length", "model_length"),
    ),
    row(
        "a new kind of reason",
        "a reason that is new is kept as it is",
        chunk({"content": "Hello"}) + end("guardrail"),
        finish=("other", "guardrail"),
    ),
)
