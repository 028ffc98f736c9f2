"""The report for people: one page, in which what came from a provider is text and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re

import hypothesis
from hypothesis import given, settings

from reqllm.cli.terminal import visible
from reqllm_fixtures.conformance.html_report import html_report
from reqllm_fixtures.conformance.results import Matrix
from reqllm_fixtures.conformance.wording import LOOKS

from .matrices import HALF_ENDED, Tokens, example, matrices, with_texts
from .reading_html import elements_of, read, texts_of


@settings(max_examples=60, deadline=None)
@given(matrices)
@hypothesis.example(HALF_ENDED)
def test_any_text_is_text(matrix: Matrix):
    """The parsed page is that of plain words, the texts in their places, and no element more."""
    words = Tokens()
    plain = read(html_report(with_texts(matrix, words.of)))
    expected = [
        ["text", words.undone(each[1], visible)] if each[0] == "text" else each for each in plain
    ]
    assert read(html_report(matrix)) == expected


def test_nothing_is_loaded_and_nothing_runs():
    """The page may load and run nothing, and has but one style, which is allowed by its hash."""
    page = html_report(example())
    (policy,) = (m["content"] for m in elements_of(page, "meta") if "http-equiv" in m)
    digest = re.fullmatch(
        r"default-src 'none'; style-src 'sha256-(\S+)'; base-uri 'none'; form-action 'none'", policy
    )[1]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() == digest
    assert not re.search(r"url\(|@import|expression", style)
    tags = {each[1] for each in read(page) if each[0] == "<"}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for each in read(page):
        if each[0] == "<":
            assert not {name for name in each[2] if name.startswith("on")} | (
                each[2].keys() & {"style", "src"}
            )
            assert each[2].get("href", "#").startswith("#")


def test_every_cell_leads_to_what_was_found():
    """Each result is a link to an anchor of its own, and there is one for each cell."""
    page = html_report(example())
    anchors = [each[2]["id"] for each in read(page) if each[0] == "<" and "id" in each[2]]
    assert len(anchors) == len(set(anchors))
    cells = [name for name in anchors if name.startswith("cell-")]
    assert len(cells) == len(list(example().cells))
    links = [each["href"][1:] for each in elements_of(page, "a")]
    assert set(links) == {*cells, "matrix"}


def test_headers_belong_to_what_they_head():
    """Rows and columns have headers that say so, the table a caption, and the page a language."""
    page = html_report(example())
    scopes = [each["scope"] for each in elements_of(page, "th")]
    assert scopes == ["col"] * 3 + ["row"] * 4
    assert len(elements_of(page, "caption")) == 1
    assert elements_of(page, "html") == [{"lang": "en"}]
    assert elements_of(page, "div")[0].keys() >= {"tabindex", "aria-label", "role"}


def test_a_status_is_never_a_colour_alone():
    """Each has a sign and a word wherever it stands, and is told in the legend."""
    said = texts_of(html_report(example()))
    for look in LOOKS.values():
        assert said.count(look.symbol) >= 2
        assert f" {look.word}" in said
        assert look.meaning in said


def test_what_did_not_run_is_told():
    """A place of the table without a cell says so."""
    assert texts_of(html_report(example())).count("not run") == 1


def test_only_failures_and_remarks_are_open():
    """What has something to read is open; what is well is folded, and can be hidden."""
    found = elements_of(html_report(example()), "details")
    assert ["open" in each for each in found] == [False, True, True, False, True, False, False]
    calm = ["calm" in (each.get("class") or "") for each in found]
    assert calm == [True, False, False, True, False, False, True]
