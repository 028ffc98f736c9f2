"""What the vendors' own types require, the strict schemas require: an oracle that is not ours."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from reqllm_fixtures.checking.explaining import json_path
from reqllm_fixtures.checking.judging import judge
from reqllm_fixtures.checking.wires.table import checked_wire
from tests.corpus import captures

from .shapes import SHAPES
from .streams import Event
from .test_mutants import events_of

TYPES = {
    "openai-chat": ("openai.types.chat", "ChatCompletionChunk"),
    "openai-responses": ("openai.types.responses", "ResponseStreamEvent"),
    "anthropic-messages": ("anthropic.types.beta", "BetaRawMessageStreamEvent"),
}
MOST_CAPTURES = 25
# What the types require and the service does not always send.
NOT_SENT = (".cache_write_tokens", ".web_fetch_requests")
# What a schema leaves open: what is echoed of a request, what tools of the provider's gave back.
OPEN = {
    "openai-chat": (),
    "openai-responses": tuple(f"$.response.{each}" for each in ("text.", "tools[", "tool_choice.")),
    "anthropic-messages": ("$.content_block.content.content", "$.content_block.content["),
}


def is_passed_over(wire: str, place: str) -> bool:
    """Tell whether a schema may let a place be."""
    is_kind = place == checked_wire(wire).kind_path
    return is_kind or place.startswith(OPEN[wire]) or place.endswith(NOT_SENT)


def required(model: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the places of all fields that the types of a read event require."""
    if isinstance(model, list):
        for number, each in enumerate(model):
            yield from required(each, (*path, number))
    elif isinstance(model, BaseModel):
        for name, field in type(model).model_fields.items():
            place = (*path, field.alias or name)
            if field.is_required():
                yield place
            yield from required(getattr(model, name), place)


def without(event: Event, path: tuple[str | int, ...]) -> Event | None:
    """Copy an event without a field; `None` if it is not there."""
    copy: Any = deepcopy(event)
    at = copy
    for step in path[:-1]:
        at = at[step]
    return copy if at.pop(path[-1], None) is not None else None


def some_events(wire: str) -> Iterator[Event]:
    """Give the events of clean streams, and of some real ones."""
    for events in SHAPES[wire].clean:
        yield from events
    for capture in captures(wire)[:MOST_CAPTURES]:
        yield from events_of(wire, capture.body)


@pytest.mark.parametrize("wire", TYPES)
def test_what_the_vendor_requires_is_required(wire):
    """An event without a field that the vendor's types require is rejected, and the field named."""
    module, name = TYPES[wire]
    vendor = TypeAdapter(getattr(importlib.import_module(module), name))
    judging = judge(wire, "strict")
    tried: set[tuple[str, str]] = set()
    missed: list[tuple[str, str]] = []
    for event in some_events(wire):
        kind = checked_wire(wire).kind_of(event, "") or ""
        accepts = judging.meet(kind)
        if accepts is None or not accepts(event):
            continue
        try:
            read = vendor.validate_python(event)
        except ValidationError:
            continue  # the SDKs do not validate, and so read what their types do not describe
        for path in required(read):
            place = json_path(path)
            poorer = without(event, path)
            if poorer is None or (kind, place) in tried or is_passed_over(wire, place):
                continue
            tried.add((kind, place))
            if place not in {each.path for each in judging.faults(kind, poorer)}:
                missed.append((kind, place))

    assert missed == []
    assert len(tried) > 10
