"""Fixtures of the recording's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reqllm_fixtures import running
from tests.loopback.server import LoopbackServer

from .reading import Answers, answer


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@pytest.fixture(scope="module")
def server(answers: Answers) -> Iterator[LoopbackServer]:
    """A server that gives what was laid down."""
    with LoopbackServer(answers) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a cassette is to be."""
    return tmp_path / "c.yaml"


@pytest.fixture
def url(server: LoopbackServer, answers: Answers) -> str:
    """The address of an answer of two events."""
    return server.url + answers.path_of(answer(b"data: 1\n\n", b"data: 2\n\n"))


@pytest.fixture(autouse=True)
def nobody_said_a_mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the environment of who runs the tests chooses, nor the plugin that runs them."""
    monkeypatch.delenv("REQLLM_MODE", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with running.in_charge(None):
        yield
