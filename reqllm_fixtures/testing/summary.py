"""What came of a run, put together at its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec import Struct

from reqllm_fixtures.mode import Mode
from reqllm_fixtures.testing.collecting import relative
from reqllm_fixtures.testing.options import Options
from reqllm_fixtures.testing.results import Results, Used


class Recorded(Struct, frozen=True):
    """A cassette that was written."""

    path: str
    interactions: int
    bytes: int


class Stale(Struct, frozen=True):
    """A cassette that was recorded too long ago."""

    path: str
    recorded_at: str
    days: int


class Incomplete(Struct, frozen=True):
    """A recording that did not come to its end."""

    path: str
    ending: str


class Live(Struct, frozen=True):
    """A test that was answered by the provider, with nothing kept."""

    test: str
    requests: int


class Summary(Struct, frozen=True, kw_only=True):
    """The report of a run; paths are seen from where pytest was started."""

    version: int = 1
    mode: str
    tests: list[Used]
    recorded: list[Recorded]
    incomplete: list[Incomplete]
    stale: list[Stale]
    unused: list[str] | None
    """None if nobody asked."""
    unjudged: list[str]
    """Why not every folder was searched for unused cassettes."""
    live: list[Live]


def summed_up(results: Results, options: Options, config: pytest.Config) -> Summary:
    """Sum up what came of a run."""
    found = None
    if options.unused:
        from reqllm_fixtures.testing import unused  # here, as few runs ask for it

        found = unused.search(results, options, config)
    used = sorted(results.used, key=lambda each: (each.test, each.path))
    return Summary(
        mode=str(options.mode),
        tests=[_shown(each, config) for each in used],
        recorded=list(_recorded(used, config)),
        incomplete=[
            Incomplete(relative(each.path, config), ending)
            for each in used
            for ending in each.incomplete
        ],
        stale=list(_stale(used, options, config)),
        unused=None if found is None else [relative(path, config) for path in found.paths],
        unjudged=[] if found is None else found.reasons,
        live=[
            Live(each.test, each.requests)
            for each in used
            if each.mode == Mode.LIVE and each.requests
        ],
    )


def _shown(used: Used, config: pytest.Config) -> Used:
    from msgspec.structs import replace

    return replace(used, path=relative(used.path, config))


def _recorded(used: list[Used], config: pytest.Config) -> Iterator[Recorded]:
    """Put together what several tests recorded into one cassette."""
    sums: dict[str, list[int]] = {}
    for each in used:
        if each.recorded:
            sum_of = sums.setdefault(each.path, [0, 0])
            sum_of[0] += each.recorded
            sum_of[1] += each.recorded_bytes
    for path, (interactions, size) in sums.items():
        yield Recorded(relative(path, config), interactions, size)


def _stale(used: list[Used], options: Options, config: pytest.Config) -> Iterator[Stale]:
    if options.max_age is None:
        return
    oldest: dict[str, str] = {}
    for each in used:
        if each.oldest is not None:
            oldest[each.path] = min(each.oldest, oldest.get(each.path, each.oldest))
    now = datetime.now(UTC)
    for path, moment in oldest.items():
        age = now - datetime.fromisoformat(moment)
        if age.total_seconds() > options.max_age * 86_400:
            yield Stale(relative(path, config), moment, age.days)
