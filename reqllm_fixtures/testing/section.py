"""The section that a run ends with, if there is something to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reqllm_fixtures.testing.summary import Summary


def write(terminal: Any, summary: Summary) -> None:
    """Write the section; nothing in a replay in which all is well."""
    lines = list(_lines(summary))
    if lines:
        terminal.section(f"reqllm: {summary.mode}")
        for line in lines:
            terminal.write_line(line)


def _lines(summary: Summary) -> Iterator[str]:
    for recorded in summary.recorded:
        yield (
            f"recorded {recorded.path}: {_counted(recorded.interactions, 'interaction')}, "
            f"{recorded.bytes:,} bytes"
        )
    for incomplete in summary.incomplete:
        yield f"incomplete {incomplete.path}: {incomplete.ending}"
    for stale in summary.stale:
        yield f"stale {stale.path}: recorded {stale.days} days ago, at {stale.recorded_at}"
    for path in summary.unused or ():
        yield f"unused {path}"
    yield from summary.unjudged
    for live in summary.live:
        yield f"live {live.test}: {_counted(live.requests, 'request')}"


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
