"""A few seconds of `make soak`: many streams at once that end in every way leave nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import paced_server, soak

from .ways import LOOPS, Way


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with paced_server.running() as address:
        yield address


@pytest.mark.parametrize("way", LOOPS, ids=str)
def test_soak(way: Way, url: str) -> None:
    """Each stream has one ending, the right one; no socket, task, thread or pool slot is left."""
    report = soak.run(way, url, streams=24, seconds=5 if way.loop == "asyncio" else 2)
    assert report.faults(growth=16) == []
    assert {kind for kind, _ in report.endings} == set(soak.KINDS)
