"""The events of `bedrock-invoke`: those of `anthropic-messages`, each in base64 in a frame."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from . import wire_anthropic
from .scenario import Scenario
from .wire_bedrock import PADDING, framed
from .wording import Options, compact

whole = wire_anthropic.whole


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of frames; pings are not passed on."""
    said = [json.loads(event.partition(b"data: ")[2]) for event in _anthropics(scenario, options)]
    padding = options.chance("padding")
    usage = scenario.usage
    said[-1]["amazon-bedrock-invocationMetrics"] = {
        "inputTokenCount": usage.input,
        "outputTokenCount": usage.output,
        "invocationLatency": 900,
        "firstByteLatency": 300,
    }
    return [_wrapped(each, PADDING[: padding.randint(1, len(PADDING))]) for each in said]


def _anthropics(scenario: Scenario, options: Options) -> list[bytes]:
    events = wire_anthropic.events(scenario, options)
    return [event for event in events if not event.startswith((b"event: ping", b":"))]


def _wrapped(said: dict[str, Any], padding: str) -> bytes:
    return framed("chunk", {"bytes": b64encode(compact(said).encode()).decode(), "p": padding})
