"""Providers that are broken, each in one way: `DEFECTS`. What each scenario is there to notice.

LoopbackServer(LoopbackConformance(defect=defect_named("no_usage")))
"""

from __future__ import annotations

from .broken import answers, refusals, streams, structures
from .defect import Defect

DEFECTS: tuple[Defect, ...] = (
    *streams.ENDINGS,
    *streams.IDENTITY,
    *streams.STREAMING,
    *streams.USAGE,
    *answers.OBEDIENCE,
    *answers.THOUGHTS,
    *answers.CHARACTERS,
    *structures.TOOLS,
    *structures.OBJECTS,
    *refusals.REFUSALS,
)


def defect_named(name: str) -> Defect:
    """The defect of that name."""
    return next(defect for defect in DEFECTS if defect.name == name)
