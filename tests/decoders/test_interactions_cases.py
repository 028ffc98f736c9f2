"""The decoder of Google's Interactions reads what its servers really send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm import chunk as c
from reqllm.content import (
    CustomPart,
    FilePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.stream_server import decode_stream
from reqllm.wires.gemini_interactions.encode import encode
from tests.conftest import COMPARED
from tests.corpus import Capture, captures, params

from .cases import Case, check_case
from .google_sdks import interaction_events
from .interactions_cases import (
    CASES,
    CREATED,
    END,
    HELLO,
    OUTPUT,
    USAGE,
    delta,
    encoded,
    event,
    start,
    stop,
    text,
)
from .invariants import check_stream

WIRE = "gemini-interactions"
CAPTURES = captures(WIRE)


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in CASES])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


def said(body: bytes) -> tuple[Any, ...]:
    return check_stream(WIRE, CREATED + body + END).content


def test_a_thought_keeps_its_summaries_and_its_signature() -> None:
    """Each summary is kept as it came: together with the last signature it goes back."""
    one, two = ({"type": "text", "text": word} for word in ("Hm", "m."))
    body = (
        start({"type": "thought"})
        + delta("thought_summary", content=one)
        + delta("thought_signature", signature="A")
        + delta("thought_summary", content=two)
        + delta("thought_signature", signature="AB")
        + stop()
    )
    metadata = {"step": "thought", "summary": [one, two]}
    assert said(body) == (ReasoningPart("Hmm.", signature="AB", provider_metadata=metadata),)


def test_a_thought_without_a_word() -> None:
    """A thought of which only the signature came is a part of the answer."""
    body = start({"type": "thought"}) + delta("thought_signature", signature="S") + stop()
    (part,) = said(body)
    assert (part.content, part.signature) == ("", "S")


def test_tools_that_google_ran() -> None:
    """A call of Google's own tool is handed out when it is whole, its result as it came."""
    result = {
        "type": "google_search_result",
        "call_id": "s1",
        "result": [{"title": "T"}],
        "signature": "R",
    }
    body = (
        start({"type": "google_search_call", "id": "s1", "search_type": "web"})
        + delta("google_search_call", arguments={"queries": ["x"]}, signature="S")
        + stop()
        + start({"type": "google_search_result", "call_id": "s1"}, 1)
        + delta("google_search_result", 1, result=[{"title": "T"}], signature="R")
        + stop(1)
        + HELLO
    )
    assert said(body) == (
        ToolCall(
            "s1",
            "google_search",
            {"queries": ["x"]},
            '{"queries":["x"]}',
            provider_executed=True,
            signature="S",
            provider_metadata={"step": "google_search_call", "search_type": "web"},
        ),
        ToolResultPart("s1", result, name="google_search", provider_executed=True),
        TextPart("Hello"),
    )


def test_files_and_sound() -> None:
    """Pictures are files in their place; pieces of raw sound are one; an address stays one."""
    body = (
        OUTPUT
        + text("Look:")
        + delta("image", data=encoded(b"png"), mime_type="image/png", resolution="low")
        + delta("audio", data=encoded(b"ab"), mime_type="audio/l16", rate=24000)
        + delta("audio", data=encoded(b"cd"), mime_type="audio/l16", rate=24000)
        + delta("video", uri="gs://b/v", mime_type="video/mp4")
        + text("So.")
        + stop()
    )
    assert said(body) == (
        TextPart("Look:"),
        FilePart(b"png", media_type="image/png", provider_metadata={"resolution": "low"}),
        FilePart(b"abcd", media_type="audio/l16"),
        FilePart(url="gs://b/v", media_type="video/mp4"),
        TextPart("So."),
    )


def test_annotations_are_citations_in_characters() -> None:
    """Google counts bytes; a citation counts the characters of its text."""
    found = {
        "type": "url_citation",
        "url": "https://a.example",
        "title": "A",
        "start_index": 7,
        "end_index": 14,
    }
    file = {"type": "file_citation", "file_name": "a.pdf", "document_uri": "gs://a"}
    body = (
        OUTPUT + text("Pâté is nice.") + delta("text_annotation_delta", annotations=[found, file])
    )
    response = check_stream(WIRE, CREATED + body + stop() + END)
    assert response.citations == (
        c.Citation(kind="url", url="https://a.example", title="A", start=5, end=12, raw=found),
        c.Citation(kind="document", url="gs://a", title="a.pdf", raw=file),
    )
    assert response.text[5:12] == "is nice"


def test_what_is_newer_than_we_are_is_kept() -> None:
    """A step of an unknown type is a part; a delta or event of an unknown type is handed out."""
    body = (
        start({"type": "hologram", "light": "a"})
        + delta("hologram", light="b")
        + stop()
        + OUTPUT
        + delta("smell", of="roses")
        + text("Hello")
        + stop()
        + event("interaction.paused", why=1)
    )
    response = check_stream(WIRE, CREATED + body + END)
    assert response.content == (
        CustomPart(f"{WIRE}.hologram", {"type": "hologram", "light": "ab"}),
        CustomPart(f"{WIRE}.smell", {"type": "smell", "of": "roses"}),
        TextPart("Hello"),
    )
    kinds = [chunk.custom_kind for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert kinds[-1] == f"{WIRE}.interaction.paused"


def test_a_whole_interaction_is_read_with_a_warning() -> None:
    """What a request without `stream` gets is read as well."""
    whole = {
        "id": "c1",
        "object": "interaction",
        "model": "m",
        "status": "completed",
        "usage": USAGE,
        "steps": [
            {"type": "user_input", "content": [{"type": "text", "text": "q"}]},
            {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]},
        ],
    }
    response = decode_stream(WIRE, json.dumps(whole).encode())
    assert (response.state, response.text) == ("complete", "Hello")
    assert [warning.code for warning in response.warnings] == ["server_ignored_stream"]


# Against the SDK, and back.
@pytest.mark.parametrize("capture", params(CAPTURES))
def test_an_interaction_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, thoughts, signatures, status, usage, id and model are those of the SDK's events."""
    response = decode_stream(WIRE, capture.body)
    told: dict[str, Any] = {"text": "", "thinking": "", "signatures": {}}
    for value in interaction_events(capture):
        piece = value.get("delta", {})
        told["text"] += piece.get("text", "")
        told["thinking"] += piece.get("content", {}).get("text", "")
        if piece.get("signature"):
            told["signatures"][value["index"]] = piece["signature"]
        told |= value.get("interaction", {})
    assert (response.text, response.thinking) == (told["text"], told["thinking"])
    thoughts = [part for part in response.content if isinstance(part, ReasoningPart)]
    assert [part.signature for part in thoughts] == list(told["signatures"].values())
    assert response.finish_reason is not None
    assert (response.id, response.model, response.finish_reason.raw) == (
        told["id"],
        told["model"],
        told["status"],
    )
    assert response.usage is not None
    assert response.usage.raw == told["usage"]
    assert response.usage.total_tokens == told["usage"]["total_tokens"]
    record_property(COMPARED, WIRE)


@pytest.mark.parametrize("capture", params(CAPTURES))
def test_captured_interactions_go_back_as_they_came(capture: Capture) -> None:
    """What a live model said is what it gets back, thoughts and signatures too."""
    steps: dict[int, dict[str, Any]] = {}
    for value in interaction_events(capture):
        match value["event_type"]:
            case "step.start":
                steps[value["index"]] = dict(value["step"])
            case "step.delta":
                _put_in(steps[value["index"]], value["delta"])
    response = decode_stream(WIRE, capture.body)
    body, warnings = encode("m", Context([Message.user("q"), response.message]), {})
    assert warnings == []
    assert body["input"][1:] == list(steps.values())


def _put_in(step: dict[str, Any], piece: dict[str, Any]) -> None:
    match piece["type"]:
        case "text":
            (content,) = step.setdefault("content", [{"type": "text", "text": ""}])
            content["text"] += piece["text"]
        case "thought_summary":
            step.setdefault("summary", []).append(piece["content"])
        case "thought_signature" if piece["signature"]:
            step["signature"] = piece["signature"]
