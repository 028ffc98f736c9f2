"""What holds for all tests: no property fails on a slow machine; reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings

COMPARED = "compared with the vendor's SDK"

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many captures were compared, on which wire: a count that must not shrink unseen."""
    counts = Counter(
        wire
        for report in terminalreporter.getreports("passed")
        for name, wire in report.user_properties
        if name == COMPARED
    )
    for wire, count in sorted(counts.items()):
        terminalreporter.write_line(f"{wire}: {count} captures {COMPARED}, equal in all")
