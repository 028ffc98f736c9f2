"""Overlays are values: put together by `|`, and written as text that is read as the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm_fixtures import OverlayError
from reqllm_fixtures import overlay as o
from reqllm_fixtures.overlay.words import GROUPS

from .recordings import changed, one_of_each

places = st.one_of(
    st.builds(dict, events=st.integers(-3, 3)),
    st.builds(dict, bytes=st.integers(-9, 9)),
    st.just({}),
)
few = st.floats(0.001, 1e4, allow_nan=False)
overlays = st.one_of(
    st.builds(
        o.recut, st.sampled_from(["events", "blob", "utf8", "random"]), seed=st.integers(0, 9)
    ),
    st.builds(o.recut, st.integers(1, 99), st.integers(1, 99)),
    st.builds(o.pace, few),
    st.builds(o.rhythm, few, few, st.floats(0, 1), st.integers(0, 9)),
    st.builds(o.slow_first_token, few),
    st.builds(o.pause, few, st.integers(1, 3)),
    places.map(lambda place: o.cut(**place)),
    places.map(lambda place: o.stall(**place)),
    st.builds(o.drop, st.integers(1, 3)),
    st.builds(o.swap, st.integers(1, 3), st.integers(4, 6)),
    st.builds(o.comment, st.sampled_from(["a", "keep-alive"]), st.integers(0, 3)),
    st.builds(o.refused, st.sampled_from([429, 503]), few, st.integers(0, 3)),
    st.builds(o.incident, st.just("anthropic_pings")),
)
placed = st.builds(
    lambda made, at: made.on(*at) if at else made, overlays, st.lists(st.just(0), max_size=1)
)


@given(placed, placed, placed)
def test_composition_associates(one, two, three):
    """However they are put together, the same overlay comes out."""
    assert (one | two) | three == one | (two | three)


@settings(max_examples=60, deadline=None)
@given(placed, placed, placed, st.sampled_from(sorted(one_of_each())))
def test_composition_is_one_after_the_other(one, two, three, name):
    """Applied together they do what they do one by one; the same bytes each time."""
    _, recorded = one_of_each()[name]

    def all_of(overlay):
        try:
            return o.apply(overlay, recorded, pace=1)
        except OverlayError as error:
            return str(error)

    together = all_of(one | two | three)
    assert together == all_of(one | (two | three)) == all_of(o.parse(str(one | two | three)))


@given(placed, placed)
def test_text_and_value_are_the_same(one, two):
    """What is written is read as the same overlay."""
    for overlay in (one, one | two):
        assert o.parse(str(overlay)) == overlay


def test_the_groups_are_what_they_say():
    """Each overlay of each group is written in its shortest form, which is its name in a test."""
    assert set(GROUPS) == {"recut", "pace", "faults", "incidents"}
    for texts in GROUPS.values():
        assert len(set(texts)) == len(texts) == len(o.matrix(*texts))
    assert o.matrix("recut", "cut", o.drop(1)) == (
        *map(o.parse, GROUPS["recut"]),
        o.cut(),
        o.drop(1),
    )


WRONG = {
    "": "Expected one of the overlays recut, ",
    "recutt": "Did you mean 'recut'?",
    "recut": "is no overlay: Object missing required field `how`",
    "recut:none": "Expected recut to be one of recorded,",
    "cut:50": "Expected cut with the arguments events, bytes, ms, each once",
    "cut:events=1,bytes=2": "Expected cut to be after events, bytes or ms. Came: events and bytes",
    "cut:events=x": "is no overlay: Expected `int | null`, got `str`",
    "cut:event=1": "Expected cut with the arguments events, bytes, ms",
    "drop:1,2": "Expected drop with the arguments event",
    "drop:1,event=2": "each once",
    "login_page:1": "Expected login_page with no arguments",
    "pace:-1": "Expected times of pace to be a number from 0. Came: -1.0",
    "pace:inf": "Expected times of pace to be a number from 0. Came: inf",
    "rhythm:jitter=2": "Expected jitter of rhythm to be a number from 0 to 1. Came: 2.0",
    "refused:200": "Expected an error status, 400 to 599. Came: 200",
    "refused:times=-1": "Expected times of refused to be 0 (every time)",
    "error:bad": "Expected kind of error to be one of overloaded, rate_limit, server_error",
    "keep_alives:every=0": "Expected every of keep_alives to be a number from 1e-06",
    "stall:seconds=0": "Expected seconds of stall",
    "drop@x": "Expected the numbers of interactions after @",
    "anthropic_pings:1": "Expected one of the overlays",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_overlay_is_told(text: str) -> None:
    """A word that means nothing names what was expected, what came, and what is near."""
    with pytest.raises(OverlayError) as caught:
        o.parse(text)
    assert WRONG[text] in str(caught.value)


def test_what_is_put_together_with_something_else():
    """Only overlays are; a text is read first."""
    with pytest.raises(TypeError):
        o.drop() | "cut"  # type: ignore[operator]
    assert changed(o.recut("blob") | o.parse("cut:bytes=3"), one_of_each()["ollama text"][1]).body
