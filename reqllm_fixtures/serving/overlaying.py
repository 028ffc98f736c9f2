"""What overlays make of the recordings that are served: by a request's header, or for all. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from reqllm_fixtures.cassette import Headers, RecordedResponse
from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.applying import applied, is_stream
from reqllm_fixtures.overlay.base import Overlay
from reqllm_fixtures.overlay.words import parse
from reqllm_fixtures.serving.shelf import Taken

HEADER = "x-reqllm-overlay"


class Overlaying:
    """Changes what is played, and keeps what a client is to get that asks the same again.

    default: the overlay of requests that name none.
    pace: stretches the recorded times before the overlay.
    """

    def __init__(self, default: Overlay | None, pace: float) -> None:
        self._default, self._pace = default, pace
        self._again: dict[tuple[Hashable, str], _Again] = {}
        self._faults: dict[tuple[Hashable, str], Taken] = {}

    def reset(self) -> None:
        """Forget who was refused, and what was broken."""
        self._again.clear()
        self._faults.clear()

    def asked_by(self, headers: Headers) -> Overlay | None:
        """Return the overlay that a request asks for; several headers are one after the other.

        Raises OverlayError.
        """
        named = [value for name, value in headers if name.lower() == HEADER]
        return parse(" | ".join(named)) if named else self._default

    def again(self, key: Hashable, overlay: Overlay) -> Taken | None:
        """Return what a request gets that was refused before."""
        place = (key, str(overlay))
        kept = self._again.get(place)
        if kept is None:
            return None
        if len(kept.answers) == 1 and not kept.is_endless:
            del self._again[place]
        return kept.next()

    def changed(self, key: Hashable, overlay: Overlay, taken: Taken) -> Taken:
        """Return what is played in place of a recording.

        Raises OverlayError where the overlay cannot apply to it.
        """
        response = taken.interaction.response
        if taken.number not in overlay.positions and not is_stream(response):
            return taken
        try:
            played = applied(overlay, response, self._pace, taken.number)
        except OverlayError as error:
            where = f"interaction {taken.number} of {taken.path}"
            raise type(error)(f"{error} It was to change {where}.") from None
        kept = _Again(taken, deque(played.answers), is_endless=played.is_refused)
        first = kept.next()
        if kept.answers:
            self._again[key, str(overlay)] = kept
        if played.is_fault and not played.is_refused:
            self._faults[key, str(overlay)] = taken.answering(played.answers[-1])
        return first

    def fault(self, key: Hashable, overlay: Overlay) -> Taken | None:
        """Return what a request gets that a fault befell before, where nothing else answers."""
        return self._faults.get((key, str(overlay)))


class _Again:
    """The answers of a recording that are still to come."""

    def __init__(self, taken: Taken, answers: deque[RecordedResponse], *, is_endless: bool) -> None:
        self._taken, self.answers, self.is_endless = taken, answers, is_endless

    def next(self) -> Taken:
        """Give the next answer; the last of endless ones is given for ever."""
        last = self.is_endless and len(self.answers) == 1
        return self._taken.answering(self.answers[0] if last else self.answers.popleft())
