"""Whose events a model sends, and what reads them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.anthropic_messages.decode import AnthropicMessagesDecoder
from reqllm.wires.bedrock_converse.decode import ConverseDecoder
from reqllm.wires.bedrock_converse.words import EVENTS
from reqllm.wires.bedrock_invoke.text import TextDecoder
from reqllm.wires.bedrock_invoke.words import METRICS, text_usage
from reqllm.wires.common.blocks import Block
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.usage import UsageMeter, openai_usage
from reqllm.wires.openai_chat.decode import OpenAIChatDecoder
from reqllm.wires.wire import Reading

# What the kinds of Anthropic's events begin with.
_ANTHROPICS = ("message", "content_block_", "ping", "error")


def decoder_for(event: Any, reading: Reading) -> JSONEventDecoder:
    """Return the decoder of the stream that begins with this event."""
    return _vendor_of(event)(reading) if isinstance(event, dict) else TextDecoder(reading)


def _vendor_of(event: Mapping[str, Any]) -> Callable[[Reading], JSONEventDecoder]:
    if str(event.get("type")).startswith(_ANTHROPICS):
        return AnthropicMessagesDecoder
    if isinstance(event.get("choices"), list):
        return _ChatDecoder
    if EVENTS & event.keys() or isinstance(event.get("output"), dict):
        return _NovaDecoder
    return TextDecoder


def is_answer(body: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a whole answer of one of these models."""
    return (
        body.get("type") == "message"
        or isinstance(body.get("choices"), list)
        or isinstance(body.get("output"), dict)
        or any(isinstance(body.get(key), str) for key in ("generation", "completion", "text"))
        or any(isinstance(body.get(key), list) for key in ("outputs", "generations", "results"))
    )


class _NovaDecoder(ConverseDecoder):
    """Converse's events as Amazon's own models send them: each piece of a text is a block.

    Text that follows text is one text here; anything else ends it.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._said: Block | None = None  # may go on, though its block on the wire has ended

    def _close_block(self, index: int) -> None:
        block = self._blocks.get(index)
        if isinstance(block, Block) and block.kind == "text":
            self._end_text()
            self._said = self._blocks.pop(index)  # type: ignore[assignment]
        else:
            super()._close_block(index)

    def _text_block(self, index: int) -> Block:
        if index not in self._blocks and self._said is not None:
            self._blocks[index], self._said = self._said, None
        return super()._text_block(index)

    def _take_start(self, index: int, value: dict[str, Any]) -> None:
        self._end_text()
        super()._take_start(index, value)

    def _take_reasoning(self, index: int, content: dict[str, Any]) -> None:
        self._end_text()
        super()._take_reasoning(index, content)

    def _end_text(self) -> None:
        if self._said is not None:
            self.write.close(self._said)
            self._said = None


class _ChatDecoder(OpenAIChatDecoder):
    """Chat completions (gpt-oss, DeepSeek, Qwen, AI21, Mistral), which end without a sentinel."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._usage = UsageMeter(_chat_usage)

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        super()._take(value, event)
        metrics = value.get(METRICS)
        if isinstance(metrics, dict):
            if not self._usage.raw:
                self._meter({METRICS: metrics})
            self.ended = self.can_end

    def _take_choice(self, entry: dict[str, Any], position: int) -> None:
        if "finish_reason" not in entry and "stop_reason" in entry:
            entry = {**entry, "finish_reason": entry["stop_reason"]}
            del entry["stop_reason"]
        super()._take_choice(entry, position)

    def _missing_end(self) -> None:
        return None


def _chat_usage(raw: Mapping[str, Any]) -> c.Usage:
    return text_usage(raw) if raw.keys() == {METRICS} else openai_usage(raw)
