"""Counts what is asserted, and keeps what did not hold: a scenario that asserts nothing shows."""

from __future__ import annotations

from collections.abc import Iterable

from reqllm_fixtures.checking import Severity
from reqllm_fixtures.conformance.results import Remark


class Expect:
    """What checks are given to assert by. Nothing is raised: all that is wrong is told."""

    def __init__(self) -> None:
        self.asserted = 0
        self.remarks: list[Remark] = []

    @property
    def holds(self) -> bool:
        """Whether nothing failed so far."""
        return all(remark.severity != "error" for remark in self.remarks)

    def that(self, holds: object, rule: str, message: str, *, turn: int = 0) -> bool:
        """Assert something; return whether it holds.

        rule: the name of the check. message: what was expected, and what came.
        turn: which call it is about, counted from 1; 0 is the scenario as a whole.
        """
        return self._assert(holds, "error", rule, message, turn)

    def rather(self, holds: object, rule: str, message: str, *, turn: int = 0) -> bool:
        """As `that`, but what does not hold is a remark and fails nothing."""
        return self._assert(holds, "warning", rule, message, turn)

    def none_of(self, remarks: Iterable[Remark]) -> bool:
        """Assert that a check found nothing."""
        found = list(remarks)
        self.asserted += 1
        self.remarks += found
        return not found

    def _assert(
        self, holds: object, severity: Severity, rule: str, message: str, turn: int
    ) -> bool:
        self.asserted += 1
        if not holds:
            self.remarks.append(Remark(severity=severity, rule=rule, message=message, turn=turn))
        return bool(holds)
