"""A replay asks for no key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from reqllm import Client, MissingKeyError, start_stream
from reqllm.streaming import read_response
from reqllm_fixtures import fixture_transport, use_cassette

from .running import DEMO, MODEL, PROMPT

pytestmark = pytest.mark.usefixtures("no_keys")


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("REQLLM_MODE", raising=False)
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.anyio
async def test_a_fixture_path_plays_without_a_key():
    """`start_stream` answers from a cassette where there is no key at all."""
    response = await start_stream("anthropic", "claude-haiku-4-5", PROMPT, fixture_path=DEMO)
    async with response:
        assert (await response.text()).startswith("Sunlight looks white")
    assert response.state == "complete"


ASK_FOR_ABSENT = """
import sys, anyio, reqllm, reqllm_fixtures

async def main():
    try:
        await reqllm.start_stream("anthropic", "claude-haiku-4-5", "Hi", fixture_path=sys.argv[2])
    except reqllm_fixtures.FixtureError as error:
        print(type(error).__name__, error)

anyio.run(main, backend=sys.argv[1])
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("environ", "error"),
    [({}, "NoKeyError"), ({"REQLLM_MODE": "replay"}, "CassetteNotFoundError")],
)
def test_a_missing_fixture_is_told(
    tmp_path: Path, backend: str, environ: dict[str, str], error: str
):
    """Without a key and a recording nothing is sent; a replay says that the cassette is missing."""
    # In a program of its own: under pytest it is the plugin that says what a fixture is for.
    done = subprocess.run(
        [sys.executable, "-c", ASK_FOR_ABSENT, backend, "absent.yaml"],
        cwd=tmp_path,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(error)
    assert "absent.yaml" in done.stdout
    assert not os.listdir(tmp_path)


@pytest.mark.anyio
async def test_the_transport_of_a_fixture_is_for_either_library():
    """The transport belongs to the module that is asked for."""
    assert fixture_transport(Path(DEMO), mode="replay").needs_no_key
    transport = fixture_transport(DEMO, httpx2)
    assert isinstance(transport, httpx2.AsyncBaseTransport)


def test_a_sync_client_on_a_replay_needs_no_key_either():
    """Every replay transport says so of itself; a client without one does ask for a key."""
    with use_cassette(DEMO) as cassette, Client(transport=cassette.transport()) as client:
        assert cassette.transport().needs_no_key
        assert cassette.async_transport().needs_no_key
        with client.stream(MODEL, PROMPT) as response:
            assert response.text()
    with Client() as client, pytest.raises(MissingKeyError):
        client.stream(MODEL, PROMPT)


def test_a_response_of_somebody_else_is_read():
    """`read_response` reads what another client opened, and releases it."""
    import httpx

    from reqllm import InvalidInputError, UnknownWireError

    with use_cassette(DEMO) as cassette:
        request = cassette.cassette.interactions[0].request
        with httpx.Client(transport=cassette.transport()) as client:
            asked = client.build_request(request.method, request.uri, content=request.body)
            http = client.send(asked, stream=True)
            with pytest.raises(InvalidInputError, match="temperature"):
                read_response(http, "anthropic-messages", temperature=0)
            with pytest.raises(UnknownWireError):
                read_response(http, "morse")
            with read_response(http, "anthropic-messages", include_raw=True) as response:
                kinds = {chunk.kind for chunk in response}
    assert {"raw", "text_delta", "finish"} <= kinds
    assert http.is_closed
