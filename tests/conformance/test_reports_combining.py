"""Reports of several runs: as one, and held against each other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from reqllm_fixtures.conformance.combining import changes, merged
from reqllm_fixtures.conformance.results import STATUSES, Matrix, Proof, Row

from .matrices import cell, example, matrices

LIVE = Proof(kind="live")


def ran(*cells, model="own:m", **fields) -> Matrix:
    """Make a run of one model."""
    row = Row(model=model, wire="ollama", cells=cells)
    return replace(example(), rows=(row,), **fields)


def test_the_later_run_counts():
    """Of the same model and scenario the last is kept, in the place of the first."""
    old = ran(cell("a", "passed"), cell("b", "passed"))
    new = ran(cell("c", "passed"), cell("a", "failed"))
    assert [(c.scenario, c.status) for _, c in merged([old, new]).cells] == [
        ("a", "failed"),
        ("b", "passed"),
        ("c", "passed"),
    ]


def test_what_rests_on_nothing_replaces_nothing_that_does():
    """A run without a recording does not take away what an earlier one proved."""
    proved = cell("a", "failed", proof=LIVE)
    nothing = cell("a", "not_proved")
    assert [c for _, c in merged([ran(proved), ran(nothing)]).cells] == [proved]
    assert [c for _, c in merged([ran(nothing), ran(proved)]).cells] == [proved]
    skipped = cell("a", "unsupported")
    assert [c for _, c in merged([ran(nothing), ran(skipped)]).cells] == [skipped]


def test_models_stay_apart():
    """A model over another wire, or at another address, is another; the run is of all modes."""
    here, there = ran(cell("a", "passed")), ran(cell("a", "failed"), mode="live", started_at="1")
    there = replace(there, rows=(replace(there.rows[0], base_url="http://x"),))
    other = replace(here, rows=(replace(here.rows[0], wire="openai-chat"),))
    one = merged([here, there, other, here])
    assert [(row.wire, row.base_url) for row in one.rows] == [
        ("ollama", ""),
        ("ollama", "http://x"),
        ("openai-chat", ""),
    ]
    assert len({str(change) for change in changes(replace(one, rows=()), one)}) == 3
    assert (one.mode, one.started_at) == ("replay, live", "1")


@settings(max_examples=30, deadline=None)
@given(matrices)
def test_a_run_and_itself_is_itself(matrix: Matrix):
    """Merging a run with itself adds nothing, and nothing changed between the two."""
    once = merged([matrix])
    assert merged([matrix, matrix]) == merged([once, once]) == once
    assert changes(matrix, matrix) == ()


def test_no_run_at_all():
    """There is nothing to merge, which is told."""
    with pytest.raises(ValueError, match="at least one matrix"):
        merged([])


def test_what_changed():
    """Each difference is a line, in the order of the later run; which are worse is known."""
    before = ran(cell("a", "passed"), cell("b", "failed"), cell("c", "passed"), cell("e", "passed"))
    after = ran(cell("b", "remarks"), cell("a", "failed"), cell("c", "passed"), cell("d", "passed"))
    found = changes(before, after)
    assert [(str(each), each.is_worse) for each in found] == [
        ("own:m (ollama) b: failed → with remarks", False),
        ("own:m (ollama) a: passed → failed", True),
        ("own:m (ollama) d: not run → passed", False),
        ("own:m (ollama) e: passed → not run", True),
    ]


def test_worse_has_no_circle():
    """Of two different ends at most one is the worse one."""
    for one in STATUSES:
        for other in STATUSES:
            there = changes(ran(cell("a", one)), ran(cell("a", other)))
            back = changes(ran(cell("a", other)), ran(cell("a", one)))
            assert not (there and there[0].is_worse and back[0].is_worse)
