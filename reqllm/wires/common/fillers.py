"""What differs from one event to the next and says nothing: filler, and blanks. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from msgspec import Struct

# By member, what may stand between its quotes: a pattern that takes no quote and no backslash.
Fillers = Mapping[str, bytes]
# Random text against traffic analysis, on any wire; or nothing at all.
PADDING: Fillers = MappingProxyType(dict.fromkeys(("obfuscation", "p"), rb"[0-9A-Za-z]*+"))
FILLER_KEYS = tuple(PADDING)
_BLANKS = rb" *+"


class Spot(Struct, frozen=True):
    """Bytes of an event in which something may vary."""

    before: bytes = b""
    """What stands before it."""
    pattern: bytes = b""
    """Matches it, whatever it is."""
    probe: bytes = b""
    """The same bytes, but others where they may vary."""
    after: bytes = b""
    """What stands after it."""
    says: bool = False
    """Whether what varies says something, after all."""


def spot_before(data: bytes, fillers: Fillers) -> Spot:
    """Find what may vary in what stands before a string."""
    spot = _fillers_in(data, fillers)
    if spot is None:
        return Spot(data)
    return Spot(spot.before, spot.pattern + re.escape(spot.after), spot.probe + spot.after)


def spot_after(data: bytes, fillers: Fillers) -> Spot:
    """Find what may vary in what follows a string, if only blanks before the brace."""
    spot = _fillers_in(data, fillers)
    if spot is None:
        before = data[:-1].rstrip(b" ")
        if len(before) == len(data) - 1:
            return Spot(after=data)
        spot = Spot(before, _BLANKS, after=data[-1:])
    pattern = re.escape(spot.before) + spot.pattern
    return Spot(pattern=pattern, probe=spot.before + spot.probe, after=spot.after)


def _fillers_in(data: bytes, fillers: Fillers) -> Spot | None:
    """Find the fillers in a part of an event; `None` if there are none."""
    found = list(members(*fillers).finditer(data))
    if not found:
        return None
    begin = at = found[0].start(2)
    pattern = probe = b""
    for member in found:
        between = data[at : member.start(2)]
        pattern += re.escape(between) + fillers[member[1].decode()]
        probe += between + b"1" + member[2]
        at = member.end()
    return Spot(data[:begin], pattern, probe, data[at:])


@cache
def members(*keys: str) -> re.Pattern[bytes]:
    """Return what finds members that are text: the key, and what is between the quotes."""
    return re.compile(rb'"(%s)": ?"([^"]*)' % "|".join(map(re.escape, keys)).encode())
