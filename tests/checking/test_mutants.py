"""Streams broken on purpose, in five thousand ways, are found broken where they are."""

from __future__ import annotations

from functools import cache

import pytest

from reqllm import decode_stream
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.bodies.other_framings import frames
from reqllm_fixtures.checking import check_events
from reqllm_fixtures.checking.events import read_json
from reqllm_fixtures.checking.wires.table import checked_wire
from tests.corpus import captures

from .more_streams import NAME
from .mutating import is_found, mutants, with_anything_anywhere
from .shapes import SHAPES
from .streams import Event

TOTAL, FEW = 5_000, 100
MOST_EVENTS = 100


@cache
def clean_streams(wire: str) -> tuple[tuple[Event, ...], ...]:
    """Give streams in which a strict check finds nothing: real ones where the corpus is there."""
    real = [
        events
        for capture in captures(wire)
        if not check_events(wire, capture.body, profile="strict")
        and 2 < len(events := events_of(wire, capture.body)) <= MOST_EVENTS
        and any(map(SHAPES[wire].is_terminal, events))
    ]
    return (*SHAPES[wire].clean, *real)


def events_of(wire: str, body: bytes) -> tuple[Event, ...]:
    read = ((event.name, read_json(event.data)) for event in checked_wire(wire).cut(body))
    told = {NAME: ""} if checked_wire(wire).cut is frames else {}
    return tuple(
        {**event, **dict.fromkeys(told, name)} for name, event in read if isinstance(event, dict)
    )


@pytest.mark.untraced
@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_mutants_are_found_where_they_are(wire):
    """At least 99 in a hundred are found, and the finding names the place."""
    count = TOTAL // len(WIRE_NAMES)

    missed = [
        each for each in mutants(wire, clean_streams(wire), count, 1) if not is_found(wire, each)
    ]

    assert len(missed) <= count / 100, [(each.how, each.at, each.path) for each in missed]


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_what_our_client_cannot_read_is_no_stream_for_a_client(wire):
    """A mutant that ends our client's reading is an error by profile compat, too."""
    unread = 0
    for mutant in mutants(wire, clean_streams(wire), FEW, 2):
        body = SHAPES[wire].framed(mutant.events, sentinel=mutant.sentinel)
        if decode_stream(wire, body).state != "complete":
            unread += 1
            found = check_events(wire, body)
            assert "error" in {each.severity for each in found}, (mutant.how, mutant.path)

    assert unread


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_whatever_stands_anywhere_is_told_and_breaks_no_check(wire):
    """Any JSON at any place, one that no rule expects included, makes no check raise."""
    for clean in SHAPES[wire].clean:
        for events in with_anything_anywhere(clean):
            assert isinstance(check_events(wire, SHAPES[wire].framed(events)), tuple)
