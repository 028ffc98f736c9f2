"""One answer of a Gemini stream: the parts that its events bring, as blocks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from reqllm import chunk as c
from reqllm.wires.common.audio import RAW_SOUND
from reqllm.wires.common.blocks import Block, BlockWriter, ToolBlock
from reqllm.wires.common.byte_places import AnswerText
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NOTHING, as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import arguments_text, compact
from reqllm.wires.gemini.partial_args import ArgumentsWriter, steps_of, value_of
from reqllm.wires.gemini.sources import Source
from reqllm.wires.gemini.words import (
    PART_EXTRAS,
    PART_KINDS,
    SIGNATURE,
    THOUGHT,
    WIRE,
)

CODE_EXECUTION = "code_execution"
_FAILED_OUTCOMES = ("OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED")


class _GrowingCall:
    """A call whose arguments come one by one."""

    def __init__(self, tool: ToolBlock) -> None:
        self.tool = tool
        self.arguments = ArgumentsWriter()


class Candidate:
    """What is open and known of one answer."""

    def __init__(self, decoder: JSONEventDecoder, number: int) -> None:
        self.number = number
        self.finish_raw: str | None = None
        self.details: dict[str, Any] = {}
        self._decoder = decoder
        self._write: BlockWriter = decoder.write
        self._current: Block | None = None  # text or reasoning: one at a time
        self._call: _GrowingCall | None = None
        self._sound: tuple[str, int] | None = None  # the file of raw sound that grows
        self._last_run: str | None = None  # the code, or call of a server's tool, that ran last
        self._texts: list[Block] = []
        self._cited: set[str] = set()

    def finish(self, reason: str) -> None:
        """Take why the answer ended; a call whose end was not sent ends with it."""
        self.finish_raw = reason
        self._end_call()

    def take(self, part: dict[str, Any]) -> None:
        """Take a part: usually of one kind, with a signature beside it or not."""
        kinds = [kind for kind in PART_KINDS if part.get(kind) is not None]
        if kinds != ["text"]:
            # Anything else is more than one delta, or grows unseen.
            self._decoder.cannot_repeat()
        for kind in kinds:
            self._take_kind(kind, part)
        others = [key for key in part if key not in PART_KINDS and key not in PART_EXTRAS]
        if not kinds and any(part[key] not in NOTHING for key in others):
            self._custom(next(key for key in others if part[key] not in NOTHING), part)
        elif not kinds and filled(part.get(SIGNATURE)):
            self._take_text("", part)
        elif kinds == ["text"] and len(part) > 1:
            self._decoder.note_others(part, {"text", THOUGHT, SIGNATURE})

    def _take_kind(self, kind: str, part: dict[str, Any]) -> None:
        value = part[kind]
        match kind, value:
            case "text", str():
                self._take_text(value, part)
            case "functionCall", dict():
                self._take_call(value, part)
            case "inlineData", dict() if self._take_data(value, part):
                pass
            case "fileData", dict() if filled(value.get("fileUri")):
                extras = _extras(part, kind)
                self._file(filled(value.get("mimeType")), None, value["fileUri"], extras)
            case "executableCode", dict():
                run = {key: item for key, item in value.items() if key != "id"}
                self._ran(kind, value, CODE_EXECUTION, run, part)
            case "toolCall", dict():
                name = filled(value.get("toolType")) or "tool"
                self._ran(kind, value, name, value.get("args"), part)
            case "codeExecutionResult", dict():
                self._result(value, CODE_EXECUTION, part)
            case "toolResponse", dict():
                self._result(value, filled(value.get("toolType")), part)
            case _:
                self._custom(kind, part)

    # Text and reasoning.
    def _take_text(self, text: str, part: dict[str, Any]) -> None:
        kind = "reasoning" if part.get(THOUGHT) is True else "text"
        signature = filled(part.get(SIGNATURE))
        if signature is None:
            if text:
                self._write.text(self._switch(kind), text)
            return
        # It signs its own part, which goes back as it came, with it and apart from the others.
        self._end_current()
        block = self._switch(kind)
        block.signature = signature
        self._write.text(block, text)
        self._end_current()

    def _switch(self, kind: str) -> Block:
        """Return the open block of a kind; end what else is open first."""
        current = self._current
        if current is not None and current.kind == kind:
            return current
        self._end_current()
        self._sound = None
        if kind == "text":
            self._current = self._write.start_text(self.number)
            self._current.raw = []
            self._texts.append(self._current)
        else:
            self._current = self._write.start_reasoning(self.number)
            self._current.metadata[THOUGHT] = True
        return self._current

    def _end_current(self) -> None:
        if self._current is not None:
            self._write.close(self._current)
            self._current = None

    def _index(self) -> int:
        """Return the ordinal of a part that stands alone."""
        self._end_current()
        self._sound = None
        return self._write.next_index(self.number)

    # Calls.
    def _take_call(self, call: dict[str, Any], part: dict[str, Any]) -> None:
        name = filled(call.get("name"))
        continues = call.get("willContinue") is True
        partial = as_list(call.get("partialArgs"))
        if name is None and self._call is not None:
            self._take_arguments(self._call, call, partial)
            if not continues:
                self._end_call()
            return
        self._end_call()
        if name is None and not any(item not in NOTHING for item in call.values()):
            return  # the mark that closes a call, where none is open
        self._end_current()
        self._sound = None
        tool = self._write.start_tool(self.number, filled(call.get("id")), name or "")
        tool.signature = filled(part.get(SIGNATURE))
        tool.metadata.update(_extras(part, "functionCall", SIGNATURE))
        if continues or partial:
            self._call = _GrowingCall(tool)
            self._take_arguments(self._call, call, partial)
            if not continues:
                self._end_call()
            return
        if call.get("args") is not None:
            self._write.arguments(tool, arguments_text(call["args"]))
        self._write.close(tool)

    def _take_arguments(
        self, call: _GrowingCall, value: dict[str, Any], partial: list[Any]
    ) -> None:
        text = ""
        for key, item in as_object(value.get("args")).items():
            text += call.arguments.write((key,), item, continues=False)
        for entry in map(as_object, partial):
            steps = steps_of(entry.get("jsonPath"))
            if steps is None:
                self._decoder.warn_once(
                    "odd_json_path",
                    "expected the path of an argument such as $.city or $.to[0], "
                    f"got {entry.get('jsonPath')!r:.80}; it is taken as a name",
                )
                steps = (as_string(entry.get("jsonPath")),)
            continues = entry.get("willContinue") is True
            text += call.arguments.write(steps, value_of(entry), continues=continues)
        self._write.arguments(call.tool, text)

    def _end_call(self) -> None:
        if self._call is not None:
            self._write.arguments(self._call.tool, self._call.arguments.close())
            self._write.close(self._call.tool)
            self._call = None

    # What Google ran itself.
    def _ran(
        self, kind: str, value: dict[str, Any], name: str, arguments: Any, part: dict[str, Any]
    ) -> None:
        self._end_current()
        self._sound = None
        tool = self._write.start_tool(
            self.number, filled(value.get("id")), name, provider_executed=True
        )
        self._last_run = tool.id
        tool.signature = filled(part.get(SIGNATURE))
        tool.metadata.update({"part": kind, **_extras(part, kind, SIGNATURE)})
        self._write.arguments(tool, compact(arguments or {}))
        self._write.close(tool)

    def _result(self, value: dict[str, Any], name: str | None, part: dict[str, Any]) -> None:
        call_id = filled(value.get("id")) or self._last_run or ""
        failed = value.get("outcome") in _FAILED_OUTCOMES
        index = self._index()
        self._write.out.append(c.ToolResult(call_id, part, name, failed, index, self.number))

    # Files, and what is none of these.
    def _take_data(self, value: dict[str, Any], part: dict[str, Any]) -> bool:
        """Take a file's bytes; return whether they are any."""
        try:
            data = base64.b64decode(as_string(value.get("data")), validate=True)
        except (binascii.Error, ValueError):
            self._decoder.warn_once("bad_base64", "data of a file was no base64; kept as it came")
            return False
        media_type = filled(value.get("mimeType"))
        extras = _extras(part, "inlineData")
        extras.update({k: v for k, v in value.items() if k not in ("data", "mimeType")})
        if not extras and (media_type or "").lower().startswith(RAW_SOUND):
            self._hear(media_type or "", data)
        else:
            self._file(media_type, data, None, extras)
        return True

    def _hear(self, media_type: str, data: bytes) -> None:
        if self._sound is None or self._sound[0] != media_type:
            self._sound = (media_type, self._index())
        index = self._sound[1]
        self._write.out.append(c.FileDelta(data, index, self.number, media_type))

    def _file(
        self, media_type: str | None, data: bytes | None, url: str | None, extras: dict[str, Any]
    ) -> None:
        index = self._index()
        self._write.out.append(
            c.FileChunk(index, self.number, media_type, data, url, provider_metadata=extras)
        )

    def _custom(self, kind: str, part: dict[str, Any]) -> None:
        index = self._index()
        self._write.out.append(c.CustomChunk(f"{WIRE}.{kind}", part, index, self.number))

    # Sources.
    def citations(self, sources: Iterable[Source]) -> Iterator[c.CitationChunk]:
        """Yield the citations that are new, each with its place in the text."""
        texts = AnswerText((block.index, "".join(block.raw or ())) for block in self._texts)
        for citation, start, end in sources:
            mark = compact([citation.raw, start, end])
            if mark in self._cited:
                continue  # some events repeat all of them
            self._cited.add(mark)
            place = texts.place(start, end, citation.cited_text) if end or start else None
            if place is None:
                index = self._texts[-1].index if self._texts else self._switch("text").index
                yield c.CitationChunk(citation, index, self.number)
            else:
                index, begin, stop = place
                cited = msgspec.structs.replace(citation, start=begin, end=stop)
                yield c.CitationChunk(cited, index, self.number)


def _extras(part: dict[str, Any], *known: str) -> dict[str, Any]:
    """Return what a part says besides what it is."""
    return {
        key: item
        for key, item in part.items()
        if not (key in known or key in PART_KINDS or item in NOTHING)
        and (key, item) != (THOUGHT, False)
    }
