"""`reqllm-fixtures play`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures import EndError, Interaction, RecordedResponse
from reqllm_fixtures.cassette import NO_STATUS

from .making import CHAT, JSON, MESSAGES, SSE, cassette, event, recorded, said
from .running import DEMO, REASONING, TOOLS, run


def play(*args: str):
    return run("reqllm-fixtures", "play", "--pace", "0", *args)


def test_the_demo_is_whole():
    """Title, prompt, reasoning, answer and summary stand in this order."""
    result = play(DEMO)
    assert (result.exit_code, result.stderr) == (0, "")
    title, prompt, *rest = result.stdout.splitlines()
    assert title == "▶ claude-haiku-4-5 · POST https://api.anthropic.com/v1/messages"
    assert prompt == "> Why is the sky blue?"
    assert [line[:20] for line in rest if line] == [
        "[reasoning] They wan",
        "Sunlight looks white",
        "tokens 14 in, 149 ou",
    ]


@pytest.mark.parametrize("file", [DEMO, TOOLS, REASONING])
def test_every_cassette_of_ours_plays(file: str):
    """All recordings of this repository play to their end, for people and as JSON."""
    assert play(file).exit_code == 0
    chunks = [json.loads(line) for line in play(file, "--json").stdout.splitlines()]
    assert chunks[0]["kind"] == "stream_start"
    assert chunks[-1]["kind"] == "finish"


def test_each_recording_has_its_title(tmp_path: Path):
    """Several recordings are told apart, equal requests too, and one can be picked."""
    first, second = recorded(*said("First")), recorded(*said("Second"))
    file = cassette(tmp_path / "two.yaml", first, second)
    result = play(file)
    assert result.stdout.count("▶ m · POST https://api.openai.com") == 2
    assert result.stdout.index("First") < result.stdout.index("Second")
    picked = play(file, "--interaction", "1").stdout
    assert "Second" in picked
    assert "First" not in picked


@pytest.mark.parametrize("number", ["2", "-1"])
def test_a_recording_that_is_not_there_is_bad_usage(number: str):
    """The numbers that there are, are named."""
    result = play(DEMO, "--interaction", number)
    assert result.exit_code == 2
    assert "holds interactions 0 to 0" in result.stderr


def test_a_refusal_is_shown_as_one(tmp_path: Path):
    """An HTTP error is no failure of the playback: status, class and words are shown."""
    body = json.dumps({"error": {"message": "slow down", "type": "requests", "code": "limit"}})
    file = cassette(tmp_path / "429.yaml", recorded(body.encode(), status=429, headers=JSON))
    result = play(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "the provider answered 429: RateLimitError: slow down" in result.stdout
    (line,) = play(file, "--json").stdout.splitlines()
    assert json.loads(line)["error"]["error"] == "RateLimitError"


def test_what_is_no_stream_is_shown_as_it_is(tmp_path: Path):
    """A plain JSON answer to a plain request is shown indented, and is no chunk."""
    embedding = recorded(b'{"data":[1]}', url="https://x/v1/embeddings", asked={}, headers=JSON)
    file = cassette(tmp_path / "plain.yaml", embedding)
    result = play(file)
    assert result.exit_code == 0
    assert "no stream: 200 · application/json · 12 bytes" in result.stdout
    assert '{\n  "data": [\n    1\n  ]\n}' in result.stdout
    quiet = play(file, "--json")
    assert (quiet.exit_code, quiet.stdout) == (0, "")
    assert "no stream" in quiet.stderr


def test_a_long_body_is_cut(tmp_path: Path):
    """A document that is no stream does not flood the terminal."""
    plain = recorded(b"x" * 100_000, url="https://x/y", asked={}, headers=(("a", "b"),))
    file = cassette(tmp_path / "long.yaml", plain)
    assert 4000 < len(play(file).stdout) < 5000


def test_an_answer_that_was_not_streamed_although_asked_for_is_read(tmp_path: Path):
    """A server that ignored `stream` is read as our client reads it, with its warning."""
    whole = {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        ],
    }
    file = cassette(tmp_path / "w.yaml", recorded(json.dumps(whole).encode(), headers=JSON))
    assert "Hi\nwarning: the server sent the whole answer at once" in play(file).stdout


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("eof", "the recorded stream broke: IncompleteStreamError"),
        (EndError("ReadError", "reset"), "the recorded stream broke: InterruptedStreamError"),
        (EndError("ReadTimeout", "slow"), "the recorded stream broke: StreamTimeoutError"),
        ("client_closed", "the client left here when this was recorded"),
    ],
)
def test_a_recorded_failure_is_played_as_such(tmp_path: Path, end, told: str):
    """What came is shown, then how it ended; that is a successful playback."""
    file = cassette(tmp_path / "cut.yaml", recorded(*said("Hel", "lo", ending=False), end=end))
    result = play(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Hello\n" in result.stdout
    assert told in result.stdout
    quiet = play(file, "--json")
    assert told in quiet.stderr
    assert all(json.loads(line) for line in quiet.stdout.splitlines())


@pytest.mark.parametrize(
    ("url", "pieces"),
    [
        (f"{CHAT}?api-version=1", said("Hi")),
        ("https://gateway.example/llm", said("Hi")),
        (MESSAGES, ()),
        (
            "https://gateway.example/llm",
            (
                event({"type": "message_start", "message": {"id": "m", "model": "m", "usage": {}}}),
                event({"type": "message_stop"}),
            ),
        ),
    ],
)
def test_the_wire_is_found_out(tmp_path: Path, url: str, pieces: tuple[bytes, ...]):
    """The address tells the wire, or else the first event."""
    file = cassette(tmp_path / "wire.yaml", recorded(*pieces, url=url))
    assert "--wire" not in play(file).output


def test_a_wire_that_cannot_be_found_out_is_asked_for(tmp_path: Path):
    """The other recordings still play; the exit status is 1, and --wire helps."""
    strange = recorded(b": hello\n\n", event("?"), *said("Hi"), url="https://x/y")
    file = cassette(tmp_path / "s.yaml", strange, recorded(*said("Second")))
    result = play(file)
    assert result.exit_code == 1
    assert "interaction 0: UnknownWireOfRecordingError: " in result.stderr
    assert f"one of {', '.join(WIRE_NAMES)}, name it with --wire" in result.stderr
    assert "Second" in result.stdout
    assert play(file, "--wire", "openai-chat").exit_code == 0


@pytest.mark.parametrize("url", ["https://x/\x00y", "no address at all", "http:///"])
def test_an_odd_address_does_not_matter(tmp_path: Path, url: str):
    """A file of others plays although no client would send to its address."""
    file = cassette(tmp_path / "odd.json", recorded(*said("Hi"), url=url))
    assert play(file, "--wire", "openai-chat").exit_code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "CassetteFormatError"),
        ("interactions: []\nversion: 1\n", "holds no interaction"),
    ],
)
def test_a_file_that_holds_nothing_is_told(tmp_path: Path, text: str, told: str):
    """Neither an empty file nor an empty cassette passes in silence."""
    file = tmp_path / "empty.yaml"
    file.write_text(text)
    assert told in play(str(file)).stderr


def test_a_missing_file_is_told():
    """A file that is not there is one line and exit status 1."""
    result = play("absent.yaml")
    assert result.exit_code == 1
    assert result.stderr.startswith("reqllm-fixtures: CassetteNotFoundError: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.filterwarnings("default")
def test_a_warning_of_the_harness_is_a_line(tmp_path: Path):
    """A body that was edited by hand is warned of in plain words, without a line of code."""
    file = tmp_path / "edited.yaml"
    file.write_text(Path(DEMO).read_text().replace("a mixture of", "a  mixture of"))
    file.write_text(Path(DEMO).read_text().replace("They want", "They wish"))
    result = play(str(file))
    assert result.exit_code == 0
    assert result.stderr.startswith("reqllm-fixtures: warning: ")
    assert ".py" not in result.stderr


@pytest.mark.parametrize("pace", ["-1", "nan", "inf", "fast"])
def test_a_pace_that_is_none_is_bad_usage(pace: str):
    """Only numbers from 0 up are paces."""
    assert run("reqllm-fixtures", "play", DEMO, "--pace", pace).exit_code == 2


def test_prompts_of_every_kind_are_found(tmp_path: Path):
    """The last thing that the user said stands in the title, whatever the API."""
    asked = [
        {"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "two"}, "x"]}]},
        {"input": "three"},
        {"contents": [{"parts": [{"text": "four"}]}]},
        {"messages": "five"},
        {"messages": 6, "model": 6},
        [],
    ]
    pieces = said("Hi")
    file = cassette(
        tmp_path / "p.yaml", *(recorded(*pieces, asked=each, headers=SSE) for each in asked)
    )
    prompts = [line for line in play(file).stdout.splitlines() if line.startswith("> ")]
    assert prompts == ["> one", "> two", "> three", "> four", "> five"]


@pytest.mark.parametrize("end", [EndError("ConnectError", "refused"), "client_closed"])
def test_an_answer_that_never_began_is_told(tmp_path: Path, end: EndError | str):
    """A recording without a status line is a failed connection, not an answer of the provider."""
    request = recorded(*said("First")).request
    never = Interaction(request, RecordedResponse(NO_STATUS, end=end))
    result = play(cassette(tmp_path / "c.yaml", never))
    assert result.exit_code == 0
    assert "no answer began" in result.stdout + result.stderr
    assert "provider answered" not in result.stdout + result.stderr
