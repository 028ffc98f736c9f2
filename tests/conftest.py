"""What holds for all tests: no property fails by a clock, old garbage is left alone; reports."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings

COMPARED = "compared with the vendor's SDK"

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what stands before the first test.

    By then a pass over everything takes half a second, and some hundred tests ask for one.
    """
    gc.collect()
    gc.freeze()


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
