"""Clean streams of the other wires, small and whole, and how they are framed."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from .streams import Event

NAME = ":event-type"
"""The member of an event that stands for the name its frame gives it; it is not sent."""


def lines(events: Iterable[Event]) -> bytes:
    """Frame events as lines of JSON."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def array(events: Iterable[Event]) -> bytes:
    """Frame events as the items of one JSON array, with the line ends that Gemini puts there."""
    return b"[" + b"\n,\r\n".join(json.dumps(event).encode() for event in events) + b"\n]\n"


def frames(events: Iterable[Event]) -> bytes:
    """Frame events as messages of an AWS event stream."""
    return b"".join(map(frame, events))


def frame(event: Event, payload: bytes | None = None) -> bytes:
    """Frame one event, or a payload of its name that is none."""
    name = event.get(NAME, "")
    if payload is None:
        payload = json.dumps({key: each for key, each in event.items() if key != NAME}).encode()
    kind = "exception" if name == "exception" else "event"
    told = f":{kind}-type", "throttlingException" if name == "exception" else name
    return message(payload, told, (":content-type", "application/json"), (":message-type", kind))


def message(payload: bytes, *told: tuple[str, str]) -> bytes:
    """Make a message of an AWS event stream, with these headers."""
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in told
    )
    head = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = head + struct.pack(">I", zlib.crc32(head)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def wrapped(events: Iterable[Event]) -> bytes:
    """Frame a model's own events as Bedrock does: in base64, in messages of an AWS event stream."""
    whole = (base64.b64encode(json.dumps(event).encode()).decode() for event in events)
    return frames({NAME: "chunk", "bytes": each, "p": "abc"} for each in whole)


# Cohere.
def cohere(kind: str, message: Any = None, **more: Any) -> Event:
    """Make an event of Cohere's."""
    said = {} if message is None else {"delta": {"message": message}}
    return {"type": kind, **more, **said}


COHERE_END: Event = {
    "type": "message-end",
    "delta": {
        "finish_reason": "TOOL_CALL",
        "usage": {
            "billed_units": {"input_tokens": 1, "output_tokens": 2},
            "tokens": {"input_tokens": 3, "output_tokens": 4},
        },
    },
}
COHERE = (
    cohere("message-start", {"role": "assistant", "content": []}, id="m1"),
    cohere("content-start", {"content": {"type": "text", "text": ""}}, index=0),
    cohere("content-delta", {"content": {"text": "Hello"}}, index=0),
    cohere("content-end", index=0),
    cohere("tool-plan-delta", {"tool_plan": "Ask."}),
    cohere(
        "tool-call-start",
        {
            "tool_calls": {
                "id": "t1",
                "type": "function",
                "function": {"name": "f", "arguments": ""},
            }
        },
        index=0,
    ),
    cohere("tool-call-delta", {"tool_calls": {"function": {"arguments": '{"a":1}'}}}, index=0),
    cohere("tool-call-end", index=0),
    COHERE_END,
)


# Ollama.
def ollama(content: str = "", **more: Any) -> Event:
    """Make a line of Ollama's chat."""
    message = {"role": "assistant", "content": content}
    line = {"model": "m", "created_at": "2026-11-22T10:00:00Z", "message": message, "done": False}
    return {**line, **more}


OLLAMA_DONE = ollama(
    done=True, done_reason="stop", total_duration=9, load_duration=1, eval_count=2, eval_duration=3
)
OLLAMA = (ollama("Hel"), ollama("lo"), OLLAMA_DONE)


# Gemini.
def gemini(*parts: Event, finish: str = "", total: int = 7, **more: Any) -> Event:
    """Make a partial response of Gemini's."""
    candidate: Event = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 3, "candidatesTokenCount": total - 3, "totalTokenCount": total}
    named = {"modelVersion": "m", "responseId": "r1"}
    return {"candidates": [candidate], "usageMetadata": usage, **named, **more}


GEMINI = (
    gemini({"text": "Hm", "thought": True}),
    gemini({"text": "Hello"}, total=8),
    gemini({"functionCall": {"name": "f", "args": {"a": 1}}}, total=9),
    gemini({"text": "!"}, finish="STOP", total=9),
)


# Gemini's Interactions.
def interaction(kind: str, **more: Any) -> Event:
    """Make an event of an interaction."""
    return {"event_type": kind, **more}


def status(said: str) -> Event:
    """Tell of an interaction and its status."""
    return {"id": "v1", "status": said, "object": "interaction", "model": "m"}


INTERACTION = (
    interaction("interaction.created", interaction=status("in_progress")),
    interaction("interaction.status_update", interaction_id="v1", status="in_progress"),
    interaction("step.start", index=0, step={"type": "model_output"}),
    interaction("step.delta", index=0, delta={"type": "text", "text": "Hello"}),
    interaction("step.stop", index=0),
    interaction(
        "step.start",
        index=1,
        step={"type": "function_call", "id": "c1", "name": "f", "arguments": {}},
    ),
    interaction("step.delta", index=1, delta={"type": "arguments_delta", "arguments": '{"a":1}'}),
    interaction("step.stop", index=1),
    interaction("interaction.completed", interaction=status("requires_action")),
)


# Bedrock.
def converse(name: str, **more: Any) -> Event:
    """Make an event of ConverseStream."""
    return {NAME: name, **more, "p": "abc"}


CONVERSE_METADATA = converse(
    "metadata",
    usage={"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
    metrics={"latencyMs": 900},
)
CONVERSE = (
    converse("messageStart", role="assistant"),
    converse("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hel"}),
    converse("contentBlockDelta", contentBlockIndex=0, delta={"text": "lo"}),
    converse("contentBlockStop", contentBlockIndex=0),
    converse(
        "contentBlockStart",
        contentBlockIndex=1,
        start={"toolUse": {"toolUseId": "t1", "name": "f"}},
    ),
    converse("contentBlockDelta", contentBlockIndex=1, delta={"toolUse": {"input": '{"a":1}'}}),
    converse("contentBlockStop", contentBlockIndex=1),
    converse("messageStop", stopReason="tool_use"),
    CONVERSE_METADATA,
)


# OpenAI's Responses.
def snapshot(said: str, *output: Event, **more: Any) -> Event:
    """Tell of a response and its status."""
    echo = {"instructions": None, "metadata": {}, "parallel_tool_calls": True, "tools": []}
    limits = {"temperature": 1.0, "top_p": 1.0, "tool_choice": "auto"}
    found = {"error": None, "incomplete_details": None, "usage": None, "output": list(output)}
    base = {"id": "resp_1", "object": "response", "created_at": 1, "status": said, "model": "m"}
    return {**base, **found, **echo, **limits, **more}


def numbered(*events: Event) -> tuple[Event, ...]:
    """Number events as they follow one another."""
    return tuple({**event, "sequence_number": number} for number, event in enumerate(events))


def at(kind: str, item: str, index: int, **more: Any) -> Event:
    """Make an event inside of an item."""
    return {"type": f"response.{kind}", "item_id": item, "output_index": index, **more}


def response(kind: str, **more: Any) -> Event:
    """Make any other event of a response."""
    return {"type": f"response.{kind}", **more}


MESSAGE: Event = {
    "id": "msg_1",
    "type": "message",
    "status": "in_progress",
    "role": "assistant",
    "content": [],
}
CALL: Event = {
    "id": "fc_1",
    "type": "function_call",
    "status": "in_progress",
    "arguments": "",
    "call_id": "call_1",
    "name": "f",
}
PART: Event = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 7,
}
IN_PART = {"content_index": 0, "logprobs": []}
RESPONSES_PARTS = (
    response("created", response=snapshot("in_progress")),
    response("output_item.added", output_index=0, item=MESSAGE),
    at("content_part.added", "msg_1", 0, content_index=0, part=PART),
    at("output_text.delta", "msg_1", 0, delta="Hel", **IN_PART),
    at("output_text.delta", "msg_1", 0, delta="lo", **IN_PART),
    at("output_text.done", "msg_1", 0, text="Hello", **IN_PART),
    at("content_part.done", "msg_1", 0, content_index=0, part={**PART, "text": "Hello"}),
    response(
        "output_item.done",
        output_index=0,
        item={**MESSAGE, "status": "completed", "content": [{**PART, "text": "Hello"}]},
    ),
    response("output_item.added", output_index=1, item=CALL),
    at("function_call_arguments.delta", "fc_1", 1, delta='{"a":1}'),
    at("function_call_arguments.done", "fc_1", 1, arguments='{"a":1}'),
    response(
        "output_item.done",
        output_index=1,
        item={**CALL, "status": "completed", "arguments": '{"a":1}'},
    ),
    response("completed", response=snapshot("completed", usage=USAGE)),
)
RESPONSES = numbered(*RESPONSES_PARTS)
