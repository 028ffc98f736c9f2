"""Decodes a captured body while it comes, and judges it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from reqllm.chunk import ErrorChunk, StreamChunk
from reqllm.cli.rendering import view_for, watch
from reqllm.cli.reporting import Reporter
from reqllm.cli.summary import Times, what_arrived
from reqllm.cli.terminal import Terminal
from reqllm.stream_server import StreamServer

_MOST_AT_ONCE = 65_536


def decode(
    body: BinaryIO, wire: str, terminal: Terminal, reporter: Reporter, *, as_json: bool
) -> None:
    """Show the answer in a body as its bytes arrive. Raises the StreamError or APIError it is."""
    server = StreamServer(wire)
    reporter.left = lambda: _left(server)
    view = view_for(terminal, as_json=as_json)
    watch(_chunks(server, _pieces(body)), view)
    view.finish(server.response, Times())


def _chunks(server: StreamServer, pieces: Iterator[bytes]) -> Iterator[StreamChunk]:
    """Hand out chunks as they come, and raise the error that is the last."""
    for piece in pieces:
        yield from _without_error(server.receive(piece))
        if server.state != "open":
            break
    yield from _without_error(server.end())
    if server.error is not None:
        raise server.error


def _without_error(chunks: list[StreamChunk]) -> Iterator[StreamChunk]:
    return (chunk for chunk in chunks if not isinstance(chunk, ErrorChunk))


def _pieces(body: BinaryIO) -> Iterator[bytes]:
    # What is there, without waiting for more: a pipe gives an answer as it comes.
    read = getattr(body, "read1", body.read)
    while piece := read(_MOST_AT_ONCE):
        yield piece


def _left(server: StreamServer) -> str:
    server.cancel("left by Ctrl-C")
    return what_arrived(server.response)
