"""Writes a conversation as the steps of an interaction. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import (
    ContentPart,
    CustomPart,
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
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.gemini_interactions.words import (
    CALL,
    CONTENT_EXTRAS,
    CONTENT_TYPES,
    RESULT,
    WIRE,
)

_SPOKEN = {"user": "user_input", "assistant": "model_output"}


def write_steps(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the steps; contents of one speaker in a row are one step.

    Raises InvalidContextError for what the wire has no form for.
    """
    writer = _Writer(context, warnings)
    steps: list[dict[str, Any]] = []
    for message in context:
        if message.role == "system":
            continue
        for kind, written in writer.written(message):
            if kind is None:
                steps.append(written)
            elif steps and steps[-1]["type"] == kind:
                steps[-1]["content"].append(written)
            else:
                steps.append({"type": kind, "content": [written]})
    if not steps:
        raise InvalidContextError("nothing is left of the conversation that could be sent")
    return steps


class _Writer:
    """Writes steps, and contents of steps."""

    def __init__(self, context: Context, warnings: Warnings) -> None:
        self._answered = turns.answered_calls(context)
        self._warnings = warnings

    def written(self, message: Message) -> list[tuple[str | None, dict[str, Any]]]:
        """Return each step, and each content with the type of the step that it is of."""
        turns.without_name(message, WIRE, self._warnings)
        kind = _SPOKEN.get(message.role, "user_input")
        found: list[tuple[str | None, dict[str, Any]]] = []
        for part in message.content:
            step = self._step(part)
            if step is not None:
                found.append((None, step))
            elif (content := self._content(part, message.role)) is not None:
                found.append((kind, content))
        return found

    def _step(self, part: ContentPart) -> dict[str, Any] | None:
        """Return a part that is a step of its own."""
        match part:
            case ToolCall():
                return self._call(part)
            case ToolResultPart(provider_executed=False):
                return self._result(part)
            case ToolResultPart(result=Mapping() as result) if _is_own(result):
                return dict(result)
            case ReasoningPart() if part.complete and _is_own_thought(part):
                return _thought(part)
            case CustomPart(data=Mapping() as data) if _is_ours(part):
                return None if data.get("type") in CONTENT_TYPES else dict(data)
        return None

    def _content(self, part: ContentPart, role: str) -> dict[str, Any] | None:
        """Return a part that is a content of a step, `None` for what is none of ours."""
        match part:
            case TextPart() | RefusalPart():
                return {"type": "text", "text": part.content} if part.content else None
            case ImagePart():
                return _image(part)
            case FilePart():
                known = part.provider_metadata.items()
                return {**_file(part), **{k: v for k, v in known if k in CONTENT_EXTRAS}}
            case CustomPart(data=Mapping() as data) if _is_ours(part):
                return dict(data)
        if role != "assistant":
            raise turns.cannot_send(part, WIRE, "give text, an image, a file or a tool's result")
        self._leave_out(part)
        return None

    def _leave_out(self, part: ContentPart) -> None:
        match part:
            case ReasoningPart():
                turns.reasoning_not_sent("is not Google's", WIRE, self._warnings)
            case ToolCall(provider_executed=False):
                pass  # cut off, and said so
            case ToolCall(name=name) | CustomPart(custom_kind=name):
                self._not_sent(f"{name!r}")
            case _:
                self._not_sent(f"a {type(part).__name__} in an assistant message")

    def _not_sent(self, what: str) -> None:
        turns.not_sent(what, WIRE, self._warnings)

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
        if not turns.may_send_call(call, self._answered, self._warnings):
            return None
        kind = call.provider_metadata.get("step") if call.provider_executed else "function_call"
        if not isinstance(kind, str) or not kind.endswith(CALL):
            return None
        step: dict[str, Any] = {"type": kind, "id": call.id}
        if not call.provider_executed:
            step["name"] = call.name
        step["arguments"] = turns.arguments_object(call, self._warnings)
        if call.provider_executed:
            step.update({k: v for k, v in call.provider_metadata.items() if k != "step"})
        if call.signature and call.provider_executed:
            step["signature"] = call.signature
        return step

    def _result(self, part: ToolResultPart) -> dict[str, Any]:
        step: dict[str, Any] = {"type": "function_result", "call_id": part.tool_call_id}
        if part.name is not None:
            step["name"] = part.name
        parts = turns.result_parts(part)
        if parts is not None:
            step["result"] = [self._content(each, "tool") or _empty() for each in parts]
        elif isinstance(part.result, Mapping):
            step["result"] = part.result
        else:
            step["result"] = turns.result_text(part)
        if part.is_error:
            step["is_error"] = True
        return step


def _empty() -> dict[str, Any]:
    return {"type": "text", "text": ""}


def _is_own(result: Mapping[str, Any]) -> bool:
    return "call_id" in result and str(result.get("type", "")).endswith(RESULT)


def _is_own_thought(part: ReasoningPart) -> bool:
    return part.provider_metadata.get("step") == "thought"


def _is_ours(part: CustomPart) -> bool:
    return part.custom_kind.startswith(f"{WIRE}.")


def _thought(part: ReasoningPart) -> dict[str, Any]:
    step: dict[str, Any] = {"type": "thought"}
    summary = part.provider_metadata.get("summary")
    if summary:
        step["summary"] = summary
    if part.signature:
        step["signature"] = part.signature
    return step


def _image(part: ImagePart) -> dict[str, Any]:
    source = turns.image_source(part, WIRE)
    if isinstance(source, str):
        return _at("image", source, part.media_type)
    return _inline("image", *source)


def _file(part: FilePart) -> dict[str, Any]:
    data = part.data
    media_type = part.media_type if data is None else turns.known_type(part, data, WIRE)
    family = (media_type or "").partition("/")[0]
    kind = family if family in ("image", "audio", "video") else "document"
    if data is not None:
        return _inline(kind, media_type or "", turns.base64_text(data))
    address = part.url or part.id
    if address is None:
        raise turns.cannot_send(part, WIRE, "it has neither bytes, an address nor an id")
    return _at(kind, address, media_type)


def _inline(kind: str, media_type: str, text: str) -> dict[str, Any]:
    return {"type": kind, "data": text, "mime_type": media_type}


def _at(kind: str, address: str, media_type: str | None) -> dict[str, Any]:
    content = {"type": kind, "uri": address}
    return {**content, "mime_type": media_type} if media_type else content
