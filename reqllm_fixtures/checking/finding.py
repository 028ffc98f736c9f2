"""What a check found: one deviation, and where it is."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Profile: TypeAlias = Literal["strict", "compat"]
Severity: TypeAlias = Literal["error", "warning"]

PROFILES: tuple[Profile, ...] = ("strict", "compat")


def checked_profile(profile: str) -> Profile:
    """Return a profile that there is. Raises ValueError."""
    for known in PROFILES:
        if profile == known:
            return known
    raise ValueError(f"expected one of the profiles {', '.join(PROFILES)}, got {profile!r}")


class Finding(Struct, frozen=True, kw_only=True):
    """One deviation of a stream from its wire. `str()` is one line."""

    severity: Severity
    event: int
    """The number of the event, or of the chunk, counted from 1; 0 is the stream as a whole."""
    byte_range: tuple[int, int] = (0, 0)
    """Where the event begins in the body, and where the next one does."""
    path: str = "$"
    """The place in the event, as in `$.choices[0].delta`."""
    rule: str
    """What was broken; docs/checking.md lists all rules."""
    message: str
    """What was expected, and what came."""
    repeats: int = 0
    """In how many later places of the stream the same was found."""

    def __str__(self) -> str:
        where = f"event {self.event} {self.path}" if self.event else "stream"
        more = f" (and {self.repeats} more like it)" if self.repeats else ""
        return f"{self.severity}: {where}: {self.rule}: {self.message}{more}"
