"""Changes events that are written already, whatever their framing: payload by payload. Pure."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

from tests.framing.frames import message

from .wires import Wire
from .wording import compact

Json = dict[str, Any]
Change = Callable[[Json], Json]
FRAMED = ("bedrock-converse", "bedrock-invoke")
_CALL_IDS = ("call_id", "toolUseId", "id")


def rewritten(wire: Wire, events: list[bytes], change: Change) -> list[bytes]:
    """The events with each payload changed; an event without one stays as it is."""
    return [_rewritten(wire, event, change) for event in events]


def _rewritten(wire: Wire, event: bytes, change: Change) -> bytes:
    said = payload(wire, event)
    if said is None:
        return event
    if wire in FRAMED:
        start = 12 + int.from_bytes(event[4:8])
        written = compact(change(said)).encode()
        if wire == "bedrock-invoke":
            outer = json.loads(event[start:-4])
            written = compact(outer | {"bytes": b64encode(written).decode()}).encode()
        return message(written, event[12:start])
    body = event.rstrip()
    before = body[: body.index(b"{")]
    return before + compact(change(said)).encode() + event[len(body) :]


def payload(wire: Wire, event: bytes) -> Json | None:
    """What an event says; None for a comment or a sentinel."""
    if wire in FRAMED:
        said = json.loads(event[12 + int.from_bytes(event[4:8]) : -4])
        return json.loads(b64decode(said["bytes"])) if wire == "bedrock-invoke" else said
    data = event if wire == "ollama" else event.partition(b"data: ")[2]
    return json.loads(data) if data.startswith(b"{") else None


def spoken(wire: Wire, event: bytes) -> str:
    """The text that an event adds to the answer; empty for one that adds none."""
    said = payload(wire, event)
    return "" if said is None else _SPOKEN[wire](said) or ""


def spoken_places(wire: Wire, events: list[bytes]) -> list[int]:
    """Which of the events add to the text."""
    return [at for at, event in enumerate(events) if spoken(wire, event)]


def without(*names: str) -> Change:
    """A change that leaves out members of these names, however deep."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change(each) for key, each in value.items() if key not in names}
        return [change(each) for each in value] if isinstance(value, list) else value

    return change


def mapped(names: tuple[str, ...], new: Callable[[Any], Any]) -> Change:
    """A change that gives members of these names new values, however deep, where they have one."""

    def member(key: str, value: Any) -> Any:
        return new(value) if key in names and value is not None else change(value)

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: member(key, each) for key, each in value.items()}
        return [change(each) for each in value] if isinstance(value, list) else value

    return change


def renamed(old: str, new: str) -> Change:
    """A change that puts one text in another's place everywhere."""
    return lambda said: json.loads(compact(said).replace(old, new))


def call_ids(wire: Wire, events: list[bytes]) -> list[str]:
    """The ids of the tool calls, each once, in order."""
    said = (payload(wire, event) for event in events)
    return list(dict.fromkeys(each for payload in said for each in _call_ids(payload)))


def _call_ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        named = next((value[key] for key in _CALL_IDS if isinstance(value.get(key), str)), None)
        if named is not None and ("name" in value or "function" in value):
            yield named
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _call_ids(each)


def _at(said: Any, *steps: str | int) -> Any:
    for step in steps:
        if isinstance(step, int):
            said = said[step] if isinstance(said, list) and len(said) > step else None
        else:
            said = said.get(step) if isinstance(said, dict) else None
    return said


def _of_type(name: str, kind: str, *steps: str | int) -> Callable[[Json], str | None]:
    return lambda said: _at(said, *steps) if said.get(name) == kind else None


def _gemini(said: Json) -> str | None:
    part = _at(said, "candidates", 0, "content", "parts", 0)
    return None if _at(part, "thought") else _at(part, "text")


def _interactions(said: Json) -> str | None:
    return _at(said, "delta", "text")


_SPOKEN: dict[Wire, Callable[[Json], str | None]] = {
    "openai-chat": lambda said: _at(said, "choices", 0, "delta", "content"),
    "openai-responses": _of_type("type", "response.output_text.delta", "delta"),
    "anthropic-messages": _of_type("type", "content_block_delta", "delta", "text"),
    "bedrock-invoke": _of_type("type", "content_block_delta", "delta", "text"),
    "bedrock-converse": lambda said: _at(said, "delta", "text"),
    "cohere-v2": _of_type("type", "content-delta", "delta", "message", "content", "text"),
    "gemini": _gemini,
    "gemini-interactions": _interactions,
    "ollama": lambda said: _at(said, "message", "content"),
}
