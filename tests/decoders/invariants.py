"""What holds for the chunks of every stream, whatever its bytes were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from reqllm import chunk as c
from reqllm.content import ReasoningPart, RefusalPart, TextPart, ToolCall
from reqllm.response import Response
from reqllm.stream_server import StreamServer, decode_stream

TERMINAL = (c.FinishChunk, c.ErrorChunk)
STARTS = (c.TextStart, c.ReasoningStart, c.ToolCallStart)
DELTAS = (c.TextDelta, c.ReasoningDelta, c.ToolCallDelta)
ENDS = (c.TextEnd, c.ReasoningEnd, c.ToolCallEnd)


def plain(response: Response) -> list[dict[str, Any]]:
    """Return the chunks as plain values, which is how two readings are compared."""
    return [chunk.as_dict() for chunk in response.chunks]


def pieces_of(size: int, body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def pieces_at(cuts: Iterable[int], body: bytes) -> Iterator[bytes]:
    """Yield the body cut at these places; equal ones give empty pieces."""
    last = 0
    for cut in sorted(cuts):
        yield body[last:cut]
        last = cut
    yield body[last:]


def check_stream(wire: str, body: bytes, **options: Any) -> Response:
    """Decode a body and check all that must hold; return the response."""
    response = decode_stream(wire, body, **options)
    check_ends(response)
    check_blocks(response)
    check_parts(response)
    check_is_text(response)
    return response


def check_ends(response: Response) -> None:
    """One start, first; one terminal chunk, last, and it is the state's."""
    kinds = [chunk.kind for chunk in response.chunks]
    assert kinds[0] == "stream_start"
    assert kinds.count("stream_start") == 1
    assert [isinstance(chunk, TERMINAL) for chunk in response.chunks].count(True) == 1
    last = response.chunks[-1]
    if response.state == "complete":
        assert isinstance(last, c.FinishChunk)
        assert response.error is None
    elif isinstance(last, c.ErrorChunk):
        assert response.state in ("incomplete", "interrupted", "failed")
        assert response.error is last.error
        assert last.error.state == response.state
    else:
        # on_incomplete="return": the reader asked for it.
        assert isinstance(last, c.FinishChunk)
        assert (response.state, last.finish.reason) == ("incomplete", "incomplete")


def check_blocks(response: Response) -> None:
    """Every delta lies between its own start and end; ordinals have no gaps."""
    open_blocks: dict[tuple[int, int], Any] = {}
    seen: set[tuple[int, int]] = set()
    for chunk in response.chunks:
        place = (getattr(chunk, "choice", 0), getattr(chunk, "index", None))
        if isinstance(chunk, STARTS):
            assert place not in seen, f"block {place} began twice"
            open_blocks[place] = chunk
        elif isinstance(chunk, DELTAS):
            assert chunk.type == open_blocks[place].type
        elif isinstance(chunk, ENDS):
            begun = open_blocks.pop(place)
            if isinstance(chunk, c.ToolCallEnd):
                assert begun.id == chunk.id
        if isinstance(chunk, c.ToolCallDelta):
            assert open_blocks[place].id == chunk.id
        if place[1] is not None:
            seen.add(place)
    if response.state == "complete":
        assert open_blocks == {}
        for choice in {choice for choice, _ in seen}:
            ordinals = sorted(index for number, index in seen if number == choice)
            assert ordinals == list(range(len(ordinals)))


def check_parts(response: Response) -> None:
    """The parts of the answer are what the deltas say, joined; calls are parsed strictly."""
    joined: dict[tuple[int, int], str] = {}
    warned = {warning.code for warning in response.warnings}
    ends: dict[tuple[int, int], c.ToolCallEnd] = {}
    for chunk in response.chunks:
        match chunk:
            case c.TextDelta() | c.ReasoningDelta() | c.RefusalDelta():
                joined.setdefault((chunk.choice, chunk.index), "")
                joined[chunk.choice, chunk.index] += chunk.text
            case c.TextStart() | c.ReasoningStart() | c.ToolCallStart():
                joined.setdefault((chunk.choice, chunk.index), "")
            case c.ToolCallDelta():
                joined[chunk.choice, chunk.index] += chunk.arguments_delta
            case c.TextEnd() | c.ReasoningEnd() if chunk.whole is not None:
                # The provider took back what it had said, and that is told.
                assert "text_differs" in warned
                joined[chunk.choice, chunk.index] = chunk.whole
            case c.ToolCallEnd():
                ends[chunk.choice, chunk.index] = chunk
                if chunk.arguments_raw != joined[chunk.choice, chunk.index]:
                    assert "arguments_differ" in warned
                    joined[chunk.choice, chunk.index] = chunk.arguments_raw
                check_call(chunk)
    parts = [
        (number, part) for number, choice in enumerate(response.choices) for part in choice.content
    ]
    texts = [
        (number, part.arguments_raw if isinstance(part, ToolCall) else part.content)
        for number, part in parts
        if isinstance(part, TextPart | ReasoningPart | RefusalPart | ToolCall)
    ]
    assert sorted(texts) == sorted((choice, text) for (choice, _), text in joined.items())
    for _, part in parts:
        if isinstance(part, ToolCall) and not part.complete:
            assert part.invalid


def check_call(end: c.ToolCallEnd) -> None:
    """`arguments` is the strict parse of the raw text, or the call is invalid."""
    if end.provider_metadata.get("type") == "custom":
        assert end.arguments == {}  # free text, and it says so
        return
    try:
        value = json.loads(end.arguments_raw or "{}")
        valid = isinstance(value, dict) and is_strict(value)
    except (ValueError, RecursionError):
        value, valid = {}, False
    assert end.invalid is not valid
    assert end.arguments == (value if valid else {})


def is_strict(value: Any) -> bool:
    """Whether what Python's lax parser read is JSON that can be written again."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def check_is_text(response: Response) -> None:
    """All of it can be written as JSON in UTF-8: no half characters anywhere."""
    for chunk in response.chunks:
        json.dumps(chunk.as_dict(), ensure_ascii=False, allow_nan=False).encode()
    if response.error is not None:
        error = response.error
        said = [str(error), repr(getattr(error, "body", "")), error.provider_code]
        json.dumps(said, ensure_ascii=False).encode()


def fed_in_pieces(wire: str, pieces: Iterable[bytes]) -> Response:
    """Feed pieces one by one, with the questions that a reader may ask in between."""
    server = StreamServer(wire)
    chunks: list[c.StreamChunk] = []
    for piece in pieces:
        chunks += server.receive(piece)
    chunks += server.end()
    assert server.receive(b"data: {}\n\n") == []
    assert server.end() == []
    return server.response.with_chunks(chunks)
