"""What a cassette plays, in which order, and what it knows of it afterwards."""

import threading

import pytest

from reqllm_fixtures import FixtureError, Piece, RecordedResponse, UnmatchedRequestError
from reqllm_fixtures.cassette import LazyPieces
from tests.fixtures_side.making import asked, cassette, interaction


def test_equal_requests_play_in_recorded_order_once_each():
    """First in, first out among equals, and then an error that says so."""
    first, other, second = interaction(b"1"), interaction(b"x", body=b"[]"), interaction(b"2")
    tape = cassette(first, other, second)

    assert [tape.play(asked()), tape.play(asked())] == [first, second]
    with pytest.raises(UnmatchedRequestError, match="played already, the last is interaction 2"):
        tape.play(asked())
    assert tape.unplayed == (other,)


def test_played_is_told_in_the_order_of_asking():
    """What was played is told as it was asked for, what was not as it is in the file."""
    one, two, three = (interaction(body=body) for body in (b"1", b"2", b"3"))
    tape = cassette(one, two, three)
    tape.play(asked(b"3"))
    tape.play(asked(b"1"))

    assert tape.played == (three, one)
    assert tape.unplayed == (two,)
    assert repr(tape) == "<Cassette made.yaml: 2 of 3 played>"


def test_misses_are_kept():
    """A miss that a client library swallows can still be told afterwards."""
    tape = cassette(interaction())

    with pytest.raises(UnmatchedRequestError) as caught:
        tape.play(asked(b"other"))
    assert tape.misses == (caught.value,)
    assert tape.unplayed == (interaction(),)


def test_empty_cassette_says_that_it_is():
    """A miss in an empty cassette names no nearest recording."""
    with pytest.raises(UnmatchedRequestError, match="has no recordings") as caught:
        cassette().play(asked())
    assert caught.value.nearest is None


def test_unmatched_request_is_no_network_failure():
    """No client library can take a miss for an error of the network."""
    import httpx
    import httpx2

    assert not issubclass(FixtureError, (httpx.HTTPError, httpx2.HTTPError, OSError))


def test_threads_take_each_recording_once():
    """However many threads ask for equal requests, each recording is given to one of them."""
    recorded = [interaction(str(number).encode()) for number in range(2000)]
    tape = cassette(*recorded)
    taken: list[bytes] = []

    def take():
        for _ in range(250):
            taken.append(tape.play(asked()).response.body)  # noqa: PERF401

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, taken)) == list(range(2000))
    assert tape.unplayed == ()


def test_pieces_are_made_when_looked_at():
    """Pieces that are made late are made once, and are then as good as any others."""
    made = []

    def make():
        made.append(1)
        return (Piece(b"1", 1.0), Piece(b"2", 2.0))

    late = RecordedResponse(200, pieces=LazyPieces(make, b"12"))
    assert late.body == b"12"
    assert made == []
    early = RecordedResponse(200, pieces=make())
    assert (late, early) == (early, late)
    assert (hash(late), repr(late), late.body) == (hash(early), repr(early), early.body)
    assert late != RecordedResponse(200, pieces=[])
    assert (late.pieces[1], late.pieces[:1], len(late.pieces)) == (make()[1], make()[:1], 2)
    assert LazyPieces(make).body == b"12"
    assert len(made) == 5  # three times here, and once for each of the two
