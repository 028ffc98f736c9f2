"""What overlays have in common: they are values, put together by `|`, and written as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, structs

from reqllm_fixtures.bodies.cutting import CutEvent
from reqllm_fixtures.errors import OtherStreamError, OverlayError
from reqllm_fixtures.overlay.dialects import Dialect, dialect_of
from reqllm_fixtures.overlay.framings import Framing, framing_of
from reqllm_fixtures.overlay.played import Played


class Overlay(Struct, frozen=True):
    """A change to a recorded response. `a | b` is `a`, then `b`; `str()` writes it as text."""

    name: ClassVar[str] = ""
    bare: ClassVar[str] = ""
    """The field that needs no name where it is written."""

    def changed(self, played: Played) -> Played:
        """Return the changed response. Raises OverlayError where it cannot apply."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[Overlay, ...]:
        """The overlays that it is put together of, in order."""
        return (self,)

    def changes(self, position: int) -> Iterator[Overlay]:
        """Give what applies to the interaction at this position, counted from 0, in order."""
        yield self

    @property
    def positions(self) -> frozenset[int]:
        """The interactions that it is for by name; none if it is for every stream."""
        return frozenset()

    def on(self, *positions: int) -> Overlay:
        """Return it for these interactions of the cassette alone, counted from 0."""
        return On(self, positions)

    def __or__(self, other: Overlay) -> Overlay:
        if not isinstance(other, Overlay):
            return NotImplemented
        return Chain((*self.parts, *other.parts))

    def __str__(self) -> str:
        said = []
        for field in structs.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                named = "" if field.name == self.bare else f"{field.name}="
                # With all digits that a number has: what is written is read as the same.
                is_whole = isinstance(value, float) and value.is_integer()
                said.append(f"{named}{int(value) if is_whole else value}")
        return f"{self.name}:{','.join(said)}" if said else self.name


class Chain(Overlay, frozen=True):
    """Overlays one after the other."""

    overlays: tuple[Overlay, ...]

    def changed(self, played: Played) -> Played:
        for overlay in self.overlays:
            played = overlay.changed(played)
        return played

    @property
    def parts(self) -> tuple[Overlay, ...]:
        return self.overlays

    def changes(self, position: int) -> Iterator[Overlay]:
        for overlay in self.overlays:
            yield from overlay.changes(position)

    @property
    def positions(self) -> frozenset[int]:
        return frozenset().union(*(each.positions for each in self.overlays))

    def on(self, *positions: int) -> Overlay:
        return Chain(tuple(each.on(*positions) for each in self.overlays))

    def __str__(self) -> str:
        return " | ".join(map(str, self.overlays))


class On(Overlay, frozen=True):
    """An overlay of some interactions alone."""

    overlay: Overlay
    interactions: tuple[int, ...]

    def changed(self, played: Played) -> Played:
        return self.overlay.changed(played)

    def changes(self, position: int) -> Iterator[Overlay]:
        if position in self.interactions:
            yield from self.overlay.changes(position)

    @property
    def positions(self) -> frozenset[int]:
        return frozenset(self.interactions)

    def __str__(self) -> str:
        return f"{self.overlay}@{','.join(map(str, self.interactions))}"


class View:
    """A body as overlays see it: its events, and what wire it speaks."""

    def __init__(self, overlay: Overlay, played: Played) -> None:
        self._overlay = overlay
        self.body = played.body
        self.known = framing_of(played.headers, self.body)
        self.events: list[CutEvent] = [] if self.known is None else self.known.events(self.body)

    @property
    def framing(self) -> Framing:
        """How the events are written. Raises OtherStreamError for a body that is no stream."""
        if self.known is None or not self.events:
            raise OtherStreamError(f"{self._overlay} changes events, and this body has none.")
        return self.known

    @property
    def dialect(self) -> Dialect:
        """What is known of the wire. Raises OtherStreamError."""
        found = dialect_of(self.events) if self.framing else None
        if found is None:
            raise OtherStreamError(
                f"{self._overlay} needs to know the wire, and this stream begins as none that "
                "overlays know."
            )
        return found

    def index(self, number: int | None) -> int:
        """Return the index of an event by its number, from 1, or from -1 for the last.

        None is the one in the middle. Raises OverlayError if there is no such event.
        """
        _ = self.framing
        count = len(self.events)
        if number is None:
            return count // 2
        if number == 0 or abs(number) > count:
            raise OverlayError(f"{self._overlay} is about event {number}, {self._held(count)}.")
        return number - 1 if number > 0 else count + number

    def after(self, count: int | None) -> int:
        """Return how many events are meant: negative ones count from the end, None is half of them.

        Raises OverlayError if there are not so many.
        """
        _ = self.framing
        held = len(self.events)
        if count is None:
            return max(1, held // 2)
        if count > held or count < -held:
            raise OverlayError(
                f"{self._overlay} is about what comes after event {count}, {self._held(held)}."
            )
        return count if count >= 0 else held + count

    def offset_after(self, count: int | None) -> int:
        """Return where in the body so many events end."""
        count = self.after(count)
        if count == 0:
            return self.events[0].start
        return self.events[count - 1].stop

    def _held(self, count: int) -> str:
        return f"and the recording has {count}: give a number from 1 to {count}"


def other(overlay: Overlay, *, meant: str, came: str) -> OtherStreamError:
    """Return the error of an overlay that is about other streams than this one."""
    return OtherStreamError(f"{overlay} is for {meant}; the recording is {came}.")


def require(
    overlay: Overlay, name: str, value: float, *, least: float = 0, most: float = float("inf")
) -> None:
    """Require a number between two. Raises OverlayError."""
    if not (least <= value <= most) or value == float("inf"):
        upper = "" if most == float("inf") else f" to {most:g}"
        raise OverlayError(
            f"Expected {name} of {overlay.name} to be a number from {least:g}{upper}. "
            f"Came: {value!r}."
        )
