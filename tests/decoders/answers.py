"""One plain form for an answer: what we decode and what the vendors' SDKs do is compared in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from reqllm.content import FilePart, ReasoningPart, RefusalPart, TextPart, ToolCall, ToolResultPart
from reqllm.response import Choice, Response


class ToolUse(Struct, frozen=True):
    """A tool call: `arguments` is raw JSON text, or the parsed object where the SDK parses."""

    id: str | None
    name: str | None
    arguments: Any


class Said(Struct):
    """What one choice said."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    audio: bytes = b""
    tools: list[ToolUse] = field(default_factory=list)
    finish: str | None = None


class Answer(Struct):
    """What an answer comes to."""

    id: str | None = None
    model: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    choices: dict[int, Said] = field(default_factory=dict)


def our_chat_answer(response: Response) -> Answer:
    """Return what we made of a chat completion stream."""
    finishes = response.finish_reason and {0: response.finish_reason.raw}
    return Answer(
        response.id,
        response.model,
        response.usage.raw if response.usage else {},
        {
            number: _said(choice, (finishes or {}).get(number))
            for number, choice in enumerate(response.choices)
        },
    )


def _said(choice: Choice, finish: str | None) -> Said:
    said = Said(finish=choice.finish_reason.raw if choice.finish_reason else finish)
    for part in choice.content:
        match part:
            case TextPart():
                said.text += part.content
            case ReasoningPart():
                said.reasoning += part.content
            case RefusalPart():
                said.refusal += part.content
            case FilePart(data=bytes(data)):
                said.audio += data
            case ToolCall():
                said.tools.append(ToolUse(part.id, part.name, part.arguments_raw))
    return said


def our_message_blocks(response: Response) -> list[tuple[Any, ...]]:
    """Return the content of an Anthropic message as we decoded it, block by block."""
    return [_block(part) for part in response.content]


def _block(part: Any) -> tuple[Any, ...]:
    match part:
        case TextPart():
            return "text", part.content, [citation.raw for citation in part.citations]
        case ReasoningPart(redacted=True):
            return "redacted_thinking", part.data
        case ReasoningPart():
            return "thinking", part.content, part.signature
        case ToolCall():
            return "tool", part.id, part.name, part.arguments, part.provider_executed
        case ToolResultPart():
            return "result", part.tool_call_id, part.result
    raise AssertionError(f"no block of this kind is expected here: {part!r}")
