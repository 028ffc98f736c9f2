"""Writes a conversation as the `messages` of a chat completion request. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
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
from reqllm.wires.common.options import Dialect
from reqllm.wires.common.request_body import Warnings, merged
from reqllm.wires.openai_chat.parts import BLOCKS, OPAQUE
from reqllm.wires.openai_chat.typed_content import typed_answer, typed_file

WIRE = "openai-chat"
OPENAI = Dialect()
_AUDIO = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
_REASONING_FIELDS = ("reasoning_content", "reasoning")
# How reasoning goes back whose signature came beside it.
_SIGNED: Mapping[str, Callable[[str, str], dict[str, Any]]] = MappingProxyType(
    {
        OPAQUE: lambda text, signature: {OPAQUE: text, "reasoning_opaque": signature},
        BLOCKS: lambda text, signature: {
            BLOCKS: [{"type": "thinking", "thinking": text, "signature": signature}]
        },
    }
)


def write_messages(
    context: Context, warnings: Warnings, dialect: Dialect = OPENAI
) -> list[dict[str, Any]]:
    """Return the messages in order; a tool result is a message of its own.

    Raises InvalidContextError for what the wire has no form for.
    """
    answered = turns.answered_calls(context)
    written: list[dict[str, Any]] = []
    for message in context:
        match message.role:
            case "system":
                if message.text:
                    written.append(_named(message, {"role": "system", "content": message.text}))
            case "assistant":
                written.extend(_assistant(message, answered, warnings, dialect))
            case _:
                written.extend(_user_or_tool(message, dialect))
    return _adapted(written, dialect, warnings)


def _adapted(
    written: list[dict[str, Any]], dialect: Dialect, warnings: Warnings
) -> list[dict[str, Any]]:
    """Leave out names, and shorten ids, where the dialect wants it."""
    for message in written:
        if not dialect.takes_names and message.pop("name", None) is not None:
            warnings.add(
                "name_not_sent", "this provider has no place for a message's name: not sent"
            )
        if dialect.call_id_length is not None:
            for holder, key in (
                (message, "tool_call_id"),
                *((call, "id") for call in message.get("tool_calls", ())),
            ):
                if key in holder:
                    holder[key] = turns.short_id(holder[key], dialect.call_id_length)
    return written


def _named(message: Message, written: dict[str, Any]) -> dict[str, Any]:
    return written if message.name is None else {**written, "name": message.name}


def _user_or_tool(message: Message, dialect: Dialect) -> list[dict[str, Any]]:
    """Return the results first: they must follow the calls at once."""
    results = [_result(part) for part in message.content if isinstance(part, ToolResultPart)]
    parts = [part for part in message.content if not isinstance(part, ToolResultPart)]
    if not parts:
        return results
    content: Any = [_user_part(part, dialect) for part in parts]
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        content = parts[0].content  # what every server takes; lists are for the newer ones
    return [*results, _named(message, {"role": "user", "content": content})]


def _user_part(part: ContentPart, dialect: Dialect) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.content}
        case ImagePart():
            return _image(part)
        case FilePart():
            return _file(part, dialect)
    raise turns.cannot_send(part, WIRE, "give text, an image or a file")


def _image(part: ImagePart) -> dict[str, Any]:
    url = part.url
    if part.data is not None:
        url = turns.data_url(part.data, turns.image_type(part))
    if url is None:
        raise turns.cannot_send(part, WIRE, "it has neither bytes nor an address")
    return {"type": "image_url", "image_url": {"url": url}}


def _file(part: FilePart, dialect: Dialect) -> dict[str, Any]:
    image = turns.as_image(part)
    if image is not None:
        return _image(image)
    if not dialect.takes_files:
        raise turns.cannot_send(part, WIRE, "this provider takes text and images only")
    if dialect.typed_content:
        return typed_file(part)
    if part.id is not None:
        return {"type": "file", "file": {"file_id": part.id}}
    if part.data is None:
        raise turns.cannot_send(part, WIRE, "give its bytes or the id of an uploaded file")
    media_type = part.media_type or "application/octet-stream"
    if media_type in _AUDIO:
        audio = {"data": turns.base64_text(part.data), "format": _AUDIO[media_type]}
        return {"type": "input_audio", "input_audio": audio}
    if media_type == "application/octet-stream" and part.data.startswith(b"%PDF-"):
        media_type = "application/pdf"
    file = {
        "filename": part.filename or "file",
        "file_data": turns.data_url(part.data, media_type),
    }
    return {"type": "file", "file": file}


def _result(part: ToolResultPart) -> dict[str, Any]:
    texts = turns.result_texts(part, WIRE)
    content = texts if isinstance(texts, str) else turns.joined_text(texts)
    return {"role": "tool", "tool_call_id": part.tool_call_id, "content": content}


def _assistant(
    message: Message, answered: frozenset[str], warnings: Warnings, dialect: Dialect
) -> list[dict[str, Any]]:
    calls = [
        _call(call)
        for call in message.tool_calls
        if not call.provider_executed and turns.may_send_call(call, answered, warnings)
    ]
    refusal = "".join(part.content for part in message.content if isinstance(part, RefusalPart))
    text: Any = message.text
    more: dict[str, Any] = {}
    if dialect.typed_content:
        text = typed_answer(message.content, warnings)
        refusal = ""
    else:
        more = _reasoning(message, warnings, _field_of_reasoning(dialect, bool(calls)))
        _warn_of_others(message, warnings)
        if not dialect.takes_refusals:
            text, refusal = text + refusal, ""
    if refusal:
        more["refusal"] = refusal
    if calls:
        more["tool_calls"] = calls
    if not text and not more:
        return []  # nothing was said, or nothing that goes back
    content = text or (None if refusal or calls else "")
    return [_named(message, {"role": "assistant", "content": content, **more})]


def _call(call: ToolCall) -> dict[str, Any]:
    if call.provider_metadata.get("type") == "custom":
        # Of a tool whose input is free text: it goes back as such a call.
        custom = {"name": call.name, "input": call.arguments_raw or ""}
        return {"id": call.id, "type": "custom", "custom": custom}
    written: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": turns.raw_arguments(call)},
    }
    extra = {key: value for key, value in call.provider_metadata.items() if key == "google"}
    if extra:
        written["extra_content"] = extra  # Gemini's signature of a call must come back with it
    return written


def _field_of_reasoning(dialect: Dialect, has_calls: bool) -> str | None:
    """Return the field in which plain reasoning goes back; `None` where it must not."""
    wanted = {"always": True, "with_tools": has_calls, "never": False}[dialect.reasoning_back]
    return dialect.reasoning_field if wanted else None


def _reasoning(message: Message, warnings: Warnings, wanted: str | None) -> dict[str, Any]:
    """Return the reasoning that the provider wants back, under the name it used itself."""
    sent: dict[str, Any] = {}
    for part in message.content:
        if not isinstance(part, ReasoningPart):
            continue
        details = part.provider_metadata.get("reasoning_details")
        field = part.provider_metadata.get("reasoning_field", wanted)
        if part.complete and isinstance(details, list) and details:
            sent.setdefault("reasoning_details", []).extend(_whole_details(details))
        elif part.complete and part.signature and field in _SIGNED:
            sent.update(_SIGNED[field](part.content, part.signature))
        elif part.complete and field in _REASONING_FIELDS:
            sent[field] = sent.get(field, "") + part.content
        else:
            fault = "its provider did not ask to have back"
            turns.reasoning_not_sent(fault, WIRE, warnings)
    return sent


def _whole_details(fragments: Iterable[Any]) -> list[dict[str, Any]]:
    """Join the fragments in which a stream brought each entry of `reasoning_details`."""
    whole: list[dict[str, Any]] = []
    for fragment in fragments:
        if not isinstance(fragment, Mapping):
            continue
        last = whole[-1] if whole else None
        if last is None or not _continues(last, fragment):
            whole.append(dict(fragment))
            continue
        for key in ("text", "summary", "data"):
            if isinstance(fragment.get(key), str):
                last[key] = (last.get(key) or "") + fragment[key]
        rest = {k: v for k, v in fragment.items() if v is not None and k not in last}
        signature = fragment.get("signature") or last.get("signature")
        last.update(merged(rest, {"signature": signature} if signature else {}))
    return whole


def _continues(last: Mapping[str, Any], fragment: Mapping[str, Any]) -> bool:
    if last.get("type") != fragment.get("type") or last.get("index") != fragment.get("index"):
        return False
    ids = {last.get("id"), fragment.get("id")} - {None}
    return "index" in fragment and len(ids) < 2


def _warn_of_others(message: Message, warnings: Warnings) -> None:
    """Say which parts of an answer the wire has no form for."""
    sent = (TextPart, RefusalPart, ReasoningPart)
    for part in message.content:
        if isinstance(part, sent) or (isinstance(part, ToolCall) and not part.provider_executed):
            continue
        turns.part_not_sent(part, WIRE, warnings)
