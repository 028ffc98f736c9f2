"""Matrices for tests of the reports: one to look at, any at all, and texts that want to be more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from reqllm_fixtures.conformance.results import (
    STATUSES,
    Cell,
    Matrix,
    Proof,
    Remark,
    Row,
    ScenarioInfo,
)

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=alert(1)>",
    "</style></details></td></table><h1>",
    "]]></failure><!-- ",
    "\"' onload='x' &amp; &#60;b>",
    "\x00\x1b[31m\x07\x85\u202e",
    "\ud800",
    "\udc00 \ufffe\uffff",
    "one\r\ntwo\rthree\nfour\tfive",
    "::error::x",
    "\r",
    "漢字かな 👩‍👩‍👧 e\u0301",
    "x" * 300,
)
# Values of these are of a set of words, and no text of anybody's.
_WORDS = {"status", "kind", "severity"}

texts = st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8)
_counts = st.none() | st.integers(0, 10**9)
_seconds = st.none() | st.floats(0, 1e6)
_proofs = st.builds(
    Proof,
    kind=st.sampled_from(["live", "recording", "none"]),
    path=texts,
    recorded_at=texts,
    age_days=st.none() | st.floats(-1, 1e5),
)
_remarks = st.builds(
    Remark,
    severity=st.sampled_from(["error", "warning"]),
    rule=texts,
    message=texts,
    event=st.integers(0, 3),
    path=texts,
    turn=st.integers(0, 3),
)
_cells = st.builds(
    Cell,
    # Few names, so that some are listed, some are not, and some cells share one.
    scenario=st.sampled_from(["text", "usage"]) | texts,
    capability=texts,
    status=st.sampled_from(STATUSES),
    proof=_proofs,
    asserted=st.integers(0, 99),
    remarks=st.lists(_remarks, max_size=2).map(tuple),
    message=texts,
    seconds=_seconds,
    first_chunk_seconds=_seconds,
    chunks=st.integers(0, 10**6),
    input_tokens=_counts,
    output_tokens=_counts,
    request_ids=st.lists(texts, max_size=2).map(tuple),
)
_rows = st.builds(
    Row, model=texts, wire=texts, base_url=texts, cells=st.lists(_cells, max_size=3).map(tuple)
)
matrices = st.builds(
    Matrix,
    started_at=texts,
    mode=texts,
    profile=texts,
    scenarios=st.lists(
        st.builds(
            ScenarioInfo,
            name=st.sampled_from(["text", "usage"]) | texts,
            capability=st.just("text") | texts,
            title=texts,
        ),
        max_size=3,
        unique_by=lambda each: each.name,
    ).map(tuple),
    rows=st.lists(_rows, max_size=2).map(tuple),
)


def with_texts(matrix: Matrix, change: Callable[[str], str]) -> Matrix:
    """Give the matrix with every text of anybody's changed."""
    return msgspec.convert(_changed(msgspec.to_builtins(matrix), change), Matrix)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {k: v if k in _WORDS else _changed(v, change) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


class Tokens:
    """Plain words in the place of texts, each text with one of its own; empty ones stay."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """Give the word of a text."""
        return self._known.setdefault(text, f"«{len(self._known)}»") if text else text

    def undone(self, value: Any, shown: Callable[[str], str]) -> Any:
        """Put the texts back into what was made of the words, as they are to be shown."""
        if isinstance(value, str):
            for text, word in self._known.items():
                value = value.replace(word, shown(text))
            return value
        if isinstance(value, dict):
            return {key: self.undone(each, shown) for key, each in value.items()}
        return [self.undone(each, shown) for each in value]


RECORDED = Proof(
    kind="recording",
    path="cassettes/conformance/openai/gpt-5-mini/system.yaml",
    recorded_at="2026-11-02T10:00:00Z",
    age_days=22.4,
)
_ASKED = {
    "asserted": 12,
    "seconds": 1.25,
    "first_chunk_seconds": 0.21,
    "chunks": 31,
    "input_tokens": 14,
    "output_tokens": 1024,
    "request_ids": ("req_1",),
}


def cell(scenario: str, status: str, **fields: Any) -> Cell:
    """Make a cell; what came to an answer has the figures of one."""
    fields.setdefault("capability", scenario)
    if status in ("passed", "remarks", "failed"):
        fields = {"proof": RECORDED, **_ASKED, **fields}
    return msgspec.convert({"scenario": scenario, "status": status, **fields}, Cell)


def example() -> Matrix:
    """Make a matrix with every status, in two models."""
    scenarios = (
        ScenarioInfo(name="text", capability="text", title="answers with text"),
        ScenarioInfo(name="system", capability="system", title="obeys the system prompt"),
        ScenarioInfo(name="single_tool", capability="tools", title="calls a tool"),
        ScenarioInfo(name="image_input", capability="vision", title="sees an image"),
    )
    deviation = Remark(
        severity="warning",
        rule="unknown-field",
        message='expected no field of this name, came the string "x"',
        event=3,
        path="$.choices[0].delta.x",
        turn=1,
    )
    broken = Remark(severity="error", rule="in-text", message='expected "17", came none', turn=2)
    said = 'expected PINEAPPLE in the text, came "Paris."'
    first = (
        cell("text", "passed", proof=Proof(kind="live")),
        cell("system", "failed", message=said, remarks=(broken, deviation)),
        cell("single_tool", "remarks", capability="tools", remarks=(deviation,)),
        cell("image_input", "not_claimed", capability="vision", message="--without vision"),
    )
    second = (
        cell("text", "error", message="the recording cannot be read"),
        cell("system", "not_proved", message="there is no recording"),
        cell("single_tool", "unsupported", capability="tools", message="no form for tools"),
    )
    return Matrix(
        started_at="2026-11-24T18:00:00Z",
        mode="replay",
        profile="compat",
        scenarios=scenarios,
        rows=(
            Row(model="openai:gpt-5-mini", wire="openai-responses", cells=first),
            Row(model="own:m", wire="ollama", base_url="http://127.0.0.1:11434", cells=second),
        ),
    )


HALF_ENDED = with_texts(example(), lambda text: text and f"{text}\r")
"""The example, each text of which ends in the first half of a line end."""
