"""A gateway that fails tells it in a form of its own, in the middle of any wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm import errors as e
from reqllm.stream_server import decode_stream
from reqllm_fixtures.checking import check_events
from tests.decoders.gateway_cases import REPORTS

from .more_streams import COHERE, GEMINI, INTERACTION, OLLAMA, RESPONSES, lines
from .streams import ANTHROPIC, OPENAI_TEXT, Event, named, unnamed

BEGINNINGS: dict[str, bytes] = {
    "openai-chat": unnamed(OPENAI_TEXT[:1]),
    "openai-responses": named(RESPONSES[:1]),
    "anthropic-messages": named(ANTHROPIC[:1]),
    "gemini": unnamed(GEMINI[:1]),
    "gemini-interactions": unnamed(INTERACTION[:1]),
    "cohere-v2": named(COHERE[:1]),
    "ollama": lines(OLLAMA[:1]),
}


def failed(wire: str, report: Event, name: str) -> bytes:
    """Begin an answer, and break it off by a report."""
    if wire == "ollama":
        return BEGINNINGS[wire] + lines([report])
    head = f"event: {name}\n" if name else ""
    return BEGINNINGS[wire] + f"{head}data: {json.dumps(report)}\n\n".encode()


@pytest.mark.parametrize("name", ["", "error"])
@pytest.mark.parametrize("report", REPORTS, ids=json.dumps)
@pytest.mark.parametrize("wire", BEGINNINGS)
def test_a_report_of_any_form_fails_the_stream(wire: str, report: Any, name: str) -> None:
    """The answer failed, for the reason that is told; the check holds it for an ending."""
    body = failed(wire, report, name)
    got = decode_stream(wire, body)

    assert (got.state, type(got.error)) == ("failed", e.ServerError)
    assert got.error is not None
    assert got.error.message.startswith("no")
    assert [str(each) for each in check_events(wire, body) if each.severity == "error"] == []


@pytest.mark.parametrize("form", ["%s", "%s\n\n", "error: %s\n\n", "[%s]\n"])
@pytest.mark.parametrize("wire", sorted(BEGINNINGS.keys() - {"ollama"}))
def test_a_report_without_a_frame_fails_the_stream(wire: str, form: str) -> None:
    """A server that failed writes its error bare, or as llama.cpp does: it is told all the same."""
    report = '{"error": {"message": "no", "code": 500}}'
    body = BEGINNINGS[wire] + (form % report).encode()
    got = decode_stream(wire, body)

    assert (got.state, type(got.error)) == ("failed", e.ServerError)
    assert got.error is not None
    assert got.error.message.startswith("no")
    assert [(each.severity, each.rule) for each in check_events(wire, body)] == [
        ("warning", "unframed")
    ]


@pytest.mark.parametrize("text", ['{"a": 1}', '{"error": null}', "error: no", "[DONE]", "{"])
@pytest.mark.parametrize("wire", sorted(BEGINNINGS.keys() - {"ollama", "gemini"}))
def test_a_line_of_no_field_is_dropped(wire: str, text: str) -> None:
    """What stands bare and reports nothing is no event, and changes none around it."""
    beginning = BEGINNINGS[wire].removesuffix(b"\n")
    with_it = decode_stream(wire, beginning + text.encode() + b"\n\n")

    assert with_it.state == "incomplete"
    assert with_it.chunks[:-1] == decode_stream(wire, BEGINNINGS[wire]).chunks[:-1]


@pytest.mark.parametrize("wire", BEGINNINGS)
def test_what_is_no_report_is_none(wire: str) -> None:
    """An object that is new, and says nothing of a failure, fails nothing."""
    got = decode_stream(wire, failed(wire, {"mood": "good", "message": ""}, ""))

    assert got.state == "incomplete"
