"""Collects what a check finds: once for each place, with its severity in the profile."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from reqllm_fixtures.checking.finding import Finding, Profile
from reqllm_fixtures.checking.rules import RULES

_INDEX = re.compile(r"\[\d+\]")


class Place(Struct, frozen=True, gc=False):
    """An event by its number and by where it is in the body."""

    event: int
    start: int = 0
    stop: int = 0


class Report:
    """The findings of one stream, at the event that is being looked at."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._found: dict[tuple[str, str], Finding] = {}
        self._repeats: dict[tuple[str, str], int] = {}
        self.told = 0
        """How many times anything was told, whether the profile asks for it or not."""
        self.event = 0
        """Which event is being looked at; 0 is the stream as a whole."""
        self.start = self.stop = 0

    @property
    def place(self) -> Place:
        """The event that is being looked at."""
        return Place(self.event, self.start, self.stop)

    def add(self, rule: str, path: str, message: str) -> None:
        """Note what was found at the current event, if the profile asks for the rule.

        The same in a later event, or in another item of a list, is only counted.
        """
        self.add_at(self.place, rule, path, message)

    def add_at(self, place: Place, rule: str, path: str, message: str) -> None:
        """Note what was found at an event that went by."""
        self.told += 1
        severity = RULES[rule].severity(self.profile)
        if severity is None:
            return
        key = (rule, _INDEX.sub("[*]", path))
        if key in self._found:
            self._repeats[key] = self._repeats.get(key, 0) + 1
            return
        self._found[key] = Finding(
            severity=severity,
            event=place.event,
            byte_range=(place.start, place.stop),
            path=path,
            rule=rule,
            message=message,
        )

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found in the order of the events, the stream as a whole at the end."""
        counted = (
            replace(found, repeats=self._repeats[key]) if key in self._repeats else found
            for key, found in self._found.items()
        )
        return tuple(sorted(counted, key=lambda each: (not each.event, each.event)))
