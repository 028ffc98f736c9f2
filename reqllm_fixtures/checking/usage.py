"""Usage over a stream: what is reported more than once never falls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reqllm_fixtures.checking.report import Report


class UsageRules:
    """Holds the usage of one stream against what was reported before."""

    def __init__(self, report: Report, fields: Sequence[str]) -> None:
        self._report = report
        self._fields = fields
        self._last: dict[str, Any] = {}

    def take(self, usage: Any, path: str) -> None:
        """Take a report of usage."""
        if not isinstance(usage, dict):
            return
        for field in self._fields:
            value = usage.get(field)
            if not is_number(value):
                continue
            before = self._last.get(field)
            if before is not None and value < before:
                said = f"expected at least the {before} reported before, came {value}"
                self._report.add("usage-decreased", f"{path}.{field}", said)
            self._last[field] = value

    def add_up(self, usage: Any, path: str, parts: Sequence[str], total: str) -> None:
        """Report a total that is not the sum of its parts, where all of them are there."""
        if not isinstance(usage, dict):
            return
        numbers: list[Any] = [usage.get(part) for part in parts]
        whole = usage.get(total)
        if not is_number(whole) or not all(map(is_number, numbers)):
            return
        expected = sum(numbers)
        if whole != expected:
            rule = "usage-inconsistent" if whole < expected else "usage-unexplained"
            said = f"expected {' + '.join(parts)} = {expected}, came {whole}"
            self._report.add(rule, f"{path}.{total}", said)


def is_number(value: Any) -> bool:
    """Return whether a value is a JSON number."""
    return type(value) in (int, float)  # and no bool, which is an int as well
