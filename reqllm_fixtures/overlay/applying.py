"""What overlays make of a response, of a cassette, and of who asks again. Pure."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from reqllm_fixtures.cassette import (
    Cassette,
    Interaction,
    Matcher,
    RecordedRequest,
    RecordedResponse,
)
from reqllm_fixtures.errors import OtherStreamError, OverlayError
from reqllm_fixtures.overlay.base import Overlay
from reqllm_fixtures.overlay.framings import framing_of
from reqllm_fixtures.overlay.played import Played, begin


def apply(
    overlay: Overlay, response: RecordedResponse, *, pace: float = 0.0, position: int = 0
) -> tuple[RecordedResponse, ...]:
    """Return the answers that a client gets who asks again until it has the last of them.

    The times of their pieces are those at which they play, in ms.

    pace: stretches the recorded times before the overlay; 0 is at once.
    position: of the interaction in its cassette, for overlays of some of them.

    Raises OverlayError where it cannot apply.
    """
    return applied(overlay, response, pace, position).answers


def applied(overlay: Overlay, response: RecordedResponse, pace: float, position: int) -> Played:
    """As `apply`, but return the whole of what became of the response. Raises OverlayError."""
    played = begin(response, pace)
    for each in overlay.changes(position):
        played = each.changed(played)
    return played


class OverlaidCassette:
    """A cassette that answers with what an overlay makes of its recordings.

    A recording that is refused first is played with its first answer; who asks the same again gets
    the next. One that a fault broke is found broken again by a client that tries again, where
    nothing else answers. Threads may share it.
    """

    def __init__(self, cassette: Cassette, overlay: Overlay, *, pace: float = 0.0) -> None:
        """Raises OverlayError where the overlay cannot apply to a recording that it is for."""
        self._cassette = cassette
        numbered = list(enumerate(cassette.interactions))
        made = all_played(numbered, overlay, cassette.path, pace=pace)
        self._played = {id(each): made[number] for number, each in numbered if number in made}
        self._again: list[_Again] = []
        self._faults: list[_Again] = []
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """Where the cassette is."""
        return self._cassette.path

    @property
    def matcher(self) -> Matcher:
        """What the cassette's requests are found by."""
        return self._cassette.matcher

    def take(self, request: RecordedRequest) -> Interaction | None:
        """As `Cassette.take`."""
        again = self._next(request)
        if again is not None:
            return again
        found = self._cassette.take(request)
        return self._fault(request) if found is None else self._first(found)

    def play(self, request: RecordedRequest) -> Interaction:
        """As `Cassette.play`. Raises UnmatchedRequestError."""
        return self._first(self._cassette.play(request))

    def _first(self, found: Interaction) -> Interaction:
        played = self._played.get(id(found))
        if played is None:
            return found
        first, *rest = answers = played.answers
        if played.is_fault and not played.is_refused:
            with self._lock:
                self._faults.append(_Again(found.request, [answers[-1]], is_endless=True))
        if rest or played.is_refused:
            with self._lock:
                self._again.append(
                    _Again(found.request, rest or [first], is_endless=played.is_refused)
                )
        return Interaction(found.request, first)

    def _next(self, request: RecordedRequest) -> Interaction | None:
        with self._lock:
            for again in self._again:
                if again.is_of(request, self.matcher):
                    response = again.next()
                    if not again.answers:
                        self._again.remove(again)
                    return Interaction(again.request, response)
        return None

    def _fault(self, request: RecordedRequest) -> Interaction | None:
        with self._lock:
            for fault in reversed(self._faults):
                if fault.is_of(request, self.matcher):
                    return Interaction(fault.request, fault.next())
        return None


class _Again:
    """What a request gets that is sent again."""

    def __init__(
        self, request: RecordedRequest, answers: list[RecordedResponse], *, is_endless: bool
    ) -> None:
        self.request, self.answers = request, answers
        self._is_endless = is_endless

    def next(self) -> RecordedResponse:
        """Give the next answer; the last of endless ones is given for ever."""
        if self._is_endless and len(self.answers) == 1:
            return self.answers[0]
        return self.answers.pop(0)

    def is_of(self, request: RecordedRequest, matcher: Matcher) -> bool:
        if matcher.key(self.request) != matcher.key(request):
            return False
        answers = getattr(matcher, "answers", None)
        return answers is None or bool(answers(self.request, request))


def all_played(
    interactions: Sequence[tuple[int, Interaction]], overlay: Overlay, path: str, *, pace: float
) -> dict[int, Played]:
    """Apply an overlay to all that it is for: what is wrong is told before anything plays.

    interactions: of the cassette at `path`, with their numbers. Raises OverlayError.
    """
    held = dict(interactions)
    named = overlay.positions
    if wrong := sorted(named - held.keys()):
        numbers = ", ".join(map(str, held)) or "none"
        raise OverlayError(
            f"{overlay} is for interaction {wrong[0]} of {path}. Expected one of: {numbers}."
        )
    meant = [n for n, each in interactions if n in named or is_stream(each.response)]
    if held and not meant:
        raise OtherStreamError(f"{overlay} changes streams, and {path} holds none.")
    made: dict[int, Played] = {}
    for number in meant:
        try:
            made[number] = applied(overlay, held[number].response, pace, number)
        except OverlayError as error:
            raise type(error)(
                f"{error} It was to change interaction {number} of {path}; "
                "@N after an overlay names the interactions that it is for."
            ) from None
    return made


def is_stream(response: RecordedResponse) -> bool:
    """Tell whether a recorded response is a stream that began."""
    return response.status == 200 and framing_of(response.headers, response.body) is not None
