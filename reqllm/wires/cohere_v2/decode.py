"""Reads Cohere's v2 chat streams.

Source: https://docs.cohere.com/v2/docs/streaming and what the server sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.cohere_v2.words import (
    CALL_KEYS,
    CONTENT_KEYS,
    DELTA_KEYS,
    END_KEYS,
    ERRORS,
    EVENT_KEYS,
    MESSAGE_KEYS,
    REASONS,
    TOOL_PLAN,
    WIRE,
    citation_of,
)
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block, ToolBlock
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import arguments_text
from reqllm.wires.common.usage import UsageMeter, cohere_usage
from reqllm.wires.wire import Reading

DONE = b"[DONE]"


def is_whole(body: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an answer that was not streamed."""
    return isinstance(body.get("message"), dict) and "finish_reason" in body


class CohereDecoder(JSONEventDecoder):
    """One chat stream."""

    marks = frozenset(("type", "message", "finish_reason"))

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(cohere_usage), reading)
        self._contents: dict[int, Block] = {}  # by the wire's own index, closed ones too
        self._tools: dict[int, ToolBlock] = {}
        self._plan: Block | None = None
        self._last_text: Block | None = None
        self._finish_raw: str | None = None

    def _take_sentinel(self, data: bytes) -> bool:
        is_done = data.startswith(DONE)
        # By itself it ends nothing: other wires have the same one.
        self.ended = is_done and self.can_end
        return is_done

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        kind = filled(value.get("type")) or (event.event if event.event != "message" else None)
        delta = as_object(value.get("delta"))
        message = as_object(delta.get("message"))
        self.start(filled(value.get("id")))
        match kind:
            case "content-delta":
                self._take_content(_index(value), as_object(message.get("content")))
                self._take_logprobs(value.get("logprobs"))
            case "content-start":
                self._start_content(_index(value), as_object(message.get("content")))
            case "content-end":
                self._end_content(_index(value))
            case "tool-plan-delta":
                self._take_plan(as_string(message.get("tool_plan")))
            case "tool-call-start" | "tool-call-delta":
                self._take_call(_index(value), message.get("tool_calls"), kind)
            case "tool-call-end":
                self._end_call(_index(value))
            case "citation-start":
                self._cite(message.get("citations"))
            case "citation-end":
                pass
            case "message-start":
                self._take_whole_message(message)
            case "message-end":
                self._take_end(delta)
            case _:
                self._take_other(kind, value)
                return
        self.note_others(value, EVENT_KEYS)
        self.note_others(delta, END_KEYS if kind == "message-end" else DELTA_KEYS)
        self.note_others(message, MESSAGE_KEYS)

    def _take_other(self, kind: str | None, value: dict[str, Any]) -> None:
        if is_whole(value):
            self._take_whole_message(as_object(value["message"]))
            for logprobs in as_list(value.get("logprobs")):
                self._take_logprobs(logprobs)
            self.note_others(value, EVENT_KEYS | END_KEYS)
            self._take_end(value)
        elif (
            value.get("error") or kind == "error" or (kind is None and filled(value.get("message")))
        ):
            self.error = api_error(value)
        else:
            self.write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'unknown'}", value))

    # The content.
    def _start_content(self, index: int, content: dict[str, Any]) -> Block | None:
        if index in self._contents and self._contents[index] in self.write.open:
            self.warn_once("repeated_block", f"content {index} began twice")
        self._end_plan()
        self._end_content(index)
        match content.get("type"):
            case "text":
                block = self._last_text = self.write.start_text()
            case "thinking":
                block = self.write.start_reasoning()
            case kind:
                place = self.write.next_index(0)
                self.write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'content'}", content, place))
                return None
        self._contents[index] = block
        self.note_others(content, CONTENT_KEYS)
        self.write.text(
            block, as_string(content.get("text" if block.kind == "text" else "thinking"))
        )
        return block

    def _take_content(self, index: int, content: dict[str, Any]) -> None:
        if content and CONTENT_KEYS.isdisjoint(content):
            data = {"index": index, "content": content}
            self.write.out.append(c.CustomChunk(f"{WIRE}.content-delta", data))
            return
        self.note_others(content, CONTENT_KEYS)
        for kind, block_kind in (("thinking", "reasoning"), ("text", "text")):
            text = as_string(content.get(kind))
            if not text:
                continue
            block = self._contents.get(index)
            if block is None or block.kind != block_kind or block not in self.write.open:
                self.warn_once("missing_block_start", "a content's delta came before its start")
                block = self._start_content(index, {"type": kind})
            if block is not None:
                self.write.text(block, text)

    def _end_content(self, index: int) -> None:
        block = self._contents.get(index)
        if block is not None:
            self.write.close(block)

    def _take_plan(self, text: str) -> None:
        """Take a piece of what the model means to do with its tools: it is reasoning."""
        if not text:
            return
        if self._plan is None:
            self._plan = self.write.start_reasoning()
            self._plan.metadata["reasoning_field"] = TOOL_PLAN
        self.write.text(self._plan, text)

    def _end_plan(self) -> None:
        if self._plan is not None:
            self.write.close(self._plan)
            self._plan = None

    def _take_logprobs(self, logprobs: Any) -> None:
        if isinstance(logprobs, dict) and logprobs:
            self.write.out.append(c.LogprobsChunk([logprobs]))

    # Tools.
    def _take_call(self, index: int, calls: Any, kind: str) -> None:
        """Take what an event says of a call: one object; a list of them, were there several."""
        for position, call in enumerate(calls if isinstance(calls, list) else [calls]):
            if isinstance(call, dict):
                self._take_one_call(index + position, call, begins=kind == "tool-call-start")

    def _take_one_call(self, index: int, call: dict[str, Any], *, begins: bool) -> None:
        function = as_object(call.get("function"))
        name = as_string(function.get("name"))
        tool = self._tools.get(index)
        if begins or tool is None:
            if not begins:
                self.warn_once("missing_block_start", "a tool call's delta came before its start")
            self._end_plan()
            self._end_call(index)
            tool = self.write.start_tool(0, filled(call.get("id")), name)
            tool.metadata.update({k: v for k, v in call.items() if k not in CALL_KEYS})
            self._tools[index] = tool
        elif name and not tool.name:
            tool.name = name
            self.write.announce(tool)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            self._repeatable = False  # their text is made from what was sent
        self.write.arguments(tool, arguments_text(arguments))

    def _end_call(self, index: int) -> None:
        tool = self._tools.pop(index, None)
        if tool is not None:
            self.write.close(tool)

    # Sources.
    def _cite(self, citations: Any) -> None:
        for entry in citations if isinstance(citations, list) else [citations]:
            if not isinstance(entry, dict) or not entry:
                continue
            at = entry.get("content_index")
            known = self._contents.get(at) if isinstance(at, int) else self._last_text
            if entry.get("type") == "PLAN":
                known = self._plan
            if known is None or known.kind != "text":
                # Of reasoning: no part of an answer's text has it.
                self.write.out.append(c.CustomChunk(f"{WIRE}.citation", entry))
            else:
                self.write.out.append(c.CitationChunk(citation_of(entry), known.index))

    # The message.
    def _take_whole_message(self, message: dict[str, Any]) -> None:
        """Take a message that says something already, or all there is."""
        self._take_plan(as_string(message.get("tool_plan")))
        content = message.get("content")
        if isinstance(content, str) and content:
            content = [{"type": "text", "text": content}]
        for index, part in enumerate(as_list(content)):
            self._start_content(index, as_object(part))
            self._end_content(index)
        for index, call in enumerate(as_list(message.get("tool_calls"))):
            self._take_call(index, call, "tool-call-start")
            self._end_call(index)
        self._cite(message.get("citations"))

    def _take_end(self, delta: dict[str, Any]) -> None:
        self._meter(as_object(delta.get("usage")))
        self._finish_raw = filled(delta.get("finish_reason")) or self._finish_raw
        said = delta.get("error")
        if said or self._finish_raw in ERRORS:
            raw = self._finish_raw
            told = said or f"the provider ended the answer with finish_reason {raw!r}"
            self.error = api_error({**delta, "error": told, "code": raw})
        self.can_end = True

    # The end.
    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        if self._finish_raw is None:
            self.warn_once("missing_finish_reason", "the stream ended without a finish reason")
        return out

    def _finishes(self) -> tuple[c.Finish, ...]:
        return self._finished_as(self._finish_raw, REASONS)

    def _missing_end(self) -> tuple[str, str]:
        return "missing_done", "the stream ended without its sentinel [DONE]"


def _index(value: dict[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0
