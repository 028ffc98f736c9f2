"""What makes a poor recording is told, each by its rule; a good one is passed without a word."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reqllm_fixtures import EndError, Interaction, Piece, RecordedRequest, RecordedResponse
from reqllm_fixtures.files import format as cassette_format
from reqllm_fixtures.linting import LINTS, Linter

from .more_streams import array
from .shapes import SHAPES
from .streams import DONE, OPENAI_TEXT, openai, unnamed

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SSE = (("content-type", "text/event-stream"),)
URL = "https://api.openai.com/v1/chat/completions"
GOOD = openai(OPENAI_TEXT)
CUT = unnamed(OPENAI_TEXT[:2])
KEY = (
    "sk-proj-" + "Zq8Xw2Lr7Tn4Vb9K" * 3
)  # made here, so that no scanner takes this file for a leak


def recorded(body: bytes = GOOD, *, url: str = URL, asked: bytes = b'{"stream":true}', **more):
    pieces = (Piece(body, 1.0),) if body else ()
    response = RecordedResponse(200, "", SSE, pieces, recorded_at=NOW - timedelta(days=30))
    return Interaction(RecordedRequest("POST", url, (), asked), replace(response, **more))


def linted(*interactions: Interaction, **options):
    linter = Linter(now=NOW, max_age=timedelta(days=90), **options)
    return list(linter.cassette(list(interactions)))


def edited() -> list[Interaction]:
    text = cassette_format.dumps([recorded()])
    return cassette_format.loads(text.replace("llo", "lla"), path="edited.yaml")


POOR = {
    "empty-cassette": [],
    "empty-answer": [recorded(b"")],
    "error-status": [recorded(b'{"error":{"message":"no"}}', status=401)],
    "truncated": [recorded(CUT, end=EndError("ReadError", "gone"))],
    "unreadable-body": [recorded(b"\xff\xfe", headers=(*SSE, ("content-encoding", "gzip")))],
    "edited-body": edited(),
    "unknown-wire": [recorded(b"data: 1\n\n", url="https://example.test/")],
    "usage-missing": [recorded(openai(OPENAI_TEXT[:-1]))],
    "stale": [recorded(recorded_at=NOW - timedelta(days=91))],
    "secret": [recorded(GOOD.replace(b"llo", KEY.encode()))],
}


def test_every_lint_is_told_by_a_test():
    """A file that cannot be read is the command's business, all else is here."""
    assert set(POOR) == set(LINTS) - {"unreadable-file"}


@pytest.mark.parametrize("rule", POOR)
def test_each_lint_is_told(rule):
    """The rule alone, with the number of the interaction."""
    (remark,) = linted(*POOR[rule])

    assert remark.rule == rule
    assert remark.interaction == (0 if POOR[rule] else None)
    assert remark.severity == LINTS[rule].compat
    assert KEY not in str(remark)


def test_a_good_recording_is_passed():
    """By either profile, also if it is compressed, or the client left after its end."""
    packed = recorded(gzip.compress(GOOD), headers=(*SSE, ("content-encoding", "gzip")))
    for profile in ("strict", "compat"):
        assert linted(recorded(), packed, recorded(end="client_closed"), profile=profile) == []


def test_findings_of_a_stream_are_told():
    """With the interaction, and all that the check says."""
    (remark,) = linted(recorded(), recorded(CUT))

    assert remark.finding.rule == remark.rule == "terminal-missing"
    assert str(remark) == (
        "interaction 1: error: stream: terminal-missing: "
        "expected a finish_reason and [DONE], the stream ended before them"
    )


@pytest.mark.parametrize("end", ["client_closed", EndError("ReadError")])
def test_where_a_stream_was_cut_off_by_its_recording(end):
    """It is told as that, and not as a provider that forgot its last event."""
    (remark,) = linted(recorded(CUT, end=end))

    assert (remark.severity, remark.rule) == ("warning", "truncated")


def test_what_is_no_stream_is_not_checked():
    """A plain answer is JSON, and no events are looked for in it."""
    json = (("content-type", "application/json"),)

    assert linted(recorded(b'{"id":"c1"}', asked=b"{}", headers=json)) == []


@pytest.mark.parametrize("status", [201, 204, 304])
def test_another_success_is_no_error(status):
    """What else a client asked in passing is none of our business."""
    assert linted(recorded(b"", status=status)) == []


def test_a_file_that_does_not_say_when_is_not_stale():
    """Recordings of other tools have no date."""
    assert linted(recorded(recorded_at=None)) == []


def test_the_wire_can_be_named():
    """It holds for all streams, whatever their address says."""
    (remark,) = linted(recorded(DONE, url="https://example.test/"), wire="openai-chat")

    assert remark.rule == "no-events"


ADDRESSES = {
    "anthropic-messages": "https://api.anthropic.com/v1/messages",
    "bedrock-converse": "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse-stream",
    "bedrock-invoke": (
        "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.m"
        "/invoke-with-response-stream"
    ),
    "cohere-v2": "https://api.cohere.com/v2/chat",
    "gemini": "https://generativelanguage.googleapis.com/v1/models/m:streamGenerateContent?alt=sse",
    "gemini-interactions": "https://generativelanguage.googleapis.com/v1/interactions",
    "ollama": "http://localhost:11434/api/chat",
    "openai-chat": URL,
    "openai-responses": "https://api.openai.com/v1/responses",
}
TYPES = {
    "bedrock-converse": "application/vnd.amazon.eventstream",
    "bedrock-invoke": "application/vnd.amazon.eventstream",
    "ollama": "application/x-ndjson",
}


@pytest.mark.parametrize("wire", SHAPES)
def test_the_stream_of_every_wire_is_checked(wire):
    """The wire is found out by the address, and what is wrong with the stream is found."""
    headers = (("content-type", TYPES.get(wire, "text/event-stream")),)
    shape = SHAPES[wire]
    whole, cut_off = shape.framed(shape.clean[0]), shape.frame(shape.clean[0][:1])
    first, second = (
        recorded(body, url=ADDRESSES[wire], asked=b"{}", headers=headers)
        for body in (whole, cut_off)
    )

    assert [each.rule for each in linted(first) if each.rule != "usage-missing"] == []
    assert "terminal-missing" in [each.rule for each in linted(second)]


def test_one_json_array_is_a_stream_where_one_was_asked_for():
    """Gemini's stream without `alt=sse` says by its address alone that it is one."""
    json = (("content-type", "application/json"),)
    body = array(SHAPES["gemini"].clean[0][:1])

    (remark,) = linted(recorded(body, url=ADDRESSES["gemini"], asked=b"{}", headers=json))

    assert remark.rule == "terminal-missing"
