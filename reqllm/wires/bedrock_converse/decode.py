"""Reads streams of Amazon Bedrock's Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
Events are named by their frame. Where frames have no names (Amazon's models behind
InvokeModel), the event is wrapped in an object whose one key is its name.
"""

from __future__ import annotations

from typing import Any

from reqllm import chunk as c
from reqllm.errors import ProtocolViolationError
from reqllm.framing.event import WireEvent
from reqllm.wires.bedrock_converse.blocks import ImageBlock, ResultBlock, take_hidden
from reqllm.wires.bedrock_converse.words import (
    EVENTS,
    HIDDEN,
    REASONS,
    WIRE,
    citation_of,
    converse_usage,
)
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block, ToolBlock, UnknownBlock
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NULL, as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import compact
from reqllm.wires.common.reported import exception, failure_of
from reqllm.wires.common.usage import UsageMeter
from reqllm.wires.wire import Reading

_Open = Block | ImageBlock | ResultBlock | UnknownBlock
_ANSWER_KEYS = frozenset(("output", "stopReason", "additionalModelResponseFields"))
_SAID = frozenset(("p", "role", "stopReason", "usage", "contentBlockIndex"))


class ConverseDecoder(JSONEventDecoder):
    """One Converse stream."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(converse_usage), reading)
        if self.recognise is not None:
            self.recognise = self.lane.recognise_one  # framing shows one at a time
        self._blocks: dict[int, _Open] = {}
        self._redacted: dict[int, list[str]] = {}
        self._begun = False
        self._counted = False
        self._stop_reason: str | None = None

    def _take_event(self, event: WireEvent) -> None:
        error = failure_of(event)
        if error is None:
            super()._take_event(event)
        else:
            self.fail(error)

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        if event.event != "message":
            self._take_named(event.event, value)
        elif "message" in as_object(value.get("output")):
            self._take_answer(value)
        else:
            self._take_wrapped(value)

    def _take_wrapped(self, value: dict[str, Any]) -> None:
        self.start()
        name = next((key for key in value if key in EVENTS or key.endswith("Exception")), None)
        if name is None:
            self._take_named("unknown", value)
            return
        self.note_others(value, _SAID | {name}, NULL)
        self._take_named(name, as_object(value[name]))

    def _take_named(self, name: str, value: dict[str, Any]) -> None:
        match name:
            case "contentBlockDelta":
                self._take_delta(_index(value), value)
            case "contentBlockStart":
                self._take_start(_index(value), value)
            case "contentBlockStop":
                self.start()
                self._close_block(_index(value))
            case "messageStart":
                self._take_message_start(value)
            case "messageStop":
                self._take_message_stop(value)
            case "metadata":
                self._take_metadata(value)
            case "initial-response":
                self._take_sign_of_life(name)
            case _ if name.endswith("Exception"):
                self.fail(exception(name, value))
            case _:
                self.start()
                self.write.out.append(c.CustomChunk(f"{WIRE}.{name}", value))

    # The message.
    def _take_message_start(self, value: dict[str, Any]) -> None:
        self.start()
        if self._begun and self.write.opened:
            self.error = ProtocolViolationError(
                "a second messageStart came after content: two answers were spliced; "
                "only what came before it is kept"
            )
            return
        if self._begun:
            self.warn_once("repeated_message_start", "messageStart came twice")
        self._begun = True
        self.note_others(value, _SAID, NULL)

    def _take_message_stop(self, value: dict[str, Any]) -> None:
        self.start()
        self._stop_reason = filled(value.get("stopReason")) or self._stop_reason
        self.note_others(value, _SAID, NULL)
        self.can_end = True
        self.ended = self._counted

    def _take_metadata(self, value: dict[str, Any]) -> None:
        """Take what comes last: what the answer cost."""
        self.start()
        self._meter(as_object(value.get("usage")))
        self.note_others(value, _SAID, NULL)
        self._counted = True
        self.ended = self.can_end

    def _take_answer(self, value: dict[str, Any]) -> None:
        """Take a body that is no stream: the whole answer at once."""
        self.start()
        message = as_object(value["output"]["message"])
        for index, block in enumerate(as_list(message.get("content"))):
            self._take_whole_block(index, as_object(block))
        self._take_message_stop({k: value[k] for k in _ANSWER_KEYS & value.keys() - {"output"}})
        self._take_metadata({k: item for k, item in value.items() if k not in _ANSWER_KEYS})

    # The blocks.
    def _take_start(self, index: int, value: dict[str, Any]) -> None:
        self.start()
        if index in self._blocks:
            self.warn_once("repeated_block", f"content block {index} began twice")
            self._close_block(index)
        for kind, content in as_object(value.get("start")).items():
            self._blocks[index] = self._open(kind, as_object(content))

    def _open(self, kind: str, content: dict[str, Any]) -> _Open:
        match kind:
            case "toolUse":
                return self._open_tool(content)
            case "toolResult":
                return ResultBlock(content)
            case "image":
                return ImageBlock(content)
        return UnknownBlock(kind, content)

    def _open_tool(self, content: dict[str, Any]) -> ToolBlock:
        tool = self.write.start_tool(
            0,
            filled(content.get("toolUseId")),
            as_string(content.get("name")),
            provider_executed=content.get("type") == "server_tool_use",
        )
        tool.metadata.update(
            {
                key: item
                for key, item in content.items()
                if key not in ("toolUseId", "name", "input") and item is not None
            }
        )
        if content.get("input"):
            self._arguments(tool, content["input"])
        return tool

    def _arguments(self, tool: ToolBlock, sent: Any) -> None:
        """Add arguments: a fragment of their text, or all of them as the object they are."""
        if not isinstance(sent, str | None):
            self._repeatable = False
            sent = compact(sent)
        self.write.arguments(tool, sent or "")

    def _take_delta(self, index: int, value: dict[str, Any]) -> None:
        self.start()
        for kind, content in as_object(value.get("delta")).items():
            self._take_part(index, kind, content)

    def _take_part(self, index: int, kind: str, content: Any) -> None:
        block = self._blocks.get(index)
        match kind, block:
            case "text", None | Block(kind="text"):
                if content:
                    self.write.text(self._text_block(index), as_string(content))
            case "reasoningContent", None | Block(kind="reasoning"):
                self._take_reasoning(index, as_object(content))
            case "toolUse", ToolBlock():
                self._arguments(block, as_object(content).get("input"))
            case "toolUse", None:
                self.warn_once("missing_block_start", "a tool call's delta came before its start")
                self._blocks[index] = self._open_tool(as_object(content))
            case "citation", None | Block(kind="text"):
                text = self._text_block(index)
                citation = citation_of(as_object(content))
                self.write.out.append(c.CitationChunk(citation, text.index, text.choice))
            case "toolResult", ResultBlock():
                block.take(content)
            case "image", ImageBlock():
                block.take(as_object(content))
            case _, UnknownBlock():
                block.merge(content if isinstance(content, dict) else {kind: content})
            case _:
                self.write.out.append(
                    c.CustomChunk(
                        f"{WIRE}.{kind}", {"contentBlockIndex": index, "delta": {kind: content}}
                    )
                )

    def _text_block(self, index: int) -> Block:
        """Return the open block of text; text begins without a start."""
        block = self._blocks.get(index)
        if not isinstance(block, Block):
            block = self._blocks[index] = self.write.start_text()
        return block

    def _take_reasoning(self, index: int, content: dict[str, Any]) -> None:
        block = self._blocks.get(index)
        if "reasoningText" in content:
            content = {**as_object(content["reasoningText"]), **content}
        redacted = filled(content.get(HIDDEN))
        if not isinstance(block, Block):
            if not any(content.values()):
                return
            block = self.write.start_reasoning(redacted=redacted is not None)
            self._blocks[index] = block
        block.signature = filled(content.get("signature")) or block.signature
        if redacted is not None:
            self._repeatable = False  # it grows unseen
            block.redacted = True
            self._redacted.setdefault(index, []).append(redacted)
        self.write.text(block, as_string(content.get("text")))

    def _take_whole_block(self, index: int, block: dict[str, Any]) -> None:
        for kind, content in block.items():
            match kind:
                case "text":
                    self._take_part(index, kind, content)
                case "reasoningContent":
                    self._take_reasoning(index, as_object(content))
                case "citationsContent":
                    for part in as_list(as_object(content).get("content")):
                        self._take_part(index, "text", as_object(part).get("text"))
                    for citation in as_list(as_object(content).get("citations")):
                        self._take_part(index, "citation", citation)
                case _:
                    self._blocks[index] = self._open(kind, as_object(content))
            self._close_block(index)

    def _close_block(self, index: int) -> None:
        block = self._blocks.pop(index, None)
        if isinstance(block, Block):
            self._unite(index, block)
            self.write.close(block)
        elif block is not None:
            self._hand_out(block)

    def _unite(self, index: int, block: _Open) -> None:
        pieces = self._redacted.pop(index, None)
        if pieces is not None and isinstance(block, Block):
            take_hidden(block, pieces)

    def _hand_out(self, block: ImageBlock | ResultBlock | UnknownBlock) -> None:
        index = self.write.next_index(0)
        if isinstance(block, UnknownBlock):
            self.write.out.append(c.CustomChunk(f"{WIRE}.{block.kind}", block.content, index))
        else:
            self.write.out.append(block.chunk(index))

    # The end.
    def finish(self) -> list[c.StreamChunk]:
        raw = self._stop_reason
        if raw is not None and REASONS.get(raw) == "error":
            # The model failed and nothing says how; that is no end to be content with.
            self.error = api_error(f"the provider ended the answer with stopReason {raw!r}")
            return self.abandon()
        return super().finish()

    def _close(self) -> list[c.StreamChunk]:
        for index, block in self._blocks.items():
            self._unite(index, block)
        out = super()._close()
        for index in list(self._blocks):
            self._close_block(index)
        if self._stop_reason is None:
            self.warn_once("missing_finish_reason", "the message ended without a stopReason")
        return out

    def _finishes(self) -> tuple[c.Finish, ...]:
        return self._finished_as(self._stop_reason, REASONS)

    def _missing_end(self) -> tuple[str, str]:
        return "missing_metadata", "the stream ended without its last event, metadata"


def _index(value: dict[str, Any]) -> int:
    index = value.get("contentBlockIndex")
    return index if isinstance(index, int) else 0
