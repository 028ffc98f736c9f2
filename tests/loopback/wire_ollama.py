"""The lines of `ollama`: https://docs.ollama.com/api/chat; one JSON object a line."""

from __future__ import annotations

from typing import Any

from .scenario import Reasoning, Scenario, Text, ToolCall
from .wording import Options, compact


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of lines."""
    thoughts = options.cut(_thoughts(scenario), options.chance("thoughts"))
    words = options.cut(_text(scenario), options.chance("words"))
    messages: list[dict[str, Any]] = [{"content": "", "thinking": word} for word in thoughts]
    messages += [{"content": word} for word in words]
    if calls := _calls(scenario, options):
        messages.append({"content": "", "tool_calls": calls})
    lines = [_line(options, at, each) | {"done": False} for at, each in enumerate(messages)]
    lines.append(_line(options, len(lines), {"content": ""}) | _ending(scenario))
    return [f"{compact(line)}\n".encode() for line in lines]


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The answer to `"stream": false`."""
    calls = _calls(scenario, options)
    message = {"content": _text(scenario)} | ({"tool_calls": calls} if calls else {})
    if thoughts := _thoughts(scenario):
        message["thinking"] = thoughts
    return _line(options, 0, message) | _ending(scenario)


def _text(scenario: Scenario) -> str:
    return "".join(part.text for part in scenario.parts if isinstance(part, Text))


def _thoughts(scenario: Scenario) -> str:
    return "".join(part.text for part in scenario.parts if isinstance(part, Reasoning))


def _calls(scenario: Scenario, options: Options) -> list[dict[str, Any]]:
    calls = [part for part in scenario.parts if isinstance(part, ToolCall)]
    return [
        {
            "id": options.identifier("call_", 8, index).lower(),
            "function": {"index": index, "name": call.name, "arguments": call.arguments or {}},
        }
        for index, call in enumerate(calls)
    ]


def _line(options: Options, at: int, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": options.model,
        "created_at": f"2026-11-22T10:00:{at // 100:02}.{at % 100:02}Z",
        "message": {"role": "assistant"} | message,
    }


def _ending(scenario: Scenario) -> dict[str, Any]:
    return {
        "done": True,
        "done_reason": "length" if scenario.finish == "length" else "stop",
        "total_duration": 900_000,
        "load_duration": 1_000,
        "prompt_eval_count": scenario.usage.input,
        "prompt_eval_duration": 3_000,
        "eval_count": scenario.usage.output,
        "eval_duration": 5_000,
    }
