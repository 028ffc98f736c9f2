"""The order of Anthropic's Messages streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reqllm.wires.common.fields import as_object, as_string
from reqllm_fixtures.checking.block_rules import BlockRules
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Step, Table
from reqllm_fixtures.checking.usage import UsageRules
from reqllm_fixtures.checking.wires.kinds import by_type

_INDEX = ("index",)
TABLE = Table(
    MappingProxyType(
        {
            "content_block_delta": Step("adds", "block", _INDEX),
            "content_block_start": Step("opens", "block", _INDEX),
            "content_block_stop": Step("closes", "block", _INDEX),
            "message_start": Step("starts"),
            "message_delta": Step("finishes"),
            "message_stop": Step("ends"),
            "error": Step("fails"),
            "ping": Step("passes"),
            "vertex_event": Step("passes"),
        }
    ),
    one_at_a_time=True,
)

# What a kind of block is made of. Of others, newer or whole from their start, nothing is known.
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("text_delta", "citations_delta"),
        "thinking": ("thinking_delta", "signature_delta"),
        "redacted_thinking": (),
        "tool_use": ("input_json_delta",),
        "server_tool_use": ("input_json_delta",),
        "mcp_tool_use": ("input_json_delta",),
        "compaction": ("compaction_delta",),
    }
)
_TEXTS = MappingProxyType({"text_delta": "text", "thinking_delta": "thinking"})
_USAGE = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
# A model that was stopped may have been stopped inside the arguments of a tool.
_CUT_OFF = frozenset({"max_tokens", "model_context_window_exceeded", "refusal", "pause_turn"})


class AnthropicMessagesRules(BlockRules):
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        super().__init__(report, TABLE, "$.delta.partial_json")
        self._usage = UsageRules(report, _USAGE)
        self._signed: set[Key] = set()
        self._stop_reason: str | None = None

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        key = self._sequence.take(kind, value)
        if key is not None:
            if kind == "content_block_delta":
                self._take_delta(key, value.get("delta"))
            elif kind == "content_block_start":
                self._take_block(key, value.get("content_block"))
        elif kind == "message_delta":
            self._take_finish(value)
        elif kind == "message_start" and isinstance(value.get("message"), dict):
            self._usage.take(value["message"].get("usage"), "$.message.usage")
            self._take_reason(value["message"])
        elif kind == "message_stop" and self._stop_reason is None:
            self._report.add("finish-missing", "$", "expected a stop_reason before, none came")

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        self._sequence.end(has_reason=self._stop_reason is not None)
        if self._stop_reason is not None and self._stop_reason not in _CUT_OFF:
            self._arguments.check()

    def _take_block(self, key: Key, block: Any) -> None:
        if isinstance(block, dict) and isinstance(block.get("type"), str):
            self._types[key] = block["type"]

    def _take_delta(self, key: Key, delta: Any) -> None:
        if not isinstance(delta, dict):
            return
        part = delta.get("type")
        parts = _PARTS.get(self._types.get(key, ""))
        if parts is not None and part not in parts:
            self._mismatch(key, " or ".join(parts) or "nothing", part, "$.delta.type")
        if part == "input_json_delta":
            self._arguments.add(key, delta.get("partial_json"))
        elif part == "signature_delta":
            self._signed.add(key)
        elif part == "thinking_delta" and key in self._signed:
            self._mismatch(key, "nothing after its signature", part, "$.delta.type")

    def _take_finish(self, value: dict[str, Any]) -> None:
        usage = value.get("usage")
        if not isinstance(usage, dict) or not usage.get("iterations"):
            # Else it is of the last iteration, and what came before was of all of them.
            self._usage.take(usage, "$.usage")
        self._take_reason(value.get("delta"))

    def _take_reason(self, said: Any) -> None:
        reason = said.get("stop_reason") if isinstance(said, dict) else None
        if isinstance(reason, str):
            self._stop_reason = reason


def _more(value: dict[str, Any]) -> tuple[str, str] | None:
    """Give the text of a delta that has one."""
    delta = as_object(value.get("delta"))
    member = _TEXTS.get(as_string(delta.get("type")), "")
    text = delta.get(member)
    return (member, text) if isinstance(text, str) else None


WIRE = CheckedWire("anthropic-messages", AnthropicMessagesRules, by_type, is_named=True, more=_more)
