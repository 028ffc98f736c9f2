"""The order of Cohere's chat streams, version 2."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.block_rules import BlockRules, member
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Step, Table
from reqllm_fixtures.checking.wires.kinds import by_type

_INDEX = ("index",)
TABLE = Table(
    MappingProxyType(
        {
            "content-delta": Step("adds", "content", _INDEX),
            "content-start": Step("opens", "content", _INDEX),
            "content-end": Step("closes", "content", _INDEX),
            "tool-call-delta": Step("adds", "tool call", _INDEX),
            "tool-call-start": Step("opens", "tool call", _INDEX),
            "tool-call-end": Step("closes", "tool call", _INDEX),
            "tool-plan-delta": Step("adds"),
            "citation-start": Step("opens", "citation", _INDEX),
            "citation-end": Step("closes", "citation", _INDEX),
            "message-start": Step("starts"),
            "message-end": Step("ends"),
            "error": Step("fails"),  # none of its own, but gateways send it
            "debug": Step("passes"),
        }
    ),
    one_at_a_time=True,
    has_sentinel=True,
)
# A model that was stopped may have been stopped inside the arguments of a tool.
# A tuple: what comes may be no text, nor hashable.
_CUT_OFF = ("MAX_TOKENS", "ERROR", "TIMEOUT")


class CohereV2Rules(BlockRules):
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        super().__init__(report, TABLE, "$.delta.message.tool_calls.function.arguments")
        self._reason: Any = None

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        key = self._sequence.take(kind, value)
        if kind == "message-end":
            self._reason = member(value.get("delta"), "finish_reason")
        elif key is not None:
            self._take_part(kind, key, member(value.get("delta"), "message"))

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        self._sequence.end(has_reason=False, is_done=is_done)
        if self.ended and self._reason not in _CUT_OFF:
            self._arguments.check()

    def _take_part(self, kind: str, key: Key, message: Any) -> None:
        if kind == "content-start":
            self._types[key] = member(member(message, "content"), "type")
        elif kind == "content-delta":
            self._take_content(key, member(message, "content"))
        elif kind.startswith("tool-call"):
            function = member(member(message, "tool_calls"), "function")
            self._arguments.add(key, member(function, "arguments"))

    def _take_content(self, key: Key, content: Any) -> None:
        expected = self._types.get(key)
        if isinstance(expected, str) and isinstance(content, dict) and expected not in content:
            part = next(iter(content), None)
            self._mismatch(key, expected, part, "$.delta.message.content")


WIRE = CheckedWire("cohere-v2", CohereV2Rules, by_type, is_named=True, has_sentinel=True)
