"""What came when: a recorded answer's pieces, with the events and chunks that each completed."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from reqllm.chunk import StreamChunk
from reqllm.errors import InterruptedStreamError
from reqllm.framing.event import Comment, WireEvent
from reqllm.framing.sse import SSE
from reqllm.response import Response
from reqllm.stream_server import StreamServer
from reqllm.wires.table import wire_named
from reqllm_fixtures.cassette import EndError, RecordedResponse


class Step(Struct, frozen=True):
    """One piece, or the end of the stream, which has no piece and no size."""

    at_ms: float | None
    """Since the request was sent; `None` if the file does not say."""
    gap_ms: float | None
    size: int | None
    events: tuple[WireEvent | Comment, ...]
    chunks: tuple[StreamChunk, ...]


class Timeline(Struct, frozen=True):
    """All steps of a stream, and what they come to."""

    steps: tuple[Step, ...]
    answer: Response | None
    """What our client makes of it; `None` if the wire is not known, and there are no chunks."""

    @property
    def pieces(self) -> Iterator[tuple[int, Step]]:
        """The steps that are pieces, with their numbers."""
        return ((n, step) for n, step in enumerate(self.steps) if step.size is not None)

    @property
    def events(self) -> Iterator[tuple[int, WireEvent | Comment]]:
        """The events, each with the number of the step that completed it."""
        return ((n, event) for n, step in enumerate(self.steps) for event in step.events)

    @property
    def chunks(self) -> Iterator[tuple[int, StreamChunk]]:
        """The chunks, each with the number of the step that completed it."""
        return ((n, chunk) for n, step in enumerate(self.steps) for chunk in step.chunks)


def timeline_of(recorded: RecordedResponse, wire: str | None) -> Timeline:
    """Read a recorded stream piece by piece."""
    framing = SSE if wire is None else wire_named(wire).framing
    framer = framing.new(comments=True)
    server = None if wire is None else StreamServer(wire)
    # A file by others has no times: all of them are 0.
    is_timed = any(piece.at_ms for piece in recorded.pieces)
    steps = []
    before = 0.0
    for piece in recorded.pieces:
        events = framer.receive(piece.data)
        chunks = [] if server is None else server.receive(piece.data)
        at_ms, gap_ms = (piece.at_ms, piece.at_ms - before) if is_timed else (None, None)
        steps.append(Step(at_ms, gap_ms, len(piece.data), tuple(events), tuple(chunks)))
        before = piece.at_ms
    chunks = [] if server is None else _end(server, recorded)
    last = Step(None, None, None, tuple(framer.end()), tuple(chunks))
    return Timeline((*steps, last), None if server is None else server.response)


def _end(server: StreamServer, recorded: RecordedResponse) -> list[StreamChunk]:
    match recorded.end:
        case EndError(name=name, message=message):
            said = f"{name}: {message}".rstrip(": ")
            return server.end(InterruptedStreamError(f"the stream broke off ({said})"))
        case "client_closed":
            return server.cancel("the client left")
        case _:
            return server.end()
