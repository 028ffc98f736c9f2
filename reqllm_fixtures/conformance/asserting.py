"""What several checks assert: text, words, finish reason. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from reqllm.chunk import Usage
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.taken import Taken, Turn

Check: TypeAlias = Callable[[Taken, Expect], None]
"""Takes what came of a scenario, and asserts by what it is given."""

_SHOWN = 80
# What is counted in which total.
_INSIDE = {
    "input_tokens": ("cache_read_input_tokens", "cache_creation_input_tokens"),
    "output_tokens": ("reasoning_output_tokens",),
}


def has_text(turn: Turn, expect: Expect) -> None:
    """Assert that there is text."""
    expect.that(turn.text.strip(), "text-missing", "expected text, came none", turn=turn.number)


def has_word(word: str, text: str, expect: Expect, turn: Turn) -> None:
    """Assert that a word, in any case, is in a text."""
    expect.that(
        word.lower() in text.lower(),
        "text-differs",
        f"expected a text with {word!r}, came {shown(text)}",
        turn=turn.number,
    )


def has_no_call(turn: Turn, expect: Expect) -> None:
    """Assert that no tool is called."""
    names = ", ".join(call.name for call in turn.calls)
    expect.that(
        not turn.calls, "call-unwanted", f"expected no tool call, came {names}", turn=turn.number
    )


def finished(reason: str, turn: Turn, expect: Expect) -> None:
    """Assert why the model stopped."""
    came = None if turn.finish is None else turn.finish.reason
    raw = f" ({turn.finish.raw!r:.40})" if turn.finish and turn.finish.raw else ""
    expect.that(
        came == reason,
        "finish-reason",
        f"expected the finish reason {reason}, came {came or 'none'}{raw}",
        turn=turn.number,
    )


def has_usage(turn: Turn, expect: Expect) -> bool:
    """Assert that usage was reported; return whether it was."""
    return expect.that(turn.usage is not None, "usage-missing", "expected usage, came none")


def check_usage(usage: Usage, assert_that: Callable[[object, str, str], object]) -> None:
    """Assert, by whatever asserts, that the tokens of an answer are counted, and add up."""
    for name in ("input_tokens", "output_tokens"):
        count = getattr(usage, name)
        assert_that(
            count is not None and count > 0,
            "usage-missing",
            f"expected {name} above 0, came {'none' if count is None else count}",
        )
    whole, parts = usage.total_tokens, (usage.input_tokens or 0) + (usage.output_tokens or 0)
    assert_that(
        whole is None or whole == parts,
        "usage-inconsistent",
        f"expected a total of {parts} tokens, came {whole}",
    )
    for total, details in _INSIDE.items():
        most = getattr(usage, total)
        told = sum(getattr(usage, detail) or 0 for detail in details)
        assert_that(
            most is None or told <= most,
            "usage-inconsistent",
            f"expected {' + '.join(details)} within the {most} {total}, came {told}",
        )


def shown(text: str) -> str:
    """Show a text of a provider's in a message, cut if it is long."""
    cut = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return repr(cut)
