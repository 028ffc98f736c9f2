"""Fixtures of the plugin's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback.provider import LoopbackProvider
from tests.loopback.server import LoopbackServer

from .suites import Suite


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    """A provider to record from."""
    with LoopbackServer(LoopbackProvider(beat=0.0)) as server:
        yield server


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """An empty suite of tests."""
    for name in ("CI", "REQLLM_MODE", "PYTEST_ADDOPTS", "OPENAI_API_KEY", "LOOPBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Suite(pytester, monkeypatch)
