"""The order of Cohere's chat streams, version 2."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.arguments import ArgumentsByBlock
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Sequence, Step, Table

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
            "debug": Step("passes"),
        }
    ),
    one_at_a_time=True,
    has_sentinel=True,
)
# A model that was stopped may have been stopped inside the arguments of a tool.
_CUT_OFF = frozenset({"MAX_TOKENS", "ERROR", "TIMEOUT"})


class CohereV2Rules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._sequence = Sequence(TABLE, report)
        self._types: dict[Key, Any] = {}
        self._arguments = ArgumentsByBlock(report, "$.delta.message.tool_calls.function.arguments")
        self._reason: Any = None

    @property
    def ended(self) -> bool:
        """Whether the last event came."""
        return self._sequence.ended

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        key = self._sequence.take(kind, value)
        if kind == "message-end":
            self._reason = _member(value.get("delta"), "finish_reason")
        elif key is not None:
            self._take_part(kind, key, _member(value.get("delta"), "message"))

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        self._sequence.end(has_reason=False, is_done=is_done)
        if self.ended and self._reason not in _CUT_OFF:
            self._arguments.check()

    def _take_part(self, kind: str, key: Key, message: Any) -> None:
        if kind == "content-start":
            self._types[key] = _member(_member(message, "content"), "type")
        elif kind == "content-delta":
            self._take_content(self._types.get(key), _member(message, "content"))
        elif kind.startswith("tool-call"):
            function = _member(_member(message, "tool_calls"), "function")
            self._arguments.add(key, _member(function, "arguments"))

    def _take_content(self, expected: Any, content: Any) -> None:
        if isinstance(expected, str) and isinstance(content, dict) and expected not in content:
            came_names = ", ".join(map(came, content)) or "nothing"
            said = f"expected {came(expected)}, which the content is of, came {came_names}"
            self._report.add("delta-mismatch", "$.delta.message.content", said)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
