"""`Defect`: one thing that a provider does wrong, as pure changes to what a healthy one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .asked.ask import Ask
from .asked.readers import READERS
from .messages import Answer
from .scenario import Scenario
from .wires import Wire
from .wording import Options

ALL: tuple[Wire, ...] = tuple(READERS)
Check = Literal["key", "model", "request"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Defect:
    """What is wrong; each change is None where nothing of its kind is changed."""

    name: str
    why: str  # it matters to who uses the provider
    caught_by: str  # the scenario meant to notice it
    wires: tuple[Wire, ...]  # on which it can be played
    skips: Check | None = None  # what is not looked at before the answer
    asks: Callable[[Ask], Ask] | None = None  # what the model gets to hear
    says: Callable[[Ask, Scenario], Scenario] | None = None  # what it says
    writes: Callable[[Options], Options] | None = None  # how that is written
    events: Callable[[Wire, list[bytes]], list[bytes]] | None = None  # what is sent of it
    sends: Callable[[Answer], Answer] | None = None  # how that is sent
    refuses: Callable[[Answer], Answer] | None = None  # how a request is refused

    def __str__(self) -> str:
        return self.name


HEALTHY = Defect(name="healthy", why="nothing is wrong", caught_by="", wires=())


def but(*wires: Wire) -> tuple[Wire, ...]:
    """All wires but these."""
    return tuple(wire for wire in ALL if wire not in wires)
