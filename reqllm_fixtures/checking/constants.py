"""What stays the same through a stream: ids, models, times."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report


class Constants:
    """Holds each value against the first that was told."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.known: dict[Hashable, Any] = {}
        """The first value of each name; some providers leave it empty until they know."""

    def hold(self, name: Hashable, new: Any, path: str, rule: str = "id-changed") -> None:
        """Report a value that is not the one before; one that is not told changes nothing."""
        known = self.known.get(name)
        if not known:
            self.known[name] = new
        elif new and new != known:
            said = f"expected {came(known)} as before, came {came(new)}"
            self._report.add(rule, path, said)
