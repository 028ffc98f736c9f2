"""Builds the events of a wire out of a scenario: `events("openai-chat", scenario, options)`.

Pure: the same arguments give the same bytes. Ids, padding and the places where words are
cut come from the seed; they look like the providers' own.
"""

from __future__ import annotations

from typing import Any, Literal

from . import wire_anthropic, wire_openai
from .scenario import Scenario
from .wording import Options

Wire = Literal["openai-chat", "anthropic-messages"]


def events(wire: Wire, scenario: Scenario, options: Options) -> list[bytes]:
    """The stream, one item an SSE event or comment; ValueError for a part the wire cannot say."""
    build = wire_openai.events if wire == "openai-chat" else wire_anthropic.events
    return build(scenario, options)


def whole(wire: Wire, scenario: Scenario, options: Options) -> dict[str, Any]:
    """The same answer as the JSON object that a request without `stream` gets."""
    build = wire_openai.whole if wire == "openai-chat" else wire_anthropic.whole
    return build(scenario, options)
