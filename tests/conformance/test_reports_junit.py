"""The report for CI: JUnit's XML, which any parser takes."""

from __future__ import annotations

from xml.etree import ElementTree

import hypothesis
import pytest
from hypothesis import given, settings

from reqllm_fixtures.conformance.junit_report import junit_report
from reqllm_fixtures.conformance.results import Matrix
from reqllm_fixtures.xml_text import xml_text

from .matrices import HALF_ENDED, Tokens, example, matrices, with_texts


def tree(element: ElementTree.Element):
    """Give an element as plain values."""
    text = element.text or ""
    inner = [tree(child) for child in element]
    return [element.tag, dict(element.attrib), "" if inner else text, inner]


def outcomes(text: str) -> dict[tuple[str, str], str]:
    """Give what each case ended as."""
    return {
        (case.get("classname"), case.get("name")): next(
            (child.tag for child in case if child.tag != "system-out"), "passed"
        )
        for case in ElementTree.fromstring(text).iter("testcase")
    }


@settings(max_examples=60, deadline=None)
@given(matrices)
@hypothesis.example(HALF_ENDED)
def test_any_text_is_text(matrix: Matrix):
    """The parsed document is that of plain words, with the texts in their places, and no more."""
    words = Tokens()
    plain = tree(ElementTree.fromstring(junit_report(with_texts(matrix, words.of))))
    assert tree(ElementTree.fromstring(junit_report(matrix))) == words.undone(plain, xml_text)


def test_it_looks_as_it_should(snapshot):
    """A model is a suite, a scenario a case, with why and on what it rests."""
    assert junit_report(example()) == snapshot


def test_each_status_has_its_outcome():
    """What fails the run fails here, what was not asked for is skipped, remarks pass."""
    first, second = "openai:gpt-5-mini", "own:m"
    assert outcomes(junit_report(example())) == {
        (first, "text"): "passed",
        (first, "system"): "failure",
        (first, "single_tool"): "passed",
        (first, "image_input"): "skipped",
        (second, "text"): "error",
        (second, "system"): "error",
        (second, "single_tool"): "skipped",
    }


def test_what_the_run_was_asked_to_hold_to():
    """Strict makes failures of remarks; what nothing proves is skipped where that is allowed."""
    first, second = "openai:gpt-5-mini", "own:m"
    assert outcomes(junit_report(example(), strict=True))[first, "single_tool"] == "failure"
    allowed = outcomes(junit_report(example(), allow_unproved=True))
    assert allowed[second, "system"] == "skipped"


@pytest.mark.parametrize("strict", [False, True])
def test_counts_are_those_of_the_cases(strict: bool):
    """Each suite counts its cases by outcome, and the top all of them."""
    top = ElementTree.fromstring(junit_report(example(), strict=strict))
    for suite in (top, *top.iter("testsuite")):
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert suite.get(attribute) == str(len(list(suite.iter(tag)))), (suite.tag, tag)
        cases = [float(case.get("time")) for case in suite.iter("testcase")]
        assert float(suite.get("time")) == pytest.approx(sum(cases))
