"""The checks over real streams: what compat takes, and why strict finds what it finds."""

from __future__ import annotations

import pytest

from reqllm import decode_stream
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking.wires.table import checked_wire
from reqllm_fixtures.linting import LINTS
from tests.corpus import ABSENT, captures, index

from .deviations import DEVIATIONS
from .over_corpus import found
from .page import PAGE, deviations, rules, with_tables

needs_corpus = pytest.mark.skipif(not index(), reason=ABSENT)


def test_every_wire_of_the_client_is_checked():
    """What can be read can be checked, under the same name."""
    assert [checked_wire(name).name for name in WIRE_NAMES] == [*WIRE_NAMES]


@needs_corpus
@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_compat_takes_what_a_client_can_use(wire):
    """Only a stream that has no ending is an error by profile compat, and each of those is one."""
    refused = {
        each.capture.name
        for each in found("compat")
        if each.capture.wire == wire and each.finding.severity == "error"
    }
    endless = {
        each.name for each in captures(wire) if decode_stream(wire, each.body).state == "incomplete"
    }

    assert captures(wire)
    assert refused == endless


@needs_corpus
def test_every_strict_finding_is_explained_once():
    """The table of deviations has a row for each finding, and only one."""
    assert [
        (each.capture.name, str(each.finding))
        for each in found("strict")
        if len(each.explained_by) != 1
    ] == []


@needs_corpus
def test_every_deviation_is_real():
    """No row of the table explains what no capture shows, nor a path that none has."""
    seen = {(each.capture.wire, each.finding.rule, each.place) for each in found("strict")}

    assert [
        (row.rule, path)
        for row in DEVIATIONS
        for path in row.paths
        if not any(type(row)(row.wire, row.rule, (path,), "").explains(*each) for each in seen)
    ] == []


@needs_corpus
def test_the_page_tells_the_deviations():
    """Else: python -m tests.checking."""
    page = PAGE.read_text(encoding="utf-8")

    assert with_tables(page, {"deviations": deviations()}) == page


def test_the_page_tells_the_rules():
    """Else: python -m tests.checking."""
    page = PAGE.read_text(encoding="utf-8")

    assert with_tables(page, {"rules": rules(), "lints": rules(LINTS)}) == page
