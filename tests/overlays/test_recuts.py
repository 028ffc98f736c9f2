"""The same bytes in other pieces: nothing of an answer changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm_fixtures import OtherStreamError, OverlayError
from reqllm_fixtures import overlay as o
from reqllm_fixtures.overlay.words import GROUPS

from .recordings import changed, read, recordings, response

CLEAN = {name: read(*each)[1] for name, each in recordings().items()}
CLEAN_CHUNKS = {
    name: [chunk.as_dict() for chunk in read(*each)[0]] for name, each in recordings().items()
}


def test_the_recordings_are_worth_it():
    """Each wire and framing is there, whole, with text of several bytes a character."""
    assert len({wire for wire, _ in recordings().values()}) == 9
    assert {answer.state for answer in CLEAN.values()} == {"complete"}
    assert sum(any(byte > 127 for byte in each.body) for _, each in recordings().values()) > 9


@pytest.mark.parametrize("text", GROUPS["recut"])
def test_chunks_do_not_depend_on_the_cut(text: str) -> None:
    """Every way to cut every recording gives its chunks; only line ends may be other bytes."""
    unfit = set()
    for name, (wire, recorded) in recordings().items():
        try:
            cut = changed(text, recorded)
        except OtherStreamError:
            unfit.add(wire)
            continue
        if "crlf" not in text:
            assert cut.body == recorded.body
        chunks, answer = read(wire, cut)
        assert [chunk.as_dict() for chunk in chunks] == CLEAN_CHUNKS[name], name
        assert answer == CLEAN[name]
    assert unfit == ({"bedrock-converse", "bedrock-invoke"} if "crlf |" in text else set())


def sizes(recorded) -> list[int]:
    return [len(piece.data) for piece in recorded.pieces]


def test_where_it_is_cut():
    """Each way cuts where it says."""
    recorded = response("data: ü\n\nda".encode(), b"ta: 1\r\n\r\n")
    body = recorded.body
    cuts = {how: sizes(changed(f"recut:{how}", recorded)) for how in ("events", "bytes", "blob")}
    assert cuts == {"events": [10, 11], "bytes": [1] * 21, "blob": [21]}
    assert sizes(changed("recut:3+5", recorded)) == [3, 5, 3, 5, 3, 2]
    assert sizes(changed("recut:utf8", recorded)) == [7, 5, 9]
    assert sizes(changed("recut:crlf", recorded)) == [12, 6, 2, 1]
    assert sizes(changed("recut:recorded", recorded)) == [12, 9]
    assert {b"".join(p.data for p in changed(f"recut:{n}", recorded).pieces) for n in (1, 4)} == {
        body
    }


def test_a_piece_comes_with_its_last_byte():
    """Cut anew, bytes come when they came: what is joined comes when the last of it did."""
    recorded = response(b"abcd", b"efgh", kind="text/plain", gap=10)
    pieces = changed("pace:1 | recut:3", recorded).pieces
    assert [(piece.data, piece.at_ms) for piece in pieces] == [
        (b"abc", 10),
        (b"def", 20),
        (b"gh", 20),
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(sorted(recordings())))
def test_the_same_seed_gives_the_same(seed: int, name: str) -> None:
    """Same seed, same pieces and same times; another seed, other ones."""
    _, recorded = recordings()[name]
    for make in (lambda s: o.recut("random", seed=s), lambda s: o.rhythm(jitter=0.5, seed=s)):
        assert changed(make(seed), recorded) == changed(make(seed), recorded)
        assert len(recorded.body) < 200 or changed(make(seed), recorded) != changed(
            make(seed + 1), recorded
        )


@pytest.mark.parametrize("how", ["byte", "", "0", "3+", "-1", "1++2"])
def test_a_way_that_there_is_not(how: str) -> None:
    """A way to cut that nobody knows is refused, with those that there are."""
    with pytest.raises(OverlayError, match="Expected recut to be one of recorded, events, bytes"):
        o.recut(how)
