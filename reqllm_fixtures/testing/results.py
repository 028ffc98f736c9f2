"""What a run knows of the cassettes that it used: values that workers send. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from reqllm_fixtures.bodies.endings import says_it_is_over
from reqllm_fixtures.cassette import EndError, Interaction


class Used(Struct, frozen=True, kw_only=True, gc=False):
    """One cassette, as one test used it."""

    test: str
    path: str
    mode: str
    passed: bool
    requests: int
    played: int
    unplayed: int
    refused: int
    recorded: int
    """How many interactions were published."""
    recorded_bytes: int
    """The sum of their bodies."""
    oldest: str | None
    """When the first of what was played or recorded was recorded, ISO 8601; None if nobody says."""
    incomplete: tuple[str, ...]
    """How those ended that did not come to their end."""


class Collected(Struct, frozen=True, gc=False):
    """A test that may use a cassette, and the one that it would use."""

    test: str
    file: str
    path: str | None


class Results(Struct):
    """What happened in this process; those of several are put together."""

    used: list[Used] = []
    collected: list[Collected] = []
    """Also those that were deselected, or ran in another process."""
    opened: list[str] = []
    """Every file that was played or recorded, by whomever."""
    ran: list[str] = []
    """The tests that were not skipped, deselected or left out."""
    is_whole: bool = True
    """Whether the process told all it knew."""

    def add(self, other: Results) -> None:
        """Take over what another process saw."""
        self.used += other.used
        known = {each.test for each in self.collected}
        self.collected += [each for each in other.collected if each.test not in known]
        self.opened += other.opened
        self.ran += other.ran
        self.is_whole = self.is_whole and other.is_whole

    def packed(self) -> bytes:
        """Write as what passes between processes whole, and so as fast as it can."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def of(cls, packed: bytes) -> Results:
        """Read what `packed` wrote."""
        return msgspec.msgpack.decode(packed, type=cls)


def oldest(interactions: Iterable[Interaction]) -> str | None:
    """Tell when the first of these was recorded."""
    moments = [i.response.recorded_at for i in interactions if i.response.recorded_at]
    return min(moments).isoformat() if moments else None


def endings(interactions: Iterable[Interaction]) -> tuple[str, ...]:
    """Tell how those ended that did not come to their end."""
    return tuple(
        f"interaction {number} {said}"
        for number, each in enumerate(interactions)
        if (said := _incomplete(each)) is not None
    )


def _incomplete(interaction: Interaction) -> str | None:
    response = interaction.response
    match response.end:
        case EndError(name=name, message=message):
            return f"broke off: {name}: {message}".rstrip(": ")
        case "client_closed" if not says_it_is_over(response.body, response.headers):
            return "was left by the client before its end"
    return None
