"""The chat completions decoder reads what Mistral really sends."""

from __future__ import annotations

import pytest

from reqllm.chunk import Citation
from reqllm.content import CustomPart, ReasoningPart, TextPart
from reqllm.errors import APIError

from .cases import Case, check_case
from .invariants import check_stream
from .mistral_cases import CASES, chunk, end, says, thinks

WIRE = "openai-chat"


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in CASES])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


def test_a_signature_is_kept_with_its_reasoning() -> None:
    """Signed reasoning is marked: it must go back as the part that it came as."""
    body = chunk({"content": [thinks("Hm")]}) + chunk({"content": [thinks(signature="S")]})
    response = check_stream(WIRE, body + chunk({"content": "Hi"}) + end())
    marks = {"reasoning_field": "content"}
    assert response.content == (
        ReasoningPart("Hm", signature="S", provider_metadata=marks),
        TextPart("Hi"),
    )


def test_references_stand_where_they_stood() -> None:
    """A reference is a citation of the text before it, and the text after it is another part."""
    first = {"type": "reference", "reference_ids": [2, 5]}
    second = {"type": "reference", "reference_ids": ["tool:1"]}
    body = (
        chunk({"content": [says("One")]})
        + chunk({"content": [first, says(" two")]})
        + chunk({"content": [second]})
        + chunk({"content": [second]})
        + chunk({"content": "."})
        + end()
    )
    response = check_stream(WIRE, body)
    assert response.text == "One two."
    assert response.content == (
        TextPart("One", (Citation(source_index=2, raw=first),)),
        TextPart(" two", (Citation(raw=second),)),
        TextPart("", (Citation(raw=second),)),
        TextPart("."),
    )


def test_other_parts_are_kept() -> None:
    """A part of a kind that has no place of its own is a part of the answer all the same."""
    image = {"type": "image_url", "image_url": "https://a.example/b.png"}
    response = check_stream(WIRE, chunk({"content": [image, says("Hi")]}) + end())
    assert response.content == (CustomPart("openai-chat.image_url", image), TextPart("Hi"))


def test_a_reason_that_is_an_error_fails() -> None:
    """The finish reason "error" is no end to be content with."""
    response = check_stream(WIRE, chunk({"content": "Hi"}) + end("error"))
    assert isinstance(response.error, APIError)
    assert (response.state, response.error.partial.text) == ("failed", "Hi")
