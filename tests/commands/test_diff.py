"""`reqllm-fixtures diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reqllm_fixtures import EndError, Piece

from .making import CHAT, JSON, cassette, event, recorded, said
from .running import DEMO, REASONING, TOOLS, run


def diff(*args: str):
    return run("reqllm-fixtures", "diff", *args)


def asking(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "stream": True, "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture
def compared(tmp_path: Path):
    """Compares two lists of interactions."""

    def compare(a: list, b: list, *args: str):
        return diff(cassette(tmp_path / "a.yaml", *a), cassette(tmp_path / "b.json", *b), *args)

    return compare


def items(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("file", [DEMO, TOOLS, REASONING])
def test_a_cassette_equals_itself(file: str):
    """Nothing is said, and the status is 0."""
    result = diff(file, file)
    assert (result.exit_code, result.output) == (0, "")


def test_what_is_new_in_every_answer_is_no_difference(compared):
    """Ids, dates, padding, pieces and times; order of keys; order of the interactions."""

    def answer(name: str, padding: str):
        choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
        chunk = {"id": name, "created": len(padding), "model": "m", "choices": [choice]}
        return event({**chunk, "obfuscation": padding}) + event("[DONE]")

    one, two = answer("chatcmpl-1", "a"), answer("chatcmpl-234", "bcd")
    first = [recorded(one), recorded(*said("Bye"), asked=asking("Bye"))]
    backwards = dict(reversed(list(asking("Bye").items())))
    second = [recorded(*said("Bye"), asked=backwards, step=7), recorded(two[:9], two[9:])]
    assert compared(first, second).output == ""
    assert compared(first, second).exit_code == 0


def test_ids_that_stand_for_something_else_differ(compared):
    """One id twice is not two ids."""

    def answer(*names: str):
        return [recorded(event([{"id": name} for name in names]), url="https://x.invalid/y")]

    assert compared(answer("a", "a"), answer("b", "b")).exit_code == 0
    assert compared(answer("a", "a"), answer("b", "c")).exit_code == 1


def test_a_request_differs_by_path(compared):
    """Both values are shown; what one side has not is absent."""
    a = [recorded(*said("Hi"), asked=asking("Hi", temperature=1))]
    b = [recorded(*said("Hi"), asked=asking("Ho"), url=f"{CHAT}?x=1")]
    result = compared(a, b)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "A interaction 0, B interaction 0: POST https://api.openai.com/v1/chat/completions",
        "  url.query.x",
        "    A: (absent)",
        '    B: "1"',
        "  $.messages[0].content",
        '    A: "Hi"',
        '    B: "Ho"',
        "  $.temperature",
        "    A: 1",
        "    B: (absent)",
    ]
    temperature = items(compared(a, b, "--json"))[-1]
    both = {"a": 0, "b": 0}
    assert temperature == {**both, "kind": "differs", "path": "$.temperature", "value_a": 1}


def test_a_stream_differs_chunk_by_chunk(compared):
    """As lines of a unified diff, of chunks, not of text on the wire."""
    result = compared([recorded(*said("Hel", "lo"))], [recorded(*said("Hel", "p"))])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1:3] == ["--- A interaction 0", "+++ B interaction 0"]
    (gone,) = [json.loads(line[1:]) for line in lines if line.startswith("-{")]
    (come,) = [json.loads(line[1:]) for line in lines if line.startswith("+{")]
    assert (gone["kind"], gone["text"], come["text"]) == ("text_delta", "lo", "p")
    (item,) = items(compared([recorded(*said("a"))], [recorded(*said("b"))], "--json"))
    assert (item["kind"], item["diff"][0]) == ("answer", "--- A interaction 0")


def test_status_end_and_state(compared):
    """How an answer ended, in words of its own."""
    whole = recorded(*said("Hi"))
    cut = recorded(*said("Hi", ending=False), end=EndError("ReadError", "gone"))
    found = {each.get("path"): each for each in items(compared([whole], [cut], "--json"))}
    assert (found["end"]["value_a"], found["end"]["value_b"]) == ("eof", "ReadError: gone")
    assert (found["state"]["value_a"], found["state"]["value_b"]) == ("complete", "interrupted")
    refused = recorded(b'{"error": {"message": "no"}}', status=400, headers=JSON)
    found = {each.get("path"): each for each in items(compared([whole], [refused], "--json"))}
    assert (found["status"]["value_a"], found["status"]["value_b"]) == (200, 400)
    assert found["content-type"]["value_b"] == "application/json"
    assert "state" in found


def test_bodies_and_unknown_wires(compared):
    """JSON is compared laid out, text by lines, events of an unknown wire as they are."""
    one, other = (
        recorded(json.dumps({"a": [1, n]}).encode(), headers=JSON, asked={}) for n in "xy"
    )
    assert '-    "x"' in compared([one], [other]).stdout
    one, other = (recorded(b"same\n" + n, headers=JSON, asked={}) for n in (b"x", b"y"))
    assert compared([one], [other]).stdout.splitlines()[-3:] == [" same", "-x", "+y"]
    one, other = (
        recorded(event({"n": n}) + b": a comment\n\n", url="https://x.invalid/y") for n in (1, 2)
    )
    assert '-{"event": "message", "data": {"n": 1}}' in compared([one], [other]).stdout
    one, other = (replace(one, request=replace(one.request, body=n)) for n in (b"\xff", b"\xfe"))
    assert 'A: {"base64": "/w=="}' in compared([one], [other]).stdout


def test_what_only_one_has(compared):
    """The rest is paired by what is equal, not by position."""
    hi, bye = recorded(*said("Hi")), recorded(*said("Bye"), asked=asking("Bye"))
    assert compared([hi, bye], [bye]).stdout.startswith("A interaction 0") is False
    assert compared([hi, bye], [bye]).stdout.startswith("only in A: interaction 0, POST")
    assert items(compared([hi], [hi, hi], "--json")) == [
        {"a": None, "b": 1, "kind": "only_in_b", "request": f"POST {CHAT}"}
    ]
    assert compared([], []).exit_code == 0


def test_stale_sizes_are_warned_of(tmp_path: Path):
    """A body edited by hand is compared, and said to be edited."""
    a = cassette(tmp_path / "a.yaml", recorded(*said("Hi")))
    b = tmp_path / "b.yaml"
    b.write_text(Path(a).read_text().replace('"Hi"}', '"Howdy"}'))
    result = diff(a, str(b))
    assert result.exit_code == 1
    assert "warning" in result.stderr


def test_what_cannot_be_compared_is_2(tmp_path: Path):
    """As `diff` itself has it: 1 is a difference, 2 is trouble."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("nothing")
    assert diff(DEMO, str(bad)).exit_code == 2
    assert diff(DEMO).exit_code == 2
    assert diff(DEMO, str(tmp_path / "none.yaml")).exit_code == 2
    assert diff(DEMO, DEMO, "--wire", "morse").exit_code == 2


def test_help_teaches():
    """Examples, what counts and statuses stand in the help."""
    text = diff("--help").stdout
    assert "reqllm-fixtures diff old.yaml new.yaml" in text
    assert "ids, dates and padding do not count" in " ".join(text.split())
    assert "Exit status" in text


def test_pieces_are_no_difference(compared):
    """Where the network cut the same bytes says nothing of what was meant."""
    body = b"".join(said("Hi"))
    apart = replace(recorded(body).response, pieces=tuple(Piece(bytes([each])) for each in body))
    assert compared([recorded(body)], [replace(recorded(body), response=apart)]).exit_code == 0
