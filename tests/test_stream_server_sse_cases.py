"""Event streams that clients get wrong, read by `StreamServer` as the openai-chat wire.

The rows stand beside those of `tests/framing/cases.py` and have their numbers: there the bytes
become events, here the events become an answer.
"""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterable

import pytest
from msgspec import Struct, structs

from reqllm import chunk as c
from reqllm.errors import (
    EmptyStreamError,
    EventTooLargeError,
    IncompleteStreamError,
    InvalidInputError,
    MalformedEventError,
    NotAStreamError,
    ReqLLMError,
    ServerError,
)
from reqllm.response import Response, StreamState
from reqllm.stream_server import StreamServer, decode_stream

from .framing.cases import BOM, DONE, HE, LLO, STOP, openai_chunk
from .framing.reading import in_pieces_of, usual_cuts

KIB = 1024
MIB = 1024 * 1024
WIRE = "openai-chat"
# An answer without the last event of its text, for what may follow.
END = STOP + DONE


class Row(Struct, frozen=True, kw_only=True):
    """A body and what must come of it; the answer is "Hello", complete, unless it says else."""

    id: str
    body: bytes
    text: str = "Hello"
    state: StreamState = "complete"
    error: type[ReqLLMError] | None = None
    finish: str | None = "stop"
    warnings: tuple[str, ...] = ()
    limit: int = 64 * MIB


def said(text: str) -> bytes:
    """Return an event with this text, every character as it is."""
    return openai_chunk(json.dumps({"content": text}, ensure_ascii=False).encode())


def broken(name: str, body: bytes, error: type[ReqLLMError], **other: object) -> Row:
    """Return a row of an answer that fails and has no finish reason."""
    state = (
        "incomplete" if issubclass(error, IncompleteStreamError | EmptyStreamError) else "failed"
    )
    fields = {"text": "", "state": state, "finish": None} | other
    return Row(id=name, body=body, error=error, **fields)  # type: ignore[arg-type]


ROWS = (
    Row(id="S01", body=HE + LLO + END),
    Row(id="S02", body=BOM + HE + LLO + END),
    Row(id="S04", body=BOM + BOM + LLO + HE + LLO + END),
    Row(id="S05", body=HE + BOM + HE + LLO + END),
    Row(id="S06", body=(HE + LLO + END).replace(b"\n", b"\r\n")),
    Row(id="S08", body=(HE + LLO + END).replace(b"\n", b"\r")),
    Row(id="S09", body=HE[:-2] + b"\r\n\n" + LLO[:-2] + b"\n\r" + STOP[:-2] + b"\r\r\n" + DONE),
    Row(id="S11", body=HE + LLO.replace(b',"', b',\ndata:  "') + END),
    Row(id="S12", body=b"data\n\n" + HE + b"data:\n\ndata: \n\n" + LLO + END),
    Row(id="S13", body=HE.replace(b"data: ", b"data:  ") + LLO.replace(b"data: ", b"data:") + END),
    Row(id="S14", body=b":\n\n" + HE + LLO.replace(b',"', b',\n: mid\ndata: "') + END),
    Row(id="S15", body=b": OPENROUTER PROCESSING\n\n" * 3 + HE + LLO + END),
    Row(id="S16", body=b"event: ping\n\n" + HE + b"event: ping\n\n" + LLO + END),
    Row(id="S17", body=b"retry: 3000\n\n" + HE + LLO + END),
    Row(id="S18", body=b"id: 1\n\n" + HE + LLO + END),
    Row(id="S19", body=b"id: 1\n" + HE + b"\n\n: ping\n\n" + LLO + END),
    Row(id="S20", body=b"id: 1\x002\n" + HE + LLO + END),
    Row(id="S21", body=b"retry: 10x\nretry: -5\nretry: \xd9\xa3\n" + HE + LLO + END),
    broken("S22", HE + said("a\x00b").replace(b"\\u0000", b"\x00"), MalformedEventError, text="He"),
    Row(id="S23", body=said("a\u2028b\u2029c\u0085d") + END, text="a\u2028b\u2029c\u0085d"),
    Row(id="S25", body=said("é😀漢") + said("字") + END, text="é😀漢字"),
    Row(
        id="S26",
        body=said("He").replace(b"He", b"H\xffe") + LLO + END,
        text="H\ufffdello",
        warnings=("invalid_utf8",),
    ),
    Row(
        id="S27",
        body=said("He") + said("-").replace(b"-", b"\xf0\x9f\x98") + LLO + END,
        text="He\ufffdllo",
        warnings=("invalid_utf8",),
    ),
    # What a body is tells its first byte that is no white space, whatever its content type.
    Row(id="S29", body=b"\n \n\t\r\n" + HE + LLO + END),
    # A clean end in the middle of the last event: read if what there is of it is whole.
    Row(id="S30", body=HE + LLO + STOP[:-1], warnings=("missing_done",)),
    broken("S30-unfinished", HE + LLO[:-1], IncompleteStreamError, text="Hello"),
    Row(id="S31", body=HE + LLO + STOP[:-2], warnings=("missing_done",)),
    broken("S32", HE + b'data: {"a":', IncompleteStreamError, text="He"),
    broken("S32-in-a-string", HE + LLO[:-30], IncompleteStreamError, text="He"),
    broken("S32-in-the-name", HE + b"dat", IncompleteStreamError, text="He"),
    broken("S32-at-once", b'data: {"a":', EmptyStreamError),
    Row(id="S32-after-finish", body=HE + LLO + STOP + b'data: {"a":', warnings=("missing_done",)),
    Row(id="S33", body=HE + LLO + STOP + b"data: [DONE]"),
    Row(id="S33-cut", body=HE + LLO + STOP + b"data: [DO", warnings=("missing_done",)),
    Row(id="S34-no-space", body=HE + LLO + STOP + b"data:[DONE]\n\n"),
    Row(id="S34-space-behind", body=HE + LLO + STOP + b"data: [DONE] \n\n"),
    Row(id="S34-crlf", body=HE + LLO + STOP + b"data: [DONE]\r\n\r\n"),
    Row(
        id="S35",
        body=HE + LLO + STOP + b'data: "[DONE]"\n\n',
        warnings=("quoted_sentinel",),
    ),
    Row(
        id="S36",
        body=said("[DONE]") + said("data: [DONE]\n\n") + END,
        text="[DONE]data: [DONE]\n\n",
    ),
    Row(id="S37", body=HE + END + LLO, text="He", warnings=("events_after_end",)),
    Row(
        id="S37-error",
        body=HE + END + b'data: {"error":{"message":"x"}}\n\n',
        text="He",
        warnings=("events_after_end",),
    ),
    Row(id="S37-nothing-said", body=HE + LLO + END + b"\n\n: bye\n\n\ndata:\n\n"),
    Row(id="S38-unknown", body=b"foo: bar\nbaz\n" + HE + LLO + END),
    Row(id="S38-spelling", body=b" data: x\ndata : y\nData: z\n" + HE + LLO + END),
    Row(id="S39", body=b"event: error\nevent:\n" + HE + LLO + END),
    Row(id="S40", body=said("a:b: c") + END, text="a:b: c"),
    Row(id="S41", body=said("x" * 700) + END, text="x" * 700, limit=900),
    broken("S43", HE + said("x" * 700) + END, EventTooLargeError, text="He", limit=300),
    broken("S44-lf", b"\n" * 200, EmptyStreamError),
    broken("S44-comments", b":\n" * 200, EmptyStreamError),
    Row(id="S45", body=b"\n\n\r\n\r" + HE + LLO + END),
    broken("S48", gzip.compress(HE + LLO + END, mtime=0), NotAStreamError),
    broken(
        "S49",
        b'{\n  "error": {\n    "message": "no",\n    "type": "server_error"\n  }\n}\n',
        ServerError,
    ),
    # No provider of this wire declares NDJSON.
    broken("S50", b'{"response":"He"}\n{"response":"llo"}\n{"done":true}\n', NotAStreamError),
)

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def decode(pieces: bytes | Iterable[bytes], **options: object) -> Response:
    return decode_stream(WIRE, pieces, **options)  # type: ignore[arg-type]


def comparable(response: Response) -> tuple[object, ...]:
    """Return a response as values that are equal where the responses are: errors are not."""
    error = response.error
    what = None if error is None else (type(error), str(error), error.before_first_chunk)
    chunks = [chunk for chunk in response.chunks if not isinstance(chunk, c.ErrorChunk)]
    return structs.replace(response, chunks=(), error=None), chunks, what


@each_row
def test_answer(row: Row):
    """The answer, its state, its error, its end and its warnings are those of the row."""
    response = decode(row.body, max_event_bytes=row.limit)
    assert response.text == row.text
    assert (response.state, type(response.error)) == (row.state, row.error or type(None))
    assert (response.finish_reason.reason if response.finish_reason else None) == row.finish
    assert tuple(warning.code for warning in response.warnings) == row.warnings


@each_row
def test_the_last_chunk_is_the_end(row: Row):
    """There is one terminal chunk: a finish for a complete answer, an error for any other."""
    chunks = decode(row.body, max_event_bytes=row.limit).chunks
    ends = [chunk for chunk in chunks if isinstance(chunk, c.FinishChunk | c.ErrorChunk)]
    assert ends == [chunks[-1]]
    assert isinstance(chunks[-1], c.FinishChunk if row.error is None else c.ErrorChunk)
    assert isinstance(chunks[0], c.StreamStart)


@each_row
def test_what_arrived_is_kept(row: Row):
    """An error holds what had arrived, in the state that the stream ended in."""
    response = decode(row.body, max_event_bytes=row.limit)
    if response.error is None:
        assert row.error is None
    else:
        assert response.error.partial is not None
        assert response.error.partial.text == row.text
        assert response.error.state == row.state


@each_row
def test_cuts_change_nothing(row: Row):
    """Whole, byte by byte, in sevens and in two at every place: same chunks, same response."""
    whole = comparable(decode(row.body, max_event_bytes=row.limit))
    for pieces in usual_cuts(row.body):
        assert comparable(decode(pieces, max_event_bytes=row.limit)) == whole, pieces


def test_events_after_the_end_are_noted_once():
    """S37: what comes after the end gives no chunk; the response says once that it came."""
    server = StreamServer(WIRE)
    server.receive(HE + END)
    assert server.state == "complete"
    assert server.response.warnings == ()
    for _ in range(3):
        assert server.receive(LLO) == []
    assert server.end() == []
    assert [warning.code for warning in server.response.warnings] == ["events_after_end"]
    assert server.response.text == "He"


@pytest.mark.parametrize("line_end", [b"\r", b"\n", b"\r\n"])
def test_an_event_is_not_held_back(line_end: bytes):
    """S10: a chunk is out with the first byte of the blank line that closes its event."""
    server = StreamServer(WIRE)
    server.receive(HE)
    assert server.receive(LLO[:-2] + line_end) == []
    assert [chunk.text for chunk in server.receive(line_end[:1])] == ["llo"]


def test_keepalives_on_request():
    """S15: comments become chunks for whoever asks, and for nobody else."""
    body = b": OPENROUTER PROCESSING\n\n" * 3 + HE + LLO + END
    given = decode(body, include_keepalive=True).chunks
    kept = [chunk for chunk in given if isinstance(chunk, c.KeepaliveChunk)]
    assert [chunk.comment for chunk in kept] == ["OPENROUTER PROCESSING"] * 3
    # They come before the answer's id is known, and a stream's first chunk says that it began.
    assert isinstance(given[0], c.StreamStart)
    of_keepalives = (c.KeepaliveChunk, c.StreamStart, c.ResponseMetadata)
    without = [chunk for chunk in given if not isinstance(chunk, of_keepalives)]
    assert without == list(decode(body).chunks[1:])


def test_gzip_is_named():
    """S48: compressed bytes that nothing declared are called by their name."""
    error = decode(gzip.compress(HE + LLO + END)).error
    assert "gzip" in str(error)


def test_the_error_of_a_document_is_told():
    """S49: an error that came as a JSON document has the server's own words."""
    error = decode(b'{\n  "error": {\n    "message": "no room"\n  }\n}\n').error
    assert "no room" in str(error)


def test_empty_pieces_are_no_end():
    """S46: reads of no bytes change nothing, wherever they fall."""
    body = HE + LLO + END
    pieces = [part for piece in in_pieces_of(40, body) for part in (b"", piece, b"")]
    assert comparable(decode(pieces)) == comparable(decode(body))


def test_a_large_event():
    """S41, S42: a text of 16 MiB in small pieces, or of 1 MiB byte by byte, arrives whole."""
    assert len(decode(in_pieces_of(1400, said("x" * 16 * MIB) + END)).text) == 16 * MIB
    assert len(decode(in_pieces_of(1, said("x" * MIB) + END)).text) == MIB


@pytest.mark.parametrize("start", [b"data: ", b"data: {", b": ", b"{", b"[", b"<", b"x", b" "])
def test_an_endless_body_stops(start: bytes):
    """S43: a body without end is an error soon after the limit, and is not kept."""
    server = StreamServer(WIRE, max_event_bytes=256 * KIB)
    tracemalloc.start()
    try:
        server.receive(start)
        fill = start[:1] if start == b" " else b"x"
        for _ in range(600):
            server.receive(fill * KIB)
            if server.state != "open":
                break
        assert server.state == "failed"
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("line", "times"), [(b"\n", 1_000_000), (b":\n", 1_000_000), (b"data:\n\n", 100_000)]
)
def test_a_million_empty_lines(line: bytes, times: int):
    """S44: a stream that says nothing for long is empty in the end, in constant memory."""
    server = StreamServer(WIRE)
    pieces = list(in_pieces_of(1400, line * times))
    tracemalloc.start()
    try:
        for piece in pieces:
            assert server.receive(piece) == []
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    server.end()
    assert isinstance(server.error, EmptyStreamError)


def test_a_body_may_be_of_any_bytes():
    """Arrays and views are bytes, too, whole and as pieces."""
    body = HE + LLO + END
    for same in (bytearray(body), memoryview(body), [bytearray(HE), memoryview(LLO + END)]):
        assert decode(same).text == "Hello"


@pytest.mark.parametrize(
    ("body", "came"), [("data: {}", "str"), ([1], "int"), (5, "int"), (None, "NoneType")]
)
def test_what_is_no_bytes_is_refused(body: object, came: str):
    """The error says what is needed; nothing is taken for bytes that only can be made into some."""
    with pytest.raises(InvalidInputError, match=f"as bytes, or as pieces of bytes, got {came}"):
        decode_stream(WIRE, body)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["on_malformed", "on_incomplete"])
def test_words_that_are_no_choice(option: str):
    """A choice that there is not is refused, not taken for the default."""
    with pytest.raises(InvalidInputError, match=r"'error' or 'skip', .* got .*'ignore'"):
        decode(HE, **{option: "ignore"})
