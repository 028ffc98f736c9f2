"""Writes a conversation as the `messages` and `documents` of a Cohere request. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from reqllm.errors import InvalidContextError
from reqllm.wires.cohere_v2.words import TOOL_PLAN, WIRE
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings


def write_messages(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the messages in order; a tool result is a message of its own.

    Raises InvalidContextError for what the wire has no form for.
    """
    answered = turns.answered_calls(context)
    written: list[dict[str, Any]] = []
    for message in context:
        turns.without_name(message, WIRE, warnings)
        match message.role:
            case "system":
                if message.text:
                    written.append({"role": "system", "content": message.text})
            case "assistant":
                written.extend(_assistant(message, answered, warnings))
            case _:
                written.extend(_user_or_tool(message))
    return written


def write_documents(context: Context) -> list[dict[str, Any]]:
    """Return the text files of the user's messages, numbered, as documents to cite."""
    return [
        {"id": f"doc:{number}", "data": _document(part)}
        for number, part in enumerate(_text_files(context))
    ]


def _text_files(context: Context) -> Iterator[FilePart]:
    for message in context:
        for part in message.content:
            if message.role == "user" and isinstance(part, FilePart) and not turns.as_image(part):
                yield part


def _document(part: FilePart) -> dict[str, Any]:
    media_type = (part.media_type or "").partition(";")[0].strip()
    is_text = media_type.startswith("text/") or media_type == "application/json"
    if part.data is None or not is_text:
        raise turns.cannot_send(
            part,
            WIRE,
            f"it takes text and images, got {media_type or 'no media type'!r}; "
            "give the text of the file, with its media_type",
        )
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        raise turns.cannot_send(part, WIRE, "expected its text in UTF-8") from None
    return {"title": part.filename, "text": text} if part.filename else {"text": text}


# The user's and the tools'.
def _user_or_tool(message: Message) -> Iterator[dict[str, Any]]:
    """Yield the results first: they must follow the calls at once."""
    parts = []
    for part in message.content:
        if isinstance(part, ToolResultPart):
            yield _result(part)
        elif not isinstance(part, FilePart) or turns.as_image(part):
            parts.append(part)
    if not parts and any(isinstance(part, FilePart) for part in message.content):
        raise InvalidContextError(
            f"expected a question beside the files on {WIRE}, which takes them apart from the "
            "messages, got a message of files only; add a text to it"
        )
    if parts:
        content: Any = [_user_part(part) for part in parts]
        if len(parts) == 1 and isinstance(parts[0], TextPart):
            content = parts[0].content
        yield {"role": "user", "content": content}


def _user_part(part: ContentPart) -> dict[str, Any]:
    image = turns.as_image(part) if isinstance(part, FilePart) else part
    match image:
        case TextPart():
            return {"type": "text", "text": image.content}
        case ImagePart():
            url = image.url
            if image.data is not None:
                url = turns.data_url(image.data, turns.image_type(image))
            if url is None:
                raise turns.cannot_send(part, WIRE, "it has neither bytes nor an address")
            return {"type": "image_url", "image_url": {"url": url}}
    raise turns.cannot_send(part, WIRE, "give text, an image or a text file")


def _result(part: ToolResultPart) -> dict[str, Any]:
    content: Any = turns.result_texts(part, WIRE)
    if not isinstance(content, str):
        content = [{"type": "text", "text": text.content} for text in content]
    return {"role": "tool", "tool_call_id": part.tool_call_id, "content": content}


# The model's own.
def _assistant(
    message: Message, answered: frozenset[str], warnings: Warnings
) -> Iterator[dict[str, Any]]:
    answer = _Answer(warnings)
    for part in message.content:
        match part:
            case TextPart():
                answer.say(part)
            case RefusalPart():
                answer.say(TextPart(part.content))
            case ReasoningPart():
                answer.think(part)
            case ToolCall() if not part.provider_executed:
                if turns.may_send_call(part, answered, warnings):
                    answer.calls.append(_call(part))
            case _:
                turns.part_not_sent(part, WIRE, warnings)
    written = answer.written()
    if written:
        yield {"role": "assistant", **written}


class _Answer:
    """An assistant message while it is written."""

    def __init__(self, warnings: Warnings) -> None:
        self.calls: list[dict[str, Any]] = []
        self._warnings = warnings
        self._plan = ""
        self._content: list[dict[str, Any]] = []
        self._citations: list[dict[str, Any]] = []

    def say(self, part: TextPart) -> None:
        if not part.content:
            return
        at = len(self._content)
        self._content.append({"type": "text", "text": part.content})
        for citation in part.citations:
            raw = citation.raw
            if isinstance(raw, Mapping) and isinstance(raw.get("sources"), list):
                # Where it stands may have changed, if something before it was not sent.
                self._citations.append({**raw, "content_index": at})

    def think(self, part: ReasoningPart) -> None:
        if part.complete and part.provider_metadata.get("reasoning_field") == TOOL_PLAN:
            self._plan += part.content
        elif turns.is_plain_reasoning(part):
            self._content.append({"type": "thinking", "thinking": part.content})
        else:
            turns.reasoning_not_sent("another provider signed", WIRE, self._warnings)

    def written(self) -> dict[str, Any]:
        content: Any = self._content
        if len(content) == 1 and content[0]["type"] == "text" and not self._citations:
            content = content[0]["text"]
        members = {
            "tool_plan": self._plan,
            "content": content,
            "tool_calls": self.calls,
            "citations": self._citations,
        }
        return {key: value for key, value in members.items() if value}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": turns.raw_arguments(call)}
    return {"id": call.id, "type": "function", "function": function}
