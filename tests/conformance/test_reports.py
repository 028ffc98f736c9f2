"""What all reports have in common, and those for terminals: the table, and how far a run is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from reqllm.cli.terminal import one_line, visible
from reqllm_fixtures.conformance.html_report import html_report
from reqllm_fixtures.conformance.json_report import json_report
from reqllm_fixtures.conformance.junit_report import junit_report
from reqllm_fixtures.conformance.progress import Progress, progress_line
from reqllm_fixtures.conformance.results import STATUSES, Matrix, Proof, Row
from reqllm_fixtures.conformance.text_report import spans, text_report
from reqllm_fixtures.conformance.wording import (
    LOOKS,
    cell_line,
    facts,
    fails,
    named,
    proof_words,
    tally_words,
)

from .matrices import Tokens, cell, example, matrices, texts, with_texts

REPORTS = (text_report, json_report, junit_report, html_report)


@pytest.mark.parametrize("report", REPORTS)
def test_every_cell_is_in_every_report(report):
    """A cell that nothing else is like is found, with its message and its remark."""
    matrix = example()
    only = [f"only{i}{j}" for i, row in enumerate(matrix.rows) for j, _ in enumerate(row.cells)]
    names = iter(only)
    remark = matrix.rows[0].cells[1].remarks[0]
    rows = [
        replace(
            row,
            cells=tuple(
                replace(
                    each,
                    scenario=(name := next(names)),
                    message=f"message-{name}",
                    remarks=(replace(remark, message=f"remark-{name}"),),
                )
                for each in row.cells
            ),
        )
        for row in matrix.rows
    ]
    # None of them is a scenario that the matrix lists.
    text = report(replace(matrix, rows=tuple(rows)))
    for name in only:
        assert f"message-{name}" in text
        assert f"remark-{name}" in text
    assert all(row.model in text for row in rows)


@pytest.mark.parametrize("report", REPORTS)
def test_an_empty_run_is_a_report(report):
    """No model, or a model that ran nothing, is told as such and breaks nothing."""
    empty = replace(example(), rows=(), scenarios=())
    assert report(empty)
    assert "own:m" in report(replace(empty, rows=(Row(model="own:m", wire="ollama"),)))


def test_the_report_for_terminals(snapshot):
    """It is a table, then why what was not asked was not, then what was found, then sums."""
    assert text_report(example(), width=100) == snapshot
    assert text_report(example(), width=60) == snapshot(name="narrow")


@pytest.mark.parametrize("report", [text_report, junit_report])
def test_models_of_one_name_are_told_apart(report):
    """One model over two wires has two names in what names a cell by its model alone."""
    first, second = example().rows
    text = report(replace(example(), rows=(first, replace(second, model=first.model))))
    assert "openai:gpt-5-mini (openai-responses)" in text
    assert "openai:gpt-5-mini (ollama, http://127.0.0.1:11434)" in text


def test_what_is_the_same_is_told_once():
    """Scenarios of a model with the same remarks are told of together, wherever these were."""
    remark = example().rows[0].cells[2].remarks[0]
    message = f"{remark.rule}: {remark.message}"
    one = cell("a", "remarks", remarks=(remark,), message=message)
    other = cell("b", "remarks", remarks=(replace(remark, event=9),), message=message)
    row = replace(example().rows[0], cells=(one, other, cell("c", "failed", message="no")))
    text = text_report(replace(example(), rows=(row,)))
    assert text.count(remark.message) == 1
    assert "! with remarks openai:gpt-5-mini a, b · recorded 22 days ago\n  warning: " in text
    assert '"x" ($.choices[0].delta.x)\n\n✗ failed openai:gpt-5-mini c · ' in text


def test_colours_only_add():
    """Spans are the same text; a failing model is red, unless what it lacks is allowed."""
    matrix = example()
    assert "".join(text for text, _ in spans(matrix)) == text_report(matrix)
    lacking = replace(matrix, rows=(replace(matrix.rows[1], cells=matrix.rows[1].cells[1:]),))
    counts = tally_words(lacking.rows[0].cells)
    assert (counts, "red") in list(spans(lacking))
    assert (counts, "green") in list(spans(lacking, allow_unproved=True))


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_no_text_makes_a_line_in_a_terminal(matrix: Matrix):
    """Whatever stands in a field, as many lines come as of plain words; nothing raw is sent."""
    words = Tokens()
    text = text_report(matrix, width=10**6)
    assert visible(text) == text
    plain = text_report(with_texts(matrix, words.of), width=10**6)
    assert len(text.split("\n")) == len(plain.split("\n"))
    for row, each in named(matrix).cells:
        assert one_line(row.model) in text
        assert one_line(each.message) in text
        assert f"{LOOKS[each.status].symbol} {LOOKS[each.status].word}, {proof_words(each)}" in text


@settings(max_examples=25, deadline=None)
@given(matrices, st.integers(60, 200))
def test_tables_keep_to_their_width(matrix: Matrix, width: int):
    """Models that do not fit beside one another stand below; each table has one that begins it."""
    plain = with_texts(matrix, Tokens().of)
    table = text_report(plain, width=width).split("\n\n")[1 : 1 + len(plain.rows)]
    single = [text_report(replace(plain, rows=(row,)), width=60) for row in plain.rows]
    least = [max(map(cell_len, text.split("\n\n")[1].splitlines())) for text in single]
    for block in table if plain.rows else ():
        widest = max(map(cell_len, block.splitlines()), default=0)
        assert widest <= max(width, *least)


def test_what_fails_a_run():
    """Failures and errors always do, remarks if strict, what is not proved unless allowed."""
    assert {s for s in STATUSES if fails(cell("x", s))} == {"failed", "error", "not_proved"}
    assert fails(cell("x", "remarks"), strict=True)
    assert not fails(cell("x", "not_proved"), allow_unproved=True)


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (Proof(kind="live"), "live"),
        (Proof(kind="recording"), "recorded, age unknown"),
        (Proof(kind="recording", age_days=-0.1), "recorded today"),
        (Proof(kind="recording", age_days=0.99), "recorded today"),
        (Proof(kind="recording", age_days=1.9), "recorded 1 day ago"),
        (Proof(kind="recording", age_days=1234.5), "recorded 1,234 days ago"),
        (Proof(), "no answer"),
    ],
)
def test_what_a_cell_rests_on(proof: Proof, said: str):
    """It is told in words, and without an age where the recording has none."""
    assert proof_words(cell("x", "passed", proof=proof)) == said
    assert proof_words(cell("x", "unsupported", proof=Proof())) == "not asked"


def test_tokens_that_were_not_reported_are_no_zero():
    """A count that nobody gave is a question mark; where there is none at all, nothing is said."""
    one = dict(facts(cell("x", "passed", input_tokens=None)))
    assert one["tokens"] == "? in, 1,024 out"
    none = dict(facts(cell("x", "passed", input_tokens=None, output_tokens=None)))
    assert "tokens" not in none


def test_the_page_on_reports_has_every_status():
    """It tells the sign and the word of each, in their order."""
    page = Path(__file__).parents[2].joinpath("docs", "conformance_reports.md").read_text()
    said = ", ".join(f"{look.symbol} {look.word}" for look in LOOKS.values())
    assert f"wherever it stands: {said}. " in " ".join(page.split())


def test_how_far_a_run_is(snapshot):
    """Counts, time and what is being asked, the oldest first; nothing is asked at the end."""
    first, second = example().rows
    state = Progress(total=4)
    lines = [progress_line(state, width=120, seconds=0)]
    state = state.begin("own:m", "text").begin(first.model, "text")
    lines.append(progress_line(state, width=120, seconds=61.9))
    for row, each in ((second, second.cells[0]), (first, first.cells[0])):
        state = state.end(row.model, each)
        lines.append(progress_line(state, width=120, seconds=62))
    for each in first.cells[1:]:
        state = state.end(first.model, each)
    lines.append(progress_line(state, width=120, seconds=3723))
    lines += [cell_line(first.model, each) for each in first.cells]
    assert "\n".join(lines) == snapshot


@settings(max_examples=60, deadline=None)
@given(texts, texts, st.integers(1, 120))
def test_progress_stays_on_its_line(model: str, scenario: str, width: int):
    """Whatever the model is called, the line is one, and no wider than the terminal."""
    state = Progress(total=3).begin(model, scenario).begin("b", "c")
    line = progress_line(state, width=width, seconds=1)
    assert len(line.splitlines()) <= 1
    assert cell_len(line) <= width
    ended = state.end(model, cell(scenario, "passed"))
    assert ended.running == (("b", "c"),)
    assert len(cell_line(model, ended.ended[0]).split("\n")) == 1


def test_a_run_of_nothing_has_a_line():
    """No division by the number of cells."""
    assert progress_line(Progress(total=0), width=80, seconds=0).endswith("0/0  0:00")
