"""Reads the streams of Google's Interactions.

Source: https://ai.google.dev/gemini-api/docs/interactions and what servers send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NULL, as_list, as_object, as_string, filled, integer
from reqllm.wires.common.fillers import PADDING, Fillers
from reqllm.wires.common.usage import UsageMeter, interactions_usage
from reqllm.wires.gemini_interactions.steps import Step, open_step
from reqllm.wires.gemini_interactions.words import (
    EVENT_KEYS,
    INTERACTION_KEYS,
    OLDER_EVENTS,
    STATUSES,
    WIRE,
)
from reqllm.wires.wire import Reading

DONE = b"[DONE]"
_USAGES = ("usage", "total_usage")


def is_interaction(body: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is a whole interaction, and so no report of an error."""
    return body.get("object") == "interaction" or ("status" in body and "steps" in body)


class InteractionsDecoder(JSONEventDecoder):
    """One stream of an interaction."""

    marks = frozenset(("event_type", "interaction", "object"))

    # Where to go on after a break: of this event only.
    fillers: ClassVar[Fillers] = {**PADDING, "event_id": rb"[A-Za-z0-9_=+/.-]*+"}

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(interactions_usage), reading)
        self._steps: dict[int, Step] = {}
        self._any_step = False
        self._status: str | None = None

    def _take_sentinel(self, data: bytes) -> bool:
        is_done = data.startswith(DONE)
        self.ended = is_done and self.can_end
        return is_done

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        named = filled(value.get("event_type")) or (
            event.event if event.event != "message" else None
        )
        kind = OLDER_EVENTS.get(named or "", named)
        match kind:
            case "step.delta":
                self.start()
                self._step(value, as_object(value.get("delta"))).take(as_object(value.get("delta")))
            case "step.start":
                self.start()
                self._begin_step(_index(value), as_object(value.get("step", value.get("content"))))
            case "step.stop":
                self.start()
                self._end_step(_index(value))
            case "interaction.created":
                self._take_interaction(as_object(value.get("interaction")))
            case "interaction.status_update":
                self.start(filled(value.get("interaction_id")))
                self._status = filled(value.get("status")) or self._status
            case "interaction.completed":
                self._complete(as_object(value.get("interaction")))
            case None if is_interaction(value):
                self._complete(value)
                self.ended = True
                return
            case "error" | None if value.get("error") or kind == "error":
                self.start()
                self.error = api_error(value)
                return
            case _:
                self.start()
                self.write.out.append(c.CustomChunk(f"{WIRE}.{kind or 'unknown'}", value))
                return
        self._take_others(value)

    def _take_others(self, value: dict[str, Any]) -> None:
        """Take what may stand beside the content of any event."""
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            for key in _USAGES:
                self._meter(as_object(metadata.get(key)))
            self.note_others(metadata, frozenset(_USAGES), NULL)
        self._meter(as_object(value.get("usage")))
        self.note_others(value, EVENT_KEYS, NULL)

    # The interaction.
    def _take_interaction(self, interaction: dict[str, Any]) -> None:
        self.start(filled(interaction.get("id")), filled(interaction.get("model")))
        self._status = filled(interaction.get("status")) or self._status
        self.note_others(interaction, INTERACTION_KEYS, NULL)
        self._meter(as_object(interaction.get("usage")))

    def _complete(self, interaction: dict[str, Any]) -> None:
        """Take the interaction at its end; its steps only if none came before."""
        self.start(filled(interaction.get("id")), filled(interaction.get("model")))
        if not self._any_step:
            steps = as_list(interaction.get("steps")) or as_list(interaction.get("outputs"))
            for index, step in enumerate(steps):
                self._begin_step(index, as_object(step))
                self._end_step(index)
        for index in list(self._steps):
            self._end_step(index)
        self._take_interaction(interaction)
        if STATUSES.get(self._status or "") == "error":
            told = {"message": f"the interaction ended as {self._status}", "code": self._status}
            self.error = api_error({"error": interaction.get("error") or told})
            return
        self.can_end = True

    # The steps.
    def _step(self, value: dict[str, Any], delta: dict[str, Any]) -> Step:
        index = _index(value)
        step = self._steps.get(index)
        if step is None:
            self.warn_once("missing_step_start", "a step's delta came before its start")
            step = self._begin_step(index, {"type": _implied(as_string(delta.get("type")))})
        return step

    def _begin_step(self, index: int, content: dict[str, Any]) -> Step:
        self._any_step = True
        self._end_step(index)
        if content.get("error"):
            self.error = api_error({"error": content["error"]})
        step = self._steps[index] = open_step(self, content)
        return step

    def _end_step(self, index: int) -> None:
        step = self._steps.pop(index, None)
        if step is not None:
            step.end()

    # The end.
    def _close_blocks(self) -> None:
        for index in list(self._steps):
            self._end_step(index)
        super()._close_blocks()

    def _finishes(self) -> tuple[c.Finish, ...]:
        return self._finished_as(self._status, STATUSES)

    def _missing_end(self) -> tuple[str, str]:
        return "missing_done", "the stream ended without its sentinel [DONE]"


def _index(value: dict[str, Any]) -> int:
    return integer(value.get("index")) or 0


def _implied(kind: str) -> str:
    """Return the type of the step that a delta without a start belongs to."""
    implied = {
        "text": "model_output",
        "text_annotation_delta": "model_output",
        "arguments_delta": "function_call",
        "thought_signature": "thought",
        "thought_summary": "thought",
    }
    return implied.get(kind, kind or "unknown")
