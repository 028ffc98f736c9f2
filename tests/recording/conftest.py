"""Fixtures of the recording's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reqllm_fixtures import running
from tests.loopback.server import LoopbackServer

from .reading import Answers


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@pytest.fixture(scope="module")
def server(answers: Answers) -> Iterator[LoopbackServer]:
    """A server that gives what was laid down."""
    with LoopbackServer(answers) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_said_a_mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the environment of who runs the tests chooses, nor the plugin that runs them."""
    monkeypatch.delenv("REQLLM_MODE", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with running.in_charge(None):
        yield
