"""The steps of an interaction, each while it is open."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Protocol

from reqllm import chunk as c
from reqllm.wires.common.audio import RAW_SOUND
from reqllm.wires.common.blocks import Block, UnknownBlock
from reqllm.wires.common.byte_places import AnswerText
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import compact
from reqllm.wires.gemini_interactions.words import CALL, CONTENT_TYPES, RESULT, WIRE


class Step(Protocol):
    """One step while it is open."""

    def take(self, delta: dict[str, Any]) -> None:
        """Take a delta of the step."""
        ...

    def end(self) -> None:
        """End the step, and hand out what was held back."""
        ...


def open_step(decoder: JSONEventDecoder, content: dict[str, Any]) -> Step:
    """Return the step that begins with this content."""
    kind = as_string(content.get("type"))
    if kind == "thought":
        return _Thought(decoder, content)
    if kind == "function_call":
        return _Call(decoder, content)
    if kind == "model_output" or kind in CONTENT_TYPES:
        return _Output(decoder, content)
    if kind.endswith(CALL):
        return _OwnCall(decoder, content)
    return _Kept(decoder, content)


class _Output:
    """What the model says: texts, pictures, sound."""

    def __init__(self, decoder: JSONEventDecoder, content: dict[str, Any]) -> None:
        self._decoder = decoder
        self._write = decoder.write
        self._text: Block | None = None
        self._sound: tuple[str, int] | None = None  # the file of raw sound that grows
        is_step = content.get("type") == "model_output"
        for entry in as_list(content.get("content")) if is_step else [content]:
            self._end_text()  # each entry is a text of its own
            self.take(as_object(entry))

    def take(self, delta: dict[str, Any]) -> None:
        kind = delta.get("type")
        if kind == "text":
            self._say(as_string(delta.get("text")))
            self._cite(as_list(delta.get("annotations")))
            return
        self._decoder.cannot_repeat()
        match kind:
            case "text_annotation_delta":
                self._cite(as_list(delta.get("annotations")))
            case "image" | "audio" | "video" | "document":
                self._take_file(delta)
            case _:
                self._custom(delta)

    def end(self) -> None:
        self._end_text()

    def _say(self, text: str) -> None:
        if text:
            self._write.text(self._open_text(), text)

    def _open_text(self) -> Block:
        if self._text is None:
            self._sound = None
            self._text = self._write.start_text()
            self._text.raw = []
        return self._text

    def _end_text(self) -> None:
        if self._text is not None:
            self._write.close(self._text)
            self._text = None

    def _index(self) -> int:
        self._end_text()
        self._sound = None
        return self._write.next_index(0)

    def _cite(self, annotations: list[Any]) -> None:
        if not annotations:
            return
        self._decoder.cannot_repeat()
        block = self._open_text()
        places = AnswerText([(block.index, "".join(block.raw or ()))])
        for entry in map(as_object, annotations):
            self._write.out.append(c.CitationChunk(_citation(entry, places), block.index))

    def _take_file(self, delta: dict[str, Any]) -> None:
        data, url = delta.get("data"), filled(delta.get("uri"))
        media_type = filled(delta.get("mime_type"))
        extras = {
            key: item
            for key, item in delta.items()
            if key not in ("type", "data", "uri", "mime_type") and item is not None
        }
        known = _bytes_of(data)
        if known is None and url is None:
            if data:
                self._decoder.warn_once(
                    "bad_base64", "data of a file was no base64; kept as it came"
                )
            self._custom(delta)
        elif known is not None and _is_raw_sound(media_type, delta):
            self._hear(media_type or "audio/l16", known)
        else:
            index = self._index()
            self._write.out.append(
                c.FileChunk(index, 0, media_type, known, url, provider_metadata=extras)
            )

    def _hear(self, media_type: str, data: bytes) -> None:
        if self._sound is None or self._sound[0] != media_type:
            self._sound = (media_type, self._index())
        self._write.out.append(c.FileDelta(data, self._sound[1], 0, media_type))

    def _custom(self, delta: dict[str, Any]) -> None:
        if not delta or delta.keys() == {"type"}:
            return  # a step that begins with nothing
        kind = delta.get("type") or "content"
        self._write.out.append(c.CustomChunk(f"{WIRE}.{kind}", delta, self._index()))


class _Thought:
    """What the model thinks: summaries, and the signature under them."""

    def __init__(self, decoder: JSONEventDecoder, content: dict[str, Any]) -> None:
        self._decoder = decoder
        self._write = decoder.write
        self._block = decoder.write.start_reasoning()
        self._summary: list[Any] = []
        self._block.metadata.update({"step": "thought", "summary": self._summary})
        self._block.signature = filled(content.get("signature"))
        for entry in as_list(content.get("summary")):
            self._think(as_object(entry))

    def take(self, delta: dict[str, Any]) -> None:
        self._decoder.cannot_repeat()  # the summary is kept, too
        match delta.get("type"):
            case "thought_summary":
                self._think(as_object(delta.get("content")))
            case "text":
                self._think({key: delta[key] for key in ("type", "text") if key in delta})
            case "thought_signature":
                # It is sent whole, after empty ones: the last that says something holds.
                self._block.signature = filled(delta.get("signature")) or self._block.signature
            case kind:
                self._write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'delta'}", delta))

    def end(self) -> None:
        self._write.close(self._block)

    def _think(self, content: dict[str, Any]) -> None:
        if content:
            self._summary.append(content)
            self._write.text(self._block, as_string(content.get("text")))


class _Call:
    """A call of one of the caller's functions."""

    def __init__(self, decoder: JSONEventDecoder, content: dict[str, Any]) -> None:
        self._decoder = decoder
        self._write = decoder.write
        name = as_string(content.get("name"))
        self._tool = decoder.write.start_tool(0, filled(content.get("id")), name)
        self._tool.signature = filled(content.get("signature"))
        self._arguments = content.get("arguments")  # of a call that came whole

    def take(self, delta: dict[str, Any]) -> None:
        match delta.get("type"):
            case "arguments_delta":
                if not self._tool.started:
                    self._decoder.cannot_repeat()
                self._write.arguments(self._tool, as_string(delta.get("arguments")))
            case "thought_signature":
                self._decoder.cannot_repeat()
                self._tool.signature = filled(delta.get("signature")) or self._tool.signature
            case "function_call":
                self._decoder.cannot_repeat()
                if not self._tool.started and filled(delta.get("name")):
                    self._tool.name = delta["name"]
                    self._write.announce(self._tool)
                self._arguments = delta.get("arguments") or self._arguments
            case kind:
                self._decoder.cannot_repeat()
                self._write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'delta'}", delta))

    def end(self) -> None:
        if not self._tool.raw and self._arguments is not None:
            self._write.arguments(self._tool, compact(self._arguments))
        self._write.close(self._tool)


class _OwnCall:
    """A call of a tool that Google runs itself; its arguments come whole."""

    def __init__(self, decoder: JSONEventDecoder, content: dict[str, Any]) -> None:
        self._decoder = decoder
        self._write = decoder.write
        kind = as_string(content.get("type"))
        self._tool = decoder.write.start_tool(
            0, filled(content.get("id")), kind.removesuffix(CALL), provider_executed=True
        )
        self._tool.metadata["step"] = kind
        self._arguments: Any = {}
        self._told = ""
        self._merge(content)

    def take(self, delta: dict[str, Any]) -> None:
        self._decoder.cannot_repeat()
        if delta.get("type") == "arguments_delta":
            self._told += as_string(delta.get("arguments"))
        else:
            self._merge(delta)

    def end(self) -> None:
        self._write.arguments(self._tool, self._told or compact(self._arguments or {}))
        self._write.close(self._tool)

    def _merge(self, content: dict[str, Any]) -> None:
        self._arguments = content.get("arguments") or self._arguments
        self._tool.signature = filled(content.get("signature")) or self._tool.signature
        known = ("type", "id", "arguments", "signature")
        for key, item in content.items():
            if key not in known and item is not None:
                self._tool.metadata[key] = item


class _Kept:
    """A step of any other kind, such as a tool's result: kept, and handed out whole."""

    def __init__(self, decoder: JSONEventDecoder, content: dict[str, Any]) -> None:
        self._decoder = decoder
        self._write = decoder.write
        kind = as_string(content.get("type")) or "unknown"
        self._block = UnknownBlock(kind, content)

    def take(self, delta: dict[str, Any]) -> None:
        self._decoder.cannot_repeat()
        self._block.merge(delta)

    def end(self) -> None:
        kind, content = self._block.kind, self._block.content
        index = self._write.next_index(0)
        if not kind.endswith(RESULT):
            self._write.out.append(c.CustomChunk(f"{WIRE}.{kind}", content, index))
            return
        name = filled(content.get("name")) or kind.removesuffix(RESULT)
        self._write.out.append(
            c.ToolResult(
                as_string(content.get("call_id")),
                content,
                name,
                bool(content.get("is_error")),
                index,
            )
        )


_KINDS: dict[str, Any] = {
    "url_citation": "url",
    "place_citation": "url",
    "file_citation": "document",
}


def _citation(entry: dict[str, Any], places: AnswerText) -> c.Citation:
    start, end = entry.get("start_index"), entry.get("end_index")
    start = start if isinstance(start, int) else 0
    place = places.place(start, end, None) if isinstance(end, int) else None
    addresses: Iterator[str | None] = (
        filled(entry.get(key)) for key in ("url", "document_uri", "source")
    )
    titles: Iterator[str | None] = (
        filled(entry.get(key)) for key in ("title", "name", "file_name")
    )
    return c.Citation(
        kind=_KINDS.get(as_string(entry.get("type")), "other"),
        url=next(filter(None, addresses), None),
        title=next(filter(None, titles), None),
        start=None if place is None else place[1],
        end=None if place is None else place[2],
        raw=entry,
    )


def _bytes_of(data: Any) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) and data else None
    except (binascii.Error, ValueError):
        return None


def _is_raw_sound(media_type: str | None, delta: dict[str, Any]) -> bool:
    if delta.get("type") != "audio":
        return False
    return media_type is None or media_type.lower().startswith(RAW_SOUND)
