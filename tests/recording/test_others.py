"""What was recorded plays in stock vcrpy and pytest-recording, and vendors' SDKs record."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import anthropic
import httpx
import httpx2
import openai
import pytest
import respx
import vcr

from reqllm_fixtures import PatchedWarning, load, use_cassette
from reqllm_fixtures.transports.others import patching
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer
from tests.plugin.suites import BESIDE

from .reading import LOOPS, answer, fetch

BODY = "data: é\r\n\r\ndata: 2\n\n".encode()
PROMPT = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def url(server, answers):
    return server.url + answers.path_of(answer("data: é\r\n\r\n".encode(), b"data: 2\n\n"))


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_stock_vcrpy_plays_it(tmp_path, url, kind, library):
    """vcrpy finds the recording, and its body is the one that was sent."""
    path = tmp_path / f"c.{kind}"
    with use_cassette(path, mode="record") as cassette:
        seen = fetch(LOOPS[0], url, cassette)
    player = vcr.VCR(record_mode="none", serializer=kind, match_on=("method", "uri", "raw_body"))
    with player.use_cassette(str(path)) as tape, library.Client(verify=False) as client:
        assert client.post(url, json={"a": 1}).content == seen.body
    assert tape.all_played


def test_vcrpy_saves_what_filling_added(path, url):
    """After vcrpy has saved the file again, it is filled and played on as before."""
    with use_cassette(path, mode="record") as cassette:
        first = fetch(LOOPS[0], url, cassette)
    with vcr.VCR().use_cassette(str(path)) as tape:
        tape._save(force=True)
    with use_cassette(path, mode="fill") as cassette:
        assert fetch(LOOPS[0], url, cassette).pieces == first.pieces
        fetch(LOOPS[0], url, cassette, json=2)
    assert len(load(path).interactions) == 2


def test_pytest_recording_plays_it(tmp_path, url):
    """A test under pytest-recording, with the network blocked, gets the recorded answer."""
    path = tmp_path / "cassettes" / "test_it" / "test_it.yaml"
    with use_cassette(path, mode="record") as cassette:
        fetch(LOOPS[0], url, cassette)
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(f"""
            import httpx, pytest

            @pytest.mark.vcr
            def test_it():
                response = httpx.post({url!r}, json={{"a": 1}})
                assert response.content == "data: é\\r\\n\\r\\ndata: 2\\n\\n".encode()
        """),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--block-network", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def chat(client, stream):
    made = client.chat.completions.create(model="text", messages=PROMPT, stream=stream)
    return [each.model_dump() for each in made] if stream else made.model_dump()


def message(client, stream):
    made = client.messages.create(model="text", messages=PROMPT, max_tokens=99, stream=stream)
    return [each.model_dump() for each in made] if stream else made.model_dump()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_a_vendors_sdk_records_and_replays(path, vendor, stream):
    """An SDK gets from the recording, with another key, what it got from the provider."""

    def ask(cassette, address, key):
        upstream = httpx2.HTTPTransport(verify=False)
        with httpx2.Client(transport=cassette.transport(upstream=upstream)) as http:
            if vendor == "openai":
                client = openai.OpenAI(base_url=f"{address}/v1", api_key=key, http_client=http)
                return chat(client, stream)
            return message(
                anthropic.Anthropic(base_url=address, api_key=key, http_client=http), stream
            )

    with LoopbackServer(LoopbackProvider(beat=0.0)) as server:
        address = server.url
        with use_cassette(path, mode="record") as cassette:
            first = ask(cassette, address, KEY)
    assert KEY not in path.read_text()
    (interaction,) = load(path).interactions
    with use_cassette(path) as cassette:
        assert ask(cassette, address, "a dummy") == first
    # An SDK may leave at the last event; who reads on to the end of the body gets that end.
    with use_cassette(path) as cassette, httpx.Client(transport=cassette.transport()) as client:
        request = interaction.request
        response = client.request(request.method, request.uri, content=request.body)
    assert response.content == interaction.response.body


def ask_twice(library, path, url):
    """Record two requests on a real transport of the library."""
    # Closed here, since the client may have lost its transport to a wrapper that closes nothing.
    with (
        use_cassette(path, mode="record") as cassette,
        library.HTTPTransport(verify=False) as real,
        library.Client(transport=cassette.transport(upstream=real)) as client,
    ):
        for _ in range(2):
            client.post(url, json=1)


def of_vcrpy(folder):
    return vcr.VCR(record_mode="all").use_cassette(str(folder / "theirs.yaml"))


def of_cassetter(folder):
    # Its pytest plugin cannot stand beside pytest-recording's: it has a folder of its own.
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(BESIDE)
        cassetter = pytest.importorskip("cassetter", reason="installed by `make test` alone")
    return cassetter.use_cassette(folder / "theirs.yaml")


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize(
    ("theirs", "name"), [(of_vcrpy, "vcr"), (of_cassetter, "cassetter")], ids=["vcrpy", "cassetter"]
)
def test_another_recorder_is_told_of(tmp_path, url, library, theirs, name):
    """While another recorder patches the library that is recorded, a warning names it, once."""
    ours = tmp_path / "ours.yaml"
    with (
        theirs(tmp_path),
        pytest.warns(PatchedWarning, match=f"{name} has patched {library.__name__}") as told,
    ):
        ask_twice(library, ours, url)
    assert len(told) == 1
    assert {each.response.body for each in load(ours).interactions} == {BODY}
    assert patching(library) is None


def test_respx_is_told_of(tmp_path, url):
    """While respx mocks httpx a warning names it, and what it answers is what is recorded.

    It mocks below the transports of httpx alone: those of httpx2 are not warned of.
    """
    with respx.mock as router:
        router.post(url).respond(text="mocked")
        with pytest.warns(PatchedWarning, match="respx has patched httpx") as told:
            ask_twice(httpx, tmp_path / "mocked.yaml", url)
    assert len(told) == 1
    with respx.mock:
        ask_twice(httpx2, tmp_path / "real.yaml", url)

    assert {each.response.body for each in load(tmp_path / "mocked.yaml").interactions} == {
        b"mocked"
    }
    assert {each.response.body for each in load(tmp_path / "real.yaml").interactions} == {BODY}
    assert patching(httpx) is None


def test_pytest_httpx_is_told_of(tmp_path, url, httpx_mock):
    """While pytest-httpx mocks httpx a warning names it, and what it answers is recorded."""
    httpx_mock.add_response(url=url, text="mocked", is_reusable=True)
    path = tmp_path / "c.yaml"
    with pytest.warns(PatchedWarning, match="pytest_httpx has patched httpx") as told:
        ask_twice(httpx, path, url)
    assert len(told) == 1
    assert {each.response.body for each in load(path).interactions} == {b"mocked"}
    assert patching(httpx2) is None


def test_another_below_our_patch_is_told_of(tmp_path, url, httpx_mock):
    """What was patched before ours is found beneath it."""
    httpx_mock.add_response(url=url, text="mocked")
    cassette = use_cassette(tmp_path / "c.yaml", mode="record")
    with (
        cassette,
        cassette.patch(),
        pytest.warns(PatchedWarning, match="pytest_httpx has patched httpx"),
    ):
        httpx.post(url)
