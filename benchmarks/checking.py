"""What it costs to check a clean event, beside other judges of the same events.

The others look at each event alone, ours follows the order of all of them as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from benchmarks import streams
from reqllm_fixtures.checking import check_events
from reqllm_fixtures.checking.schemas import closed, schema, schema_of_kind
from reqllm_fixtures.checking.wires.table import checked_wire

AIM = 6.0
WORDS = 2_000
Judge = Callable[[Any], object]
Run = Callable[[], None]


def main(rounds: int, fastest: Callable[..., dict[str, float]]) -> None:
    """Print the table of each wire."""
    for wire in _VENDORS:
        events = streams.answer(wire, WORDS)
        best = fastest(_runs(wire, events), rounds)
        size = sum(map(len, events)) / len(events)
        print(f"\nchecking {wire}: {len(events):,} events of {size:.0f} bytes")
        for name, seconds in best.items():
            print(f"  {name:32} {seconds / len(events) * 1e6:8.2f} µs an event")
        print(f"  aim for check_events: at most {AIM:.0f} µs")


def _runs(wire: str, events: list[bytes]) -> dict[str, Run]:
    body = b"".join(events)
    payloads = [each for each in map(_payload, events) if each != b"[DONE]"]
    runs = {
        "check_events, strict": partial(_clean, wire, body, "strict"),
        "check_events, compat": partial(_clean, wire, body, "compat"),
        "jsonschema-rs, each event alone": _alone(wire, payloads, _quick),
        "jsonschema, each event alone": _alone(wire, payloads, _thorough),
        f"{_VENDORS[wire][0]}'s pydantic models": _vendor(wire, payloads),
    }
    if (compiled := _compiled()) is not None:
        runs["fastjsonschema, each event alone"] = _alone(wire, payloads, compiled)
    return runs


def _clean(wire: str, body: bytes, profile: Any) -> None:
    assert check_events(wire, body, profile=profile) == ()


def _payload(event: bytes) -> bytes:
    return event.partition(b"data: ")[2].rstrip(b"\n")


def _alone(
    wire: str, payloads: list[bytes], judge_of: Callable[[Any], Judge]
) -> Callable[[], None]:
    """Parse each event, and judge it by the small schema of its type."""
    whole = closed(schema(wire, "strict"))
    kind_of = checked_wire(wire).kind_of
    kinds = {kind_of(orjson.loads(each), "") or "" for each in payloads}
    judges = {kind: judge_of(schema_of_kind(whole, kind)) for kind in kinds}

    def run() -> None:
        for each in payloads:
            value = orjson.loads(each)
            judges[kind_of(value, "") or ""](value)

    return run


def _quick(part: Any) -> Judge:
    validator = importlib.import_module("jsonschema_rs").validator_for(part)
    return validator.validate


def _thorough(part: Any) -> Judge:
    return Draft202012Validator(part).validate


def _compiled() -> Callable[[Any], Judge] | None:
    """Return what compiles by fastjsonschema, where it is installed."""
    try:
        return importlib.import_module("fastjsonschema").compile
    except ImportError:
        return None


_VENDORS = {
    "openai-chat": ("openai", "openai.types.chat", "ChatCompletionChunk"),
    "anthropic-messages": ("anthropic", "anthropic.types", "RawMessageStreamEvent"),
}


def _vendor(wire: str, payloads: list[bytes]) -> Run:
    _, module, name = _VENDORS[wire]
    validate = TypeAdapter(getattr(importlib.import_module(module), name)).validate_json
    known = [each for each in payloads if b"ping" not in each]  # which the SDK passes over before

    def run() -> None:
        for each in known:
            validate(each)

    return run
