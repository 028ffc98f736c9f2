"""What was recorded, and which of it was played: values, and one machine over them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from os import PathLike, fspath
from typing import Literal, NamedTuple, Protocol, overload

import msgspec

from reqllm_fixtures.errors import RECORD_ADVICE, Difference, UnmatchedRequestError
from reqllm_fixtures.waiting import Waiting

Headers = tuple[tuple[str, str], ...]
NO_STATUS = 0
"""The status of an answer whose status line never came."""


class Piece(msgspec.Struct, frozen=True, gc=False):
    """What one network read gave; `at_ms` in milliseconds since the request was sent."""

    data: bytes
    at_ms: float = 0.0


class LazyPieces(Sequence[Piece]):
    """Pieces that are made when they are first looked at; `body` may be known without them."""

    __slots__ = ("_body", "_make", "_pieces")

    def __init__(self, make: Callable[[], tuple[Piece, ...]], body: bytes | None = None) -> None:
        self._make, self._body = make, body
        self._pieces: tuple[Piece, ...] | None = None

    @property
    def body(self) -> bytes:
        """What the pieces are of."""
        if self._body is None:
            self._body = b"".join(piece.data for piece in self._made())
        return self._body

    def _made(self) -> tuple[Piece, ...]:
        if self._pieces is None:
            self._pieces = self._make()
        return self._pieces

    @overload
    def __getitem__(self, index: int) -> Piece: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Piece, ...]: ...
    def __getitem__(self, index: int | slice) -> Piece | tuple[Piece, ...]:
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._made())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple | LazyPieces):
            return self._made() == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._made())

    def __repr__(self) -> str:
        return repr(self._made())


class EndError(msgspec.Struct, frozen=True, gc=False):
    """The error that ended a stream: the name of httpx's class, and its message."""

    name: str
    message: str = ""


End = Literal["eof", "client_closed"] | EndError


class RecordedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it was sent; a header that came twice is there twice."""

    method: str
    uri: str
    headers: Headers = ()
    body: bytes = b""


class RecordedResponse(msgspec.Struct, frozen=True, gc=False):
    """A response as it arrived: how it was cut, when, and how it ended."""

    status: int
    reason: str = ""
    headers: Headers = ()
    pieces: Sequence[Piece] = ()
    end: End = "eof"
    recorded_at: datetime | None = None  # None: a foreign file does not say
    http_version: str = "HTTP/1.1"

    @property
    def body(self) -> bytes:
        """Join the pieces."""
        if isinstance(self.pieces, LazyPieces):
            return self.pieces.body
        return b"".join(piece.data for piece in self.pieces)


class Interaction(msgspec.Struct, frozen=True, gc=False):
    """One request and its response."""

    request: RecordedRequest
    response: RecordedResponse


class Matcher(Protocol):
    """Decides which recording answers a request. Must be pure: keys are kept.

    Three members more may be there: `answers(recorded, asked)`, which decides among those of an
    equal key; `allow_repeats`, by which the last that was played plays again; and
    `are_same(recorded, asked)`, which may tell without any key that both would be equal.
    """

    def key(self, request: RecordedRequest) -> Hashable:
        """Give equal keys to requests that one recording answers."""

    def differences(
        self, recorded: RecordedRequest, asked: RecordedRequest
    ) -> Sequence[Difference]:
        """Tell every place where the two differ; none if their keys are equal."""

    def describe(self, request: RecordedRequest) -> str:
        """Name a request in a message, without its secrets."""


class Nearest(NamedTuple):
    """How far off a recording is (less is nearer), its position, and in what it differs."""

    rank: tuple[int, int, bool]
    position: int
    differences: Sequence[Difference]


class Cassette:
    """The interactions of one file. Each plays once; among equals the first recorded is first.

    Threads may share it: taking a recording is one atomic step.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        interactions: Iterable[Interaction],
        *,
        matcher: Matcher,
        advice: str = RECORD_ADVICE,
    ) -> None:
        self.path = fspath(path)
        self.interactions = tuple(interactions)
        self.matcher = matcher
        self.advice = advice
        self._waiting = Waiting([each.request for each in self.interactions], matcher)
        self._played: list[int] = []
        self._misses: list[UnmatchedRequestError] = []

    def __repr__(self) -> str:
        return f"<Cassette {self.path}: {len(self._played)} of {len(self.interactions)} played>"

    def play(self, request: RecordedRequest) -> Interaction:
        """Take the first recording that answers this request and was not played yet.

        Raises UnmatchedRequestError, and keeps it in `misses`: client libraries may swallow it.
        """
        interaction = self.take(request)
        if interaction is None:
            raise self.missed(request)
        return interaction

    def take(self, request: RecordedRequest) -> Interaction | None:
        """Take the first recording that answers this request, if there is one; no miss is kept."""
        index = self.take_number(request)
        return None if index is None else self.interactions[index]

    def take_number(self, request: RecordedRequest) -> int | None:
        """As `take`, but return the position of the recording."""
        index = self._waiting.take(request)
        if index is not None:  # else never recorded, or every recording of it was played
            self._played.append(index)
        return index

    def put_back(self, position: int) -> None:
        """Have a recording that was taken count as not played."""
        self._played.remove(position)
        self._waiting.put_back(position)

    @property
    def played(self) -> tuple[Interaction, ...]:
        """What was played, in the order in which it was asked for."""
        return tuple(self.interactions[index] for index in tuple(self._played))

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What nobody asked for yet, in the order of the file."""
        return tuple(each for _, each in self.numbered_unplayed)

    @property
    def numbered_unplayed(self) -> tuple[tuple[int, Interaction], ...]:
        """What nobody asked for yet, each with its position."""
        played = set(self._played)
        return tuple(each for each in enumerate(self.interactions) if each[0] not in played)

    @property
    def misses(self) -> tuple[UnmatchedRequestError, ...]:
        """The requests that no recording answered."""
        return tuple(self._misses)

    def missed(self, request: RecordedRequest) -> UnmatchedRequestError:
        """Keep and return the miss of a request that nothing answers."""
        nearest = self.nearest(request)
        error = UnmatchedRequestError(
            self.path,
            self.matcher.describe(request),
            nearest=None if nearest is None else nearest.position,
            nearest_request=""
            if nearest is None
            else self.matcher.describe(self.interactions[nearest.position].request),
            differences=() if nearest is None else nearest.differences,
            advice=self.advice,
        )
        self._misses.append(error)
        return error

    def nearest(self, request: RecordedRequest) -> Nearest | None:
        """Find the recording that comes closest to a request; None in an empty cassette."""
        played = set(self._played)
        best: Nearest | None = None
        for index, interaction in enumerate(self.interactions):
            found = self.matcher.differences(interaction.request, request)
            elsewhere = sum(not each.path.startswith("$") for each in found)
            # Another address is further off than any other JSON; an unplayed one breaks the tie.
            # Among equal recordings that are all spent, the last is the one to name.
            rank = (elsewhere, len(found), bool(found) and index in played)
            if best is None or rank < best.rank or (rank == best.rank and not found):
                best = Nearest(rank, index, found)
        return best
