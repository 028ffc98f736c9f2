"""The Ollama decoder reads what servers of the wire really send."""

from __future__ import annotations

import base64

import pytest

from reqllm import chunk as c
from reqllm.content import FilePart
from reqllm.errors import EmptyStreamError, EventTooLargeError, NotAStreamError
from reqllm.stream_server import StreamServer, decode_stream

from .cases import Case, check_case
from .invariants import check_stream
from .ollama_cases import CASES, HELLO, last, line, said

WIRE = "ollama"


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in CASES])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


def test_images_are_files() -> None:
    """An image of a message, or of the older lines, is a file with its bytes."""
    png = b"\x89PNG\r\n"
    image = base64.b64encode(png).decode()
    body = line({"images": [image, "no base64!"]}) + line(image=image, completed=2) + last()
    response = check_stream(WIRE, body)
    assert response.content == (FilePart(data=png), FilePart(data=png))
    assert [warning.code for warning in response.warnings] == ["bad_base64"]
    assert response.provider_metadata["completed"] == 2


def test_a_call_without_a_function_is_kept_apart() -> None:
    """What names no function is no call, but is not lost."""
    response = check_stream(WIRE, line({"tool_calls": [{"id": "t"}, {}, None]}) + last())
    assert response.tool_calls == ()
    kept = [chunk.data for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert kept == [{"id": "t"}]


def test_what_else_a_call_says_is_kept() -> None:
    """Members of a call that are new are told with it."""
    call = {"id": "t", "function": {"name": "f", "arguments": {}}, "mood": "good"}
    response = check_stream(WIRE, line({"tool_calls": [call]}) + last())
    assert response.tool_calls[0].provider_metadata == {"mood": "good"}


def test_logprobs_are_handed_out() -> None:
    """Each line's log probabilities are those of its tokens."""
    body = said("a", logprobs=[{"token": "a", "logprob": -0.5}]) + said("b", logprobs=[]) + last()
    assert check_stream(WIRE, body).logprobs == ({"token": "a", "logprob": -0.5},)


def test_the_progress_of_something_else_is_kept() -> None:
    """Lines of another kind are custom chunks, and no end of an answer."""
    response = check_stream(WIRE, b'{"status":"pulling","total":3}\n{"status":"success"}\n')
    custom = [chunk for chunk in response.chunks if isinstance(chunk, c.CustomChunk)]
    assert [chunk.data["status"] for chunk in custom] == ["pulling", "success"]
    assert {chunk.custom_kind for chunk in custom} == {"ollama.status"}
    assert response.state == "incomplete"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", EmptyStreamError),
        (b"\n \n\n", EmptyStreamError),
        (b"<html>Bad Gateway</html>", NotAStreamError),
        (b"404 page not found", NotAStreamError),
        (b'[{"done":true}]', NotAStreamError),
    ],
)
def test_what_is_no_stream_is_said_to_be_none(body: bytes, kind: type[Exception]) -> None:
    """A page, a text, an array and nothing at all are errors, never an empty answer."""
    response = decode_stream(WIRE, body)
    assert type(response.error) is kind
    assert response.state in ("failed", "incomplete")


def test_a_line_has_its_limit() -> None:
    """A line beyond the limit ends the stream, and what came before it stays."""
    response = decode_stream(WIRE, HELLO + said("x" * 500) + last(), max_event_bytes=300)
    assert isinstance(response.error, EventTooLargeError)
    assert response.text == "Hello"


def test_each_line_is_handed_out_when_it_is_whole() -> None:
    """A chunk comes with the piece that ends its line, not later."""
    server = StreamServer(WIRE)
    kinds = [
        [chunk.kind for chunk in server.receive(p)] for p in (said("a"), said("b")[:-1], b"\n")
    ]
    assert kinds == [["stream_start", "text_start", "text_delta"], [], ["text_delta"]]
