"""Checks of answers that are objects, whole and as they grow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from reqllm.errors import InvalidObjectError
from reqllm.objects import STRUCTURED_TOOL, GrowingObject
from reqllm_fixtures.conformance.asserting import Check, finished, shown
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.taken import Taken, Turn

_FEWEST_STATES = 3


def gives_object(schema: Mapping[str, Any], key: str, word: str) -> Check:
    """Check that the answer is an object of this schema, with a word in one of its texts."""

    def check(taken: Taken, expect: Expect) -> None:
        _object(schema, key, word, taken.last, expect)

    return check


def grows_object(schema: Mapping[str, Any], key: str, word: str) -> Check:
    """Check also that the object came bit by bit, and that nothing of it was taken back."""

    def check(taken: Taken, expect: Expect) -> None:
        whole = _object(schema, key, word, taken.last, expect)
        states = _states(taken.last)
        expect.that(
            len(states) >= _FEWEST_STATES,
            "one-lump",
            f"expected an object that grows in at least {_FEWEST_STATES} steps, came {len(states)}",
        )
        for number, (before, after) in enumerate(pairwise(states), 2):
            expect.that(
                _extends(before, after),
                "object-taken-back",
                f"expected state {number} of the object to extend the one before, "
                f"came {shown(str(after))} after {shown(str(before))}",
            )
        last = states[-1] if states else None
        expect.that(
            last == whole,
            "object-differs",
            f"expected the last state to be the whole object, came {shown(str(last))}",
        )

    return check


def _object(
    schema: Mapping[str, Any], key: str, word: str, turn: Turn, expect: Expect
) -> Any | None:
    try:
        value = turn.answer.object(schema)
    except InvalidObjectError as error:
        expect.that(False, "object-invalid", str(error))
        return None
    came = value.get(key)
    expect.that(
        word.lower() in str(came).lower(),
        "object-differs",
        f"expected {word!r} as {key}, came {shown(str(came))}",
    )
    by_tool = any(call.name == STRUCTURED_TOOL for call in turn.calls)
    finished("tool_calls" if by_tool else "stop", turn, expect)
    return value


def _states(turn: Turn) -> list[Any]:
    """Return what the object looked like each time it had grown."""
    growing = GrowingObject()
    states = [state for chunk in turn.chunks for state in growing.take(chunk)]
    return [*states, *growing.end()]


def _extends(before: Any, after: Any) -> bool:
    """Return whether nothing of a value was taken back."""
    match before, after:
        case dict(), dict():
            return all(key in after and _extends(old, after[key]) for key, old in before.items())
        case list(), list():
            return len(before) <= len(after) and all(map(_extends, before, after))
        case str(), str():
            return after.startswith(before)
        case _:
            return bool(before == after)
