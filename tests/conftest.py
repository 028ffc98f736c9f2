"""What holds for all tests: no clock, no old garbage, no trace where none is due; reports."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

COMPARED = "compared with the vendor's SDK"
UNTRACED = (
    "untraced: no coverage is measured while this test runs. It goes thousands of times over lines "
    "that other tests reach, and measuring them again would take three times as long."
)

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", UNTRACED)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what stands before the first test.

    By then a pass over everything takes half a second, and some hundred tests ask for one.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Take the trace function off while a test runs that is marked as `untraced`."""
    trace = sys.gettrace()
    if trace is None or item.get_closest_marker("untraced") is None:
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(trace)
        _be_called()


def _be_called() -> None:
    """Let coverage's tracer, which puts itself in at a call, do so before anything returns."""


@pytest.fixture(scope="module")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have clients trust a single authority, where all that they build is TLS they never use.

    To load all that there are takes longer than most of these tests.
    """
    import trustme  # here, as most single files do without

    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        yield


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
