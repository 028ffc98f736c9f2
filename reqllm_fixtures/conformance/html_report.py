"""A run of conformance as a page: one file without scripts that asks the network for nothing. Pure.

It is built as a tree and written by the library, so text of a provider's can be no element.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from reqllm.cli.terminal import visible
from reqllm_fixtures.conformance.results import Cell, Matrix, Row, ScenarioInfo, Status
from reqllm_fixtures.conformance.wording import (
    LOOKS,
    PROOFS,
    cells_of,
    facts,
    matrix_words,
    proof_words,
    row_words,
    scenarios_of,
    tally,
    tally_words,
)

TITLE = "Conformance"
_CALM: frozenset[Status] = frozenset({"passed", "unsupported", "not_claimed"})
"""What nobody has to look at."""
_MATRIX = "matrix"
# Each on a line of its own, so that two pages can be compared.
_OWN_LINE = frozenset({"head", "meta", "title", "style", "section", "tr", "th", "td", "li", "dt"})


def html_report(matrix: Matrix) -> str:
    """Write a matrix as a page of HTML, which may be kept, mailed or served as it is."""
    page = _of(
        "html",
        _of("head", *_head()),
        _of("body", _header(matrix), _main(matrix)),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{ElementTree.tostring(page, 'unicode', method='html')}\n"


def _of(tag: str, *children: Element | str, **attributes: str) -> Element:
    """Return an element; `class_` and `for_` are attributes of those names, `_` is a hyphen."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    element = Element(tag, named)
    for child in children:
        if not isinstance(child, str):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + visible(child)
        else:
            element.text = (element.text or "") + visible(child)
    if tag in _OWN_LINE:
        element.tail = "\n"
    return element


def _head() -> Iterator[Element]:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Nothing is loaded and nothing runs, whatever a text in the page should become.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield _of("meta", charset="utf-8")
    yield _of("meta", http_equiv="Content-Security-Policy", content=policy)
    yield _of("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield _of("meta", name="referrer", content="no-referrer")
    yield _of("title", TITLE)
    yield _of("style", style)


@cache
def _style() -> str:
    return (resources.files("reqllm_fixtures") / "conformance" / "report.css").read_text("utf-8")


def _header(matrix: Matrix) -> Element:
    counts = tally(cell for _, cell in matrix.cells)
    chips = (_of("li", _badge(status, f"{n:,} ")) for status, n in counts.items())
    return _of(
        "header",
        _of("h1", TITLE),
        _of("p", *_listed(matrix_words(matrix)), class_="facts"),
        _bar(counts),
        _of("ul", *chips, class_="tally"),
    )


def _bar(counts: dict[Status, int]) -> Element:
    """Show the shares of the statuses; the list beside says the same in words."""
    total = sum(counts.values())
    bar = _of("svg", viewBox=f"0 0 {total or 1} 1", preserveAspectRatio="none", aria_hidden="true")
    done = 0
    for status, count in counts.items():
        bar.append(_of("rect", x=str(done), width=str(count), height="1", class_=status))
        done += count
    return bar


def _main(matrix: Matrix) -> Element:
    names = {
        id(cell): f"cell-{i}-{j}"
        for i, row in enumerate(matrix.rows)
        for j, cell in enumerate(row.cells)
    }
    return _of(
        "main",
        _of(
            "label",
            _of("input", type="checkbox", id="only"),
            " Only what wants attention",
            class_="filter",
        ),
        _of(
            "div",
            _table(matrix, names),
            # A part that scrolls must be in reach of a keyboard.
            class_="scrolls",
            role="region",
            aria_label="All results, scenarios by models",
            tabindex="0",
            id=_MATRIX,
        ),
        _legend(),
        *(_section(row, names) for row in matrix.rows),
    )


def _table(matrix: Matrix, names: dict[int, str]) -> Element:
    return _of(
        "table",
        _of("caption", "Scenarios by models. A result leads to what was found."),
        _of(
            "thead",
            _of(
                "tr",
                _of("th", "Scenario", scope="col"),
                *(_of("th", *_column(row), scope="col") for row in matrix.rows),
            ),
        ),
        _of("tbody", *(_line(matrix, scenario, names) for scenario in scenarios_of(matrix))),
    )


def _column(row: Row) -> Iterator[Element]:
    yield _of("span", row.model, class_="name")
    for word in row_words(row):
        yield _of("small", word)


def _line(matrix: Matrix, scenario: ScenarioInfo, names: dict[int, str]) -> Element:
    found = [cells_of(row, scenario) for row in matrix.rows]
    is_calm = all(cell.status in _CALM for cells in found for cell in cells)
    needs = [] if scenario.capability == scenario.name else [f"needs {scenario.capability}"]
    return _of(
        "tr",
        _of(
            "th",
            _of("span", scenario.name, class_="name"),
            *(_of("small", text) for text in (scenario.title, *needs) if text),
            scope="row",
        ),
        *(_result(cells, names) for cells in found),
        **_classes("calm" if is_calm else ""),
    )


def _result(cells: Iterable[Cell], names: dict[int, str]) -> Element:
    links = [
        _of("a", _badge(cell.status), _of("small", proof_words(cell)), href=f"#{names[id(cell)]}")
        for cell in cells
    ]
    return _of("td", *links) if links else _of("td", "not run", class_="absent")


def _badge(status: Status, before: str = "") -> Element:
    look = LOOKS[status]
    symbol = _of("span", look.symbol, class_="symbol", aria_hidden="true")
    return _of("span", symbol, f" {before}{look.word}", class_=f"badge {status}")


def _legend() -> Element:
    entries: list[Element] = []
    for status, look in LOOKS.items():
        entries += (_of("dt", _badge(status)), _of("dd", look.meaning))
    for word, meaning in PROOFS.items():
        entries += (_of("dt", word), _of("dd", meaning))
    return _of("section", _of("h2", "Legend"), _of("dl", *entries), class_="legend")


def _section(row: Row, names: dict[int, str]) -> Element:
    is_calm = all(cell.status in _CALM for cell in row.cells)
    return _of(
        "section",
        _of("h2", row.model),
        _of("p", *_listed([*row_words(row), tally_words(row.cells)]), class_="facts"),
        *(_details(cell, names[id(cell)]) for cell in row.cells),
        **_classes("calm" if is_calm else ""),
    )


def _details(cell: Cell, name: str) -> Element:
    """Show all of a cell; open where there is something to read.

    The anchor is inside: a browser that is led there opens it.
    """
    is_calm = cell.status in _CALM
    head: list[Element | str] = [
        _badge(cell.status),
        " ",
        _of("span", cell.scenario, class_="name"),
    ]
    if cell.message:
        head += [" ", _of("span", cell.message, class_="message")]
    known: list[Element] = []
    for term, value in facts(cell):
        known += (_of("dt", term), _of("dd", value))
    found = (_of("li", str(remark), class_=f"remark {remark.severity}") for remark in cell.remarks)
    body: list[Element] = [_of("ul", *found)] if cell.remarks else []
    details = _of(
        "details",
        _of("summary", *head),
        _of("div", *body, _of("dl", *known), _to_matrix(), id=name),
        **_classes("calm" if is_calm else ""),
    )
    if cell.remarks or cell.status in ("failed", "error"):
        details.set("open", "")
    return details


def _to_matrix() -> Element:
    return _of("a", "↑ all results", href=f"#{_MATRIX}", class_="back")


def _listed(words: Iterable[str]) -> Iterator[Element]:
    return (_of("span", word) for word in words)


def _classes(names: str) -> dict[str, str]:
    return {"class_": names} if names else {}
