"""The Cohere decoder reads what the server really sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm import chunk as c
from reqllm.content import ReasoningPart, TextPart
from reqllm.errors import NotAStreamError
from reqllm.stream_server import decode_stream

from .cases import Case, check_case
from .cohere_cases import (
    CASES,
    DONE,
    HELLO,
    START,
    WHOLE,
    call_start,
    content,
    content_end,
    content_start,
    end,
    event,
    message,
    plan,
)
from .invariants import check_stream

WIRE = "cohere-v2"
CITED: dict[str, Any] = {
    "start": 0,
    "end": 5,
    "text": "Hello",
    "sources": [
        {"type": "document", "id": "doc:0", "document": {"title": "T", "url": "https://a.example"}}
    ],
    "type": "TEXT_CONTENT",
    "content_index": 0,
}


def cite(**changes: Any) -> bytes:
    entry = {**CITED, **changes}
    start = event(message("citation-start", 0, citations=entry))
    return start + event({"type": "citation-end", "index": 0})


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in CASES])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


@pytest.mark.parametrize("changes", [{}, {"content_index": None}])
def test_a_citation_is_of_its_text(changes: dict[str, Any]) -> None:
    """Place, quote and first source are read, and the whole entry is kept for the way back."""
    body = START + HELLO + cite(**changes) + end() + DONE
    response = check_stream(WIRE, body)
    (citation,) = response.citations
    assert citation == c.Citation(
        kind="document",
        url="https://a.example",
        title="T",
        cited_text="Hello",
        start=0,
        end=5,
        raw={**CITED, **changes},
    )
    assert response.content == (TextPart("Hello", (citation,)),)


def test_a_citation_goes_to_the_content_that_it_names() -> None:
    """Of two texts the one whose index the citation has is cited, also when it has ended."""
    body = START + HELLO + content_start("text", 1) + content("Bye", 1) + cite() + end() + DONE
    first, second = check_stream(WIRE, body).content
    assert isinstance(first, TextPart)
    assert isinstance(second, TextPart)
    assert (len(first.citations), len(second.citations)) == (1, 0)


def test_a_source_that_is_a_tool() -> None:
    """A tool's output is a source of another kind, named by its id."""
    sources = [{"type": "tool", "id": "t0:0", "tool_output": {"a": 1}}]
    body = START + HELLO + cite(sources=sources) + end() + DONE
    (citation,) = check_stream(WIRE, body).citations
    assert (citation.kind, citation.title, citation.url) == ("other", "t0:0", None)


def test_a_citation_of_reasoning_is_kept_apart() -> None:
    """What thinking or a plan leans on is no source of the text, but is not lost either."""
    thinking = content_start("thinking") + content("Hm", 0, "thinking") + content_end()
    entries = cite(type="THINKING_CONTENT") + cite(type="PLAN", content_index=None)
    response = check_stream(WIRE, START + plan("Ask.") + thinking + entries + end() + DONE)
    assert response.citations == ()
    kept = [chunk.data for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert [entry["type"] for entry in kept] == ["THINKING_CONTENT", "PLAN"]


def test_a_plan_is_marked_and_thinking_is_not() -> None:
    """A plan has a field of its own to go back in; thinking is plain reasoning."""
    thinking = content_start("thinking") + content("Hm", 0, "thinking") + content_end()
    response = check_stream(WIRE, START + plan("Ask.") + thinking + end() + DONE)
    assert response.content == (
        ReasoningPart("Ask.", provider_metadata={"reasoning_field": "tool_plan"}),
        ReasoningPart("Hm"),
    )


def test_logprobs_are_handed_out() -> None:
    """The log probabilities of a delta come with it."""
    logprobs = {"text": "Hello", "token_ids": [1], "logprobs": [-0.5]}
    delta = event({**message("content-delta", 0, content={"text": "Hello"}), "logprobs": logprobs})
    body = START + content_start() + delta + content_end() + end() + DONE
    assert check_stream(WIRE, body).logprobs == (logprobs,)
    whole = json.dumps({**WHOLE, "logprobs": [logprobs]}).encode()
    assert check_stream(WIRE, whole).logprobs == (logprobs,)


def test_what_else_a_call_says_is_kept() -> None:
    """Members of a call that are new are told with it."""
    response = check_stream(WIRE, START + call_start(mood="good") + end("TOOL_CALL") + DONE)
    assert response.tool_calls[0].provider_metadata == {"mood": "good"}


def test_what_is_unknown_is_kept() -> None:
    """Events and contents of new kinds are custom chunks."""
    new = event(message("content-start", 0, content={"type": "hologram", "light": "a"}))
    more = event(message("content-delta", 0, content={"light": "b"}))
    debug = event({"type": "debug", "prompt": "p"})
    response = check_stream(WIRE, START + debug + new + more + HELLO + end() + DONE)
    kept = [chunk.custom_kind for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert kept == ["cohere-v2.debug", "cohere-v2.hologram", "cohere-v2.content-delta"]
    assert response.text == "Hello"


@pytest.mark.parametrize(
    "body",
    [
        (
            b'{"is_finished":false,"event_type":"text-generation","text":"H"}\n'
            b'{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE"}\n'
        ),
        b"<html>Bad Gateway</html>",
    ],
)
def test_what_is_no_stream_is_said_to_be_none(body: bytes) -> None:
    """Lines of the first version of the API, and pages, are errors, never an empty answer."""
    response = decode_stream(WIRE, body)
    assert isinstance(response.error, NotAStreamError)
    assert response.state == "failed"
