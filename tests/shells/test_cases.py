"""The table of cases names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .cases import CASES

HERE = Path(__file__).parent
ALL = [*(f"T{n:02}" for n in range(1, 31)), *(f"X{n:02}" for n in range(1, 9))]
ALL += [f"L{n:02}" for n in range(1, 25)]


def test_no_case_is_left_out() -> None:
    """Every case is held by some test."""
    assert list(CASES) == ALL
    assert all(tests for _, tests in CASES.values())


@pytest.mark.parametrize("case", CASES)
def test_its_tests_are_there(case: str) -> None:
    """What a case is held by exists under that name."""
    for named in CASES[case][1]:
        module, _, name = named.partition("::")
        text = (HERE / f"{module}.py").read_text()
        assert re.search(rf"^(async )?def {name or 'test_'}", text, re.M), named
