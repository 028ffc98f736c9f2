"""What the rules of all wires with numbered blocks share."""

from __future__ import annotations

from typing import Any

from reqllm_fixtures.checking.arguments import ArgumentsByBlock
from reqllm_fixtures.checking.explaining import came
from reqllm_fixtures.checking.report import Report
from reqllm_fixtures.checking.sequence import Key, Sequence, Table


class BlockRules:
    """Follows a stream through its table, and keeps of what type each block is."""

    def __init__(self, report: Report, table: Table, arguments: str) -> None:
        self._report = report
        self._sequence = Sequence(table, report)
        self._types: dict[Key, Any] = {}
        self._arguments = ArgumentsByBlock(report, arguments)

    @property
    def ended(self) -> bool:
        """Whether the last event came."""
        return self._sequence.ended

    def _mismatch(self, key: Key, expected: str, part: Any, path: str) -> None:
        """Report a part that a block of its type has not."""
        said = f"expected {expected} in {came(self._types.get(key))}, came {came(part)}"
        self._report.add("delta-mismatch", path, said)


def member(value: Any, name: str) -> Any:
    """Return a member of an object; `None` of what is none."""
    return value.get(name) if isinstance(value, dict) else None
