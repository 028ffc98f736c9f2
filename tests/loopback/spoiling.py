"""The changes that defects are made of: to what is heard, said, written and sent. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .asked.ask import Ask
from .knowledge import first_tokens, tokens
from .messages import Answer, Write
from .rewriting import call_ids, renamed, rewritten, spoken_places
from .scenario import Reasoning, Scenario, Text, ToolCall
from .wires import Wire

Says = Callable[[Ask, Scenario], Scenario]
Events = Callable[[Wire, list[bytes]], list[bytes]]
THOUGHT = "Let me go through the letters."


# What is heard.
def without_results(ask: Ask) -> Ask:
    """The tools have answered nothing."""
    return replace(ask, turns=tuple(replace(turn, results=()) for turn in ask.turns))


def without_images(ask: Ask) -> Ask:
    """There are no pictures."""
    return replace(ask, turns=tuple(replace(turn, images=()) for turn in ask.turns))


# What is said.
def of_text(change: Callable[[str], str]) -> Says:
    """Change every text."""

    def says(_: Ask, said: Scenario) -> Scenario:
        parts = (replace(p, text=change(p.text)) if isinstance(p, Text) else p for p in said.parts)
        return replace(said, parts=tuple(parts))

    return says


def of_calls(change: Callable[[list[ToolCall]], list[ToolCall]]) -> Says:
    """Change the calls, which come last."""

    def says(_: Ask, said: Scenario) -> Scenario:
        calls = [part for part in said.parts if isinstance(part, ToolCall)]
        rest = [part for part in said.parts if not isinstance(part, ToolCall)]
        return replace(said, parts=(*rest, *change(calls)))

    return says


def of_arguments(change: Callable[[Any], Any]) -> Says:
    """Change the arguments of every call."""
    return of_calls(lambda calls: [replace(c, arguments=change(c.arguments)) for c in calls])


def of_object(change: Callable[[dict[str, Any]], Any]) -> Says:
    """Change the object, where one was asked for."""

    def says(ask: Ask, said: Scenario) -> Scenario:
        if ask.schema is None:
            return said
        written = of_text(lambda text: json.dumps(change(json.loads(text)), ensure_ascii=False))
        return written(ask, said)

    return says


def of_usage(change: Callable[[Ask, Scenario], dict[str, int]]) -> Says:
    """Change some counts."""
    return lambda ask, said: replace(said, usage=replace(said.usage, **change(ask, said)))


def call_unasked(ask: Ask, said: Scenario) -> Scenario:
    """A call of whatever tool there is, in place of an answer."""
    if not ask.tools or ask.results:
        return said
    call = ToolCall(ask.tools[0].name, {"city": "Oslo"})
    return replace(said, parts=(call,), finish="tool_calls")


def think_aloud(_: Ask, said: Scenario) -> Scenario:
    """What was thought stands in the text, in tags."""
    if not any(isinstance(part, Reasoning) for part in said.parts):
        return said
    rest = tuple(part for part in said.parts if not isinstance(part, Reasoning))
    usage = replace(said.usage, reasoning=0)
    thought = Text(f"<think>{THOUGHT}</think>")
    joined = of_text(lambda text: thought.text + text)(_, replace(said, parts=rest))
    return replace(joined, usage=usage)


def think_in_secret(_: Ask, said: Scenario) -> Scenario:
    """Nothing shows that it thought."""
    rest = tuple(part for part in said.parts if not isinstance(part, Reasoning))
    usage = replace(said.usage, reasoning=0, output=said.usage.output - said.usage.reasoning)
    return replace(said, parts=rest, usage=usage)


def half(text: str) -> str:
    """The first half of a text."""
    return first_tokens(text, max(tokens(text) // 2, 1))


# What is sent of it.
def of_payloads(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Events:
    """Change the payload of every event."""
    return lambda wire, events: rewritten(wire, events, change)


def of_events(change: Callable[[list[bytes], list[int]], list[bytes]]) -> Events:
    """Change the list of events, given which of them add to the text; without text none is."""

    def events(wire: Wire, healthy: list[bytes]) -> list[bytes]:
        places = spoken_places(wire, healthy)
        return change(healthy, places) if places else healthy

    return events


def swapped(events: list[bytes], at: int) -> list[bytes]:
    """The events with two neighbours in each other's place."""
    return [*events[:at], events[at + 1], events[at], *events[at + 2 :]]


def same_ids(wire: Wire, events: list[bytes]) -> list[bytes]:
    """Every call has the id of the first."""
    first, *others = call_ids(wire, events) or [""]
    for other in others:
        events = rewritten(wire, events, renamed(other, first))
    return events


def finishing_as_stopped(said: Any) -> Any:
    """The word for calls becomes the one for a plain answer, however deep, on each wire its own."""
    stopped = {"tool_calls": "stop", "tool_use": "end_turn", "TOOL_CALL": "COMPLETE"}
    if isinstance(said, list):
        return [finishing_as_stopped(each) for each in said]
    if not isinstance(said, dict):
        return said
    reasons = ("finish_reason", "stop_reason", "stopReason")
    return {
        k: stopped.get(v, v) if k in reasons else finishing_as_stopped(v) for k, v in said.items()
    }


def id_changed(names: tuple[str, ...]) -> Events:
    """From the middle on, the answer has another id: its members of these names."""

    def change(said: dict[str, Any]) -> dict[str, Any]:
        return {k: f"{v}-2" if k in names and isinstance(v, str) else v for k, v in said.items()}

    def events(wire: Wire, healthy: list[bytes]) -> list[bytes]:
        at = len(healthy) // 2
        return healthy[:at] + rewritten(wire, healthy[at:], change)

    return events


# How it is sent.
def in_one_write(answer: Answer) -> Answer:
    """All bytes at once."""
    return replace(answer, body=(Write(b"".join(write.data for write in answer.body)),))


def broken_off(answer: Answer) -> Answer:
    """Half of the bytes, and the connection breaks."""
    whole = b"".join(write.data for write in answer.body)
    return replace(answer, body=(Write(whole[: len(whole) // 2]),), end="close")


def as_type(content_type: str) -> Callable[[Answer], Answer]:
    """The same bytes under another content type."""

    def sends(answer: Answer) -> Answer:
        others = tuple(pair for pair in answer.headers if pair[0] != "content-type")
        return replace(answer, headers=(("content-type", content_type), *others))

    return sends


def with_status(status: int) -> Callable[[Answer], Answer]:
    """The same refusal under another status."""
    return lambda answer: replace(answer, status=status)
