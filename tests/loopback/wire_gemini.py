"""The chunks of `gemini`: https://ai.google.dev/api/generate-content; lines end in CRLF."""

from __future__ import annotations

import json
from typing import Any

from .scenario import Finish, Reasoning, Scenario, Text, ToolCall
from .wording import Options, cut_text

FINISH: dict[Finish, str] = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of SSE events; its end is the end of the body."""
    parts = [part for each in scenario.parts for part in _parts(each, options, cut=True)]
    said = scenario.usage.output
    # The count grows with every event, and is whole at the end.
    so_far = (said * number // (len(parts) + 1) for number in range(1, len(parts) + 1))
    chunks = [
        _chunk(scenario, options, [part], output=output)
        for part, output in zip(parts, so_far, strict=True)
    ]
    chunks.append(_chunk(scenario, options, [{"text": ""}], FINISH[scenario.finish]))
    return [b"data: %b\r\n\r\n" % _written(chunk).encode() for chunk in chunks]


def _written(chunk: dict[str, Any]) -> str:
    """Write JSON with Google's blanks: after colons only."""
    return json.dumps(chunk, ensure_ascii=False, separators=(",", ": "))


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The one response of `generateContent`."""
    parts = [part for each in scenario.parts for part in _parts(each, options, cut=False)]
    return _chunk(scenario, options, parts, FINISH[scenario.finish])


def _parts(part: Any, options: Options, *, cut: bool) -> list[dict[str, Any]]:
    match part:
        case Text():
            words = cut_text(part.text, options.chance("words")) if cut else [part.text]
            return [{"text": word} for word in words]
        case Reasoning():
            thoughts = cut_text(part.text, options.chance("thoughts")) if cut else [part.text]
            return [{"text": thought, "thought": True} for thought in thoughts]
        case ToolCall():
            call = {"id": options.identifier("fc", 8, part.name), "name": part.name}
            return [{"functionCall": call | {"args": part.arguments or {}}}]
    raise ValueError(f"gemini is not taught to say {type(part).__name__} here")


def _chunk(
    scenario: Scenario,
    options: Options,
    parts: list[dict[str, Any]],
    finish: str | None = None,
    *,
    output: int | None = None,
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    usage = scenario.usage
    said = usage.output if output is None else output
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": {
            "promptTokenCount": usage.input,
            "candidatesTokenCount": said,
            "totalTokenCount": usage.input + said,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.input}],
        },
        "modelVersion": options.model,
        "responseId": options.identifier("", 22),
    }
