"""Reads Anthropic Messages streams, and those of the servers that speak like it.

Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming and what servers send.
"""

from __future__ import annotations

from typing import Any

from reqllm import chunk as c
from reqllm.errors import ProtocolViolationError
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block, ToolBlock, UnknownBlock
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NULL, as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import arguments_text
from reqllm.wires.common.usage import UsageMeter, anthropic_usage
from reqllm.wires.wire import Reading

WIRE = "anthropic-messages"

_REASONS: dict[str, c.FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "content_filter",
    # What gateways leave of their models' own words.
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_CITATIONS: dict[str, Any] = {
    "web_search_result_location": "url",
    "search_result_location": "url",
    "char_location": "document",
    "page_location": "document",
    "content_block_location": "document",
}
# Told of by other means; anything else that an event says is kept.
_EVENT_KEYS = frozenset(("type", "delta", "usage"))
_MESSAGE_KEYS = frozenset(
    (
        "type",
        "id",
        "role",
        "model",
        "content",
        "usage",
        "stop_reason",
        "stop_sequence",
        "stop_details",
    )
)


class AnthropicMessagesDecoder(JSONEventDecoder):
    """One Messages stream."""

    marks = frozenset(("type",))

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(anthropic_usage), reading)
        self._blocks: dict[int, Block | UnknownBlock | None] = {}
        self._beside: dict[tuple[int, str], Block] = {}
        """Of text that came within a block of another kind."""
        self._begun = False
        self._stop_reason: str | None = None
        self._details: dict[str, Any] = {}

    def _take_sentinel(self, data: bytes) -> bool:
        # Not this wire's, but gateways append it.
        return data.startswith(b"[DONE]")

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        kind = value.get("type") or (event.event if event.event != "message" else None)
        if event.event not in ("message", kind):
            self.start()
            self.warn_once(
                "event_name_mismatch",
                f"an event named {event.event!r} holds the type {kind!r}; the type counts",
            )
        match kind:
            case "content_block_delta":
                self._take_delta(_index(value), as_object(value.get("delta")))
            case "content_block_start":
                self._take_start(_index(value), as_object(value.get("content_block")))
            case "content_block_stop":
                self._take_stop(_index(value))
            case "message_delta":
                self._take_message_delta(value)
            case "message_start":
                self._take_message_start(as_object(value.get("message")))
            case "message_stop":
                self._take_message_stop(value)
            case "ping" | "vertex_event":  # Vertex's own, about nothing of the message
                self.start()
                self._take_sign_of_life("ping")
            case "message" if isinstance(value.get("content"), list):
                self._take_whole_message(value)
            case "error":
                self.start()
                self.error = api_error(value)
            case None if value.get("error"):
                self.start()
                self.error = api_error(value)
            case _:
                self.start()
                self.write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'unknown'}", value))

    # The message.
    def _take_message_start(self, message: dict[str, Any]) -> None:
        if self._begun and self.write.opened:
            self.error = ProtocolViolationError(
                "a second message_start came after content: two answers were spliced; "
                "only what came before it is kept"
            )
            return
        if self._begun:
            self.warn_once("repeated_message_start", "message_start came twice")
        self._begun = True
        self.start(filled(message.get("id")), filled(message.get("model")))
        self._meter(as_object(message.get("usage")))
        self.note_others(message, _MESSAGE_KEYS, NULL)
        self._take_reason(message)
        for index, block in enumerate(as_list(message.get("content"))):
            self._take_start(index, as_object(block))
            self._take_stop(index)

    def _take_message_delta(self, value: dict[str, Any]) -> None:
        self.start()
        delta = as_object(value.get("delta"))
        self.can_end |= self._take_reason(delta)
        self.note_others(delta, _MESSAGE_KEYS, NULL)
        self.note_others(value, _EVENT_KEYS, NULL)
        self._meter(as_object(value.get("usage")))

    def _take_reason(self, said: dict[str, Any]) -> bool:
        """Take why the message stopped, where that is said; return whether it is."""
        reason = filled(said.get("stop_reason"))
        self._stop_reason = reason or self._stop_reason
        for key in ("stop_sequence", "stop_details"):
            if said.get(key) is not None:
                self._details[key] = said[key]
        return reason is not None

    def _take_message_stop(self, value: dict[str, Any]) -> None:
        self.start()
        self.note_others(value, _EVENT_KEYS, NULL)
        self.ended = True

    def _take_whole_message(self, message: dict[str, Any]) -> None:
        """Take a body that is no stream: the whole message at once."""
        self._take_message_start(message)
        self._take_message_delta({"delta": message})
        self.ended = True

    # The blocks.
    def _take_start(self, index: int, content: dict[str, Any]) -> None:
        self.start()
        if self._blocks.get(index) is not None:
            self.warn_once("repeated_block", f"content block {index} began twice")
            self._take_stop(index)
        self._blocks[index] = self._open(content)

    def _open(self, content: dict[str, Any]) -> Block | UnknownBlock | None:
        write = self.write
        kind = content.get("type")
        match kind:
            case "text":
                block = write.start_text()
                self.write.text(block, as_string(content.get("text")))
                for citation in as_list(content.get("citations")):
                    self._cite(block, as_object(citation))
                return block
            case "thinking":
                block = write.start_reasoning()
                block.signature = filled(content.get("signature"))
                write.text(block, as_string(content.get("thinking")))
                return block
            case "redacted_thinking":
                block = write.start_reasoning(redacted=True)
                block.data = filled(content.get("data"))
                return block
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                return self._open_tool(content, provider_executed=kind != "tool_use")
            case str() if kind.endswith("_tool_result"):
                self._tool_result(content)
                return None
        return UnknownBlock(as_string(kind) or "unknown", content)

    def _open_tool(self, content: dict[str, Any], *, provider_executed: bool) -> ToolBlock:
        tool = self.write.start_tool(
            0,
            filled(content.get("id")),
            as_string(content.get("name")),
            provider_executed=provider_executed,
        )
        tool.metadata.update(
            {k: v for k, v in content.items() if k not in ("id", "name", "input") and v is not None}
        )
        if content.get("input"):
            self.write.arguments(tool, arguments_text(content["input"]))
        return tool

    def _tool_result(self, content: dict[str, Any]) -> None:
        result = content.get("content")
        failed = bool(content.get("is_error")) or "error_code" in as_object(result)
        self.write.out.append(
            c.ToolResult(
                as_string(content.get("tool_use_id")),
                content,
                filled(content.get("type")),
                failed,
                self.write.next_index(0),
            )
        )

    def _take_delta(self, index: int, delta: dict[str, Any]) -> None:
        self.start()
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = self._implied(delta)
        match delta.get("type"), block:
            case "text_delta", Block(kind="text"):
                self.write.text(block, as_string(delta.get("text")))
            case "thinking_delta", Block(kind="reasoning"):
                self.write.text(block, as_string(delta.get("thinking")))
            case "input_json_delta", ToolBlock():
                self.write.arguments(block, as_string(delta.get("partial_json")))
            case "signature_delta", Block(kind="reasoning"):
                # The signature is sent whole: the last one holds.
                block.signature = filled(delta.get("signature")) or block.signature
            case "citations_delta", Block(kind="text"):
                self._cite(block, as_object(delta.get("citation")))
            case _, UnknownBlock():
                block.merge(delta)
            case "text_delta" | "thinking_delta" as kind, Block():
                self._take_misplaced(index, kind, delta)
            case kind, _:
                self.write.out.append(
                    c.CustomChunk(f"{WIRE}.{kind or 'delta'}", {"index": index, "delta": delta})
                )

    def _take_misplaced(self, index: int, kind: str, delta: dict[str, Any]) -> None:
        """Read text that came within a block of another kind: it is a block beside that."""
        is_text = kind == "text_delta"
        self.warn_once("misplaced_delta", f"a {kind} came within a block of another kind")
        block = self._beside.get((index, kind))
        if block is None:
            block = self.write.start_text() if is_text else self.write.start_reasoning()
            self._beside[index, kind] = block
        self.write.text(block, as_string(delta.get("text" if is_text else "thinking")))

    def _implied(self, delta: dict[str, Any]) -> Block | UnknownBlock | None:
        """Open the block that a delta without a start belongs to."""
        implied = {
            "text_delta": "text",
            "citations_delta": "text",
            "thinking_delta": "thinking",
            "signature_delta": "thinking",
            "input_json_delta": "tool_use",
        }.get(as_string(delta.get("type")))
        self.warn_once("missing_block_start", "a content block's delta came before its start")
        return self._open({"type": implied or "unknown"})

    def _cite(self, block: Block, citation: dict[str, Any]) -> None:
        kind = as_string(citation.get("type"))
        source = citation.get("document_index", citation.get("search_result_index"))
        self.write.out.append(
            c.CitationChunk(
                c.Citation(
                    kind=_CITATIONS.get(kind, "other"),
                    url=citation.get("url") or citation.get("source"),
                    title=citation.get("title") or citation.get("document_title"),
                    cited_text=citation.get("cited_text"),
                    source_index=source,
                    raw=citation,
                ),
                block.index,
                block.choice,
            )
        )

    def _take_stop(self, index: int) -> None:
        block = self._blocks.pop(index, None)
        for kind in ("thinking_delta", "text_delta") if self._beside else ():
            beside = self._beside.pop((index, kind), None)
            if beside is not None:
                self.write.close(beside)
        if isinstance(block, Block):
            self.write.close(block)
        elif block is not None:
            self._hand_out(block)

    def _hand_out(self, block: UnknownBlock) -> None:
        index = self.write.next_index(0)
        self.write.out.append(c.CustomChunk(f"{WIRE}.{block.kind}", block.content, index))

    # The end.
    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        for block in self._blocks.values():
            if isinstance(block, UnknownBlock):
                self._hand_out(block)
        self._blocks.clear()
        if self._stop_reason is None:
            self.warn_once("missing_finish_reason", "the message ended without a stop_reason")
        return out

    def _finishes(self) -> tuple[c.Finish, ...]:
        return self._finished_as(self._stop_reason, _REASONS, self._details)

    def _missing_end(self) -> tuple[str, str]:
        return "missing_message_stop", "the stream ended without its last event, message_stop"


def _index(value: dict[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0
