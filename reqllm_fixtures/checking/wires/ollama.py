"""The order of Ollama's own streams, of /api/chat and /api/generate."""

from __future__ import annotations

from typing import Any

from reqllm_fixtures.bodies.other_framings import json_lines
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.constants import Constants
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.wires.foreign import FOREIGN_ERROR, foreign_error


def kind_of(value: dict[str, Any], name: str) -> str | None:
    """Name what a line is."""
    if isinstance(value.get("error"), str):
        return "error"
    if "done" not in value and foreign_error(value, name):
        return FOREIGN_ERROR
    kind = "generate" if "response" in value and "message" not in value else "chat"
    return f"{kind}_done" if value.get("done") is True else kind


class OllamaRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self.ended = False
        self._report = report
        self._constants = Constants(report)

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        self.ended = kind not in ("chat", "generate")
        self._constants.hold("model", value.get("model"), "$.model")

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        if not self.ended:
            said = "expected a line that says done, the stream ended before it"
            self._report.add("terminal-missing", "$", said)


WIRE = CheckedWire("ollama", OllamaRules, kind_of, cut=json_lines, is_lines=True)
