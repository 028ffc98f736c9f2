"""The chunks of `gemini`: https://ai.google.dev/api/generate-content; lines end in CRLF."""

from __future__ import annotations

import json
from typing import Any

from .scenario import Finish, Reasoning, Scenario, Text, ToolCall
from .wording import Options

FINISH: dict[Finish, str] = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of SSE events; its end is the end of the body."""
    parts = _all_parts(scenario, options, cut=True)
    said = scenario.usage.output
    # The count grows with every event, and is whole at the end.
    so_far = (said * number // (len(parts) + 1) for number in range(1, len(parts) + 1))
    chunks = [
        _chunk(scenario, options, [part], output=output)
        for part, output in zip(parts, so_far, strict=True)
    ]
    last: dict[str, Any] = {"text": ""}
    signature = _signature(scenario)
    if signature and not any("functionCall" in part for part in parts):
        last["thoughtSignature"] = signature
    chunks.append(_chunk(scenario, options, [last], FINISH[scenario.finish]))
    return [b"data: %b\r\n\r\n" % _written(chunk).encode() for chunk in chunks]


def _written(chunk: dict[str, Any]) -> str:
    """Write JSON with Google's blanks: after colons only."""
    return json.dumps(chunk, ensure_ascii=False, separators=(",", ": "))


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The one response of `generateContent`."""
    parts = _all_parts(scenario, options, cut=False)
    return _chunk(scenario, options, parts, FINISH[scenario.finish])


def _all_parts(scenario: Scenario, options: Options, *, cut: bool) -> list[dict[str, Any]]:
    """All that is said; what was thought is signed on the first call, or at the very end."""
    numbered = enumerate(scenario.parts)
    parts = [part for n, each in numbered for part in _parts(each, n, options, cut=cut)]
    signature = _signature(scenario)
    called = next((part for part in parts if "functionCall" in part), None)
    if signature and called is not None:
        called["thoughtSignature"] = signature
    return parts


def _signature(scenario: Scenario) -> str:
    signed = [part.signature for part in scenario.parts if isinstance(part, Reasoning)]
    return signed[-1] if signed else ""


def _parts(part: Any, number: int, options: Options, *, cut: bool) -> list[dict[str, Any]]:
    match part:
        case Text():
            words = options.cut(part.text, options.chance("words")) if cut else [part.text]
            return [{"text": word} for word in words]
        case Reasoning():
            thoughts = options.cut(part.text, options.chance("thoughts")) if cut else [part.text]
            return [{"text": thought, "thought": True} for thought in thoughts if thought]
        case ToolCall():
            call = {"id": options.identifier("fc", 8, number), "name": part.name}
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
    thought = min(said, usage.reasoning)  # it thinks first
    thoughts = {"thoughtsTokenCount": thought} if thought else {}
    cached = {"cachedContentTokenCount": usage.cached} if usage.cached else {}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": {
            "promptTokenCount": usage.input,
            "candidatesTokenCount": said - thought,
            "totalTokenCount": usage.input + said,
            **cached,
            **thoughts,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.input}],
        },
        "modelVersion": options.model,
        "responseId": options.identifier("", 22),
    }
