"""The events of `bedrock-converse`, in frames:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

from tests.framing.frames import frame

from .scenario import Finish, Reasoning, Scenario, Text, ToolCall
from .wording import Options, arguments_text, compact, cut_arguments

FINISH: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}
PADDING = string.ascii_letters + string.digits


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of frames."""
    padding = options.chance("padding")
    return [
        framed(name, {**said, "p": PADDING[: padding.randint(1, len(PADDING))]})
        for name, said in _said(scenario, options)
    ]


def framed(name: str, said: dict[str, Any]) -> bytes:
    """A frame; the service sorts the members of its payload."""
    return frame(name, compact(dict(sorted(said.items()))).encode())


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The answer of Converse, which does not stream."""
    content: list[dict[str, Any]] = []
    for index, part in enumerate(scenario.parts):
        match part:
            case Text():
                content.append({"text": part.text})
            case Reasoning():
                told = {"text": part.text, "signature": part.signature}
                content.append({"reasoningContent": {"reasoningText": told}})
            case ToolCall():
                content.append({"toolUse": _call(part, index, options) | {"input": part.arguments}})
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, **_stop(scenario), **_ending(scenario)}


def _said(scenario: Scenario, options: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    for index, part in enumerate(scenario.parts):
        match part:
            case Text():
                deltas = [{"text": w} for w in options.cut(part.text, options.chance("words"))]
            case Reasoning():
                deltas = _thought(part, options)
            case ToolCall():
                start = {"toolUse": _call(part, index, options)}
                yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
                pieces = cut_arguments(
                    arguments_text(part, spaced=True), options.chance(f"arguments {index}")
                )
                deltas = [{"toolUse": {"input": piece}} for piece in ("", *pieces)]
            case _:
                raise ValueError(f"bedrock-converse is not taught to say {type(part).__name__}")
        for delta in deltas:
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", _stop(scenario)
    yield "metadata", _ending(scenario)


def _thought(part: Reasoning, options: Options) -> list[dict[str, Any]]:
    told = [{"text": word} for word in options.cut(part.text, options.chance("thoughts"))]
    signed = [{"signature": part.signature}] if part.signature else []
    return [{"reasoningContent": each} for each in told + signed]


def _stop(scenario: Scenario) -> dict[str, Any]:
    is_stopped = scenario.stop_sequence is not None and scenario.finish == "stop"
    return {"stopReason": "stop_sequence" if is_stopped else FINISH[scenario.finish]}


def _call(call: ToolCall, index: int, options: Options) -> dict[str, Any]:
    return {"toolUseId": options.identifier("tooluse_", 22, index), "name": call.name}


def _ending(scenario: Scenario) -> dict[str, Any]:
    usage = scenario.usage
    counts = {"inputTokens": usage.input, "outputTokens": usage.output}
    total = {"totalTokens": usage.input + usage.output}
    return {"usage": counts | total, "metrics": {"latencyMs": 900}}
