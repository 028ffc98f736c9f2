"""`reqllm-fixtures decode`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reqllm.wires.table import WIRE_NAMES

from .making import event, said
from .running import run


def decode(body: bytes, *args: str, wire: str = "openai-chat"):
    return run("reqllm-fixtures", "decode", "--wire", wire, *args, stdin=body)


def test_a_complete_stream_is_a_success():
    """The answer and its summary are printed, and the exit status is 0."""
    result = decode(b"".join(said("Hel", "lo")))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Hello\n\nusage not reported · finish stop\n"


def test_a_file_is_read_too(tmp_path: Path):
    """A file gives what the standard input gives."""
    body = b"".join(said("Hi"))
    file = tmp_path / "body.sse"
    file.write_bytes(body)
    assert decode(b"", str(file)).stdout == decode(body, "-").stdout == decode(body).stdout


def test_json_is_one_chunk_a_line():
    """Chunks are lines, and the error of a broken stream is the last of them."""
    chunks = decode(b"".join(said("Hi")), "--json").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in chunks] == [
        *("stream_start", "text_start", "text_delta", "text_end", "finish"),
    ]
    broken = decode(b"".join(said("Hi", ending=False)), "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.stdout.splitlines()[-1])["kind"] == "error"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"".join(said("Hel", "lo", ending=False)), "IncompleteStreamError"),
        (b"", "EmptyStreamError"),
        (b"<html>", "NotAStreamError"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", "NotAStreamError"),
        (b"data: {\n\n", "MalformedEventError"),
        (event({"error": {"message": "overloaded", "code": "x"}}), "overloaded"),
        (b'{"error": {"message": "bad key"}}', "bad key"),
    ],
)
def test_what_is_wrong_is_one_line(body: bytes, told: str):
    """Anything but a complete stream is exit status 1 and a line that says why."""
    result = decode(body)
    assert result.exit_code == 1
    assert result.stderr.startswith("reqllm-fixtures: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_came_before_the_end_is_shown():
    """A stream that was cut shows its text."""
    result = decode(b"".join(said("Hel", "lo", ending=False)))
    assert result.stdout == "Hello\n"
    assert "5 characters of text had arrived" in result.stderr


@pytest.mark.parametrize("wire", ["morse", ""])
def test_an_unknown_wire_lists_the_wires(wire: str):
    """A wire that there is not is bad usage, and those that there are, are named."""
    result = decode(b"", wire=wire)
    assert result.exit_code == 2
    assert f"The wires are {', '.join(WIRE_NAMES)}." in result.stderr


def test_the_wire_must_be_named():
    """A body alone does not tell: --wire is required."""
    result = run("reqllm-fixtures", "decode", stdin=b"")
    assert result.exit_code == 2
    assert "--wire" in result.stderr


def test_a_missing_file_is_bad_usage():
    """A file that is not there is named."""
    result = decode(b"", "absent.sse")
    assert result.exit_code == 2
    assert "absent.sse" in result.stderr


@pytest.mark.parametrize("command", ["play", "show", "decode"])
def test_every_command_teaches(command: str):
    """Help has examples at its end, and lines that fit."""
    result = run("reqllm-fixtures", command, "--help")
    assert result.exit_code == 0
    assert f"Examples:\n    reqllm-fixtures {command} " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert command in run("reqllm-fixtures", "--help").stdout
