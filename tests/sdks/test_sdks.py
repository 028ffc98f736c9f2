"""Each SDK, streaming and not, sync and async: from the file it gets what the provider said."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import socket
import sys
import traceback
from dataclasses import replace

import pytest

from reqllm_fixtures import UnmatchedRequestError, load, use_cassette
from tests.loopback.server import LoopbackServer
from tests.loopback.vendors import LoopbackVendors

from .sdk import Call, ask, ask_async
from .table import SDKS

pytestmark = pytest.mark.usefixtures("one_authority")

KEY = "loopback-real-key-8f2b61d09c"
DUMMY = "dummy"
WAYS = ("argument", "patch")
COLOURS = {"sync": False, "async": True}
HOWS = {"whole": False, "stream": True}


def _case(sdk):
    marks = [pytest.mark.filterwarnings(each) for each in sdk.warns]
    if not sdk.installed:
        marks.append(pytest.mark.skip(reason=f"{sdk.name}: {sdk.absent}; see test_apart.py"))
    return pytest.param(sdk, id=sdk.name.replace(" ", "-"), marks=marks)


every_sdk = pytest.mark.parametrize("sdk", [_case(sdk) for sdk in SDKS])
every_colour = pytest.mark.parametrize("is_async", COLOURS.values(), ids=COLOURS)
every_how = pytest.mark.parametrize("stream", HOWS.values(), ids=HOWS)
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def as_if_without_aiohttp(monkeypatch):
    """Some SDKs' async clients send over aiohttp where it is installed, as it is for our extra."""
    from google.genai import _api_client

    monkeypatch.setattr(_api_client, "has_aiohttp", False)
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)


@pytest.fixture(scope="module")
def server():
    with LoopbackServer(LoopbackVendors(key=KEY)) as server:
        yield server


@pytest.fixture(autouse=True)
def a_bare_environment(monkeypatch):
    """No key, mode or tracing of who runs the tests."""
    for name in ("REQLLM_MODE", "CI", "OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")


@pytest.fixture
def no_sockets(monkeypatch):
    """Forbid connections; call it when the recording is done."""

    def forbidden(self, address):
        raise AssertionError(f"a socket was to be connected to {address}")

    def forbid():
        monkeypatch.setattr(socket.socket, "connect", forbidden)
        monkeypatch.setattr(socket.socket, "connect_ex", forbidden)

    return forbid


def run(sdk, cassette, way, is_async, *calls):
    """Ask these questions through this cassette: by a client of ours, or by patching."""
    with asyncio.Runner() as runner:
        if way == "patch":
            with cassette.patch():
                return _run(sdk, is_async, runner, calls)
        library = importlib.import_module(sdk.library)
        if is_async or sdk.is_always_async:
            upstream = library.AsyncHTTPTransport(verify=False)
            carrier = cassette.async_transport(library, upstream=upstream)
            http = library.AsyncClient(transport=carrier)
        else:
            upstream = library.HTTPTransport(verify=False)
            http = library.Client(transport=cassette.transport(library, upstream=upstream))
        try:
            return _run(sdk, is_async, runner, [replace(call, http=http) for call in calls])
        finally:
            runner.run(http.aclose()) if hasattr(http, "aclose") else http.close()


def _run(sdk, is_async, runner, calls):
    if is_async:
        return [runner.run(ask_async(sdk, call)) for call in calls]
    if sdk.is_always_async:
        # Its calls run on the current loop. Clients that mistralai closes when they are collected
        # take that away.
        gc.collect()
        asyncio.set_event_loop(runner.get_loop())
    return [ask(sdk, call) for call in calls]


@every_sdk
@every_colour
@every_how
@every_way
def test_records_and_replays(sdk, is_async, stream, way, server, tmp_path, no_sockets):
    """The same events with the same words, without network and with a dummy for a key."""
    path = tmp_path / "c.yaml"
    text = Call(url=server.url, key=KEY, stream=stream)
    calls = [text, replace(text, model="tools")] if sdk.calls_tools else [text]
    with use_cassette(path, mode="record") as cassette:
        live = run(sdk, cassette, way, is_async, *calls)
    no_sockets()
    with use_cassette(path, mode="replay") as cassette:
        dummies = [replace(call, key=DUMMY) for call in calls]
        assert run(sdk, cassette, way, is_async, *dummies) == live
    assert not cassette.unplayed
    assert "".join(live[0]) == "Hello! How can I help you today?"
    assert all("get_weather" in "".join(said) and "Oslo" in "".join(said) for said in live[1:])
    assert len(live[0]) > 2 if stream else len(live[0]) == 1
    pieces = [len(each.response.pieces) for each in load(path).interactions]
    assert len(pieces) == len(calls)
    assert pieces[0] > 3 if stream else pieces[0] == 1
    assert KEY.encode() not in path.read_bytes()


@every_sdk
@every_colour
@every_how
@every_way
def test_refuses_what_was_not_asked(sdk, is_async, stream, way, server, tmp_path, no_sockets):
    """A changed prompt is told where the SDK raises, and at the end where that was swallowed."""
    path = tmp_path / "c.yaml"
    recorded = Call(url=server.url, key=KEY, stream=stream)
    changed = replace(recorded, key=DUMMY, prompt="Goodbye!")
    with use_cassette(path, mode="record") as cassette:
        run(sdk, cassette, way, is_async, recorded)
    no_sockets()
    with pytest.raises(Exception, match=r".") as raised, use_cassette(path) as cassette:
        run(sdk, cassette, way, is_async, changed)
    told = "".join(traceback.format_exception(raised.value))
    assert "UnmatchedRequestError" in told
    assert "Goodbye!" in told
    assert type(raised.value).__name__ == sdk.miss
    with pytest.raises(UnmatchedRequestError), use_cassette(path) as cassette:
        swallowed(lambda: run(sdk, cassette, way, is_async, changed))


@every_sdk
def test_how_often_it_asks_for_what_is_not_there(sdk, server, tmp_path, no_sockets):
    """An SDK that takes a miss for a failure of the network asks again, unless told not to."""
    path = tmp_path / "c.yaml"
    call = Call(url=server.url, key=KEY, retries={})
    with use_cassette(path, mode="record") as cassette:
        run(sdk, cassette, "argument", False, call)
    no_sockets()
    with pytest.raises(UnmatchedRequestError), use_cassette(path) as cassette:
        swallowed(lambda: run(sdk, cassette, "argument", False, replace(call, prompt="Bye")))
    assert len(cassette.misses) == sdk.misses


def swallowed(ask):
    with contextlib.suppress(Exception):
        ask()
