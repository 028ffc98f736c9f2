"""Checks of answers that there are to be none of, and of those that are left early. Pure."""

from __future__ import annotations

import re

from reqllm.errors import (
    APIError,
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from reqllm_fixtures.conformance.asserting import Check, has_text, shown
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.taken import Taken, Turn

_LONGEST_LEAVING = 2.0
"""Seconds."""


def refuses_key(taken: Taken, expect: Expect) -> None:
    """Check that a wrong key is refused as such."""
    _refused((AuthenticationError, PermissionDeniedError), taken.last, expect)


def refuses_model(taken: Taken, expect: Expect) -> None:
    """Check that a model that there is not is refused, and not for the key."""
    _refused((NotFoundError, InvalidRequestError, PermissionDeniedError), taken.last, expect)


def refuses_request(taken: Taken, expect: Expect) -> None:
    """Check that a request that is none is refused as such."""
    _refused((InvalidRequestError,), taken.last, expect)


def stops_before(last: int) -> Check:
    """Check that an answer that was cancelled ended there, with what had come."""

    def check(taken: Taken, expect: Expect) -> None:
        turn = taken.last
        state = turn.answer.state
        expect.that(
            state == "interrupted",
            "not-cancelled",
            f"expected the state interrupted, came {state}: "
            "was all of the answer there with its first text?",
        )
        expect.that(
            turn.metadata is not None and turn.metadata.state == state,
            "metadata-missing",
            "expected metadata after the cancel, came none",
        )
        has_text(turn, expect)
        came = re.findall(r"\d+", turn.text)
        expect.that(
            len(came) < last,
            "not-cancelled",
            f"expected fewer than {last} numbers, came {len(came)}",
        )
        expect.that(
            _begins([str(number) for number in range(1, last + 1)], came),
            "text-differs",
            f"expected the beginning of 1 to {last}, came {shown(turn.text)}",
        )
        seconds = turn.seconds_to_leave
        expect.that(
            seconds is not None and seconds <= _LONGEST_LEAVING,
            "slow-to-leave",
            f"expected to leave within {_LONGEST_LEAVING:g} s, took "
            + ("for ever" if seconds is None else f"{seconds:.2f} s"),
        )

    return check


def _begins(whole: list[str], came: list[str]) -> bool:
    """Return whether these numbers are the first of all; the last may have been cut."""
    done, cut = came[:-1], came[-1:]
    left = whole[len(done) :]
    return done == whole[: len(done)] and all(left and left[0].startswith(each) for each in cut)


def _refused(kinds: tuple[type[APIError], ...], turn: Turn, expect: Expect) -> None:
    names = " or ".join(kind.__name__ for kind in kinds)
    error = turn.error
    if error is None:
        text = f": {shown(turn.text)}" if turn.text else ""
        expect.that(False, "not-refused", f"expected {names}, came an answer{text}")
        return
    said = shown(str(error))
    expect.that(
        isinstance(error, kinds),
        "refused-otherwise",
        f"expected {names}, came {type(error).__name__}: {said}",
    )
    status = error.http_status if isinstance(error, APIError) else None
    expect.that(
        status is not None and 400 <= status < 500,
        "refusal-status",
        f"expected an HTTP status of 4xx, came {status or 'none'}",
    )
    expect.that(
        error.before_first_chunk and not turn.chunks,
        "refused-late",
        f"expected the refusal before any chunk, came {len(turn.chunks)} before it",
    )
    expect.that(
        isinstance(error, APIError) and error.body,
        "refusal-without-reason",
        "expected a body that says why, came none",
    )
