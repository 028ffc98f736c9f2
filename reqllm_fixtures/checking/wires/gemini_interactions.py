"""The order of Gemini's Interactions streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reqllm_fixtures.checking.block_rules import BlockRules
from reqllm_fixtures.checking.checked_wire import CheckedWire
from reqllm_fixtures.checking.constants import Constants
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Step, Table
from reqllm_fixtures.checking.wires.foreign import foreign_error

_INDEX = ("index",)
TABLE = Table(
    MappingProxyType(
        {
            "step.delta": Step("adds", "step", _INDEX),
            "step.start": Step("opens", "step", _INDEX),
            "step.stop": Step("closes", "step", _INDEX),
            "interaction.created": Step("starts"),
            "interaction.status_update": Step("adds"),
            "interaction.completed": Step("ends"),
            "error": Step("fails"),
        }
    ),
    one_at_a_time=True,
    kind_path="$.event_type",
    has_sentinel=True,
)

# What a kind of step is made of, where it is more than a delta of its own name.
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "model_output": ("text", "image", "audio", "video", "document", "text_annotation_delta"),
        "thought": ("thought_signature", "thought_summary"),
        "function_call": ("arguments_delta",),
    }
)
_FIRST = ("step.start", 0)
# A tuple: what comes may be no text, nor hashable.
_WHOLE = ("completed", "requires_action", "requires_continuation")


class GeminiInteractionsRules(BlockRules):
    """The rules of one stream."""

    def __init__(self, report: Report) -> None:
        super().__init__(report, TABLE, "$.delta.arguments")
        self._constants = Constants(report)
        self._status: Any = None
        self._is_first = True

    def take(self, kind: str, value: dict[str, Any]) -> None:
        """Take the next event."""
        if self._is_first and kind.startswith("step.") and (kind, value.get("index")) != _FIRST:
            self._sequence.resume()  # the rest of a stream that was taken up again
        self._is_first = False
        key = self._sequence.take(kind, value)
        if key is not None:
            self._take_step(kind, key, value)
        interaction = value.get("interaction")
        if isinstance(interaction, dict):
            self._constants.hold("id", interaction.get("id"), "$.interaction.id")
            self._status = interaction.get("status")
        else:
            self._constants.hold("id", value.get("interaction_id"), "$.interaction_id")

    def end(self, *, is_done: bool) -> None:
        """Take the end of the body."""
        self._sequence.end(has_reason=False, is_done=is_done)
        if self._status in _WHOLE:
            self._arguments.check()

    def _take_step(self, kind: str, key: Key, value: dict[str, Any]) -> None:
        step, delta = value.get("step"), value.get("delta")
        if kind == "step.start" and isinstance(step, dict):
            if isinstance(step.get("type"), str):
                self._types[key] = step["type"]
        elif kind == "step.delta" and isinstance(delta, dict):
            parts = _PARTS.get(self._types.get(key, ""))
            part = delta.get("type")
            if parts is not None and part not in parts:
                self._mismatch(key, " or ".join(parts), part, "$.delta.type")
            if part == "arguments_delta":
                self._arguments.add(key, delta.get("arguments"))


def _kind_of(value: dict[str, Any], name: str) -> str | None:
    kind = value.get("event_type")
    return kind if isinstance(kind, str) else foreign_error(value, name)


WIRE = CheckedWire(
    "gemini-interactions",
    GeminiInteractionsRules,
    _kind_of,
    kind_path="$.event_type",
    is_named=True,
    has_sentinel=True,
)
