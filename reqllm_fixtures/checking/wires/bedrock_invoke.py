"""The order of Bedrock's InvokeModelWithResponseStream: each model's own events in frames.

Claude's are those of Anthropic's Messages. Of other models' it is known only how they end.
"""

from __future__ import annotations

from typing import Any

from reqllm_fixtures.bodies.other_framings import frames
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.wires.anthropic_messages import AnthropicMessagesRules

_METRICS = "amazon-bedrock-invocationMetrics"


def kind_of(value: dict[str, Any], name: str) -> str | None:
    """Name what an event is; it is nameless if it is none of Claude's messages."""
    kind = value.get("type", "")
    if kind == "completion":
        return ""  # Claude's before there were messages
    return kind if isinstance(kind, str) else None


class BedrockInvokeRules:
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._claude: AnthropicMessagesRules | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the last event came, or one that tells of a failure."""
        return self._ended or (self._claude is not None and self._claude.ended)

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        if kind == "exception" or (not kind and (_METRICS in value or value.get("error"))):
            self._ended = True
        elif not kind and self._claude is not None:
            self._report.add("required-field", "$.type", "expected this field, it did not come")
        elif kind:
            if self._claude is None:
                self._claude = AnthropicMessagesRules(self._report)
            self._claude.take(kind, value)

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        if self._claude is not None:
            if not self._ended:
                self._claude.end(is_done=is_done)
        elif not self._ended:
            said = f"expected an event with {_METRICS}, the stream ended before it"
            self._report.add("terminal-missing", "$", said)


WIRE = CheckedWire(
    "bedrock-invoke",
    BedrockInvokeRules,
    kind_of,
    schema="anthropic-messages",
    cut=frames,
    wrapper="chunk",
)
