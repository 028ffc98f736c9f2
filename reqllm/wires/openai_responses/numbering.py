"""The numbers of a Responses stream's events: what is missing, and what came twice. Pure."""

from __future__ import annotations

from typing import Any, Literal

COUNTER = "sequence_number"


class Numbering:
    """Looks at each event's number. Servers that number badly or not at all are left alone."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.is_from_the_start = True
        """The stream was not taken up in the middle, as one made in the background can be."""

    def take(self, number: Any, *, is_same: bool) -> Literal["next", "gap", "repeated"]:
        """Judge the next event; `is_same` if it is the one before in every byte."""
        if not isinstance(number, int) or isinstance(number, bool):
            return "next"
        known, self.last = self.last, number
        if known is None:
            self.is_from_the_start = number in (0, 1)  # some count from one
        elif number == known and is_same:
            return "repeated"
        elif number not in (known, known + 1):
            return "gap"
        return "next"
