"""Fixtures of the shells' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A provider that does not wait, for one test."""
    with LoopbackServer(LoopbackProvider(beat=0.02)) as server:
        yield server
