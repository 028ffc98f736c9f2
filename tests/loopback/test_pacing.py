"""Timing is human-like, and depends on nothing but the seed."""

from __future__ import annotations

import statistics

from .pacing import STEADY, Rhythm, pace

EVENTS = [f"data: number {n} — ça va 🙂\n\n".encode() for n in range(200)]


def boundaries(writes: list[bytes]) -> set[int]:
    """The offsets at which one write ends and the next begins."""
    offsets, at = set(), 0
    for data in writes:
        at += len(data)
        offsets.add(at)
    return offsets


def test_nothing_is_lost() -> None:
    """The writes together must be the events together, whatever was glued or cut."""
    assert b"".join(write.data for write in pace(EVENTS)) == b"".join(EVENTS)
    assert pace([]) == []


def test_same_seed_same_writes() -> None:
    """Equal seeds must give equal writes and times; another seed must not."""
    assert pace(EVENTS, seed=3) == pace(EVENTS, seed=3)
    assert pace(EVENTS, seed=3) != pace(EVENTS, seed=4)


def test_events_are_glued_and_cut() -> None:
    """Some events must share a write, and some be cut, also inside a character."""
    body = b"".join(EVENTS)
    writes = [write.data for write in pace(EVENTS)]
    assert any(data.count(b"\n\n") > 1 for data in writes)
    inner = boundaries(writes) - boundaries(EVENTS)
    assert any(body[at] & 0xC0 == 0x80 for at in inner)
    assert any(body[at] & 0xC0 != 0x80 for at in inner)


def test_rhythm() -> None:
    """The first silence must be as told, and the others spread around the median."""
    first, *rest = [write.after for write in pace(EVENTS, Rhythm(cut_character=0.0, cut=0.0))]
    assert first == 0.5
    assert 0.055 < statistics.median(rest) < 0.085
    assert max(rest) > 2 * min(rest) > 0


def test_speed_changes_only_silences() -> None:
    """Speed must divide the silences and leave the writes alone; 0 must not wait."""
    human, fast, none = (pace(EVENTS, speed=speed) for speed in (1.0, 4.0, 0.0))
    assert [w.data for w in human] == [w.data for w in fast] == [w.data for w in none]
    assert [w.after for w in fast] == [w.after / 4 for w in human]
    assert {w.after for w in none} == {0.0}


def test_steady() -> None:
    """STEADY must be one write an event, without silence."""
    assert pace(EVENTS, STEADY) == [(event, 0.0) for event in EVENTS]
