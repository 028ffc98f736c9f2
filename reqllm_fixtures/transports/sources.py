"""Where answers come from: recordings, the network, and who notes what the network gave."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reqllm_fixtures.cassette import Interaction, Matcher, Piece, RecordedRequest
from reqllm_fixtures.errors import FixtureError

if TYPE_CHECKING:
    from reqllm_fixtures.transports.recording import Recorder

Clock = Callable[[], float]
Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
Rhythm = Callable[[Piece], float]
Redacted = Callable[[RecordedRequest], RecordedRequest]
Refuse = Callable[[FixtureError], BaseException]


def _itself(error: FixtureError) -> BaseException:
    return error


def _unheard(request: RecordedRequest) -> None:
    """Hear of a request, and keep nothing."""


class Recorded(Protocol):
    """What answers from recordings: a `Cassette`, or one under an overlay."""

    @property
    def path(self) -> str:
        """What errors call it."""

    @property
    def matcher(self) -> Matcher:
        """What requests are found by."""

    def take(self, request: RecordedRequest) -> Interaction | None:
        """Take what answers a request, if there is something."""

    def play(self, request: RecordedRequest) -> Interaction:
        """Take what answers a request. Raises UnmatchedRequestError."""


class Source(NamedTuple):
    """Where answers come from, and who notes those that come from the network.

    cassette      recorder
    a cassette    none        replay: what is not recorded is a miss
    a cassette    a recorder  fill: what is not recorded goes out and is noted
    none          a recorder  record
    none          none        live
    """

    cassette: Recorded | None = None
    recorder: Recorder | None = None
    redacted: Redacted | None = None  # what a request looks like once it is recorded
    refuse: Refuse = _itself  # what is raised where the recording has no answer
    hear: Callable[[RecordedRequest], None] = _unheard  # is told every request that is made

    @property
    def replays(self) -> bool:
        """Whether nothing ever goes out."""
        return self.cassette is not None and self.recorder is None

    @property
    def is_live(self) -> bool:
        """Whether everything goes out and nothing is noted."""
        return self.cassette is None and self.recorder is None


class Rhythmic(NamedTuple):
    """How the recorded times are kept; `pace` 0 is at once, 1 as recorded, 2 half as fast."""

    pace: float = 0.0
    clock: Any = time.monotonic
    sleep: Any = time.sleep
    time: Any = None
    """A virtual clock, by which whoever uses the transport is to go, too."""

    @classmethod
    def of_threads(cls, pace: float, clock: Any, sleep: Any) -> Rhythmic:
        """Go by clock and sleep, or by a virtual clock in place of both."""
        if is_virtual(clock):
            return cls(checked_pace(pace), clock.time, clock.wait, clock)
        return cls(checked_pace(pace), clock, sleep)


def is_virtual(clock: Any) -> bool:
    """Return whether it is a `VirtualClock`; told without loading what that needs."""
    return hasattr(clock, "alarm")


def checked_pace(pace: float) -> float:
    """Return the pace if it is one. Raises ValueError."""
    if not isinstance(pace, int | float) or not 0 <= pace < float("inf"):
        raise ValueError(f"Expected a pace from 0 (at once) up; 1 is as recorded. Came: {pace!r}.")
    return pace
