"""A few seconds of `make soak`: many streams that end in every way, and a slow reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import many_endings, paced_server, slow_reader

from .ways import LOOPS, Way


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with paced_server.running() as address:
        yield address


@pytest.mark.parametrize("way", LOOPS, ids=str)
def test_soak(way: Way, url: str) -> None:
    """Each stream has one ending, the right one; no socket, task, thread or pool slot is left."""
    report = many_endings.run(way, url, streams=24, seconds=5 if way.loop == "asyncio" else 2)
    assert report.faults(most=16) == []
    assert {kind for kind, _ in report.endings} == set(many_endings.KINDS)


@pytest.mark.parametrize("way", LOOPS, ids=str)
def test_a_slow_reader(way: Way, url: str) -> None:
    """However slowly an answer is read, memory stays flat, and the provider waits."""
    report = slow_reader.run(way, url, megabytes=30)
    assert report.faults(most=16) == []
