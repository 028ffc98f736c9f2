"""Which limit of time runs out: by made-up times, so nobody waits."""

from __future__ import annotations

import pytest

from reqllm import KeepaliveChunk, StreamStart, TextDelta, UsageChunk
from reqllm.attempts import Attempts
from reqllm.calling import THINKING, CallOptions, Retries, Timeouts
from reqllm.deadlines import Deadlines
from reqllm.errors import InvalidRequestError, ServerError

WORD, PING = TextDelta("x"), KeepaliveChunk("ping")


def limits(**seconds: float | None) -> Timeouts:
    return Timeouts(**{"timeout": 30.0, "first_token": None, "idle": None, **seconds})


def test_the_first_of_the_answer():
    """Until it comes first_token counts, whatever signs of life there are; from then on idle."""
    deadlines = Deadlines(limits(first_token=2.0, idle=1.0), 100.0)
    assert deadlines.arrived(101.9, [StreamStart(), PING]) is None
    assert deadlines.arrived(102.0, [PING]) == "first_token"
    assert deadlines.arrived(102.0, [WORD]) is None
    assert deadlines.first_at == 102.0
    assert deadlines.arrived(102.9, []) is None
    assert deadlines.arrived(103.0, []) == "idle"


@pytest.mark.parametrize("sign", [[], [PING], [UsageChunk(None)]])
def test_signs_of_life_are_no_answer(sign):
    """Only what belongs to the answer feeds idle."""
    deadlines = Deadlines(limits(idle=1.0), 0.0)
    deadlines.arrived(0.0, [WORD])
    assert [deadlines.arrived(0.4 * n, sign) for n in (1, 2, 3)] == [None, None, "idle"]
    assert deadlines.arrived(1.3, [WORD]) is None


def test_the_readers_own_time_does_not_count():
    """What passes between two reads is the reader's; for total it counts all the same."""
    deadlines = Deadlines(limits(idle=1.0, total=50.0), 0.0)
    deadlines.arrived(0.0, [WORD])
    deadlines.reading(40.0)
    assert deadlines.left(40.0) == 1.0
    assert deadlines.arrived(40.5, []) is None
    deadlines.reading(45.0)
    assert deadlines.left(45.0) == 0.5
    assert deadlines.arrived(50.0, [WORD]) == "total"


def test_total_counts_from_the_call():
    """The time that earlier tries took is part of total."""
    deadlines = Deadlines(limits(total=5.0), 13.0, call_begun=10.0)
    assert deadlines.passed(14.9) is None
    assert deadlines.passed(15.0) == "total"


@pytest.mark.parametrize(
    ("seconds", "tight"),
    [
        ({}, False),
        ({"idle": 29.0}, True),
        ({"idle": 31.0}, False),
        ({"first_token": 1.0}, True),
        ({"total": 1.0}, True),
        ({"timeout": None}, False),
        ({"timeout": None, "idle": 500.0}, True),
    ],
)
def test_what_could_run_out_inside_a_read(seconds, tight):
    """A read is watched only where the silence that the network allows is not shorter anyway."""
    assert Deadlines(limits(**seconds), 0.0).is_tight is tight


def test_an_answer_that_flows_is_not_watched():
    """While the answer comes and no limit is near, no clock need be read; then it is again."""
    deadlines = Deadlines(limits(idle=300.0), 0.0)
    assert deadlines.is_watched
    deadlines.arrived(0.0, [WORD])
    assert not deadlines.is_watched
    assert deadlines.arrived(1_000.0, [PING]) is None  # from here on it counts
    assert deadlines.is_watched
    assert deadlines.arrived(1_299.0, [PING]) is None
    assert deadlines.arrived(1_300.0, [PING]) == "idle"
    assert Deadlines(limits(total=300.0), 0.0).is_watched


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("idle", "nothing more of the answer came for 3 s (idle=2.0); the last that came was a"),
        ("total", "the call took 8 s (total=7.0); the last that came was a text_delta; "),
        ("timeout", "no byte came for 30 s (timeout=30.0)"),
    ],
)
def test_errors_say_what_happened(which, words):
    """The error names the limit, how long was waited, and what came last."""
    deadlines = Deadlines(limits(idle=2.0, total=7.0), 0.0)
    deadlines.arrived(5.0, [WORD])
    error = deadlines.error(which, 8.0)
    assert words in str(error)
    assert (error.which, error.last) == (which, "text_delta")
    assert error.waited == {"idle": 3.0, "total": 8.0, "timeout": 30.0}[which]
    assert "nothing had come before" in str(Deadlines(limits(), 0.0).error("timeout", 1.0))


def test_what_the_network_says_has_run_out():
    """A library that stops before the silence that is allowed held to the shortest limit."""
    deadlines = Deadlines(limits(first_token=0.15, timeout=5.0), 0.0)
    deadlines.reading(0.01)
    assert deadlines.of_the_network(0.155) == "first_token"
    assert deadlines.of_the_network(5.01) == "first_token"
    deadlines.arrived(0.2, [WORD])
    deadlines.reading(0.2)
    assert deadlines.of_the_network(5.2) == "timeout"
    assert Deadlines(limits(idle=300.0), 0.0).of_the_network(30.0) == "timeout"


# Until the head of the answer has come.
def test_limits_of_the_head():
    """The HTTP library gets the shortest of the limits that hold for each of its steps."""
    timeouts = Timeouts(connect=10.0, timeout=30.0, first_token=20.0, total=25.0)
    head = timeouts.of_head(0.0)
    assert head.seconds == {"connect": 10.0, "read": 20.0, "write": 25.0, "pool": 25.0}
    assert head.of("ReadTimeout") == ("first_token", 20.0)
    assert head.of("PoolTimeout") == ("total", 25.0)
    late = timeouts.of_head(24.0)
    assert set(late.seconds.values()) == {1.0}
    assert Timeouts(connect=None, timeout=None, first_token=None).of_head(0.0).seconds == (
        dict.fromkeys(("connect", "read", "write", "pool"))
    )
    assert timeouts.of_head(99.0).seconds["read"] > 0


def test_patience():
    """A model that thinks may be silent for longer, unless more was allowed anyway."""
    assert CallOptions.of({}).with_patience().timeouts.timeout == THINKING
    for seconds in (None, THINKING + 1):
        assert CallOptions.of({"timeout": seconds}).with_patience().timeouts.timeout == seconds


# Tries.
def test_attempts_are_counted_and_kept():
    """Each failed try is kept with what was waited after it."""
    attempts = Attempts(Retries(limit=2))
    failed = ServerError("no")
    assert [attempts.delay_after(failed, 0.0, 0.0) for _ in range(3)] == [0.5, 1.0, None]
    assert [(a.number, a.error, a.delay) for a in attempts.failed] == [
        (1, failed, 0.5),
        (2, failed, 1.0),
        (3, failed, None),
    ]
    assert Attempts(Retries()).delay_after(InvalidRequestError("no"), 0.0, 0.0) is None


def test_total_wins_over_another_try():
    """A try that would begin after the call's time is over is not made."""
    attempts = Attempts(Retries(limit=5), ends_at=10.0)
    failed = ServerError("no", retry_after=2.0)
    assert attempts.delay_after(failed, 0.0, 7.9) == 2.0
    assert attempts.delay_after(failed, 0.0, 8.0) is None
