"""Streams that are wrong in their headers, read through a client: what the body is decides.

The rest of the catalogue's rows are in `framing/cases.py` and `test_stream_server_sse_cases.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import pytest

from reqllm import Client
from reqllm.errors import NotAStreamError

from .framing.cases import DONE, HE, LLO, STOP, gzip

ANSWER = (HE.replace(b"He", "Hé".encode()), LLO, STOP, DONE)


class Pieces(httpx.SyncByteStream):
    """A body in these pieces, that counts how many were asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.given += 1
            yield piece


def client(body: Pieces, **headers: str) -> Client:
    """Return a client whose every request is answered by this body under these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.MockTransport(lambda _: httpx.Response(200, headers=named, stream=body))
    return Client(api_key="k", transport=answer)


def read(pieces: Iterable[bytes], **headers: str) -> tuple[str, str]:
    """Return the text and the state of the answer."""
    with client(Pieces(pieces), **headers).stream("openai:m", "Hello!", wire="openai-chat") as got:
        return "".join(got.tokens()), got.state


def test_always_utf8():
    """S28: an event stream is UTF-8, whatever charset its header claims."""
    declared = "text/event-stream; charset=iso-8859-1"
    assert read(ANSWER, content_type=declared) == ("Héllo", "complete")


@pytest.mark.parametrize(
    "declared",
    [
        "text/event-stream;charset=utf-8",
        "text/event-stream;",
        "TEXT/EVENT-STREAM",
        "application/x-ndjson, text/event-stream",
        "application/json",
        "text/plain",
    ],
)
def test_content_type_does_not_decide(declared: str):
    """S29: a stream is read as one under a content type in any spelling, or a wrong one."""
    assert read(ANSWER, content_type=declared) == ("Héllo", "complete")


def test_no_content_type():
    """S29: a stream without a content type is known by its first byte that is no blank."""
    assert read((b"\n ", b"\r\n", *ANSWER)) == ("Héllo", "complete")


def test_gzip_is_read_as_it_comes():
    """S47: of a compressed stream each flushed part is read before the next is asked for."""
    body = Pieces(gzip(*ANSWER))
    with client(body, content_encoding="gzip").stream(
        "openai:m", "Hello!", wire="openai-chat"
    ) as got:
        tokens = got.tokens()
        assert next(tokens) == "Hé"
        assert body.given == 1
        assert next(tokens) == "llo"
        assert body.given == 2
        assert list(tokens) == []
    assert got.state == "complete"


def test_gzip_flushed_only_at_the_end():
    """S47: a compressed stream that cannot be read before its end is read at its end."""
    assert read([b"".join(gzip(b"".join(ANSWER)))], content_encoding="gzip") == (
        "Héllo",
        "complete",
    )


def test_gzip_that_nothing_declares():
    """S48: compressed bytes under no content encoding raise, by name, where the stream opens."""
    with pytest.raises(NotAStreamError, match="gzip"):
        read(gzip(*ANSWER), content_type="text/event-stream")
