"""The pytest plugin: hooks and fixtures, without logic. What they do is in `testing`.

Everything here is loaded by every run of pytest: what costs time is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reqllm_fixtures.snapshot_fixture import stream_snapshot as stream_snapshot
from reqllm_fixtures.testing import options
from reqllm_fixtures.testing.run import RUN, PluginRun, begin

if TYPE_CHECKING:
    from reqllm import AsyncClient, Client
    from reqllm_fixtures.library import CassetteInUse
    from reqllm_fixtures.overlay.base import Overlay

Wrapper = Generator[None, object, object]
CollectWrapper = Generator[None, pytest.CollectReport, pytest.CollectReport]
ReportWrapper = Generator[None, pytest.TestReport, pytest.TestReport]

MARKER = (
    'reqllm(name, match=…, volatile=["$.id", "uuids"], schema="strict|compat|off", '
    'unplayed="fail|warn|ignore", pace=0, wires="openai-chat", patch=False, overlay=…): play this '
    "test from a cassette, or record one. name: the cassette, in the folder of cassettes; match: "
    "a matcher, or names of vcrpy's and functions, to compare by; volatile: what may vary in a "
    "request, by JSON path or preset; schema: how strictly its streams are checked; unplayed: what "
    "recordings do that were not played; pace: 1 plays as slowly as it was recorded; wires: what "
    "the recordings speak; patch: also for clients that the tested code builds by itself; overlay: "
    "changes what is played, as in 'recut:bytes | cut:events=3'."
)
OVERLAYS = (
    'reqllm_overlays("recut", "pace", "faults", "incidents", …): run this test once under each of '
    "these overlays, from one recording. Each is a group, the text of an overlay, or an overlay."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.addinivalue_line("markers", OVERLAYS)
    config.pluginmanager.register(Fixtures(begin(config)), "reqllm_fixtures.run")


def pytest_unconfigure(config: pytest.Config) -> None:
    if (run := config.stash.get(RUN, None)) is not None:
        run.end()


def pytest_report_header(config: pytest.Config) -> str | None:
    return config.stash[RUN].header


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return config.stash[RUN].ignores(collection_path, config)


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("reqllm_overlays") is not None:
        from reqllm_fixtures.testing import overlays

        overlays.parametrize(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> CollectWrapper:
    run = collector.config.stash[RUN]
    with run.collecting(collector):
        report = yield
    run.collected(collector, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    request.config.stash[RUN].sees(fixturedef)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Wrapper:
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    run.begin(item)
    with run.phase:
        done = yield
        run.require_sound()
        return done


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Wrapper:
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    run.is_calling = True
    try:
        with run.phase:
            done = yield
    finally:
        run.is_calling = False
    run.judge(item)
    return done


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Wrapper:
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    try:
        with run.phase:
            return (yield)
    finally:
        run.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> ReportWrapper:
    report = yield
    item.config.stash[RUN].reported(item, call, report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[RUN].finish(session.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    config.stash[RUN].summarize(terminalreporter, config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.config.stash[RUN].instruct(node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[RUN].hear_out(node)


class Fixtures:
    """The fixtures, which know their run: to ask `request` for it would cost each test more.

    None names one that gives what is known: it would be set up for that, and what each test left
    of it kept until the run is over. Where a user overrides it, `declare` names it.
    """

    def __init__(self, run: PluginRun) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        self._run.declare(metafunc)

    @pytest.fixture(scope="session")
    def reqllm_config(self) -> Mapping[str, Any]:
        """What holds for all cassettes, for a conftest.py to override: match, volatile, secrets."""
        return {}

    @pytest.fixture
    def fixture_path(self) -> Path:
        """The path of this test's cassette; it may not be there yet."""
        return self._run.case.path

    @pytest.fixture
    def reqllm_overlay(self) -> Overlay | None:
        """The overlay that this test runs under, if it does."""
        return self._run.case.overlay

    @pytest.fixture
    def reqllm_cassette(self) -> Iterator[CassetteInUse]:
        """This test's cassette, open: `.transport()`, `.patch()`, `.sent`, `.played` ..."""
        yield from self._run.case.own()

    @pytest.fixture
    def reqllm_client(self, reqllm_cassette: CassetteInUse) -> Iterator[Client]:
        """Our client on this test's cassette."""
        from reqllm_fixtures.testing.clients import client

        with client(reqllm_cassette) as made:
            yield made

    @pytest.fixture
    def reqllm_async_client(self, reqllm_cassette: CassetteInUse) -> AsyncClient:
        """Our async client on this test's cassette, for any event loop."""
        from reqllm_fixtures.testing.clients import async_client

        return async_client(reqllm_cassette)
