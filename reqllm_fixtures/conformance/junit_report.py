"""A run of conformance as the XML that CI reads: a model is a suite, a scenario a case. Pure.

https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from reqllm_fixtures.conformance.results import Cell, Matrix, Row
from reqllm_fixtures.conformance.wording import LOOKS, facts, fails, named
from reqllm_fixtures.xml_text import xml_text

_NAME = "reqllm-fixtures conformance"


def junit_report(matrix: Matrix, *, strict: bool = False, allow_unproved: bool = False) -> str:
    """Write a matrix as JUnit's XML.

    strict: remarks are failures. allow_unproved: what nothing proves is skipped, and no error.
    """
    top = Element("testsuites", name=_NAME)
    for row in named(matrix).rows:
        suite = SubElement(top, "testsuite", name=xml_text(row.model))
        suite.set("timestamp", xml_text(matrix.started_at))
        properties = SubElement(suite, "properties")
        for name, value in _properties(matrix, row):
            SubElement(properties, "property", name=name, value=xml_text(value))
        suite.extend(
            _case(row, cell, fails(cell, strict=strict, allow_unproved=allow_unproved))
            for cell in row.cells
        )
        _count(suite, row.cells)
    _count(top, [cell for _, cell in matrix.cells])
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(top, "unicode")}\n'


def _properties(matrix: Matrix, row: Row) -> Iterator[tuple[str, str]]:
    yield "wire", row.wire
    if row.base_url:
        yield "base_url", row.base_url
    yield "mode", matrix.mode
    yield "profile", matrix.profile


def _case(row: Row, cell: Cell, is_failure: bool) -> Element:
    case = Element("testcase", classname=xml_text(row.model), name=xml_text(cell.scenario))
    case.set("time", _time(cell.seconds or 0))
    told = _outcome(cell, is_failure)
    remarks = "\n".join(xml_text(str(remark)) for remark in cell.remarks)
    if told is not None:
        outcome = SubElement(case, told, type=cell.status, message=xml_text(_message(cell)))
        outcome.text = remarks
    # What is said of a passing case has no other place.
    notes = [] if told is not None else [cell.message, *map(str, cell.remarks)]
    lines = [LOOKS[cell.status].word, *notes, *(f"{name}: {said}" for name, said in facts(cell))]
    # Line by line: one may end in half of a line end.
    SubElement(case, "system-out").text = "\n".join(xml_text(line) for line in lines if line)
    return case


def _outcome(cell: Cell, is_failure: bool) -> str | None:
    """Return the element that tells of it, None for a case that passed."""
    if is_failure:
        return "error" if cell.status in ("error", "not_proved") else "failure"
    return None if cell.status in ("passed", "remarks") else "skipped"


def _message(cell: Cell) -> str:
    return cell.message or LOOKS[cell.status].meaning


def _count(suite: Element, cells: Iterable[Cell]) -> None:
    """Write how many cases there are in a suite, and how they ended."""
    for name, tag in (
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
        ("skipped", "testcase/skipped"),
    ):
        suite.set(name, str(len(suite.findall(f".//{tag}"))))
    suite.set("time", _time(sum(cell.seconds or 0 for cell in cells)))


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
