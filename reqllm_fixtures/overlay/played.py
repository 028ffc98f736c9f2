"""What an overlay changes: a recorded response, piece by piece, and when each piece plays."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from reqllm_fixtures.bodies.endings import says_it_is_over
from reqllm_fixtures.cassette import End, Headers, Piece, RecordedResponse


class Cue(Struct, frozen=True, gc=False):
    """One piece: when it came, and when it is to be played, in ms since the request was sent."""

    data: bytes
    at_ms: float
    due_ms: float

    def later(self, ms: float) -> Cue:
        """Return the same piece, which came and plays so much later."""
        return Cue(self.data, self.at_ms + ms, self.due_ms + ms)


class Played(Struct, frozen=True):
    """One response on its way through overlays, and the answers that are given before it."""

    status: int
    reason: str
    headers: Headers
    cues: tuple[Cue, ...]
    end: End
    http_version: str = "HTTP/1.1"
    before: tuple[RecordedResponse, ...] = ()
    is_refused: bool = False
    """Whether the last of those before is the answer to every further request."""
    is_fault: bool = False
    """Whether an overlay broke it: who asks again finds it again, if nothing else is recorded."""

    @property
    def body(self) -> bytes:
        """Join the pieces."""
        return b"".join(cue.data for cue in self.cues)

    @property
    def answers(self) -> tuple[RecordedResponse, ...]:
        """What a client gets that asks again and again; the last is given for ever if refused."""
        pieces = tuple(Piece(cue.data, cue.due_ms) for cue in self.cues)
        own = RecordedResponse(
            self.status,
            self.reason,
            self.headers,
            pieces,
            self.end,
            http_version=self.http_version,
        )
        return self.before if self.is_refused else (*self.before, own)


def begin(response: RecordedResponse, pace: float = 0.0) -> Played:
    """Take up a response as it was recorded; `pace` stretches its times, 0 is at once."""
    is_over = response.end == "client_closed" and says_it_is_over(response.body, response.headers)
    return Played(
        response.status,
        response.reason,
        response.headers,
        tuple(Cue(each.data, each.at_ms, each.at_ms * pace) for each in response.pieces),
        # What is left of it after a change may no longer say by itself that it is over.
        "eof" if is_over else response.end,
        response.http_version,
    )


def split(cues: Iterable[Cue], offset: int) -> tuple[list[Cue], list[Cue]]:
    """Part pieces at an offset in their body; one that lies across it is cut in two."""
    head: list[Cue] = []
    tail: list[Cue] = []
    for cue in cues:
        size = len(cue.data)
        if offset >= size and not tail:
            head.append(cue)
        elif offset <= 0 or tail:
            tail.append(cue)
        else:
            head.append(replace(cue, data=cue.data[:offset]))
            tail.append(replace(cue, data=cue.data[offset:]))
        offset -= size
    return head, tail


def spliced(played: Played, start: int, stop: int, new: bytes) -> Played:
    """Put other bytes in the place of a range of the body; the rest keeps its pieces and times.

    What is new comes with what follows it, at the end with what came last.
    """
    head, rest = split(played.cues, start)
    tail = split(rest, stop - start)[1]
    if not new:
        return replace(played, cues=(*head, *tail))
    if tail:
        first, *tail = tail
        tail = [replace(first, data=new + first.data), *tail]
    else:
        at_ms, due_ms = (rest or head or [Cue(b"", 0, 0)])[-1].at_ms, last_due(rest or head)
        tail = [Cue(new, at_ms, due_ms)]
    return replace(played, cues=(*head, *tail))


def last_due(cues: Iterable[Cue]) -> float:
    """Return when the last of these pieces plays."""
    return max((cue.due_ms for cue in cues), default=0.0)


def last_at(cues: Iterable[Cue]) -> float:
    """Return when the last of these pieces came."""
    return max((cue.at_ms for cue in cues), default=0.0)
