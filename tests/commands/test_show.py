"""`reqllm-fixtures show`."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from reqllm.framing.eventstream import CONTENT_TYPE as FRAMES
from reqllm_fixtures import EndError
from tests.loopback.catalogue import SCENARIOS
from tests.loopback.wires import Wire, events
from tests.loopback.wording import Options

from .making import JSON, cassette, recorded, said
from .running import DEMO, TOOLS, run


def show(*args: str) -> str:
    result = run("reqllm-fixtures", "show", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def items(*args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in show("--json", *args).splitlines()]


def test_a_long_stream_is_shown_in_moderation():
    """Request, answer, totals and some pieces fit on two screens."""
    text = show(DEMO)
    assert len(text.splitlines()) < 60
    assert "POST https://api.anthropic.com/v1/messages" in text
    assert '        "content": "Why is the sky blue?"' in text
    assert "  content-type: text/event-stream; charset=utf-8" in text
    assert "88 pieces, 12,670 bytes in 6.91 s, ended by eof" in text
    assert "complete: tokens 14 in, 149 out" in text
    assert "76 more; --pieces shows all" in text
    assert 'text_delta "Sunlight"' not in text


def test_pieces_can_be_shown_whole():
    """Every piece has its number, time, gap, size and what it gave."""
    rows = show(DEMO, "--pieces").splitlines()
    assert sum(row.split()[0].isdigit() for row in rows if row[:7].strip().isdigit()) == 88
    assert any(row.split()[:5] == ["24", "2,170.7", "63.3", "82", "1"] for row in rows)
    assert "--pieces shows all" not in "\n".join(rows)


def test_events_and_chunks_can_be_shown_whole():
    """Every event and chunk is a line, with the piece that completed it."""
    events = show(TOOLS, "--events").splitlines()
    assert [line.split()[0] for line in events[-29:]] == [str(n) for n in range(29)]
    chunks = show(TOOLS, "--chunks").splitlines()
    assert chunks[-1].split()[:3] == ["33", "25", "finish"]
    assert max(map(len, [*events[-29:], *chunks[-34:]])) <= 120


def test_json_has_a_kind_on_every_line():
    """Items of every kind come, each with the interaction that it belongs to."""
    found = items(TOOLS)
    assert {item["kind"] for item in found} == {"request", "response", "piece", "event", "chunk"}
    assert {item["interaction"] for item in found} == {0}
    request, response = found[:2]
    assert request["body"]["model"] == "gpt-5-mini"
    assert (response["wire"], response["state"], response["end"]) == (
        *("openai-chat", "complete", "eof"),
    )
    pieces = [item for item in found if item["kind"] == "piece"]
    assert sum(piece["bytes"] for piece in pieces) == response["bytes"] == 10290
    assert [piece["piece"] for piece in pieces] == list(range(26))
    events = [item for item in found if item["kind"] == "event"]
    assert events[-1]["data"] == "[DONE]"
    assert sum(piece["events"] for piece in pieces) == len(events)


@pytest.mark.parametrize("section", ["piece", "event", "chunk"])
def test_json_can_be_picked_too(section: str):
    """A section that is picked is all that is written."""
    assert {item["kind"] for item in items(TOOLS, f"--{section}s")} == {section}


def test_one_interaction_can_be_picked(tmp_path: Path):
    """The number picks one, and stays its number."""
    file = cassette(tmp_path / "two.yaml", recorded(*said("A")), recorded(*said("B")))
    assert show(file).count("interaction ") == 2
    assert {item["interaction"] for item in items(file, "--interaction", "1")} == {1}
    assert run("reqllm-fixtures", "show", file, "--interaction", "2").exit_code == 2


def test_a_broken_stream_tells_how_it_ended(tmp_path: Path):
    """The recorded end and the error that our client makes of it are shown."""
    end = EndError("ReadError", "reset")
    file = cassette(tmp_path / "cut.yaml", recorded(*said("A", ending=False), end=end))
    text = show(file)
    assert "ended by ReadError: reset" in text
    assert "interrupted: usage not reported" in text
    assert "InterruptedStreamError: " in text
    left = cassette(tmp_path / "left.yaml", recorded(*said("A", ending=False), end="client_closed"))
    assert "ended by client_closed" in show(left)
    assert items(left)[1]["state"] == "interrupted"


def test_an_unknown_wire_still_shows_pieces_and_events(tmp_path: Path):
    """Without a wire there are no chunks, and that is said."""
    file = cassette(tmp_path / "x.yaml", recorded(b": hi\n\ndata: ?\n\n", url="https://x/y"))
    text = show(file)
    assert "2 events: comment, message" in text
    assert "no chunks: the wire is not known; name it with --wire" in text
    assert "chunks of openai-chat" in show(file, "--wire", "openai-chat")
    kinds = [item["kind"] for item in items(file)]
    assert kinds == ["request", "response", "piece", "event", "event"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/api/chat", "https://proxy.example/x"])
def test_lines_are_events_too(tmp_path: Path, url: str):
    """A stream of lines is taken apart as its wire says, which its address or first line tells."""
    lines = [{"model": "m", "message": {"content": text}, "done": False} for text in ("Hi", "!")]
    lines.append({"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop"})
    pieces = [json.dumps(line).encode() + b"\n" for line in lines]
    headers = (("content-type", "application/x-ndjson"),)
    file = cassette(tmp_path / "lines.yaml", recorded(*pieces, url=url, asked={}, headers=headers))
    found = items(file)
    assert found[1]["wire"] == "ollama"
    events = [item for item in found if item["kind"] == "event"]
    assert [json.loads(event["data"]) for event in events] == lines
    assert [item["piece"] for item in events] == [0, 1, 2]


@pytest.mark.parametrize(
    ("wire", "path"),
    [("bedrock-converse", "converse-stream"), ("bedrock-invoke", "invoke-with-response-stream")],
)
@pytest.mark.parametrize("kind", [FRAMES, "application/octet-stream"])
def test_frames_are_events_too(tmp_path: Path, wire: Wire, path: str, kind: str):
    """A binary stream is taken apart, whatever its type; address or first frame tell its wire."""
    pieces = events(wire, SCENARIOS["anthropic-messages"]["text"], Options(model="m"))
    known = kind == FRAMES  # else a proxy's address, which tells nothing
    url = f"https://proxy.example/model/arn:a/b/{path}" if known else "https://proxy.example/x"
    made = recorded(*pieces, url=url, asked={}, headers=(("content-type", kind),))
    found = items(cassette(tmp_path / "frames.yaml", made))
    assert found[1]["wire"] == wire
    shown = [item for item in found if item["kind"] == "event"]
    assert [item["piece"] for item in shown] == list(range(len(pieces)))
    assert found[-1]["kind"] == "chunk"


def test_answers_that_are_no_streams_are_shown(tmp_path: Path):
    """Errors and plain documents have a body in place of a timeline."""
    refused = recorded(b'{"error":{"message":"no"}}', status=401, headers=JSON)
    plain = recorded(b"<\x00\x1b", asked={}, headers=(("content-type", "text/x"),))
    binary = recorded(b"\xff\x00" * 20, asked={}, headers=(("content-type", "image/x"),))
    file = cassette(tmp_path / "no.yaml", refused, plain, binary)
    text = show(file)
    assert '      "message": "no"' in text
    assert "<␀␛" in text
    assert "no text; it begins with ff 00 ff" in text
    assert [item["body"] for item in items(file) if item["kind"] == "response"] == [
        {"error": {"message": "no"}},
        "<\x00\x1b",
        {"base64": base64.b64encode(b"\xff\x00" * 20).decode()},
    ]


def test_times_that_nobody_recorded_are_not_made_up(tmp_path: Path):
    """A file without times shows dashes, and null in JSON."""
    file = cassette(tmp_path / "t.yaml", recorded(*said("A"), step=0))
    assert "      0          -         -" in show(file, "--pieces")
    assert items(file, "--pieces")[0]["at_ms"] is None


def test_keys_in_a_file_of_others_are_masked(tmp_path: Path):
    """Headers and addresses that hold keys are shown without them."""
    headers = (
        ("Authorization", "Bearer sk-secret"),
        ("x-goog-api-key", "sk-secret"),
        ("X-Amz-Security-Token", "sk-secret"),
        ("a-tokens", "7"),
    )
    one = recorded(*said("A"), url="https://x/chat/completions?key=sk-secret&alt=sse")
    request = type(one.request)("POST", one.request.uri, headers, one.request.body)
    file = cassette(tmp_path / "k.yaml", type(one)(request, one.response))
    for args in ((), ("--json",)):
        text = show(file, *args)
        assert "sk-secret" not in text
        assert "***" in text
        assert "alt=sse" in text
        assert '"a-tokens", "7"' in text or "a-tokens: 7" in text


def test_a_long_body_is_cut(tmp_path: Path):
    """A request of hundreds of lines says how many are left out."""
    asked = {"stream": True, "messages": [{"role": "user", "content": str(n)} for n in range(99)]}
    file = cassette(tmp_path / "l.yaml", recorded(*said("A"), asked=asked))
    assert "more lines" in show(file)


def test_nothing_raw_from_a_file_is_printed(tmp_path: Path):
    """Escape sequences in headers, bodies, events and errors are shown, not sent."""
    evil = "\x1b]0;x\x07\x9b"
    headers = (("content-type", "text/event-stream"), (f"x{evil}", evil))
    one = recorded(
        *(evil.encode(), b"\n\ndata: " + evil.encode() + b"\n\n", *said(evil)),
        asked={"model": evil, "stream": True},
        headers=headers,
        end=EndError("ReadError", evil),
    )
    file = cassette(tmp_path / "e.yaml", one)
    for args in ((), ("--pieces", "--events", "--chunks"), ("--json",)):
        assert not {"\x1b", "\x07", "\x9b"} & set(show(file, *args))
