"""The quick judge and the explaining one agree, and either suffices."""

from __future__ import annotations

import json
import sys
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking import check_events
from reqllm_fixtures.checking.finding import PROFILES
from reqllm_fixtures.checking.judging import Judge
from reqllm_fixtures.checking.schemas import closed, schema
from reqllm_fixtures.checking.wires.table import checked_wire
from reqllm_fixtures.errors import MissingDependencyError

from .more_streams import NAME
from .shapes import SHAPES
from .streams import chunk, openai

PAIRS = [(wire, profile) for wire in WIRE_NAMES for profile in PROFILES]
SOME = [None, True, -1, 1.5, 10**30, "", "\ud800", "text_delta", [], {}, [{}], {"type": "text"}]
values = st.recursive(
    st.sampled_from(SOME), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(["type", "index", "delta", "choices", "usage", "id", "error", "message"]),
        inner, max_size=3,
    ),
    max_leaves=6,
)  # fmt: skip


def sent(event):
    """Give the event without the name that its frame gives it."""
    return {key: each for key, each in event.items() if key != NAME}


@cache
def judges(wire, profile):
    whole = closed(schema(checked_wire(wire).schema or wire, profile))
    return Judge(whole), Judge(whole, fast=False)


def places(value, path=()):
    """Give the path of every place in a value."""
    yield path
    items = ()
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        yield from places(each, (*path, key))


def replaced(value, path, new):
    """Copy a value with another at a place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize(("wire", "profile"), PAIRS)
def test_a_schema_is_one(wire, profile):
    """Each file is a schema of JSON Schema 2020-12 that names itself."""
    whole = schema(wire, profile)

    Draft202012Validator.check_schema(whole)
    assert whole["$id"] == f"urn:reqllm:schemas:{wire}:{profile}"


@pytest.mark.parametrize(("wire", "profile"), PAIRS)
def test_the_whole_schema_takes_what_its_parts_take(wire, profile):
    """Anybody's validator takes a clean event by the whole file, knowing no keyword of ours."""
    whole = Draft202012Validator(schema(checked_wire(wire).schema or wire, profile))

    for events in SHAPES[wire].clean:
        assert all(whole.is_valid(sent(event)) for event in events)


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_what_is_new_is_taken_by_the_open_schema(wire):
    """By the file of profile compat, a field or an event that it does not know is no fault."""
    whole = Draft202012Validator(schema(checked_wire(wire).schema or wire, "compat"))

    for events in SHAPES[wire].clean:
        assert all(whole.is_valid({**sent(event), "new": 1}) for event in events)
    if checked_wire(wire).is_named:
        named_by = checked_wire(wire).kind_path.removeprefix("$.")
        assert whole.is_valid({named_by: "new", "index": 1})


@pytest.mark.parametrize(("wire", "profile"), PAIRS)
@settings(max_examples=60)
@given(data=st.data())
def test_both_judges_agree(wire, profile, data):
    """Whatever stands anywhere in an event, both give the same verdict, and faults if it is no."""
    event = data.draw(st.sampled_from([event for each in SHAPES[wire].clean for event in each]))
    path = data.draw(st.sampled_from(list(places(event))[1:]))
    value = sent(replaced(event, path, data.draw(values)))
    kind = checked_wire(wire).kind_of(value, event.get(NAME, ""))
    quick, thorough = judges(wire, profile)
    accepts = quick.meet(kind) if kind else None
    if accepts is None:
        assert kind is None or thorough.meet(kind) is None
        return

    verdict = accepts(value)

    assert verdict == thorough.meet(kind)(value)
    assert verdict == (not thorough.faults(kind, value))


@pytest.mark.parametrize("wire", WIRE_NAMES)
@settings(max_examples=60)
@given(data=st.data())
def test_no_event_breaks_the_check(wire, data):
    """Any JSON anywhere in a stream gives findings or none, never an exception."""
    events = list(data.draw(st.sampled_from(SHAPES[wire].clean)))
    at = data.draw(st.integers(0, len(events)))
    events[at:at] = data.draw(st.lists(st.dictionaries(
        st.sampled_from(["type", "index", "delta", "choices", "usage", "id", "message"]),
        values, min_size=1, max_size=4,
    ), max_size=3))  # fmt: skip
    for profile in PROFILES:
        check_events(wire, SHAPES[wire].framed(events), profile=profile)


def test_a_half_of_a_surrogate_pair_is_json():
    """What JSON can escape and no text can hold is checked like any other string."""
    body = openai([chunk({"role": "assistant", "content": "\ud83d"}, "stop")])

    assert rb"\ud83d" in body
    assert check_events("openai-chat", body, profile="strict") == ()


def test_without_the_quick_judge(monkeypatch):
    """Where jsonschema-rs is not installed, the other judges alone and finds the same."""
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    whole = closed(schema("openai-chat", "strict"))
    (text, _) = SHAPES["openai-chat"].clean
    alone = Judge(whole)

    assert isinstance(alone.meet("chunk").__self__, Draft202012Validator)
    assert alone.meet("chunk")(json.loads(json.dumps(text[0])))
    assert not alone.meet("chunk")({})


def test_without_any_judge_that_explains(monkeypatch):
    """What is well needs none; where one is needed, the error says what to install."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    alone = Judge(closed(schema("openai-chat", "strict")))

    assert alone.meet("chunk")(SHAPES["openai-chat"].clean[0][0])
    with pytest.raises(MissingDependencyError, match="fixtures"):
        alone.faults("chunk", {})
