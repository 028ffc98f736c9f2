"""What the events of a capture say, value by value, to be looked for in what was made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reqllm.framing.event import WireEvent
from reqllm.wires.table import wire_named
from tests.corpus import Capture


def payloads(capture: Capture) -> Iterator[Any]:
    """Yield the JSON of each event, and sentinels as text."""
    framer = wire_named(capture.wire).framing.new()
    for event in (*framer.receive(capture.body), *framer.end()):
        assert isinstance(event, WireEvent)
        try:
            yield json.loads(event.data)
        except ValueError:
            yield event.data.decode()


def leaves(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of each text, and (path, (key, value)) of each number; no nulls."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}", RENAMED.get(name, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, f"{path}[]", key)
    elif value is not None and value != "":
        yield path, value if isinstance(value, str) else (key.removeprefix("audio_"), value)


RENAMED = {"expires_at": "audio_expires_at"}
