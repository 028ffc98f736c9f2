"""Overlays of single requests, by a header, and of all."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from reqllm_fixtures.overlay import apply, cut, parse
from reqllm_fixtures.serving.playing import Timing
from tests.commands.making import JSON, cassette, recorded, said

from .conftest import Served

PIECES = said("Hel", "lo", "!")
PATH = "/v1/chat/completions"
BODY = recorded(*PIECES).request.body


def ask(served: Served, *overlays: str, asked: bytes = BODY) -> tuple[int, list[bytes], str]:
    """Give the status, the pieces, and how it ended."""
    headers = [("x-reqllm-overlay", overlay) for overlay in overlays]
    url, pieces = served.url + PATH, list[bytes]()
    try:
        with httpx.stream("POST", url, content=asked, headers=headers, trust_env=False) as response:
            pieces.extend(response.iter_raw())
    except httpx.TransportError as error:
        return 0, pieces, type(error).__name__
    return response.status_code, pieces, "eof"


@pytest.mark.parametrize("overlay", ["recut:7", "cut:events=2", "reset:bytes=50", "double", "crlf"])
def test_a_header_changes_one_answer(tmp_path: Path, serve, overlay: str):
    """It gets what the overlay makes of the recording; who names none gets the recording."""
    held = recorded(*PIECES)
    served = serve(cassette(tmp_path / "a.yaml", held, held))
    (meant,) = apply(parse(overlay), held.response)
    end = "eof" if isinstance(meant.end, str) else meant.end.name
    assert ask(served, overlay)[1:] == ([each.data for each in meant.pieces], end)
    assert ask(served) == (200, list(PIECES), "eof")


def test_who_asks_again_gets_the_next_answer(tmp_path: Path, serve):
    """A refusal and then success, as for a client that retries; what was played is played once."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)))
    overlay = "refused:429,retry_after=1,times=2"
    assert [ask(served, overlay)[0] for _ in range(4)] == [429, 429, 200, 404]
    assert served.shelf.plays == 1


def test_a_fault_comes_again(tmp_path: Path, serve):
    """To a client that tries again, where nothing else is recorded; what is whole comes once."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)))
    assert [ask(served, "cut:events=0")[2] for _ in range(3)] == ["RemoteProtocolError"] * 3
    assert ask(served, "cut:events=1")[0] == 404
    httpx.post(served.url + "/_reqllm/reset", trust_env=False)
    assert [ask(served, "recut:7")[0] for _ in range(2)] == [200, 404]


def test_refused_for_ever(tmp_path: Path, serve):
    """Until all starts over."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)))
    assert [ask(served, "refused:503,times=0")[0] for _ in range(3)] == [503] * 3
    httpx.post(served.url + "/_reqllm/reset", trust_env=False)
    assert ask(served)[0] == 200


def test_unreachable(tmp_path: Path, serve):
    """No answer begins; asked again it comes."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)))
    assert ask(served, "unreachable") == (0, [], "ReadError")
    assert ask(served, "unreachable") == (200, list(PIECES), "eof")


@pytest.mark.parametrize("repeat", [False, True])
def test_what_is_no_overlay_plays_nothing(tmp_path: Path, serve, repeat: bool):
    """Neither words that mean nothing, nor what cannot apply to this recording."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)), repeat=repeat)
    url = served.url + PATH
    for overlay, said_of_it in (("cut:evnts=3", "evnts"), ("cut:events=300", "300")):
        headers = {"x-reqllm-overlay": overlay}
        response = httpx.post(url, content=BODY, headers=headers, trust_env=False)
        assert response.status_code == 400
        assert said_of_it in response.json()["error"]["message"]
    assert served.shelf.plays == 0
    assert ask(served) == (200, list(PIECES), "eof")
    assert ask(served)[0] == (200 if repeat else 404)


def test_one_for_all_streams(tmp_path: Path, serve):
    """--overlay is of every stream, other answers stay; a header goes before it."""
    whole = recorded(b"{}", asked={"n": 1}, headers=JSON)
    stream = recorded(*PIECES)
    served = serve(cassette(tmp_path / "a.yaml", whole, stream, stream), overlay=cut(events=1))
    assert ask(served, asked=whole.request.body) == (200, [b"{}"], "eof")
    assert ask(served)[1:] == ([PIECES[0]], "RemoteProtocolError")
    assert ask(served, "recut:blob") == (200, [b"".join(PIECES)], "eof")


def test_several_headers_are_one_after_the_other(tmp_path: Path, serve):
    """As `|` has it."""
    served = serve(cassette(tmp_path / "a.yaml", recorded(*PIECES)))
    blob = b"".join(PIECES)
    assert ask(served, "recut:blob", "cut:bytes=20")[1:] == ([blob[:20]], "RemoteProtocolError")


def test_an_overlay_gives_the_times(tmp_path: Path, serve):
    """The server's pace stretches what was recorded, and is not counted twice."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    timing = Timing(lambda: 0.0, sleep)
    held = recorded(*PIECES[:2], step=100)
    path = cassette(tmp_path / "a.yaml", held, held, held)
    served = serve(path, pace=3, timing=timing)
    for overlay, times in (("recut:recorded", [0.3, 0.6]), ("pace:2", [0.2, 0.4])):
        waited.clear()
        ask(served, overlay)
        assert waited == pytest.approx(times)
