"""The events of `gemini-interactions`: https://ai.google.dev/gemini-api/docs/interactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .scenario import Finish, Part, Reasoning, Scenario, Text, ToolCall
from .wording import Options, arguments_text, compact, cut_arguments

STATUS: dict[Finish, str] = {
    "stop": "completed",
    "length": "incomplete",
    "tool_calls": "requires_action",
}
DONE = b"event: done\ndata: [DONE]\n\n"
TIME = "2026-11-22T10:00:00Z"

Said = dict[str, Any]


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of named SSE events."""
    return [*(_event(each) for each in _said(scenario, options)), DONE]


def whole(scenario: Scenario, options: Options) -> Said:
    """The interaction of a request without `stream`."""
    steps = [_whole_step(part, n, options) for n, part in enumerate(scenario.parts)]
    ended = _interaction(options, STATUS[scenario.finish])
    return ended | {"steps": steps, "usage": _usage(scenario)}


def _said(scenario: Scenario, options: Options) -> Iterator[Said]:
    begun = _interaction(options, "in_progress")
    yield {"interaction": begun, "event_type": "interaction.created"}
    update = {"interaction_id": begun["id"], "status": "in_progress"}
    yield update | {"event_type": "interaction.status_update"}
    for index, part in enumerate(scenario.parts):
        step = _step(part, index, options)
        yield {"index": index, "step": step, "event_type": "step.start"}
        for delta in _deltas(part, index, options):
            yield {"index": index, "delta": delta, "event_type": "step.delta"}
        yield {"index": index, "event_type": "step.stop"}
    ended = _interaction(options, STATUS[scenario.finish]) | {"usage": _usage(scenario)}
    times = {"created": TIME, "updated": TIME, "service_tier": "standard"}
    yield {"interaction": ended | times, "event_type": "interaction.completed"}


def _interaction(options: Options, status: str) -> Said:
    said = {"id": options.identifier("v1_", 60), "status": status, "object": "interaction"}
    return said | {"model": options.model}


def _step(part: Part, index: int, options: Options) -> Said:
    """A step as it begins."""
    match part:
        case Text():
            return {"type": "model_output"}
        case Reasoning():
            return {"type": "thought"}
        case ToolCall():
            called = {"id": options.identifier("", 8, index).lower(), "type": "function_call"}
            return called | {"name": part.name, "arguments": {}}
    raise ValueError(f"gemini-interactions is not taught to say {type(part).__name__}")


def _deltas(part: Part, index: int, options: Options) -> Iterator[Said]:
    match part:
        case Text():
            for word in options.cut(part.text, options.chance("words")):
                yield {"text": word, "type": "text"}
        case Reasoning():
            for thought in options.cut(part.text, options.chance("thoughts")):
                yield {"content": {"text": thought, "type": "text"}, "type": "thought_summary"}
            if part.signature:
                yield {"signature": part.signature, "type": "thought_signature"}
        case ToolCall():
            text = arguments_text(part, spaced=False)
            for piece in cut_arguments(text, options.chance(f"arguments {index}")):
                yield {"arguments": piece, "type": "arguments_delta"}


def _whole_step(part: Part, index: int, options: Options) -> Said:
    step = _step(part, index, options)
    match part:
        case Text():
            step["content"] = [{"type": "text", "text": part.text}]
        case Reasoning():
            step["summary"] = [{"type": "text", "text": part.text}] if part.text else []
            step["signature"] = part.signature
        case ToolCall():
            step["arguments"] = part.arguments or {}
    return step


def _usage(scenario: Scenario) -> Said:
    usage = scenario.usage
    return {
        "total_tokens": usage.input + usage.output,
        "total_input_tokens": usage.input,
        "input_tokens_by_modality": [{"modality": "text", "tokens": usage.input}],
        "total_cached_tokens": usage.cached,
        "total_output_tokens": usage.output - usage.reasoning,
        "total_tool_use_tokens": 0,
        "total_thought_tokens": usage.reasoning,
    }


def _event(said: Said) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (said["event_type"].encode(), compact(said).encode())
