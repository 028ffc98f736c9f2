"""The order of Bedrock's ConverseStream."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from reqllm_fixtures.bodies.other_framings import frames
from reqllm_fixtures.checking.block_rules import BlockRules
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Step, Table
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
# A tuple: what comes may be no text, nor hashable.
_CUT_OFF = ("max_tokens", "model_context_window_exceeded", "malformed_tool_use")


class BedrockConverseRules(BlockRules):
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        super().__init__(report, TABLE, "$.delta.toolUse.input")
        self._usage = UsageRules(report, ())
        self._reason: Any = None

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
            known: Any = self._types.setdefault(key, kind)
            if known != kind and known != "text":  # an empty text may come before anything
                self._mismatch(key, known, name, "$.delta")
        tool = part.get("toolUse")
        if isinstance(tool, dict):
            self._arguments.add(key, tool.get("input"))


def _by_frame(value: dict[str, Any], name: str) -> str:
    return name


WIRE = CheckedWire("bedrock-converse", BedrockConverseRules, _by_frame, cut=frames, kind_path="$")
