"""The chunks of Mistral: https://docs.mistral.ai/api/; tool calls whole, usage at the end."""

from __future__ import annotations

from typing import Any

from .scenario import Scenario, Text, ToolCall
from .wire_openai import DONE, EPOCH
from .wording import Options, arguments_text, compact


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of SSE events."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in options.cut(_text(scenario), options.chance("words"))]
    calls = _calls(scenario, options)
    last: dict[str, Any] = {"content": ""} | ({"tool_calls": calls} if calls else {})
    chunks = [_chunk(options, delta) for delta in deltas]
    chunks.append(_chunk(options, last, scenario.finish) | {"usage": _usage(scenario)})
    return [b"data: %b\n\n" % compact(chunk).encode() for chunk in chunks] + [DONE]


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The `chat.completion` object."""
    said: dict[str, Any] = {"role": "assistant", "content": _text(scenario)}
    message = said | {"tool_calls": _calls(scenario, options) or None}
    choice = {"index": 0, "message": message, "finish_reason": scenario.finish}
    return _envelope(options, "chat.completion", choice) | {"usage": _usage(scenario)}


def _text(scenario: Scenario) -> str:
    return "".join(part.text for part in scenario.parts if isinstance(part, Text))


def _calls(scenario: Scenario, options: Options) -> list[dict[str, Any]]:
    calls = [part for part in scenario.parts if isinstance(part, ToolCall)]
    return [
        {
            "id": options.identifier("", 9, index),
            "type": "function",
            "function": {"name": call.name, "arguments": arguments_text(call, spaced=True)},
            "index": index,
        }
        for index, call in enumerate(calls)
    ]


def _chunk(options: Options, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _envelope(options, "chat.completion.chunk", choice)


def _envelope(options: Options, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": options.identifier("", 32),
        "object": kind,
        "created": EPOCH,
        "model": options.model,
        "choices": [choice],
    }


def _usage(scenario: Scenario) -> dict[str, int]:
    usage = scenario.usage
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }
