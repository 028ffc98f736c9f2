"""`fixture_path` by hand: what is recorded plays, the rest is recorded."""

from __future__ import annotations

import os

import anyio
import pytest
from msgspec.structs import replace

from reqllm import MissingKeyError, RateLimitError, StreamError, start_stream
from reqllm.providers.registry import provider_named
from reqllm_fixtures import CassetteNotFoundError, NoKeyError, load
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def server():
    with LoopbackServer(LoopbackProvider(beat=0.0)) as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask(backend, server, path, model="text", prompt="Hi"):
    """The text of an answer, as the documentation has it."""
    provider = replace(provider_named("openai"), base_url=f"{server.url}/v1")

    async def run():
        async with await start_stream(provider, model, prompt, fixture_path=path) as response:
            return await response.text()

    return anyio.run(run, backend=backend)


def test_capture_then_play(backend, server, path, monkeypatch):
    """The first run asks the provider and writes the file; the second needs neither."""
    first = ask(backend, server, path)
    assert KEY not in path.read_text()
    assert os.listdir(path.parent) == [path.name]
    monkeypatch.delenv("OPENAI_API_KEY")

    assert ask(backend, server, path) == first
    assert len(server.requests) == 1
    with pytest.raises(NoKeyError, match="there is no API key"):
        ask(backend, server, path, prompt="Other")
    assert len(server.requests) == 1


def test_json(backend, server, tmp_path):
    """A name that ends in .json gives JSON."""
    path = tmp_path / "c.json"
    assert ask(backend, server, path) == ask(backend, server, path)
    assert path.read_text().startswith("{")
    assert len(server.requests) == 1


def test_other_questions_are_added(backend, server, path):
    """Another question goes out and is added."""
    for prompt in ("One", "Two", "One"):
        ask(backend, server, path, prompt=prompt)
    assert len(load(path).interactions) == len(server.requests) == 2


def test_a_stream_that_breaks_is_kept(backend, server, path):
    """An answer that breaks off after it began is a recording, and breaks off again."""
    for _ in range(2):
        with pytest.raises(StreamError):
            ask(backend, server, path, model="fault-reset")
    assert len(server.requests) == 1


def test_a_refusal_is_not_kept(backend, server, path):
    """An answer that never began is no fixture: the next run asks again."""

    def refused():
        ask(backend, server, path, model="error-429-quota")

    for _ in range(2):
        with pytest.raises(RateLimitError):
            refused()
    assert len(server.requests) == 2
    assert os.listdir(path.parent) == []


def test_modes_of_the_environment(backend, server, path, monkeypatch):
    """A CI machine does not record; `REQLLM_MODE` says what is to happen."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(CassetteNotFoundError):
        ask(backend, server, path)
    monkeypatch.setenv("REQLLM_MODE", "record")
    for _ in range(2):
        ask(backend, server, path)
    assert len(server.requests) == 2
    assert len(load(path).interactions) == 1
    monkeypatch.setenv("REQLLM_MODE", "live")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingKeyError):
        ask(backend, server, path)
