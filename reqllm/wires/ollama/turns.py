"""Writes a conversation as the `messages` of an Ollama request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reqllm.content import (
    ContentPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings

WIRE = "ollama"


def write_messages(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the messages in order; a tool result is a message of its own.

    Raises InvalidContextError for what the wire has no form for.
    """
    writer = _Writer(context, warnings)
    return [written for message in context for written in writer.written(message)]


class _Writer:
    """Writes messages, and remembers what the conversation says elsewhere."""

    def __init__(self, context: Context, warnings: Warnings) -> None:
        self._answered = turns.answered_calls(context)
        self._names = {call.id: call.name for message in context for call in message.tool_calls}
        self._warnings = warnings

    def written(self, message: Message) -> Iterator[dict[str, Any]]:
        turns.without_name(message, WIRE, self._warnings)
        match message.role:
            case "system":
                if message.text:
                    yield {"role": "system", "content": message.text}
            case "assistant":
                yield from self._assistant(message)
            case _:
                # Results first: they must follow the calls at once.
                for part in message.content:
                    if isinstance(part, ToolResultPart):
                        yield self._result(part)
                rest = [p for p in message.content if not isinstance(p, ToolResultPart)]
                if rest:
                    yield {"role": "user", **_text_and_images(rest)}

    def _result(self, part: ToolResultPart) -> dict[str, Any]:
        parts = turns.result_parts(part)
        said = {"content": turns.result_text(part)} if parts is None else _text_and_images(parts)
        written = {"role": "tool", **said}
        name = part.name or self._names.get(part.tool_call_id)
        if name:
            written["tool_name"] = name
        return {**written, "tool_call_id": part.tool_call_id}

    def _assistant(self, message: Message) -> Iterator[dict[str, Any]]:
        text, thinking = "", ""
        images: list[str] = []
        calls: list[dict[str, Any]] = []
        for part in message.content:
            match part:
                case TextPart() | RefusalPart():
                    text += part.content
                case ReasoningPart():
                    thinking += self._reasoning(part)
                case ToolCall() if not part.provider_executed:
                    calls.extend(self._call(part))
                case FilePart() | ImagePart() if part.data is not None:
                    images.append(turns.base64_text(part.data))
                case _:
                    turns.part_not_sent(part, WIRE, self._warnings)
        more = {"thinking": thinking, "images": images, "tool_calls": calls}
        more = {key: value for key, value in more.items() if value}
        if text or more:
            yield {"role": "assistant", "content": text, **more}

    def _reasoning(self, part: ReasoningPart) -> str:
        if turns.is_plain_reasoning(part):
            return part.content
        turns.reasoning_not_sent("another provider signed", WIRE, self._warnings)
        return ""

    def _call(self, call: ToolCall) -> Iterator[dict[str, Any]]:
        if turns.may_send_call(call, self._answered, self._warnings):
            function = {
                "name": call.name,
                "arguments": turns.arguments_object(call, self._warnings),
            }
            yield {"id": call.id, "function": function}


def _text_and_images(parts: Iterable[ContentPart]) -> dict[str, Any]:
    """Return content as the wire has it: one text, and the images apart from it."""
    parts = tuple(parts)
    images = [_image(part) for part in parts if not isinstance(part, TextPart)]
    said: dict[str, Any] = {"content": turns.joined_text(parts)}
    return {**said, "images": images} if images else said


def _image(part: ContentPart) -> str:
    image = turns.as_image(part) if isinstance(part, FilePart) else part
    if not isinstance(image, ImagePart):
        raise turns.cannot_send(part, WIRE, "give text or an image")
    if image.data is not None:
        return turns.base64_text(image.data)
    head, comma, text = (image.url or "").partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise turns.cannot_send(part, WIRE, "it fetches no addresses; give the image's bytes")
    return text
