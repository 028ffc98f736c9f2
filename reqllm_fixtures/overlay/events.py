"""Events that are lost, doubled, exchanged, damaged or put in. Numbers count from 1."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay, View, other
from reqllm_fixtures.overlay.dialects import TROUBLES, compact
from reqllm_fixtures.overlay.framings import FRAMES, payload_of, reframed
from reqllm_fixtures.overlay.played import Cue, Played, last_at, last_due, spliced, split
from reqllm_fixtures.overlay.timing import sign_of_life


class _OfEvent(Overlay, frozen=True):
    """Changes one event, counted from 1, or from -1 for the last; None is the middle one."""

    bare: ClassVar[str] = "event"
    event: int | None = None


class Drop(_OfEvent, frozen=True):
    """Loses an event."""

    name: ClassVar[str] = "drop"

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        start, stop = view.framing.without(view.events, view.index(self.event))
        return spliced(played, start, stop, b"")


class Double(_OfEvent, frozen=True):
    """Has an event come twice."""

    name: ClassVar[str] = "double"

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        index = view.index(self.event)
        event = view.events[index]
        text = view.body[event.start : event.stop]
        at, new = view.framing.inserted(view.events, index + 1, text, view.body)
        return spliced(played, at, at, new)


class Swap(_OfEvent, frozen=True):
    """Has two events come in each other's place; `other` is the one after it by default."""

    name: ClassVar[str] = "swap"
    other: int | None = None

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        first = view.index(self.event)
        if self.other is not None:
            second = view.index(self.other)
        elif first + 1 < len(view.events):
            second = first + 1
        elif self.event is None and first:
            first, second = first - 1, first
        else:
            raise OverlayError(f"{self} exchanges an event with the next, and it is the last.")
        if first == second:
            raise OverlayError(f"{self} exchanges two events. Came: the same one twice.")
        one, two = view.events[min(first, second)], view.events[max(first, second)]
        earlier, later = view.body[one.start : one.stop], view.body[two.start : two.stop]
        if not two.is_finished:
            later += view.framing.mark(view.body)
        return spliced(spliced(played, two.start, two.stop, earlier), one.start, one.stop, later)


class Malformed(_OfEvent, frozen=True):
    """Has the JSON of an event be none: its first colon is gone."""

    name: ClassVar[str] = "malformed"

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        index = view.index(self.event)
        event = view.events[index]
        text = view.body[event.start : event.stop]
        data = payload_of(text) if view.framing is FRAMES else event.data
        broken = data.replace(b":", b" ", 1)
        if broken == data or data not in text:
            raise OverlayError(f"{self} breaks the JSON of event {index + 1}, which has none.")
        new = reframed(text, broken) if view.framing is FRAMES else text.replace(data, broken, 1)
        return spliced(played, event.start, event.stop, new)


class Corrupt(_OfEvent, frozen=True):
    """Has one bit of a binary event be wrong."""

    name: ClassVar[str] = "corrupt"

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        if view.framing is not FRAMES:
            raise other(self, meant=f"{FRAMES.name}, which has checksums", came=view.framing.name)
        event = view.events[view.index(self.event)]
        at = event.stop - 5  # of its payload, or of its headers if it has none
        return spliced(played, at, at + 1, bytes([view.body[at] ^ 1]))


class InBandError(Overlay, frozen=True):
    """Has the provider report a failure after so many events, half by default; then it ends.

    kind: overloaded, rate_limit or server_error, in the words of the wire.
    """

    name: ClassVar[str] = "error"
    bare: ClassVar[str] = "kind"
    kind: str = "overloaded"
    events: int | None = None

    def __post_init__(self) -> None:
        trouble_named(self.name, self.kind)

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        name, value = view.dialect.fails(TROUBLES[self.kind])
        kind = "exception" if view.framing is FRAMES else "event"
        named = name if view.framing is FRAMES or any(each.name for each in view.events) else ""
        event = view.framing.write(named, compact(value), view.body, kind=kind)
        return failing(played, view, view.after(self.events), event)


def failing(played: Played, view: View, count: int, event: bytes) -> Played:
    """End a stream after so many events, with one more, which comes when the next would have."""
    head, rest = split(played.cues, view.offset_after(count))
    kept = b"".join(cue.data for cue in head)
    _, new = view.framing.inserted(view.events[:count], count, event, kept)
    new += view.framing.closed(kept)
    timed = rest[:1] or head[-1:] or [Cue(b"", 0, 0)]
    cues = (*head, replace(timed[0], data=new))
    return replace(played, cues=cues, end="eof", is_fault=True)


def trouble_named(name: str, kind: str) -> None:
    """Require a kind of failure that there is. Raises OverlayError."""
    if kind not in TROUBLES:
        raise OverlayError(
            f"Expected kind of {name} to be one of {', '.join(TROUBLES)}. Came: {kind!r}."
        )


class Comment(Overlay, frozen=True):
    """Has a comment come after so many events; in streams without comments an empty line."""

    name: ClassVar[str] = "comment"
    bare: ClassVar[str] = "text"
    text: str = "keep-alive"
    events: int = 0

    def changed(self, played: Played) -> Played:
        view = View(self, played)
        sign = sign_of_life(self, view, self.text)
        head, tail = split(played.cues, view.offset_after(self.events))
        timed = tail[0] if tail else Cue(b"", last_at(head), last_due(head))
        return replace(played, cues=(*head, replace(timed, data=sign), *tail))
