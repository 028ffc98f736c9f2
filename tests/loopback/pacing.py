"""When and in which writes the events leave: `pace(events, seed=…)` gives human-like timing.

Pure. The speed divides the silences and changes nothing else, so a run without waiting has
the same writes as one at human speed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .messages import Write


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How a model's answer arrives; seconds, and chances between 0 and 1."""

    first: float = 0.5  # before the first event
    gap: float = 0.07  # median silence between two writes
    spread: float = 0.45  # of the logarithm of that silence
    longest: float = 0.4
    glue: float = 0.12  # that an event leaves together with the one before it
    cut: float = 0.05  # that an event leaves in two writes
    cut_character: float = 0.5  # the same, inside a character, where one has several bytes
    mend: float = 0.004  # silence between the two halves


STEADY = Rhythm(first=0.0, gap=0.0, glue=0.0, cut=0.0, cut_character=0.0)
"""One write an event, no silence at all."""


def pace(
    events: Sequence[bytes], rhythm: Rhythm | None = None, *, seed: object = 0, speed: float = 1.0
) -> list[Write]:
    """The writes that carry these events; speed 2 is twice as fast, 0 does not wait at all."""
    rhythm = rhythm or Rhythm()
    chance = random.Random(f"{seed}|pace")
    scale = 1 / speed if speed else 0.0
    return [Write(data, after * scale) for data, after in _merged(_timed(events, rhythm, chance))]


def _timed(
    events: Sequence[bytes], rhythm: Rhythm, chance: random.Random
) -> Iterator[tuple[bytes, float | None]]:
    """Each event or half of one with its silence; None glues it to what went before."""
    for number, event in enumerate(events):
        glued = number > 0 and chance.random() < rhythm.glue
        silence = _gap(rhythm, chance) if number else rhythm.first
        at = _cut_at(event, rhythm, chance)
        yield event[:at], None if glued else silence
        if at < len(event):
            yield event[at:], rhythm.mend


def _gap(rhythm: Rhythm, chance: random.Random) -> float:
    if not rhythm.gap:
        return 0.0
    silence = chance.lognormvariate(math.log(rhythm.gap), rhythm.spread)
    return round(min(silence, rhythm.longest), 4)


def _cut_at(event: bytes, rhythm: Rhythm, chance: random.Random) -> int:
    """Where to cut the event in two; its length for not at all."""
    inside = [at for at, byte in enumerate(event) if byte & 0xC0 == 0x80]  # UTF-8 continues here
    if inside and chance.random() < rhythm.cut_character:
        return chance.choice(inside)
    if chance.random() < rhythm.cut and len(event) > 1:
        return chance.randrange(1, len(event))
    return len(event)


def _merged(timed: Iterator[tuple[bytes, float | None]]) -> Iterator[tuple[bytes, float]]:
    held, silence = b"", 0.0
    for data, after in timed:
        if after is None:
            held += data
            continue
        if held:
            yield held, silence
        held, silence = data, after
    if held:
        yield held, silence
