"""What comes over the wire is what was recorded."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reqllm_fixtures import EndError, Interaction, load, use_cassette
from reqllm_fixtures.serving.playing import Timing
from tests.commands.making import cassette, recorded, said

from .conftest import serving

CHAT = "/v1/chat/completions"
CUT = EndError("RemoteProtocolError", "peer closed connection")
RESET = EndError("ReadError", "reset")
BINARY = (("content-type", "application/vnd.amazon.eventstream"),)


def read(
    url: str, interaction: Interaction, **more: Any
) -> tuple[httpx.Response, list[bytes], Any]:
    """Ask as it was asked when it was recorded; give the head, the pieces and the end."""
    asked = interaction.request
    path = httpx.URL(asked.uri).raw_path.decode()
    pieces: list[bytes] = []
    with httpx.Client(trust_env=False, timeout=10, **more) as client:
        request = client.build_request(asked.method, url + path, content=asked.body)
        response = client.send(request, stream=True)
        try:
            pieces.extend(response.iter_raw())  # what came before an error is kept
        except httpx.TransportError as error:
            return response, pieces, type(error).__name__
        finally:
            response.close()
        return response, pieces, "eof"


def numbered(number: int, *pieces: bytes, **more: Any) -> Interaction:
    return recorded(*pieces, asked={"number": number}, **more)


PIECES = st.lists(st.binary(min_size=1, max_size=300), max_size=8)
ENDS = st.sampled_from(["eof", CUT, RESET, "client_closed"])


@given(streams=st.lists(st.tuples(PIECES, ENDS), min_size=1, max_size=12))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_pieces_and_any_end(tmp_path: Path, streams: list[tuple[list[bytes], Any]]):
    """Each piece comes as one chunk of HTTP, and then the same failure."""
    held = [
        numbered(n, *pieces, end=end, headers=BINARY) for n, (pieces, end) in enumerate(streams)
    ]
    with serving(cassette(tmp_path / "any.yaml", *held)) as served:
        for interaction, (pieces, end) in zip(held, streams, strict=True):
            response, came, ended = read(served.url, interaction)
            assert (response.status_code, came) == (200, pieces)
            # A client that left is no end of an answer: who reads on must not take it for one.
            told = {"eof": "eof", "client_closed": "RemoteProtocolError"}
            assert ended == (end.name if isinstance(end, EndError) else told[end])


def test_a_recording_of_the_server_is_the_recording(tmp_path: Path, serve):
    """What is recorded from it has the same pieces, headers and end as what it serves."""
    source = Path("cassettes/demo.yaml")
    served = serve(source)
    (first,) = load(source).interactions
    with use_cassette(tmp_path / "again.yaml", mode="record") as again:
        read(served.url, first, transport=again.transport())
    (second,) = load(tmp_path / "again.yaml").interactions
    left, right = first.response, second.response
    assert [each.data for each in right.pieces] == [each.data for each in left.pieces]
    assert (right.end, right.status) == (left.end, left.status)
    kept = [each for each in left.headers if each[0] != "transfer-encoding"]
    assert [each for each in right.headers if each[0] != "transfer-encoding"] == kept


def test_clients_that_left_at_the_last_event_get_an_end(tmp_path: Path, serve):
    """As with the transport: what says itself that it is over ends cleanly."""
    held = numbered(0, *said("Hel", "lo"), end="client_closed")
    assert read(serve(cassette(tmp_path / "a.yaml", held)).url, held)[2] == "eof"


@pytest.mark.parametrize(
    ("end", "error"), [(CUT, httpx.RemoteProtocolError), (RESET, httpx.ReadError)]
)
def test_no_answer_at_all(tmp_path: Path, serve, end: EndError, error: type[Exception]):
    """A request that got no status line when it was recorded gets none."""
    held = numbered(0, status=0, headers=(), end=end)
    served = serve(cassette(tmp_path / "a.yaml", held))
    with pytest.raises(error):
        read(served.url, held)
    with pytest.raises(httpx.HTTPStatusError, match="404"):  # and the server is still there
        httpx.get(served.url + "/v1/models", trust_env=False).raise_for_status()


def test_statuses_headers_and_lengths(tmp_path: Path, serve):
    """What was said of the answer comes as recorded; what was said of a connection does not."""
    body = b'{"error": {"message": "slow down"}}'
    headers = (
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("retry-after", "7"),
        ("x-twice", "a"),
        ("x-twice", "b"),
        ("connection", "close, x-hop"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "of the connection"),
    )
    held = numbered(0, body, status=529, headers=headers)
    coded = numbered(1, body, headers=(("content-length", "7"), ("transfer-encoding", "chunked")))
    short = numbered(2, body, headers=(("content-length", "100"),), end=CUT)
    empty = numbered(3, status=204, headers=())
    served = serve(cassette(tmp_path / "a.yaml", held, coded, short, empty))
    response, pieces, end = read(served.url, held)
    assert (response.status_code, pieces, end) == (529, [body], "eof")
    assert response.headers.multi_items() == list(headers[:5])
    response, pieces, end = read(served.url, coded)
    assert (pieces, end) == ([body], "eof")
    assert response.headers.multi_items() == [("transfer-encoding", "chunked")]
    response, pieces, end = read(served.url, short)
    assert (pieces, end, response.headers["content-length"]) == ([body], CUT.name, "100")
    response, pieces, end = read(served.url, empty)
    assert (response.status_code, pieces, end) == (204, [], "eof")


def test_head_and_redirects(tmp_path: Path, serve):
    """A HEAD has a length and no body; a redirect leads on to this server, not out of it."""
    length = (("content-length", "1000"),)
    first = recorded(status=307, headers=(("location", "https://api.openai.com/v2/chat?a=b"),))
    second = recorded(b"there", url="https://api.openai.com/v2/chat?a=b")
    elsewhere = recorded(
        status=302, url="https://api.openai.com/x", headers=(("location", "https://cdn.test/y"),)
    )
    asked = recorded(headers=length)
    head = replace(asked, request=replace(asked.request, method="HEAD", body=b""))
    served = serve(cassette(tmp_path / "a.yaml", first, second, elsewhere, head))
    _, pieces, _ = read(served.url, first, follow_redirects=True)
    assert pieces == [b"there"]
    assert read(served.url, elsewhere)[0].headers["location"] == "https://cdn.test/y"
    response, pieces, end = read(served.url, head)
    assert (response.headers["content-length"], pieces, end) == ("1000", [], "eof")


def test_the_pace(tmp_path: Path, serve):
    """Pieces come when they came, counted from the request, however slow the reader is."""
    waited: list[float] = []
    now = [100.0]

    async def sleep(seconds: float) -> None:
        waited.append(round(seconds, 6))
        now[0] += seconds + 0.005  # and is late

    held = numbered(0, *said("a", "b", ending=False), step=250)
    served = serve(
        cassette(tmp_path / "a.yaml", held), pace=2, timing=Timing(lambda: now[0], sleep)
    )
    assert read(served.url, held)[1] == list(said("a", "b", ending=False))
    assert waited == [0.5, 0.495]


def test_a_piece_comes_when_it_is_due(tmp_path: Path, serve):
    """By the real clock: the first is there long before the last."""
    held = numbered(0, *said("a", "b", ending=False), step=200)
    served = serve(cassette(tmp_path / "a.yaml", held), pace=1)
    began = time.monotonic()
    asked = held.request
    with httpx.stream("POST", served.url + CHAT, content=asked.body, trust_env=False) as response:
        pieces = response.iter_raw()
        next(pieces)
        first = time.monotonic() - began
        next(pieces)
        second = time.monotonic() - began
    assert first >= 0.2
    assert second - first >= 0.15


def test_who_leaves_is_not_played_to(tmp_path: Path, serve):
    """A client that leaves ends the play at once: its pieces are not waited for."""
    begun, over = threading.Event(), threading.Event()

    async def sleep(seconds: float) -> None:
        begun.set()
        try:
            await anyio.sleep(seconds)
        finally:
            over.set()

    held = numbered(0, *said("a", "b"), step=60_000)
    served = serve(cassette(tmp_path / "a.yaml", held), pace=1, timing=Timing(sleep=sleep))
    with httpx.stream("POST", served.url + CHAT, content=held.request.body, trust_env=False):
        assert begun.wait(5)
        assert not over.is_set()
    assert over.wait(5)


def test_a_reset_takes_nothing_back(tmp_path: Path, serve):
    """A reader that is slow gets all that was recorded before the reset."""
    pieces = [bytes([n]) * 65_536 for n in range(128)]
    held = numbered(0, *pieces, headers=BINARY, end=RESET)
    served = serve(cassette(tmp_path / "a.yaml", recorded()))
    served.shelf.put("in memory", [held])
    url, body = served.url + CHAT, held.request.body
    with httpx.stream("POST", url, content=body, trust_env=False) as response:
        time.sleep(0.3)
        came = list[bytes]()
        with pytest.raises(httpx.ReadError):
            came.extend(response.iter_raw())
    assert b"".join(came) == b"".join(pieces)


def test_binary_bodies(tmp_path: Path, serve):
    """What is no text comes byte for byte."""
    body = bytes(range(256)) * 40
    held = recorded(
        body[:5000],
        body[5000:],
        url="https://bedrock-runtime.eu-west-1.amazonaws.com/model/a.b-v1%3A0/converse-stream",
        headers=BINARY,
    )
    served = serve(cassette(tmp_path / "a.yaml", held))
    response, pieces, _ = read(served.url, held)
    assert (b"".join(pieces), response.headers.multi_items()[0]) == (body, BINARY[0])
    asked = json.loads(held.request.body)
    again = httpx.post(served.url + "/model/a.b-v1:0/converse-stream", json=asked, trust_env=False)
    assert "played already" in again.json()["message"]  # a colon is quoted by some, and the same
