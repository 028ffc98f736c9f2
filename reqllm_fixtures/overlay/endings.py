"""The same stream with another end: cut off, reset, stalled, ended too early."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from reqllm_fixtures.cassette import End, EndError
from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay, View, require
from reqllm_fixtures.overlay.dialects import text_of
from reqllm_fixtures.overlay.framings import ARRAY
from reqllm_fixtures.overlay.played import Cue, Played, last_at, last_due, split

_CUT = EndError(
    "RemoteProtocolError",
    "peer closed connection without sending complete message body (incomplete chunked read)",
)
_RESET = EndError("ReadError", "[Errno 104] Connection reset by peer")


class _Ending(Overlay, frozen=True):
    """Ends a stream after so many events, bytes or ms; negative ones count from the end.

    Of the three one may be said. None is after half of the events.
    """

    events: int | None = None
    bytes: int | None = None
    ms: float | None = None

    def __post_init__(self) -> None:
        said = [name for name in ("events", "bytes", "ms") if getattr(self, name) is not None]
        if len(said) > 1:
            raise OverlayError(
                f"Expected {self.name} to be after events, bytes or ms. Came: {' and '.join(said)}."
            )

    def _head(self, played: Played) -> list[Cue]:
        """Return what comes before the end."""
        if self.ms is not None:
            return self._until(played, self.ms)
        return split(played.cues, self._offset(played))[0]

    def _offset(self, played: Played) -> int:
        if self.bytes is None:
            return View(self, played).offset_after(self.events)
        length = len(played.body)
        if abs(self.bytes) > length:
            raise OverlayError(
                f"{self} is about what comes after {self.bytes} bytes, and the recording has "
                f"{length}."
            )
        return self.bytes if self.bytes >= 0 else length + self.bytes

    def _until(self, played: Played, ms: float) -> list[Cue]:
        lasted = last_at(played.cues)
        if not 0 <= ms < lasted:
            told = f"lasted {lasted:g} ms" if lasted else "does not tell when its pieces came"
            raise OverlayError(
                f"{self} is about what comes after {ms:g} ms, and the recording {told}."
            )
        return [cue for cue in played.cues if cue.at_ms <= ms]


class Cut(_Ending, frozen=True):
    """Breaks the connection off in the middle of the HTTP body."""

    name: ClassVar[str] = "cut"

    def changed(self, played: Played) -> Played:
        return _ended(played, self._head(played), _CUT)


class Reset(_Ending, frozen=True):
    """Has the connection reset."""

    name: ClassVar[str] = "reset"

    def changed(self, played: Played) -> Played:
        return _ended(played, self._head(played), _RESET)


class Stall(_Ending, frozen=True):
    """Has nothing more come; whoever still waits after so many seconds finds a reset."""

    name: ClassVar[str] = "stall"
    seconds: float = 3600.0

    def __post_init__(self) -> None:
        _Ending.__post_init__(self)
        require(self, "seconds", self.seconds, least=1e-6)

    def changed(self, played: Played) -> Played:
        head = self._head(played)
        ms = self.seconds * 1000
        silence = Cue(b"", last_at(head) + ms, last_due(head) + ms)
        said = f"nothing came for {self.seconds:g} s (the overlay {self.name}), and nobody gave up"
        return _ended(played, [*head, silence], EndError("ReadError", said))


class Ended(_Ending, frozen=True):
    """Ends the body cleanly, though the answer is not at its end.

    Where no place is said: before the first event by which it could be known to be whole.
    """

    name: ClassVar[str] = "ended"

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        if self.events is self.bytes is self.ms is None:
            head = split(played.cues, view.offset_after(self._finished(view)))[0]
        else:
            head = self._head(played)
        body = b"".join(cue.data for cue in head)
        if view.known is ARRAY and self.bytes is None and (closing := ARRAY.closed(body)):
            head.append(Cue(closing, last_at(head), last_due(head)))
        return _ended(played, head, "eof")

    def _finished(self, view: View) -> int:
        finished = view.dialect.finished
        found = (n for n, event in enumerate(view.events) if finished.search(text_of(event)))
        number = next(found, None)
        if number is None:
            raise OverlayError(f"{self} ends a stream before it is whole, and this one never is.")
        return number


def _ended(played: Played, cues: list[Cue], end: End) -> Played:
    return replace(played, cues=tuple(cues), end=end, is_fault=True)
