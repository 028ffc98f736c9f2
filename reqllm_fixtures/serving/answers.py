"""What of a recorded answer goes over a connection of our own, and how it ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from reqllm_fixtures.bodies.endings import says_it_is_over
from reqllm_fixtures.cassette import NO_STATUS, EndError, Headers, Interaction, Piece

Ending = Literal["whole", "closed", "reset"]

# Of the connection to the provider, not of the answer: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WITHOUT_BODY = (204, 304)


class Answer(Struct, frozen=True):
    """What is sent; a `status` of None is a connection that ends before any answer.

    left_early: the recording ends here because its client left, not because the answer did.
    """

    status: int | None
    headers: Headers
    pieces: Sequence[Piece]
    ending: Ending
    left_early: bool = False


def answer_of(interaction: Interaction) -> Answer:
    """Return what a client gets that is answered by a recording."""
    request, response = interaction.request, interaction.response
    pieces = tuple(response.pieces)  # first: what no longer fits its body is told here
    left_early = response.end == "client_closed" and not says_it_is_over(
        response.body, response.headers
    )
    if isinstance(response.end, EndError):
        ending = _ending(response.end)
    else:
        # What would have followed is not known: nobody must take this for the end.
        ending = "closed" if left_early else "whole"
    if response.status == NO_STATUS:
        return Answer(None, (), (), "closed" if ending == "whole" else ending, left_early)
    has_body = request.method.upper() != "HEAD" and response.status not in _WITHOUT_BODY
    length = len(response.body) if has_body else None
    headers = tuple(
        (name, _moved(value, request.uri) if name.lower() == "location" else value)
        for name, value in _sendable(response.headers, length, is_whole=ending == "whole")
    )
    return Answer(response.status, headers, pieces if has_body else (), ending, left_early)


def _ending(end: EndError) -> Ending:
    """Tell how the same failure is brought about; the names are those of httpx."""
    return "closed" if end.name == "RemoteProtocolError" else "reset"


def _sendable(headers: Headers, length: int | None, *, is_whole: bool) -> Headers:
    """Leave out what was said of another connection, and a length that is not to come."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() not in _HOP_BY_HOP | named
        and (name.lower() != "content-length" or _holds(value, length, is_whole=is_whole))
    )


def _moved(location: str, uri: str) -> str:
    """Lead on to this server, and not out to the one that was asked when it was recorded."""
    parts = urlsplit(location)
    if not parts.netloc or parts.netloc != urlsplit(uri).netloc:
        return location
    return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))


def _holds(value: str, length: int | None, *, is_whole: bool) -> bool:
    """Tell whether a content length may stand: of what comes, or of what will not all have come."""
    if not (value.isascii() and value.isdigit()):
        return False
    return length is None or (int(value) == length if is_whole else int(value) > length)
