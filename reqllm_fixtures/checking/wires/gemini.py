"""The order of Gemini's generateContent streams."""

from __future__ import annotations

from typing import Any

from reqllm.wires.gemini.envelopes import opened
from reqllm_fixtures.bodies.other_framings import sse_or_array
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.constants import Constants
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.usage import UsageRules
from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR, foreign_error

_CONSTANT = ("responseId", "modelVersion")
_USAGE = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")
_PARTS = (
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
)


class GeminiRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self.ended = False
        self._report = report
        self._usage = UsageRules(report, _USAGE)
        self._constants = Constants(report)
        self._finished: dict[int, Any] = {}
        self._is_blocked = False

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        if kind == "error":
            self.ended = True
            return
        for name in _CONSTANT:
            self._constants.hold(name, value.get(name), f"$.{name}")
        candidates = value.get("candidates")
        if isinstance(candidates, list):
            for position, candidate in enumerate(candidates):
                if isinstance(candidate, dict):
                    self._take_candidate(candidate, position)
        usage = value.get("usageMetadata")
        if isinstance(usage, dict):
            self._usage.take(usage, "$.usageMetadata")
            if usage.get("promptTokenCount") is not None:  # what is not there is none
                counted = dict.fromkeys(_PARTS, 0) | usage
                self._usage.add_up(counted, "$.usageMetadata", _PARTS, "totalTokenCount")
        feedback = value.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._is_blocked = True

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body: there is no last event, but there are reasons to stop."""
        if self.ended or self._is_blocked:
            return
        waiting = [number for number, reason in self._finished.items() if not reason]
        if waiting or not self._finished:
            said = "expected a finishReason or a blockReason, the stream ended before it"
            self._report.add("terminal-missing", "$", said)

    def _take_candidate(self, candidate: dict[str, Any], position: int) -> None:
        number = candidate.get("index", 0)
        if type(number) is not int:
            return
        place = f"$.candidates[{position}]"
        reason = self._finished.setdefault(number, None)
        finish = candidate.get("finishReason")
        if finish == "FINISH_REASON_UNSPECIFIED":  # as its number 0 is
            finish = None
        if reason:
            content = candidate.get("content")
            if isinstance(content, dict) and content.get("parts"):
                said = f"expected nothing after finishReason {came(reason)}, came parts"
                self._report.add("after-finish", f"{place}.content.parts", said)
            if finish:
                said = f"expected one finishReason, came {came(finish)} again"
                self._report.add("finish-repeated", f"{place}.finishReason", said)
        self._finished[number] = finish or reason


def _kind_of(value: dict[str, Any], name: str) -> str:
    if value.get("error"):
        return "error"
    is_foreign = "candidates" not in value and foreign_error(value, name)
    return FOREIGN_ERROR if is_foreign else "chunk"


WIRE = CheckedWire("gemini", GeminiRules, _kind_of, cut=sse_or_array, opened=opened)
