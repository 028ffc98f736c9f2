"""Modes: where answers come from, what is kept, and who says so."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import ssl

import anyio
import httpx
import httpx2
import pytest

from reqllm_fixtures import (
    CassetteNotFoundError,
    Mode,
    ModeError,
    RulesError,
    SecretError,
    UnmatchedRequestError,
    load,
    use_cassette,
)
from reqllm_fixtures.matching.matchers import Rules
from reqllm_fixtures.mode import chosen
from tests.loopback.messages import Answer, Write
from tests.loopback.server import LoopbackServer

from .reading import LOOPS, WAYS, answer, fetch, transport_of

everywhere = pytest.mark.parametrize("way", WAYS, ids=str)
on_each_loop = pytest.mark.parametrize("way", LOOPS, ids=str)


def asked(server, url):
    path = url.removeprefix(server.url)
    return sum(request.path == path for request in server.requests)


def bodies(path):
    return [interaction.request.body for interaction in load(path).interactions]


@pytest.mark.parametrize(
    ("given", "default", "environ", "expected"),
    [
        ("live", "replay", {"REQLLM_MODE": "record"}, "live"),
        (Mode.RECORD, "replay", {"CI": "true"}, "record"),
        (None, "replay", {}, "replay"),
        (None, "replay", {"REQLLM_MODE": "fill"}, "fill"),
        (None, "fill", {}, "fill"),
        (None, "fill", {"REQLLM_MODE": ""}, "fill"),
        (None, "fill", {"CI": "true"}, "replay"),
        (None, "fill", {"CI": "1"}, "replay"),
        (None, "fill", {"CI": "false"}, "fill"),
        (None, "live", {"CI": "true"}, "live"),
        (None, "fill", {"CI": "true", "REQLLM_MODE": "record"}, "record"),
    ],
)
def test_who_says_the_mode(given, default, environ, expected):
    """The argument goes first, then the environment; a default does not record under CI."""
    assert chosen(given, Mode(default), environ) == expected


def test_unknown_mode_of_the_environment(monkeypatch, path):
    """A mode that is none is refused, and told where it came from."""
    monkeypatch.setenv("REQLLM_MODE", "once")
    with pytest.raises(ModeError, match="REQLLM_MODE: 'once'"):
        use_cassette(path)


@pytest.mark.parametrize("mode", ["replay", "record"])
def test_unknown_filters(path, mode):
    """A filter that there is not is told at once, in any mode."""
    with pytest.raises(TypeError, match="filter_header"):
        use_cassette(path, mode=mode, filter_header=["x"])


@everywhere
def test_fill(way, server, url, path):
    """What is recorded plays, what is not goes out and is added behind it."""
    with use_cassette(path, mode="fill") as cassette:
        first = fetch(way, url, cassette)
    text = path.read_text()
    with use_cassette(path, mode="fill") as cassette:
        again = fetch(way, url, cassette)
        other = fetch(way, url, cassette, json={"a": 2})
        assert (len(cassette.played), cassette.misses) == (1, ())

    assert first.pieces == again.pieces
    assert first.body == other.body
    assert asked(server, url) == 2
    assert bodies(path) == [b'{"a":1}', b'{"a":2}']
    assert path.read_text().startswith(text.partition("version:")[0])


@on_each_loop
def test_fill_that_had_nothing_to_add(way, url, path):
    """A file that answered everything is not touched, not even written again."""
    with use_cassette(path, mode="record") as cassette:
        fetch(way, url, cassette)
    before = os.stat(path)
    with use_cassette(path, mode="fill") as cassette:
        fetch(way, url, cassette)
    assert os.stat(path) == before or os.stat(path).st_mtime_ns == before.st_mtime_ns
    assert os.listdir(path.parent) == [path.name]


@everywhere
def test_record_replaces(way, server, url, path):
    """Everything goes out, whatever is recorded, and takes the place of what was."""
    for number in (1, 2):
        with use_cassette(path, mode="record") as cassette:
            fetch(way, url, cassette, json={"a": number})
    assert asked(server, url) == 2
    assert bodies(path) == [b'{"a":2}']


@on_each_loop
def test_record_of_nothing(way, url, path):
    """A recording in which nothing was asked leaves the file that was there."""
    with use_cassette(path, mode="record") as cassette:
        fetch(way, url, cassette)
    with use_cassette(path, mode="record"):
        pass
    assert bodies(path) == [b'{"a":1}']


@everywhere
def test_live(way, server, url, path):
    """Everything goes out and nothing is kept."""
    with use_cassette(path, mode="live") as cassette:
        assert fetch(way, url, cassette).body == b"data: 1\n\ndata: 2\n\n"
    assert asked(server, url) == 1
    assert os.listdir(path.parent) == []


def test_replay_of_nothing(path):
    """A replay needs its cassette; nothing else does."""
    with pytest.raises(CassetteNotFoundError), use_cassette(path):
        pass
    for mode in ("record", "fill", "live"):
        with use_cassette(path, mode=mode):
            pass
    assert os.listdir(path.parent) == []


@everywhere
def test_replay_opens_no_socket(way, url, path, monkeypatch):
    """A replay opens no socket and builds no TLS context, though it could send."""
    with use_cassette(path, mode="record") as cassette:
        first = fetch(way, url, cassette)

    def never(*_args, **_kwargs):
        raise AssertionError("opened a socket, or built a TLS context")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, never)
    monkeypatch.setattr(ssl, "create_default_context", never)
    monkeypatch.setattr(way.library, "HTTPTransport", never)
    monkeypatch.setattr(way.library, "AsyncHTTPTransport", never)
    for mode in ("replay", "fill"):
        with use_cassette(path, mode=mode) as cassette:
            transport = cassette.transport(way.library)
            if not way.is_sync:
                transport = cassette.async_transport(way.library)
            monkeypatch.setattr("tests.recording.reading.transport_of", lambda *_, t=transport: t)
            assert fetch(way, url, cassette).pieces == first.pieces


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_the_library_is_that_of_the_upstream(library, path):
    """Given a transport to send with, nobody needs to say whose it is."""
    with use_cassette(path, mode="fill") as cassette:
        upstream = library.HTTPTransport(verify=False)
        assert isinstance(cassette.transport(upstream=upstream), library.BaseTransport)
        upstream = library.AsyncHTTPTransport(verify=False)
        assert isinstance(cassette.async_transport(upstream=upstream), library.AsyncBaseTransport)
    assert isinstance(
        transport_of(LOOPS[0], use_cassette(path, mode="live").__enter__()), httpx.BaseTransport
    )


@on_each_loop
def test_a_swallowed_miss_is_told_at_the_end(way, url, path):
    """Code that swallows a miss does not get away with it: the block raises it."""
    with use_cassette(path, mode="record") as cassette:
        fetch(way, url, cassette)

    def swallow(cassette):
        for number in (2, 3):
            with contextlib.suppress(UnmatchedRequestError):
                fetch(way, url, cassette, json={"a": number})

    with pytest.raises(UnmatchedRequestError) as caught, use_cassette(path) as cassette:
        swallow(cassette)
    assert caught.value is cassette.misses[0]
    assert caught.value.__notes__ == ["1 more requests found no recording."]


def test_a_miss_is_told_beside_the_error_that_came_of_it(url, path):
    """Where a miss was taken for something else, the error that came of it tells of the miss."""
    with use_cassette(path, mode="record") as cassette:
        fetch(LOOPS[0], url, cassette)

    def go_on(cassette):
        with contextlib.suppress(UnmatchedRequestError):
            fetch(LOOPS[0], url, cassette, json={"a": 2})
        raise ZeroDivisionError

    def wrap(cassette):
        try:
            fetch(LOOPS[0], url, cassette, json={"a": 2})
        except UnmatchedRequestError as miss:
            raise RuntimeError("the network failed") from miss

    with pytest.raises(ZeroDivisionError) as caught, use_cassette(path) as cassette:
        go_on(cassette)
    assert "$.a" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError) as chained, use_cassette(path) as cassette:
        wrap(cassette)
    assert not hasattr(chained.value, "__notes__")


@everywhere
def test_the_request_stays_the_clients(way, server, url, path):
    """What goes out asks for a body that is not compressed; the client's request is as it was."""
    with use_cassette(path, mode="record") as cassette:
        fetch(way, url, cassette, headers={"accept-encoding": "gzip", "x-mine": "1"})
    sent = server.requests[-1]
    assert sent.header("accept-encoding") == "identity"
    assert sent.header("x-mine") == "1"

    request = httpx.Request("POST", url, headers={"accept-encoding": "gzip"}, content=b"1")
    with use_cassette(path, mode="record") as cassette:
        transport_of(LOOPS[0], cassette).handle_request(request).close()
    assert request.headers["accept-encoding"] == "gzip"


def test_a_signed_header_is_left_alone(server, url, path):
    """A signature over accept-encoding would no longer hold if that were changed."""
    signed = "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=accept-encoding;host, Signature=y"
    with use_cassette(path, mode="record") as cassette:
        fetch(
            LOOPS[0],
            url,
            cassette,
            headers={"authorization": signed, "accept-encoding": "gzip"},
        )
    assert server.requests[-1].header("accept-encoding") == "gzip"


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_mock_can_be_recorded(library, path):
    """An answer that was made in memory is recorded like one that came from a network."""
    mock = library.MockTransport(lambda _: library.Response(200, content=b"made"))
    with use_cassette(path, mode="record") as cassette:
        with library.Client(transport=cassette.transport(upstream=mock)) as client:
            assert client.post("http://a.test/").content == b"made"

        async def run():
            transport = cassette.async_transport(upstream=mock)
            async with library.AsyncClient(transport=transport) as client:
                assert (await client.post("http://a.test/")).content == b"made"

        anyio.run(run)
    assert [each.response.body for each in load(path).interactions] == [b"made", b"made"]
    assert {each.response.end for each in load(path).interactions} == {"eof"}


@on_each_loop
@pytest.mark.parametrize("mode", ["record", "fill"])
def test_the_same_question_twice(way, path, mode):
    """A refusal and then, asked again, an answer: they come again in that order."""
    statuses = [429, 200]

    def refuse_once(request):
        status = statuses.pop(0)
        return Answer(status=status, body=(Write(b"status %d" % status),))

    with LoopbackServer(refuse_once) as server, use_cassette(path, mode=mode) as cassette:
        first = [fetch(way, server.url, cassette) for _ in range(2)]
        url = server.url
    with use_cassette(path) as cassette:
        again = [fetch(way, url, cassette) for _ in range(2)]
    expected = [(429, b"status 429"), (200, b"status 200")]
    assert [(seen.status, seen.body) for seen in first] == expected
    assert [(seen.status, seen.body) for seen in again] == expected


@everywhere
def test_what_another_has_read_can_be_recorded(way, server, answers, path):
    """A transport that hands on whole what it has read, as some recorders do, is no trouble."""
    packed = gzip.compress(b"whole")
    headers = (("content-type", "text/plain"), ("content-encoding", "gzip"))
    url = server.url + answers.path_of(answer(packed[:9], packed[9:], headers=headers))

    class ReadsAll(way.library.HTTPTransport):
        def handle_request(self, request):
            response = super().handle_request(request)
            response.read()
            return response

    class AsyncReadsAll(way.library.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            response = await super().handle_async_request(request)
            await response.aread()
            return response

    async def ask(transport):
        async with way.library.AsyncClient(transport=transport) as client:
            return (await client.post(url)).content

    def got(cassette):
        if way.is_sync:
            upstream = ReadsAll(verify=False)
            with way.library.Client(transport=cassette.transport(upstream=upstream)) as client:
                return client.post(url).content
        upstream = AsyncReadsAll(verify=False)
        return anyio.run(ask, cassette.async_transport(upstream=upstream), backend=way.loop)

    with use_cassette(path, mode="record") as cassette:
        assert got(cassette) == b"whole"
    (interaction,) = load(path).interactions
    assert interaction.response.body == b"whole"
    with use_cassette(path) as cassette:
        assert got(cassette) == b"whole"


@on_each_loop
@pytest.mark.parametrize("kind", ["yaml", "json", "yaml.gz"])
def test_every_kind_of_file(way, url, tmp_path, kind):
    """YAML, JSON and either of them packed are recorded and filled alike."""
    path = tmp_path / f"c.{kind}"
    for number in (1, 2):
        with use_cassette(path, mode="fill") as cassette:
            fetch(way, url, cassette, json={"a": number})
    assert bodies(path) == [b'{"a":1}', b'{"a":2}']
    with use_cassette(path) as cassette:
        assert fetch(way, url, cassette).body == b"data: 1\n\ndata: 2\n\n"


def test_what_may_vary(url, path):
    """What was declared to vary may, by path, by vcrpy's matchers, and as often as allowed."""
    with use_cassette(path, mode="record") as cassette:
        fetch(LOOPS[0], url, cassette, json={"a": 1, "b": 1})
    ways = ({"match": "$.b"}, {"match": ["$.b"]}, {"match": Rules("$.b")}, {"match_on": ["uri"]})
    for how in ways:
        with use_cassette(path, **how) as cassette:
            fetch(LOOPS[0], url, cassette, json={"a": 1, "b": 2})
    with use_cassette(path, allow_repeats=True) as cassette:
        for _ in range(3):
            fetch(LOOPS[0], url, cassette, json={"a": 1, "b": 1})
    with pytest.raises(RulesError, match="both"):
        use_cassette(path, match=Rules("$.b"), allow_repeats=True)


def test_secrets(url, path):
    """A key in use, and what was named a secret, is in no file; what looks like one is refused."""
    key, name = "a-key-of-nobody's-1234", "Rumpelstilzchen"
    body = {"prompt": f"I am {name}, my key is {key}", "max_tokens": 9}
    headers = {"authorization": f"Bearer {key}", "cookie": "session=1234567890"}
    with use_cassette(path, mode="record", secrets=[name]) as cassette:
        fetch(LOOPS[0], url, cassette, json=body, headers=headers)
    text = path.read_text()
    assert not any(each in text for each in (key, name, "1234567890"))
    assert "max_tokens" in text

    with use_cassette(path, secrets=[name]) as cassette:
        assert fetch(LOOPS[0], url, cassette, json=body, headers=headers).status == 200

    shaped = {"prompt": "sk-ant-api03-" + "aB3dE5fG7h" * 9 + "AA"}
    with pytest.raises(SecretError) as caught, use_cassette(path, mode="fill") as cassette:
        fetch(LOOPS[0], url, cassette, json=shaped)
    assert "aB3dE5" not in str(caught.value)
    assert path.read_text() == text
    assert os.listdir(path.parent) == [path.name]
