"""What the checks find in the corpus."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking import Finding, Profile, check_events
from tests.corpus import Capture, captures

from .deviations import DEVIATIONS, Deviation

_INDEX = re.compile(r"\[\d+\]")


class Found(Struct, frozen=True):
    """A finding in a capture, and which deviations explain it."""

    capture: Capture
    finding: Finding

    @property
    def place(self) -> str:
        """The path, the same for every item of a list."""
        return _INDEX.sub("[*]", self.finding.path)

    @property
    def explained_by(self) -> list[Deviation]:
        """The deviations that explain it: one, if the table is right."""
        key = (self.capture.wire, self.finding.rule, self.place)
        return [each for each in DEVIATIONS if each.explains(*key)]


@cache
def found(profile: Profile) -> tuple[Found, ...]:
    """Check every capture of every wire."""
    return tuple(
        Found(capture, finding)
        for wire in WIRE_NAMES
        for capture in captures(wire)
        for finding in check_events(wire, capture.body, profile=profile)
    )
