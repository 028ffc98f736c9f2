"""Reads the streams of models that send text and little else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.bedrock_invoke.words import (
    COUNTS,
    LISTS,
    METRICS,
    REASONS,
    STOPS,
    TEXTS,
    WIRE,
    parts_of,
    stop_of,
    text_of,
    text_usage,
)
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import as_list, as_object, as_string, filled
from reqllm.wires.common.json_text import arguments_text
from reqllm.wires.common.usage import UsageMeter
from reqllm.wires.wire import Reading

# Told of by other means, or said again by what follows.
_SAID = frozenset(
    (*TEXTS, *STOPS, *LISTS, *COUNTS, "index", "is_finished", "event_type", "type", "id")
)
# More than any model gives; a number beyond is a mistake.
_MOST_CHOICES = 256
_CALLS = "tool-calls-generation"


class TextDecoder(JSONEventDecoder):
    """One stream of texts. What holds no text, and does not end one, is kept as it came."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(text_usage), reading)
        self._texts: dict[int, Block] = {}
        self._stops: dict[int, str] = {}
        self._details: dict[int, dict[str, Any]] = {}

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        self.start(filled(value.get("id")))
        if value.get("error"):
            self.fail(api_error(value))
            return
        *members, whole = parts_of(value)
        known = [self._take_part(part, number) for number, part in enumerate(members)]
        known.append(self._take_part(whole, 0))
        # One of several answers that is done is not the end of the others.
        self.can_end = bool(self._stops) and self._texts.keys() <= self._stops.keys()
        counts = {key: item for key, item in value.items() if key in COUNTS}
        calls = _calls_of(value)
        if calls:
            self._take_calls(calls)
        elif any(known) or counts:
            self._take_others(value)
        else:
            kind = as_string(value.get("event_type")) or "unknown"
            self.write.out.append(c.CustomChunk(f"{WIRE}.{kind}", value))
        self._meter(counts)
        self.ended = self.can_end and METRICS in value

    def _take_calls(self, calls: list[dict[str, Any]]) -> None:
        for call in calls:
            tool = self.write.start_tool(0, None, call["name"])
            self.write.arguments(tool, arguments_text(call.get("parameters")))
            self.write.close(tool)

    def _take_part(self, part: Mapping[str, Any], position: int) -> bool:
        """Take text, and why it stopped; return whether there was either."""
        text, stop = text_of(part), stop_of(part)
        if text is None and stop is None:
            return False
        choice = _choice(part, position)
        if text:
            if choice not in self._texts:
                self._texts[choice] = self.write.start_text(choice)
            self.write.text(self._texts[choice], text)
        if stop is not None:
            self._stops[choice] = stop
        return True

    def _take_others(self, value: dict[str, Any]) -> None:
        for key, item in value.items():
            if (key not in _SAID or key == METRICS) and item is not None:
                self._note(key, item)
        for number, part in enumerate(parts_of(value)[:-1]):
            others = {key: item for key, item in part.items() if key not in _SAID - {"id"}}
            self._details.setdefault(_choice(part, number), {}).update(others)
            self._repeatable &= not others

    # The end.
    def _finishes(self) -> tuple[c.Finish, ...]:
        count = 1 + max((*self._texts, *self._stops), default=0)
        return tuple(self._finish_of(choice) for choice in range(count))

    def _finish_of(self, choice: int) -> c.Finish:
        raw = self._stops.get(choice)
        reason: c.FinishReason = "other" if raw is None else REASONS.get(raw.lower(), "other")
        if reason == "stop" and choice in self.write.any_tool_call:
            reason = "tool_calls"
        return c.Finish(reason, raw, self._details.get(choice, {}))

    def finish(self) -> list[c.StreamChunk]:
        for raw in self._stops.values():
            if REASONS.get(raw.lower()) == "error":
                self.error = api_error(f"the provider ended the answer with the reason {raw!r}")
                return self.abandon()
        return super().finish()

    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        if not self._stops:
            self.warn_once("missing_finish_reason", "the stream ended without a finish reason")
        return out


def _calls_of(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return Cohere's calls, which are told whole after their pieces, and have no ids."""
    if value.get("event_type") != _CALLS:
        return []
    calls = [as_object(call) for call in as_list(value.get("tool_calls"))]
    return calls if all(filled(call.get("name")) for call in calls) else []


def _choice(part: Mapping[str, Any], position: int) -> int:
    """Return the number of an answer: its own, else its place among those of the event."""
    index = part.get("index", position)
    if not isinstance(index, int | float) or not 0 <= index < _MOST_CHOICES:
        return 0
    return int(index)
