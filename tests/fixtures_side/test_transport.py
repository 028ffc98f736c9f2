"""Replay through real clients: each library, both colours, both event loops."""

import socket
import ssl
import subprocess
import sys
import time

import anyio
import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import (
    EndError,
    FixtureError,
    Interaction,
    RecordedResponse,
    RecordingEndedError,
    UnmatchedRequestError,
)
from reqllm_fixtures.transports.transport import async_replay_transport, replay_transport
from tests.fixtures_side.making import (
    SSE,
    URL,
    answered,
    asked,
    cassette,
    cut_bodies,
    interaction,
    patiently,
)

MODULES = [httpx, httpx2]
PIECES = [b"data: \xf0\x9f", b"\x98\x80\n", b"\ndata: [DO", b"NE]\n\n"]

modules = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


class Seen:
    """What a client got: the pieces, the error that ended them, the response."""

    def __init__(self, response, pieces, error):
        self.response, self.pieces, self.error = response, pieces, error


def read_sync(module, tape, **how):
    how.pop("backend", None)
    pieces = []
    with (
        module.Client(transport=replay_transport(tape, module, **how)) as client,
        client.stream("POST", URL, json={"a": 1}) as response,
    ):
        try:
            for piece in response.iter_raw():
                pieces.append(piece)  # noqa: PERF402
        except Exception as error:
            return Seen(response, pieces, error)
    return Seen(response, pieces, None)


def read_async(module, tape, *, backend, **how):
    async def read():
        pieces = []
        transport = async_replay_transport(tape, module, **how)
        async with (
            module.AsyncClient(transport=transport) as client,
            client.stream("POST", URL, json={"a": 1}) as response,
        ):
            try:
                async for piece in response.aiter_raw():
                    pieces.append(piece)  # noqa: PERF401
            except Exception as error:
                return Seen(response, pieces, error)
        return Seen(response, pieces, None)

    return anyio.run(read, backend=backend)


def read_asyncio(module, tape, **how):
    return read_async(module, tape, backend="asyncio", **how)


def read_trio(module, tape, **how):
    return read_async(module, tape, backend="trio", **how)


colours = pytest.mark.parametrize(
    "read", [read_sync, read_asyncio, read_trio], ids=["sync", "asyncio", "trio"]
)


@modules
@colours
def test_pieces_replay_exactly(module, read):
    """Each client gets the recorded pieces, cut where they were cut, and the recorded head."""
    seen = read(module, cassette(interaction(*PIECES)))

    assert seen.pieces == PIECES
    assert seen.error is None
    assert type(seen.response) is module.Response
    assert (seen.response.status_code, seen.response.reason_phrase) == (200, "OK")
    assert seen.response.headers["content-type"] == "text/event-stream"


@modules
@patiently
@given(pieces=cut_bodies())
def test_any_pieces_replay_exactly(module, pieces):
    """Whatever was recorded, however it was cut, is what a client gets; empty reads it skips."""
    tape = cassette(Interaction(asked(), RecordedResponse(200, "OK", SSE, pieces)))

    assert read_sync(module, tape).pieces == [piece.data for piece in pieces if piece.data]


@modules
@colours
@pytest.mark.parametrize("pace", [0, 1])
@pytest.mark.parametrize(
    "name", ["ReadTimeout", "ReadError", "RemoteProtocolError", "ConnectError", "DecodingError"]
)
def test_recorded_error_is_raised_again(module, read, pace, name):
    """A stream that broke breaks after the same byte, with the error of the library in use."""
    tape = cassette(interaction(*PIECES, end=EndError(name, "as it was"), step=0))
    seen = read(module, tape, pace=pace)

    assert seen.pieces == PIECES
    assert type(seen.error) is getattr(module, name)
    assert str(seen.error) == "as it was"
    assert str(seen.error.request.url) == URL


@modules
def test_recorded_error_knows_its_request(module):
    """The error names its request by itself, before any client adds it."""
    tape = cassette(interaction(end=EndError("ReadTimeout")))
    request = module.Request("POST", URL, content=b'{"a":1}')
    stream = replay_transport(tape, module).handle_request(request).stream

    with pytest.raises(module.ReadTimeout) as caught:
        list(stream)
    assert caught.value.request is request


@modules
@colours
def test_error_of_another_library(module, read):
    """An error that this library has no name for is a read error that tells it."""
    for name in ("IncompleteRead", "HTTPStatusError", "Client", "__name__"):
        seen = read(module, cassette(interaction(b"x", end=EndError(name, "why"))))

        assert type(seen.error) is module.ReadError
        assert str(seen.error) == f"{name}: why"


@modules
@colours
def test_end_where_the_client_had_left(module, read):
    """Reading on where the client had left is an error of the harness, not a clean end."""
    seen = read(module, cassette(interaction(b"data: 1\n\n", end="client_closed")))

    assert seen.pieces == [b"data: 1\n\n"]
    assert isinstance(seen.error, RecordingEndedError)
    assert "made.yaml ends after 9 bytes" in str(seen.error)


@modules
def test_leaving_where_the_client_had_left(module):
    """A client that leaves again where it had left sees no error."""
    tape = cassette(interaction(b"1", b"2", end="client_closed"))
    with (
        module.Client(transport=replay_transport(tape, module)) as client,
        client.stream("POST", URL, json={"a": 1}) as response,
    ):
        pieces = response.iter_raw()
        assert [next(pieces), next(pieces)] == [b"1", b"2"]


@modules
@colours
def test_miss_is_raised_through_the_client(module, read):
    """A request that is not recorded raises our error, whatever the library."""
    with pytest.raises((UnmatchedRequestError, BaseExceptionGroup)) as caught:
        read(module, cassette(interaction(body=b'{"a": 2}')))
    assert isinstance(caught.value, UnmatchedRequestError)


class Clock:
    """Time that passes only when somebody sleeps, or reads slowly."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds * 1000, 6))
        self.now += seconds

    async def async_sleep(self, seconds):
        self.sleep(seconds)


def paced(read, tape, pace, clock, module=httpx):
    sleep = clock.sleep if read is read_sync else clock.async_sleep
    return read(module, tape, pace=pace, clock=clock, sleep=sleep)


@modules
@colours
@pytest.mark.parametrize(("pace", "gaps"), [(1, [10, 10, 10, 10]), (0.5, [5] * 4), (3, [30] * 4)])
def test_pace(module, read, pace, gaps):
    """The recorded rhythm is kept, and stretched by the pace."""
    clock = Clock()
    seen = paced(read, cassette(interaction(*PIECES)), pace, clock, module)

    assert clock.slept == gaps
    assert seen.pieces == PIECES


@colours
def test_no_pace_never_sleeps(read):
    """At pace 0 nobody looks at the clock and nobody sleeps."""

    def never(*_):
        raise AssertionError("looked at the clock, or slept")

    tape = cassette(interaction(*PIECES, step=10_000))
    assert read(httpx, tape, pace=0, clock=never, sleep=never).pieces == PIECES


def test_slow_reader_does_not_shift_the_rhythm():
    """A piece is due by the start of its request, not by the piece before it."""
    clock = Clock()
    tape = cassette(interaction(b"1", b"2", b"3", b"4"))
    transport = replay_transport(tape, httpx, pace=1, clock=clock, sleep=clock.sleep)
    with (
        httpx.Client(transport=transport) as client,
        client.stream("POST", URL, json={"a": 1}) as response,
    ):
        for piece in response.iter_raw():
            if piece == b"1":
                clock.now += 0.015  # past the second piece, into the gap before the third
    assert clock.slept == [10, 5, 10]


def test_each_request_has_a_start_of_its_own():
    """A second request keeps its own rhythm."""
    clock = Clock()
    tape = cassette(interaction(b"1"), interaction(b"2"))
    for _ in range(2):
        paced(read_sync, tape, 1, clock)
    assert clock.slept == [10, 10]


@colours
def test_pace_by_the_real_clock(read):
    """Without a clock of ours the recorded time really passes."""
    begun = time.monotonic()
    read(httpx, cassette(interaction(b"1", b"2", step=20)), pace=1)

    assert time.monotonic() - begun >= 0.04


@pytest.mark.parametrize("pace", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("make", [replay_transport, async_replay_transport])
def test_impossible_pace(make, pace):
    """A pace that is none is refused."""
    with pytest.raises(ValueError, match="Expected a pace"):
        make(cassette(), httpx, pace=pace)


def test_stream_at_once_is_a_plain_iterator():
    """At once and to a clean end, a sync stream iterates as a list does."""
    request = httpx.Request("POST", URL, content=b'{"a":1}')
    transport = replay_transport(cassette(interaction(*PIECES)), httpx)
    stream = transport.handle_request(request).stream

    assert type(iter(stream)) is type(iter([]))
    assert isinstance(stream, httpx.SyncByteStream)


@modules
def test_no_socket_and_no_tls(module, monkeypatch):
    """Building a client and playing opens no socket and builds no TLS context."""

    def never(*_args, **_kwargs):
        raise AssertionError("opened a socket, or built a TLS context")

    monkeypatch.setattr(ssl, "create_default_context", never)
    monkeypatch.setattr(ssl, "SSLContext", never)
    monkeypatch.setattr(socket, "socket", never)
    assert read_sync(module, cassette(interaction(*PIECES))).pieces == PIECES


@modules
def test_transports_are_of_their_library(module):
    """Each library knows the transports for its own."""
    assert isinstance(replay_transport(cassette(), module), module.BaseTransport)
    assert isinstance(async_replay_transport(cassette(), module), module.AsyncBaseTransport)


@modules
def test_body_that_is_streamed_is_matched(module):
    """A request whose body is an iterator is read and matched like any other."""
    tape = cassette(interaction(b"ok"))
    with module.Client(transport=replay_transport(tape, module)) as client:
        assert client.post(URL, content=iter([b'{"a"', b":1}"])).content == b"ok"


@modules
def test_compressed_recording_of_ours_is_decoded_by_the_client(module):
    """A body recorded as it passed, compressed, is played so, and the library decodes it."""
    import gzip

    packed = gzip.compress(b"hello")
    headers = (("content-encoding", "gzip"),)
    tape = cassette(Interaction(asked(), answered(packed[:5], packed[5:], headers=headers)))
    with module.Client(transport=replay_transport(tape, module)) as client:
        assert client.post(URL, json={"a": 1}).text == "hello"


@modules
@patiently
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5))
def test_heads_beyond_ascii(module, text):
    """A header or a reason that is not ASCII does no harm."""
    response = RecordedResponse(200, text, (("x", f"a{text}a"),))
    seen = read_sync(module, cassette(Interaction(asked(), response)))

    assert seen.response.headers["x"] == f"a{text}a"


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_one_library_is_enough(name):
    """A transport needs no other library than the one it is for."""
    other = {"httpx": "httpx2", "httpx2": "httpx"}[name]
    code = f"""
import sys
sys.modules[{other!r}] = None
import {name} as module
from reqllm_fixtures import Cassette, Interaction, Piece, RecordedRequest, RecordedResponse
from reqllm_fixtures.matching.matchers import strict
from reqllm_fixtures.transports.transport import _library_of, replay_transport
response = RecordedResponse(200, pieces=(Piece(b"x"),))
recorded = Interaction(RecordedRequest("GET", "http://a/"), response)
tape = Cassette("c", [recorded], matcher=strict)
assert _library_of(None) is module
print(module.Client(transport=replay_transport(tape, module)).get("http://a/").text)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("x\n", "")


@pytest.mark.parametrize(("mine", "other"), [(httpx, httpx2), (httpx2, httpx)])
def test_a_client_of_the_other_library(mine, other):
    """It is refused in words that say how its library is named, on both colours."""
    said = rf"for clients of {mine.__name__}.* by a {other.__name__}.Request. .*transport\(httpx2"
    refused = pytest.raises(FixtureError, match=said)
    with refused, other.Client(transport=replay_transport(cassette(), mine)) as client:
        client.get(URL)

    async def ask():
        transport = async_replay_transport(cassette(), mine)
        async with other.AsyncClient(transport=transport) as client:
            with pytest.raises(FixtureError, match=said):
                await client.get(URL)

    anyio.run(ask)


@modules
def test_a_client_of_the_other_colour(module):
    """What an async client needs is said by the sync transport, and the other way round."""
    with pytest.raises(
        FixtureError, match=r"\.Client was given Async.*Give it cassette\.transport\("
    ):
        module.Client(transport=async_replay_transport(cassette(), module)).__enter__()

    async def enter():
        await module.AsyncClient(transport=replay_transport(cassette(), module)).__aenter__()

    with pytest.raises(FixtureError, match=r"AsyncClient was .*cassette\.async_transport\("):
        anyio.run(enter)
