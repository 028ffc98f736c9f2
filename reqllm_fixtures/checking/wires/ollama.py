"""The order of Ollama's own streams, of /api/chat and /api/generate."""

from __future__ import annotations

from typing import Any

from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report


def kind_of(value: dict[str, Any], name: str) -> str | None:
    """Name what a line is."""
    if "error" in value:
        return "error"
    kind = "generate" if "response" in value and "message" not in value else "chat"
    return f"{kind}_done" if value.get("done") is True else kind


class OllamaRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self.ended = False
        self._report = report
        self._model: Any = None

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        self.ended = kind not in ("chat", "generate")
        model = value.get("model")
        if self._model is None:
            self._model = model
        elif model is not None and model != self._model:
            said = f"expected {came(self._model)} as before, came {came(model)}"
            self._report.add("id-changed", "$.model", said)

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        if not self.ended:
            said = "expected a line that says done, the stream ended before it"
            self._report.add("terminal-missing", "$", said)
