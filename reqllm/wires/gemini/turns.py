"""Writes a conversation as the `systemInstruction` and `contents` of a Gemini request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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
from reqllm.context import Context
from reqllm.errors import InvalidContextError
from reqllm.wires.common import turns
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.common.two_sided import TwoSidedWriter
from reqllm.wires.gemini.words import PART_EXTRAS, SIGNATURE, THOUGHT, WIRE

_TYPES_BY_SUFFIX = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".pdf": "application/pdf",
}


def write_system(context: Context, warnings: Warnings) -> dict[str, Any] | None:
    """Return the system prompt; the wire has one place for it, before all turns."""
    said = turns.leading_system(context, WIRE, warnings)
    return {"parts": [{"text": text} for text in said]} if said else None


def write_contents(context: Context, warnings: Warnings) -> list[dict[str, Any]]:
    """Return the turns; neighbours of one role become one, as all results of one turn must.

    Raises InvalidContextError for what the wire has no form for.
    """
    written = _Writer(context, warnings).sides()
    return [
        {"role": "model" if is_models else "user", "parts": parts} for is_models, parts in written
    ]


class _Writer(TwoSidedWriter):
    """Writes parts, and remembers the calls that results belong to."""

    wire = WIRE
    fault_of_reasoning = "is not Google's"

    def __init__(self, context: Context, warnings: Warnings) -> None:
        super().__init__(context, warnings)
        self._calls: dict[str, ToolCall] = {}

    def _asked_text(self, part: TextPart) -> dict[str, Any] | None:
        return {"text": part.content} if part.content else None

    def _said_text(self, part: TextPart) -> dict[str, Any] | None:
        if part.content or part.signature:
            return _signed({"text": part.content}, part.signature)
        return None

    def _image(self, part: ImagePart) -> dict[str, Any]:
        source = turns.image_source(part, WIRE)
        return _at(source, part.media_type) if isinstance(source, str) else _inline(*source)

    def _file(self, part: FilePart) -> dict[str, Any]:
        if part.data is None:
            address = part.url or part.id
            if address is None:
                raise turns.cannot_send(part, WIRE, "it has neither bytes, an address nor an id")
            return _at(address, part.media_type)
        return _inline(turns.known_type(part, part.data, WIRE), turns.base64_text(part.data))

    def _said_other(self, part: ContentPart) -> dict[str, Any] | None:
        match part:
            case ImagePart():
                return self._image(part)
            case FilePart():
                return {**self._file(part), **_own_extras(part)}
        return super()._said_other(part)

    def _reasoning(self, part: ReasoningPart) -> dict[str, Any] | None:
        if part.provider_metadata.get(THOUGHT) is True:
            return _signed({"text": part.content, THOUGHT: True}, part.signature)
        return None

    def _call(self, call: ToolCall) -> dict[str, Any] | None:
        if call.provider_executed:
            return self._own_call(call)
        self._calls[call.id] = call
        function: dict[str, Any] = {"name": call.name}
        arguments = turns.arguments_object(call, self._warnings)
        if arguments or call.arguments_raw != "":
            function["args"] = arguments
        if not call.synthetic_id:
            function["id"] = call.id
        extras = {k: v for k, v in call.provider_metadata.items() if k in _CALL_EXTRAS}
        return _signed({"functionCall": function, **extras}, call.signature)

    def _own_call(self, call: ToolCall) -> dict[str, Any] | None:
        """Write a call that Google ran itself, as it came."""
        kind = call.provider_metadata.get("part")
        value: dict[str, Any] = {} if call.synthetic_id else {"id": call.id}
        match kind:
            case "executableCode":
                value.update(call.arguments)
            case "toolCall":
                value.update({"toolType": call.name, "args": call.arguments})
            case _:
                self._not_sent(f"{call.name!r}, a call that another provider ran")
                return None
        extras = {k: v for k, v in call.provider_metadata.items() if k != "part"}
        return _signed({kind: value, **extras}, call.signature)

    def _own_result(self, part: ToolResultPart) -> dict[str, Any] | None:
        result = part.result
        if isinstance(result, Mapping) and not result.keys().isdisjoint(_OWN_RESULTS):
            return dict(result)
        self._not_sent("the result of a tool that another provider ran")
        return None

    def _result(self, part: ToolResultPart) -> dict[str, Any]:
        call = self._calls.get(part.tool_call_id)
        name = part.name or (call.name if call is not None else None)
        if name is None:
            raise InvalidContextError(
                f"{WIRE} wants a tool's name with its result: expected the call "
                f"{part.tool_call_id!r} in an assistant message before it, or `name` on the result"
            )
        written: dict[str, Any] = {"name": name}
        if call is None or not call.synthetic_id:
            written["id"] = part.tool_call_id
        files = [p for p in turns.result_parts(part) or () if not isinstance(p, TextPart)]
        written["response"] = _response(part)
        if files:
            written["parts"] = [self._asked(file) for file in files]
        return {"functionResponse": written}

    def _own(self, kind: str, data: Any) -> dict[str, Any] | None:
        return dict(data) if isinstance(data, Mapping) else None


_OWN_RESULTS = ("codeExecutionResult", "toolResponse")
_CALL_EXTRAS = (THOUGHT, "partMetadata", "mediaResolution", "videoMetadata")


def _own_extras(part: FilePart) -> dict[str, Any]:
    """Return what Google said of a file; what another provider said means nothing here."""
    return {key: item for key, item in part.provider_metadata.items() if key in PART_EXTRAS}


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return {**part, SIGNATURE: signature} if signature else part


def _response(part: ToolResultPart) -> dict[str, Any]:
    """Return a result as the object that the wire takes: its own words are output and error."""
    parts = turns.result_parts(part)
    if parts is not None:
        result: Any = turns.joined_text(parts)
    elif isinstance(part.result, Mapping) and not part.is_error:
        return dict(part.result)
    else:
        result = part.result
    return {"error" if part.is_error else "output": result}


def _inline(media_type: str, text: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": text}}


def _at(address: str, media_type: str | None) -> dict[str, Any]:
    path = address.partition("?")[0].lower()
    known = (kind for suffix, kind in _TYPES_BY_SUFFIX.items() if path.endswith(suffix))
    media_type = media_type or next(known, None)
    file = {"fileUri": address}
    return {"fileData": {**file, "mimeType": media_type} if media_type else file}
