"""Beside other plugins, and where nobody asks for us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from reqllm_fixtures import load
from tests.loopback.messages import Answer, Write
from tests.loopback.provider import SSE
from tests.loopback.server import LoopbackServer

from .suites import ANSWER, OPTIONS

BESIDE_OTHERS = """
    import anyio

    def test_plain(reqllm_cassette):
        ask(reqllm_cassette.transport())

    {asyncio}
    async def test_asyncio(reqllm_async_client, reqllm_cassette):
        async with reqllm_async_client.stream("openai:text", "Hi") as response:
            assert await response.text() == "Hello"

    @pytest.mark.anyio
    async def test_anyio(reqllm_cassette, anyio_backend):
        await aask(reqllm_cassette.async_transport())

    def test_pytest_httpx(httpx_mock):
        httpx_mock.add_response(content=b"mocked")
        assert httpx.get("http://elsewhere.test/").content == b"mocked"

    def test_respx(respx_mock):
        respx_mock.get("http://elsewhere.test/").respond(content=b"mocked")
        assert httpx.get("http://elsewhere.test/").content == b"mocked"
"""
RECORDING = """
    OF_VCR = {answer!r}

    @pytest.mark.vcr
    @pytest.mark.block_network
    def test_vcr(vcr):
        assert ask(None) == OF_VCR

    @pytest.mark.vcr
    def test_both(reqllm_cassette):
        ask(reqllm_cassette.transport())
"""
CASSETTER = """
    @pytest.mark.vcr
    def test_cassetter():
        pass
"""


@pytest.fixture
def beside(suite):
    asyncio = "@pytest.mark.asyncio"
    suite.write("test_it.py", BESIDE_OTHERS.format(asyncio=asyncio))
    for name in ("plain", "anyio[asyncio]", "anyio[trio]"):
        suite.cassette(f"cassettes/test_it/test_{name}.yaml", "Hi")
    suite.cassette_of_client("cassettes/test_it/test_asyncio.yaml")
    return suite


def test_beside_pytest_recording_and_the_rest(beside):
    """All of them together: each serves its own tests, in any order and divided among workers."""
    beside.write("test_vcr.py", RECORDING.format(answer=b"".join(ANSWER)))
    for name in ("vcr", "both"):
        beside.cassette(f"cassettes/test_vcr/test_{name}.yaml", "Hi")
    beside.ini("filterwarnings = error", "asyncio_default_fixture_loop_scope = function")
    for how in ((), ("-n", "2")):
        plugins = ("asyncio", "randomly", "rerunfailures")
        result = beside.run_beside(*how, plugins=plugins)
        result.assert_outcomes(passed=8)


def test_beside_cassetter(beside):
    """cassetter's plugin, which does not load beside pytest-recording's, loads beside ours."""
    beside.write("test_cassetter.py", CASSETTER)
    beside.ini("asyncio_default_fixture_loop_scope = function")
    result = beside.run_beside("-pno:recording", plugins=("asyncio", "cassetter"))
    result.assert_outcomes(passed=7)


def test_by_name_too(suite):
    """It may be named in a conftest.py and by -p as well, and left out by -p no:."""
    suite.write("conftest.py", 'pytest_plugins = ["reqllm_fixtures.plugin"]')
    suite.write("test_it.py", "def test_it(reqllm_cassette): pass")
    suite.run_beside("-preqllm_fixtures.plugin").assert_outcomes(passed=1)
    suite.folder.joinpath("conftest.py").unlink()
    suite.run("-pno:reqllm_fixtures.plugin").assert_outcomes(errors=1)


def loaded(suite, *args):
    """What a run loads, module by module."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "-p", "no:cacheprovider", *args],
        cwd=suite.folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time")]
    return {name.strip(): int(own.rpartition(":")[2]) for own, _, name in lines[1:]}


def test_unused(suite):
    """A run in which nobody asks loads nothing heavy for us, and hardly anything at all."""
    suite.folder.joinpath("test_it.py").write_text("def test_it(): pass")
    without = loaded(suite)
    # A busy machine may take several times as long, for once; the benchmarks measure it.
    for _ in range(3):
        ours = loaded(suite, "-p", "reqllm_fixtures.plugin")
        new = ours.keys() - without.keys()
        if (taken := sum(ours[name] for name in new)) < 50_000:  # microseconds
            break
    heavy = {"vcr", "yaml", "jsonschema", "jsonschema_rs", "httpx", "httpx2", "syrupy", "msgspec"}
    assert heavy.isdisjoint(new)
    assert not any(name == "reqllm" or name.startswith("reqllm.") for name in new)
    assert len([name for name in new if name.startswith("reqllm_fixtures")]) < 12
    assert taken < 50_000


OWN_CLIENTS = """
    import ssl
    import openai

    def never(*args, **kwargs):
        raise AssertionError("built a TLS context")

    @pytest.fixture(autouse=True)
    def no_tls(monkeypatch):
        monkeypatch.setattr(ssl, "create_default_context", never)
        monkeypatch.setattr(ssl, "SSLContext", never)

    def test_clients(reqllm_client, reqllm_async_client, reqllm_cassette):
        with reqllm_client.stream("openai:text", "Hi") as response:
            assert response.text() == "Hello"

    @pytest.mark.reqllm(patch=True)
    @pytest.mark.parametrize("library", [httpx, httpx2])
    def test_patched(library):
        assert ask(None, library=library)

    @pytest.mark.reqllm(patch=True)
    def test_openai():
        client = openai.OpenAI(api_key="unused", base_url=URL.removesuffix("/chat/completions"))
        messages = [{"role": "user", "content": "Hi"}]
        said = client.chat.completions.create(model="text", stream=True, messages=messages)
        assert "".join(each.choices[0].delta.content or "" for each in said) == "Hello"
        client.close()
"""


def test_no_tls_context(suite):
    """No replay builds a TLS context, not even for the clients that an SDK builds by itself."""
    suite.ini()
    suite.write("test_tls.py", OWN_CLIENTS)
    suite.cassette_of_client("cassettes/test_tls/test_clients.yaml")
    for name in ("patched[httpx]", "patched[httpx2]", "patched[library0]", "patched[library1]"):
        suite.cassette(f"cassettes/test_tls/test_{name}.yaml", "Hi")
    suite.cassette("cassettes/test_tls/test_openai.yaml", "Hi")
    suite.run_apart().assert_outcomes(passed=4)  # where none was built before


KILLED = """
    import time
    from pathlib import Path

    @pytest.mark.parametrize("number", range(6))
    def test_many(reqllm_cassette, number):
        ask(reqllm_cassette.transport(), f"{number}")
        ask(reqllm_cassette.transport(), f"{number} again")
        Path(f"pid{number}").write_text(str(os.getpid()))
        while number >= 3 and not Path("go").exists():
            time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def slow():
    def answer(request: object) -> Answer:
        return Answer(headers=SSE, body=tuple(Write(piece, 0.002) for piece in ANSWER))

    with LoopbackServer(answer) as server:
        yield server


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "a worker"])
def test_killed_while_recording(suite, slow, workers):
    """kill -9 leaves every cassette as it was or as it is to be: all of it plays."""
    suite.write("test_kill.py", KILLED)
    suite.environ(LOOPBACK=f"{slow.url}/v1/chat/completions")
    names = [f"cassettes/test_kill/test_many[{number}].yaml" for number in range(6)]
    before = {each: suite.cassette(each, "Old").read_bytes() for each in names}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *OPTIONS, "--reqllm-mode=record", *workers],
        cwd=suite.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 60
    while not (started := list(suite.folder.glob("pid[345]"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(int(started[0].read_text()), signal.SIGKILL)
    suite.folder.joinpath("go").touch()
    run.communicate(timeout=60)
    for name in names:
        prompts = suite.prompts(name)
        if (suite.folder / name).read_bytes() == before[name]:
            assert prompts == ["Old"]
        else:
            number = name.partition("[")[2][0]
            assert prompts == [number, f"{number} again"]
        assert load(suite.folder / name).interactions
    assert any(suite.prompts(name) == ["Old"] for name in names)
    assert any(suite.prompts(name) != ["Old"] for name in names)
