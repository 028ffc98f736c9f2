"""What the turns of a conversation need on every wire: results and attachments. Pure."""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Iterable, Mapping
from typing import Any

from reqllm.content import (
    ContentPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError
from reqllm.wires.common.request_body import Warnings, to_json


def leading_system(context: Context, wire: str, warnings: Warnings) -> list[str]:
    """Return the system messages of a wire that has one place for them, before all turns."""
    spoken = False
    for message in context:
        if message.role == "system" and spoken:
            warnings.add(
                "system_moved",
                f"{wire}: a system message after other messages was sent before them all",
            )
        spoken = spoken or message.role != "system"
    return [message.text for message in context if message.role == "system" and message.text]


def answered_calls(context: Context) -> frozenset[str]:
    """Return the ids of the tool calls that have a result."""
    return frozenset(
        part.tool_call_id
        for message in context
        for part in message.content
        if isinstance(part, ToolResultPart)
    )


def may_send_call(call: ToolCall, answered: frozenset[str], warnings: Warnings) -> bool:
    """Return whether a call goes back: one that was cut off and never answered does not."""
    if call.complete or call.id in answered:
        return True
    warnings.add(
        "tool_call_not_sent",
        f"tool call {call.id!r} was cut off and has no result: not sent",
    )
    return False


def arguments_object(call: ToolCall, warnings: Warnings) -> Mapping[str, Any]:
    """Return a call's arguments for a wire that takes an object only, whatever they are."""
    if not call.invalid:
        return call.arguments
    # An empty object would tell the model that it said nothing; wrapped, it can see what
    # was wrong.
    warnings.add(
        "invalid_arguments_wrapped",
        f"the arguments of tool call {call.id!r} are no JSON object: sent as "
        '{"INVALID_JSON": <the text>}',
    )
    return {"INVALID_JSON": call.arguments_raw or ""}


def is_plain_reasoning(part: ReasoningPart) -> bool:
    """Whether reasoning is whole, and text that no provider has signed, hidden or marked."""
    marked = part.provider_metadata or part.signature or part.redacted or part.data
    return part.complete and not marked


_LETTERS = string.digits + string.ascii_letters


def short_id(call_id: str, length: int) -> str:
    """Return the id of a call as `length` letters and digits; the same id gives the same."""
    if len(call_id) == length and call_id.isascii() and call_id.isalnum():
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest())
    return "".join(_LETTERS[number // 62**place % 62] for place in range(length))


def result_text(part: ToolResultPart) -> str:
    """Return a tool's result as text: as it is, or as compact JSON."""
    if isinstance(part.result, str):
        return part.result
    return to_json(part.result, f"the result of tool call {part.tool_call_id!r}").decode()


def result_texts(part: ToolResultPart, wire: str) -> str | tuple[TextPart, ...]:
    """Return a tool's result as text, or as the texts that it is made of.

    Raises InvalidContextError for content that is no text.
    """
    parts = result_parts(part)
    if parts is None:
        return result_text(part)
    texts = tuple(item for item in parts if isinstance(item, TextPart))
    if len(texts) != len(parts):
        raise InvalidContextError(
            f"{wire} takes only text as the result of a tool; send what call "
            f"{part.tool_call_id!r} returned besides text in a user message"
        )
    return texts


def raw_arguments(call: ToolCall) -> str:
    """Return a call's arguments as the model wrote them, also where that is no JSON."""
    what = f"the arguments of tool call {call.id!r}"
    return call.arguments_raw or to_json(call.arguments, what).decode()


def result_parts(part: ToolResultPart) -> tuple[ContentPart, ...] | None:
    """Return the content parts that a result is made of, `None` if it is text or JSON."""
    result = part.result
    parts = (result,) if isinstance(result, ContentPart) else result
    if not isinstance(parts, list | tuple) or not parts:
        return None
    if not all(isinstance(item, ContentPart) for item in parts):
        return None
    return tuple(parts)


def joined_text(parts: Iterable[ContentPart]) -> str:
    """Return the text parts, joined."""
    return "".join(part.content for part in parts if isinstance(part, TextPart))


def as_image(part: FilePart) -> ImagePart | None:
    """Return a file that is an image by its media type as one."""
    if (part.media_type or "").startswith("image/") and part.id is None:
        return ImagePart(part.data, part.media_type, part.url)
    return None


def image_type(part: ImagePart) -> str:
    """Return an image's media type; PNG where none is given."""
    return part.media_type or "image/png"


def image_source(part: ImagePart, wire: str) -> tuple[str, str] | str:
    """Return an image's media type and its bytes in base64, or else its address.

    Raises InvalidContextError for one that has neither, or bytes that are not in base64.
    """
    if part.data is not None:
        return image_type(part), base64_text(part.data)
    if part.url is None:
        raise cannot_send(part, wire, "it has neither bytes nor an address")
    if not part.url.startswith("data:"):
        return part.url
    head, comma, text = part.url[len("data:") :].partition(",")
    if not comma or not head.endswith(";base64"):
        raise cannot_send(part, wire, "expected its data URL in base64")
    return head.partition(";")[0] or "image/png", text


def known_type(part: FilePart, data: bytes, wire: str) -> str:
    """Return the media type of a file's bytes, for a wire that takes none without.

    Raises InvalidContextError where none is given, and the bytes do not tell.
    """
    if part.media_type not in (None, "application/octet-stream"):
        return str(part.media_type)
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    raise cannot_send(part, wire, "give the media_type of its data")


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64_text(data)}"


def without_name(message: Message, wire: str, warnings: Warnings) -> None:
    """Warn of a message that says who speaks, for a wire that has no place for it."""
    if message.name is not None:
        warnings.add("name_not_sent", f"{wire} has no place for a message's name: not sent")


def reasoning_not_sent(fault: str, wire: str, warnings: Warnings) -> None:
    """Warn that reasoning is left out: it was cut off, or has the wire's own `fault`."""
    warnings.add(
        "reasoning_not_sent",
        f"{wire}: reasoning that was cut off, or that {fault}, was not sent",
    )


def not_sent(what: str, wire: str, warnings: Warnings) -> None:
    """Warn that something the model said is left out: this wire has no form for it."""
    warnings.add("content_not_sent", f"{wire} has no form for {what}: not sent")


def part_not_sent(part: ContentPart, wire: str, warnings: Warnings) -> None:
    """Warn that a part of the model's own message is left out."""
    not_sent(f"a {type(part).__name__} in an assistant message", wire, warnings)


def cannot_send(part: Any, wire: str, hint: str) -> InvalidContextError:
    """Return the error for a part of the caller's own that the wire has no form for."""
    what = type(part).__name__
    name = getattr(part, "filename", None)
    return InvalidContextError(f"{wire} cannot take a {what}{f' {name!r}' if name else ''}: {hint}")
