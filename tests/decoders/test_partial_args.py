"""Arguments that come one by one make the JSON text that the whole object would have been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm.wires.common.json_text import compact
from reqllm.wires.gemini.partial_args import ArgumentsWriter, steps_of

NAMES = st.text(alphabet='ab"\\ é😀', min_size=1, max_size=4)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a"\\\né😀', max_size=6)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)
Steps = tuple[str | int, ...]


def places(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield each value that is no container, with its place, in the order of the document."""
    if not isinstance(value, dict | list):
        yield steps, value
        return
    for step, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(item, (*steps, step))


def written(data: st.DataObject, entries: list[tuple[Steps, Any]]) -> str:
    """Write the values, texts in pieces."""
    writer = ArgumentsWriter()
    out = ""
    for steps, value in entries:
        if not isinstance(value, str):
            out += writer.write(steps, value, continues=False)
            continue
        cut = data.draw(st.integers(0, len(value)))
        pieces = [value[:cut], value[cut:]] if data.draw(st.booleans()) else [value]
        for piece in pieces[:-1]:
            out += writer.write(steps, piece, continues=True)
        out += writer.write(steps, pieces[-1], continues=data.draw(st.booleans()))
    return out + writer.close()


@pytest.mark.untraced
@settings(max_examples=300, deadline=None)
@given(value=OBJECTS, data=st.data())
def test_in_the_order_of_the_document(value: dict[str, Any], data: st.DataObject) -> None:
    """What comes in order is the compact text of the object, byte for byte."""
    assert written(data, list(places(value))) == compact(value)


@pytest.mark.untraced
@settings(max_examples=300, deadline=None)
@given(
    value=st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, min_size=1)),
    data=st.data(),
)
def test_in_any_order(value: dict[str, Any], data: st.DataObject) -> None:
    """What comes out of order still makes an object of all that came."""
    entries = data.draw(st.permutations(list(places(value))))
    assert json.loads(written(data, entries)) == value


@pytest.mark.untraced
@settings(max_examples=300, deadline=None)
@given(
    entries=st.lists(
        st.tuples(
            st.lists(st.sampled_from(["a", "b", 0, 1, 7]), max_size=3).map(lambda s: ("a", *s)),
            LEAVES | st.just(...),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_any_places_make_json(entries: list[tuple[Steps, Any, bool]]) -> None:
    """Places that contradict each other, in any order, still make one JSON object."""
    writer = ArgumentsWriter()
    out = "".join(writer.write(steps, value, continues=more) for steps, value, more in entries)
    assert isinstance(json.loads(out + writer.close()), dict)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.a", ("a",)),
        ("$.a.b[0][12].c-d", ("a", "b", 0, 12, "c-d")),
        ("$['a b'].c", ("a b", "c")),
        ('$["a.b"][3]', ("a.b", 3)),
        ("$", None),
        ("$[0]", None),
        ("a", None),
        ("$.", None),
        ("$.a[", None),
        ("$.a[-1]", None),
        ("$.a[99999999999]", None),
        ("$" + ".a" * 1000, None),
        ("", None),
        (None, None),
        (["$.a"], None),
    ],
)
def test_paths(path: Any, steps: Steps | None) -> None:
    """A path below the arguments object is its steps; anything else is none."""
    assert steps_of(path) == steps
