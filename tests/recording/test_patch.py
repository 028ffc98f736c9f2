"""`patch()`: code that builds its own clients is recorded and answered, and no other code."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import subprocess
import sys
import threading
from functools import partial

import httpx
import httpx2
import openai
import pytest

from reqllm_fixtures import FixtureError, load, use_cassette
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer

from .reading import WAYS, answer, fetch

everywhere = pytest.mark.parametrize("way", WAYS, ids=str)
METHODS = [
    (getattr(module, kind), method)
    for module in (httpx, httpx2)
    for kind, method in (
        ("HTTPTransport", "handle_request"),
        ("AsyncHTTPTransport", "handle_async_request"),
    )
]


@pytest.fixture
def url(server, answers):
    return server.url + answers.path_of(answer(b"data: 1\n\n", b"data: 2\n\n", after=0.02))


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    before = [getattr(*each) for each in METHODS]
    yield
    assert [getattr(*each) for each in METHODS] == before


@everywhere
def test_a_client_of_the_codes_own(way, server, url, path):
    """It is recorded piece by piece, and answered without asking the server again."""
    with use_cassette(path, mode="record") as cassette, cassette.patch():
        first = fetch(way, url)
    asked = len(server.requests)
    with use_cassette(path) as cassette, cassette.patch():
        second = fetch(way, url)
    assert first.pieces == second.pieces == [b"data: 1\n\n", b"data: 2\n\n"]
    assert len(server.requests) == asked
    assert server.requests[-1].header("accept-encoding") == "identity"
    fetch(way, url)
    assert len(server.requests) == asked + 1


@everywhere
def test_a_transport_of_ours_inside_is_not_recorded_twice(way, url, path):
    """A client on the cassette's own transport goes out through the patched one once."""
    with use_cassette(path, mode="record") as cassette, cassette.patch():
        fetch(way, url, cassette)
    assert len(load(path).interactions) == 1


def test_two_tasks_with_two_cassettes(server, answers, tmp_path):
    """Each task's requests come to its own cassette, however they overlap."""
    url = server.url + answers.path_of(answer(b"1", b"2", after=0.02))

    async def use(number):
        path = tmp_path / f"{number}.yaml"
        async with use_cassette(path, mode="record") as cassette:
            with cassette.patch():
                for turn in range(3):
                    async with httpx.AsyncClient(verify=False) as client:
                        await client.post(url, json=[number, turn])

    async def main():
        await asyncio.gather(*(use(number) for number in range(4)))

    asyncio.run(main())
    for number in range(4):
        bodies = [each.request.body for each in load(tmp_path / f"{number}.yaml").interactions]
        assert bodies == [b"[%d,%d]" % (number, turn) for turn in range(3)]


def in_thread(call):
    failures = []

    def run():
        try:
            call()
        except FixtureError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return failures


def test_threads(url, tmp_path):
    """A thread is its only cassette's; with two it must say whose it is, or is refused."""
    first, second = (use_cassette(tmp_path / f"{n}.yaml", mode="record") for n in "ab")

    def ask():
        with httpx.Client(verify=False) as client:
            client.post(url, json=1)

    with first, first.patch():
        assert in_thread(ask) == []
        with second, second.patch():
            (failure,) = in_thread(ask)
            assert "copy_context" in str(failure)
            context = contextvars.copy_context()
            assert in_thread(partial(context.run, ask)) == []
    assert len(load(tmp_path / "a.yaml").interactions) == 1
    assert len(load(tmp_path / "b.yaml").interactions) == 1


def test_live(server, url, path):
    """In the mode live everything goes out as it is."""
    with use_cassette(path, mode="live") as cassette, cassette.patch():
        assert fetch(WAYS[0], url).status == 200
    assert not path.exists()


def test_an_sdk_with_a_client_of_its_own(path):
    """An SDK that is given nothing is recorded and answered all the same."""
    prompt = [{"role": "user", "content": "Hi"}]

    def ask(address, key):
        with openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client:
            made = client.chat.completions.create(model="text", messages=prompt, stream=True)
            return [each.model_dump() for each in made]

    with LoopbackServer(LoopbackProvider(beat=0.0)) as server:
        address = server.url
        with use_cassette(path, mode="record") as cassette, cassette.patch():
            first = ask(address, KEY)
    with use_cassette(path) as cassette, cassette.patch():
        assert ask(address, "dummy") == first
    assert KEY not in path.read_text()


def test_a_closed_cassette_is_not_patched_in(path):
    """A cassette has to be open."""
    with pytest.raises(FixtureError, match="not open"), use_cassette(path).patch():
        pass


LATE = """
import sys
from reqllm_fixtures import use_cassette

def ask():
    import {library} as library
    with library.Client() as client:
        return client.post("{url}", json={{"a": 1}}).text

finders = list(sys.meta_path)
with use_cassette({path!r}) as cassette, cassette.patch():
    assert "{library}" not in sys.modules
    print(ask())
import {library} as library
assert library.__spec__.loader is library.__loader__
assert type(library.__loader__).__name__ == "SourceFileLoader"
assert library.HTTPTransport.handle_request.__module__.startswith("{library}.")
assert not hasattr(library.HTTPTransport.handle_request, "__wrapped__")
assert sys.meta_path == finders
"""


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_library_that_is_imported_later(server, url, path, library):
    """What the code in the block is the first to import is answered, too; nothing is left of it."""
    with use_cassette(path, mode="record") as cassette, cassette.patch():
        fetch(WAYS[0], url)
    asked = len(server.requests)
    code = LATE.format(library=library, url=url, path=str(path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("data: 1\n\ndata: 2\n\n\n", "")
    assert len(server.requests) == asked


def test_an_import_that_fails_stays_a_failure(path, monkeypatch):
    """A library that is not installed is missing within the block as it is without it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with (
        use_cassette(path, mode="live") as cassette,
        cassette.patch(),
        pytest.raises(ModuleNotFoundError),
    ):
        importlib.import_module("httpx2")


NESTED = """
import sys
from reqllm_fixtures import use_cassette
from reqllm_fixtures.transports.patching import nothing_built

with use_cassette({path!r}) as cassette, nothing_built(), cassette.patch(), nothing_built():
    assert "httpx2" not in sys.modules
    import httpx2
    with httpx2.Client() as client:
        print(client.post("{url}", json={{"a": 1}}).text)
    assert "_pool" not in vars(client._transport)
assert not hasattr(httpx2.HTTPTransport.handle_request, "__wrapped__")
assert not hasattr(httpx2.HTTPTransport.__init__, "__wrapped__")
"""


def test_a_library_that_is_imported_where_several_wait_for_it(url, path):
    """Blocks within blocks each change it, and leave nothing of it."""
    with use_cassette(path, mode="record") as cassette, cassette.patch():
        fetch(WAYS[0], url)
    code = NESTED.format(url=url, path=str(path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("data: 1\n\ndata: 2\n\n\n", "")
