"""The order of Bedrock's ConverseStream."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.arguments import ArgumentsByBlock
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Sequence, Step, Table
from reqllm_fixtures.checking.usage import UsageRules

_INDEX = ("contentBlockIndex",)
TABLE = Table(
    MappingProxyType(
        {
            "contentBlockDelta": Step("adds", "block", _INDEX),
            "contentBlockStart": Step("opens", "block", _INDEX),
            "contentBlockStop": Step("closes", "block", _INDEX),
            "messageStart": Step("starts"),
            "messageStop": Step("finishes"),
            "metadata": Step("ends"),
            "exception": Step("fails"),
        }
    ),
    one_at_a_time=True,
    opened_by_parts=frozenset({"block"}),  # only tools are begun by an event of their own
    kind_path="$",
)
_USAGE = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
# A model that was stopped may have been stopped inside the arguments of a tool.
_CUT_OFF = frozenset({"max_tokens", "model_context_window_exceeded", "malformed_tool_use"})


class BedrockConverseRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._sequence = Sequence(TABLE, report)
        self._usage = UsageRules(report, ())
        self._kinds: dict[Key, str] = {}
        self._arguments = ArgumentsByBlock(report, "$.delta.toolUse.input")
        self._reason: Any = None

    @property
    def ended(self) -> bool:
        """Whether the last event came."""
        return self._sequence.ended

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        key = self._sequence.take(kind, value)
        if key is not None:
            self._take_part(key, value)
        elif kind == "messageStop":
            self._reason = value.get("stopReason")
        elif kind == "metadata":
            usage = value.get("usage")
            if isinstance(usage, dict):
                counted = dict.fromkeys(_USAGE, 0) | usage  # what is not there is none
                self._usage.add_up(counted, "$.usage", _USAGE, "totalTokens")
            if self._reason is None:
                self._report.add("finish-missing", "$", "expected messageStop before, none came")

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        self._sequence.end(has_reason=self._reason is not None)
        if self._reason is not None and self._reason not in _CUT_OFF:
            self._arguments.check()

    def _take_part(self, key: Key, value: dict[str, Any]) -> None:
        part = value.get("start", value.get("delta"))
        if not isinstance(part, dict):
            return
        for name in part:
            kind = "text" if name == "citation" else name
            known = self._kinds.setdefault(key, kind)
            if known != kind and known != "text":  # an empty text may come before anything
                said = f"expected {came(known)}, which the block is of, came {came(name)}"
                self._report.add("delta-mismatch", "$.delta", said)
        tool = part.get("toolUse")
        if isinstance(tool, dict):
            self._arguments.add(key, tool.get("input"))
