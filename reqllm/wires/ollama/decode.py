"""Reads the lines of Ollama's chat, and of its older generate.

Source: https://docs.ollama.com/api/chat and what servers send.
"""

from __future__ import annotations

import base64
from types import MappingProxyType
from typing import Any, ClassVar

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import as_list, as_object, as_string, filled
from reqllm.wires.common.fillers import PADDING, Fillers
from reqllm.wires.common.json_text import arguments_text
from reqllm.wires.common.usage import UsageMeter, ollama_usage
from reqllm.wires.wire import Reading

WIRE = "ollama"

_REASONS: dict[str, c.FinishReason] = {
    "stop": "stop",
    "length": "length",
    # What other servers of the wire say.
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_METERED = ("prompt_eval_count", "eval_count", *_DURATIONS)
# Told of by other means; anything else that a line says is kept.
_LINE_KEYS = frozenset(
    (
        *("model", "created_at", "message", "done", "done_reason", "error", "logprobs"),
        *("response", "thinking", "image", "prompt_eval_count", "eval_count"),
    )
)
_MESSAGE_KEYS = frozenset(("role", "content", "thinking", "tool_calls", "images"))
_CALL_KEYS = frozenset(("id", "type", "function"))


class OllamaDecoder(JSONEventDecoder):
    """One answer of Ollama."""

    marks = frozenset(("response", "done", "error"))
    fillers: ClassVar[Fillers] = MappingProxyType({"created_at": rb"[0-9:.TZ+-]*+", **PADDING})

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(ollama_usage), reading)
        self._current: Block | None = None  # text or reasoning: one at a time
        self._done_reason: str | None = None

    def _take_sentinel(self, data: bytes) -> bool:
        # Not this wire's, but gateways append it.
        return data.startswith(b"[DONE]")

    def _take_within(self, event: WireEvent) -> bool:
        return False  # a line has no frame: events among lines are another wire's

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        self.start(None, filled(value.get("model")))
        if value.get("error"):
            self.error = api_error(value)
            return
        if not _LINE_KEYS.issuperset(value):
            self._take_others(value)
        if "message" in value:
            message = as_object(value["message"])
            self._take_message(message, message.get("content"))
            self.note_others(message, _MESSAGE_KEYS)
        else:
            # Generate has a message's members in the line itself.
            self._take_message(value, value.get("response"))
        if isinstance(value.get("logprobs"), list) and value["logprobs"]:
            self.write.out.append(c.LogprobsChunk(value["logprobs"]))
        reason = filled(value.get("done_reason"))
        if reason is not None:
            self._done_reason = reason
            self.can_end = True
        self._meter({key: value[key] for key in _METERED if key in value})
        self.ended = value.get("done") is True

    def _take_others(self, value: dict[str, Any]) -> None:
        if value.keys().isdisjoint(("message", "response", "done")):
            # Of another kind of answer, such as the progress of a download.
            kind = "status" if "status" in value else "unknown"
            self.write.out.append(c.CustomChunk(f"{WIRE}.{kind}", value))
            return
        self.note_others(value, _LINE_KEYS)

    def _take_message(self, message: dict[str, Any], text: Any) -> None:
        self._grow("reasoning", as_string(message.get("thinking")))
        self._grow("text", as_string(text))
        for image in (*as_list(message.get("images")), message.get("image")):
            self._image(image)
        for call in as_list(message.get("tool_calls")):
            self._call(as_object(call))

    # The blocks.
    def _grow(self, kind: str, text: str) -> None:
        if not text:
            return
        if self._current is None or self._current.kind != kind:
            self._end_current()
            if kind == "text":
                self._current = self.write.start_text()
            else:
                self._current = self.write.start_reasoning()
        self.write.text(self._current, text)

    def _end_current(self) -> None:
        if self._current is not None:
            self.write.close(self._current)
            self._current = None

    def _call(self, call: dict[str, Any]) -> None:
        """Take a call, which comes whole: its arguments are an object, not text."""
        function = as_object(call.get("function"))
        if not function:
            if call:
                self.write.out.append(c.CustomChunk(f"{WIRE}.tool_call", call))
            return
        self._end_current()
        block = self.write.start_tool(0, filled(call.get("id")), as_string(function.get("name")))
        block.metadata.update({k: v for k, v in call.items() if k not in _CALL_KEYS})
        self.write.arguments(block, arguments_text(function.get("arguments")))
        self.write.close(block)

    def _image(self, image: Any) -> None:
        if not isinstance(image, str) or not image:
            return
        try:
            data = base64.b64decode(image, validate=True)
        except ValueError:
            self.warn_once("bad_base64", "an image was no base64; left out")
            return
        self._end_current()
        self.write.out.append(c.FileChunk(self.write.next_index(0), 0, data=data))

    # The end.
    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        if self._done_reason is None:
            self.warn_once("missing_finish_reason", "the answer ended without a done_reason")
        return out

    def _finishes(self) -> tuple[c.Finish, ...]:
        return self._finished_as(self._done_reason, _REASONS)

    def _missing_end(self) -> tuple[str, str]:
        return "missing_done", "the stream ended without its last line, the one that is `done`"
