"""Fixtures of the recording's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
def nobody_said_a_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of who runs the tests does not choose."""
    monkeypatch.delenv("REQLLM_MODE", raising=False)
    monkeypatch.delenv("CI", raising=False)
