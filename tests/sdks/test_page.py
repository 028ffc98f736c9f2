"""docs/sdks.md says what the tests' table says."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from .rendering import PAGE, page, pins
from .table import SDKS


def test_the_page_is_up_to_date():
    """Else: python -m tests.sdks."""
    assert PAGE.read_text(encoding="utf-8") == page(SDKS)


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name.replace(" ", "-"))
def test_the_release_on_the_page_is_the_one_tested(sdk):
    """An SDK is pinned and installed so; one that is tested apart is not among the others."""
    assert sdk.package in pins()
    if sdk.absent:
        assert not sdk.installed
    else:
        assert version(sdk.package) == pins()[sdk.package]
