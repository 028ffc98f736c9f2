"""The same bytes, cut into other pieces. A client must not notice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, pairwise
from types import MappingProxyType
from typing import ClassVar

from msgspec.structs import replace

from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay.base import Overlay, View, other
from reqllm_fixtures.overlay.played import Cue, Played

_SIZES = re.compile(r"[1-9]\d*(?:\+[1-9]\d*)*")
_CHARACTER = re.compile(rb"[\xc0-\xff][\x80-\xbf]+")
_LINE_END = re.compile(rb"\r\n")
_LONGEST = 32


def _inside(pattern: re.Pattern[bytes]) -> Callable[[bytes, int], Iterator[int]]:
    """Cut between all bytes of what matches."""

    def places(body: bytes, seed: int) -> Iterator[int]:
        for match in pattern.finditer(body):
            yield from range(match.start() + 1, match.end())

    return places


def _at_random(body: bytes, seed: int) -> Iterator[int]:
    # By `random()` alone, which gives the same in every version of Python.
    chance = random.Random(seed)
    at = 0
    while at < len(body):
        at += 1 + int(chance.random() * _LONGEST)
        yield at


_PLACES = MappingProxyType(
    {
        "bytes": lambda body, seed: range(1, len(body)),
        "blob": lambda body, seed: (),
        "random": _at_random,
        "utf8": _inside(_CHARACTER),
        "crlf": _inside(_LINE_END),
    }
)
HOWS = ("recorded", "events", *_PLACES)
_KEEPING = ("utf8", "crlf")


class Recut(Overlay, frozen=True):
    """Cuts the body anew.

    how: `recorded`, `events` (one a piece), `bytes` (one a piece), `blob` (all in one), `random`
        (by the seed), `utf8` (inside every character of several bytes), `crlf` (inside every such
        line end), or sizes as in "7" or "1+50+3", over and over.
    """

    name: ClassVar[str] = "recut"
    bare: ClassVar[str] = "how"
    how: str
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in HOWS and not _SIZES.fullmatch(self.how):
            raise OverlayError(
                f"Expected recut to be one of {', '.join(HOWS)}, or sizes as in 7 or 1+50+3. "
                f"Came: {self.how!r}."
            )

    def changed(self, played: Played) -> Played:
        if self.how == "recorded":
            return played
        body = played.body
        cuts = set(self._cuts(played, body))
        if self.how in _KEEPING:  # these add to the cuts that there are
            at = 0
            cuts.update(at := at + len(cue.data) for cue in played.cues)
        return replace(played, cues=tuple(_cut(played.cues, cuts, len(body))))

    def _cuts(self, played: Played, body: bytes) -> Iterable[int]:
        if self.how == "events":
            return [event.stop for event in View(self, played).events]
        if self.how in _PLACES:
            return _PLACES[self.how](body, self.seed)
        return _by_sizes([int(size) for size in self.how.split("+")], len(body))


def recut(*how: str | int, seed: int = 0) -> Recut:
    """Cut the body anew: `recut("events")`, `recut("random", seed=3)`, `recut(1, 50, 3)`."""
    return Recut("+".join(map(str, how)), seed)


class CRLF(Overlay, frozen=True):
    """Ends lines by CRLF, as some providers and proxies do. A client must not notice."""

    name: ClassVar[str] = "crlf"

    def changed(self, played: Played) -> Played:
        known = View(self, played).known
        if known is None or not (known.has_comments or known.padding):
            came = "no stream" if known is None else known.name
            raise other(self, meant="lines of text", came=came)
        if b"\r" in played.body:
            return played
        cues = [replace(cue, data=cue.data.replace(b"\n", b"\r\n")) for cue in played.cues]
        return replace(played, cues=tuple(cues))


def _by_sizes(sizes: list[int], length: int) -> Iterator[int]:
    at = 0
    for size in cycle(sizes):
        at += size
        if at >= length:
            return
        yield at


def _cut(cues: Iterable[Cue], cuts: set[int], length: int) -> Iterator[Cue]:
    """Cut anew; a piece comes when the last of its bytes came. Empty pieces, which wait, stay."""
    body = b"".join(cue.data for cue in cues)
    ends = sorted({0, length, *(cut for cut in cuts if 0 < cut < length)})
    parts = pairwise(ends)
    part = next(parts, None)
    at = 0
    for cue in cues:
        at += len(cue.data)
        if not cue.data:
            yield cue
        while part is not None and part[1] <= at:
            yield replace(cue, data=body[slice(*part)])
            part = next(parts, None)
