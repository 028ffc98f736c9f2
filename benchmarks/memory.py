"""How much memory this process has, and whether it grows."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence


def resident() -> float:
    """Return the MB that this process has of the machine's memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth(samples: Sequence[float]) -> float:
    """Return by how much they grew in the second half of a run: from third quarter to fourth."""
    quarter = max(len(samples) // 4, 1)
    third, fourth = samples[-2 * quarter : -quarter], samples[-quarter:]
    return statistics.median(fourth) - statistics.median(third or fourth)
