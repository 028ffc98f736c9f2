"""The same pieces at other times. Who replays them decides by which clock; see virtual_time."""

from __future__ import annotations

import random
from typing import ClassVar

from msgspec.structs import replace

from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay, View, other, require
from reqllm_fixtures.overlay.played import Cue, Played, last_at, last_due, split

_MOST_KEEP_ALIVES = 100_000


class Pace(Overlay, frozen=True):
    """Plays in the recorded rhythm, stretched: 0 at once, 1 as recorded, 2 half as fast."""

    name: ClassVar[str] = "pace"
    bare: ClassVar[str] = "times"
    times: float = 1.0

    def __post_init__(self) -> None:
        require(self, "times", self.times, least=0)

    def changed(self, played: Played) -> Played:
        cues = [replace(cue, due_ms=cue.at_ms * self.times) for cue in played.cues]
        return replace(played, cues=tuple(cues))


class Rhythm(Overlay, frozen=True):
    """Plays in a rhythm of its own, whatever was recorded.

    ttft: seconds until the first piece.
    rate: pieces a second from then on.
    jitter: by how much a gap may be longer or shorter, as a share of it; seed decides.
    """

    name: ClassVar[str] = "rhythm"
    ttft: float = 0.5
    rate: float = 50.0
    jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        require(self, "ttft", self.ttft, least=0)
        require(self, "rate", self.rate, least=1e-6)
        require(self, "jitter", self.jitter, least=0, most=1)

    def changed(self, played: Played) -> Played:
        chance = random.Random(self.seed)
        at = self.ttft * 1000
        cues = []
        for cue in played.cues:
            cues.append(Cue(cue.data, at, at))
            at += 1000 / self.rate * (1 + self.jitter * (2 * chance.random() - 1))
        return replace(played, cues=tuple(cues))


class SlowFirstToken(Overlay, frozen=True):
    """Has nothing come for so many seconds after the head."""

    name: ClassVar[str] = "slow_first_token"
    bare: ClassVar[str] = "seconds"
    seconds: float = 30.0

    def __post_init__(self) -> None:
        require(self, "seconds", self.seconds, least=0)

    def changed(self, played: Played) -> Played:
        ms = self.seconds * 1000
        return replace(played, cues=tuple(cue.later(ms) for cue in played.cues))


class Pause(Overlay, frozen=True):
    """Has nothing come for so many seconds after so many events; then it goes on."""

    name: ClassVar[str] = "pause"
    bare: ClassVar[str] = "seconds"
    seconds: float = 30.0
    events: int | None = None

    def __post_init__(self) -> None:
        require(self, "seconds", self.seconds, least=0)

    def changed(self, played: Played) -> Played:
        head, tail = split(played.cues, View(self, played).offset_after(self.events))
        ms = self.seconds * 1000
        return replace(played, cues=(*head, *(cue.later(ms) for cue in tail)))


class KeepAlives(Overlay, frozen=True):
    """Has signs of life come for so many seconds after so many events, and nothing else.

    text: of the comments. In streams without comments they are empty lines.
    """

    name: ClassVar[str] = "keep_alives"
    every: float = 1.0
    seconds: float = 60.0
    events: int = 0
    text: str = "keep-alive"

    def __post_init__(self) -> None:
        require(self, "every", self.every, least=1e-6)
        require(self, "seconds", self.seconds, least=self.every)
        require(self, "seconds / every", self.seconds / self.every, most=_MOST_KEEP_ALIVES)

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        sign = sign_of_life(self, view, self.text)
        head, tail = split(played.cues, view.offset_after(self.events))
        at_ms, due_ms = last_at(head), last_due(head)
        signs = [
            Cue(sign, at_ms + ms, due_ms + ms)
            for ms in (self.every * 1000 * n for n in range(1, int(self.seconds / self.every) + 1))
        ]
        rest = [cue.later(self.seconds * 1000) for cue in tail]
        return replace(played, cues=(*head, *signs, *rest))


def sign_of_life(overlay: Overlay, view: View, text: str) -> bytes:
    """Write what means nothing but that somebody is there. Raises OtherStreamError."""
    framing = view.framing
    if framing.has_comments:
        if "\n" in text or "\r" in text:
            raise OverlayError(f"Expected the text of a comment in one line. Came: {text!r}.")
        return f": {text}".encode() + framing.mark(view.body)
    if framing.padding is None:
        raise other(overlay, meant="streams with comments or blank lines", came=framing.name)
    return framing.padding
