"""The events of `cohere-v2`: https://docs.cohere.com/v2/reference/chat-stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from .scenario import Finish, Reasoning, Scenario, Text, ToolCall
from .wire_openai import DONE
from .wording import Options, arguments_text, compact, cut_arguments

FINISH: dict[Finish, str] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
}


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of named SSE events."""
    return [*(_event(each) for each in _said(scenario, options)), DONE]


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The answer without `stream`."""
    message: dict[str, Any] = {"role": "assistant"}
    if texts := [part.text for part in scenario.parts if isinstance(part, Text)]:
        message["content"] = [{"type": "text", "text": text} for text in texts]
    if calls := [part for part in scenario.parts if isinstance(part, ToolCall)]:
        message["tool_calls"] = [
            _call(call, n, arguments_text(call, spaced=True)) for n, call in enumerate(calls)
        ]
    return {"id": options.identifier("", 32), "message": message} | _ending(scenario)


def _said(scenario: Scenario, options: Options) -> Iterator[dict[str, Any]]:
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    start = {"id": options.identifier("", 32), "type": "message-start"}
    yield start | {"delta": {"message": empty}}
    contents, calls = count(), count()  # numbered apart
    for part in scenario.parts:
        match part:
            case Text():
                yield from _content("text", part.text, next(contents), options)
            case Reasoning():
                if part.text:
                    yield from _content("thinking", part.text, next(contents), options)
            case ToolCall():
                yield from _tool_call(part, next(calls), options)
            case _:
                raise ValueError(f"cohere-v2 is not taught to say {type(part).__name__} here")
    yield {"type": "message-end", "delta": _ending(scenario)}


def _content(kind: str, text: str, index: int, options: Options) -> Iterator[dict[str, Any]]:
    opening = {"content": {"type": kind, kind: ""}}
    yield {"type": "content-start", "index": index, "delta": {"message": opening}}
    for word in options.cut(text, options.chance("words")):
        message = {"content": {kind: word}}
        yield {"type": "content-delta", "index": index, "delta": {"message": message}}
    yield {"type": "content-end", "index": index}


def _tool_call(call: ToolCall, index: int, options: Options) -> Iterator[dict[str, Any]]:
    opening = {"tool_calls": _call(call, index, "")}
    yield {"type": "tool-call-start", "index": index, "delta": {"message": opening}}
    text = arguments_text(call, spaced=True)
    for piece in cut_arguments(text, options.chance(f"arguments {index}")):
        message = {"tool_calls": {"function": {"arguments": piece}}}
        yield {"type": "tool-call-delta", "index": index, "delta": {"message": message}}
    yield {"type": "tool-call-end", "index": index}


def _call(call: ToolCall, index: int, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": f"{call.name}_{index}", "type": "function", "function": function}


def _ending(scenario: Scenario) -> dict[str, Any]:
    is_stopped = scenario.stop_sequence is not None and scenario.finish == "stop"
    reason = "STOP_SEQUENCE" if is_stopped else FINISH[scenario.finish]
    counts = {"input_tokens": scenario.usage.input, "output_tokens": scenario.usage.output}
    usage = {"billed_units": counts, "tokens": counts}
    if scenario.usage.cached:
        return {"finish_reason": reason, "usage": usage | {"cached_tokens": scenario.usage.cached}}
    return {"finish_reason": reason, "usage": usage}


def _event(said: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (said["type"].encode(), compact(said).encode())
