"""Checks of text, limits and usage. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from reqllm_fixtures.conformance.asserting import (
    Check,
    check_usage,
    finished,
    has_text,
    has_usage,
    has_word,
    shown,
)
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.taken import Taken, Turn

_FEWEST_DELTAS = 10
_FEWEST_PIECES = 3
_MOST_IN_A_PIECE = 0.5
"""The largest share of a text that one read may bring."""


def says(*words: str) -> Check:
    """Check that there is text, and each of these words, in any case, in it."""

    def check(taken: Taken, expect: Expect) -> None:
        text = taken.last.text
        has_text(taken.last, expect)
        for word in words:
            has_word(word, text, expect, taken.last)
        finished("stop", taken.last, expect)

    return check


def leaves_out(said: Sequence[str], unsaid: Sequence[str]) -> Check:
    """Check that the text says some words, each once and in their order, and not others."""

    def check(taken: Taken, expect: Expect) -> None:
        text = taken.last.text.lower()
        expect.that(
            [word for word in re.findall(r"\w+", text) if word in said] == [*said],
            "text-differs",
            f"expected a text with {', '.join(said)} in this order, came {shown(text)}",
        )
        for word in unsaid:
            expect.that(
                word not in text,
                "text-after-stop",
                f"expected a text that ends before {word!r}, came {shown(text)}",
            )
        finished("stop", taken.last, expect)

    return check


def is_cut_at(limit: int) -> Check:
    """Check that the answer ended at so many tokens, and says so."""

    def check(taken: Taken, expect: Expect) -> None:
        turn = taken.last
        finished("length", turn, expect)
        if has_usage(turn, expect) and turn.usage and turn.usage.output_tokens is not None:
            expect.that(
                turn.usage.output_tokens <= limit,
                "limit-exceeded",
                f"expected at most {limit} output tokens, came {turn.usage.output_tokens}",
            )

    return check


def reports_usage(taken: Taken, expect: Expect) -> None:
    """Check that tokens are reported, and add up."""
    if has_usage(taken.last, expect) and taken.last.usage is not None:
        check_usage(taken.last.usage, expect.that)


def thinks(*words: str) -> Check:
    """Check that reasoning came or was counted, apart from a text that says one of the words."""

    def check(taken: Taken, expect: Expect) -> None:
        turn = taken.last
        counted = turn.usage.reasoning_output_tokens if turn.usage else None
        expect.that(
            turn.answer.thinking or counted,
            "reasoning-missing",
            "expected reasoning, or tokens of it in the usage, came neither",
        )
        expect.that(
            any(word in turn.text.lower() for word in words),
            "text-differs",
            f"expected a text with {' or '.join(map(repr, words))}, came {shown(turn.text)}",
        )
        expect.that(
            not re.search(r"</?think", turn.text, re.I),
            "reasoning-in-text",
            f"expected a text without the tags of reasoning, came {shown(turn.text)}",
        )
        finished("stop", turn, expect)

    return check


def counts_to(last: int) -> Check:
    """Check that all numbers came, in their order, and not as one lump."""

    def check(taken: Taken, expect: Expect) -> None:
        turn = taken.last
        wanted = [str(number) for number in range(1, last + 1)]
        came = re.findall(r"\d+", turn.text)
        wrong = _first_difference(wanted, came)
        expect.that(
            wrong is None, "text-differs", f"expected 1 to {last} in their order, {wrong or ''}"
        )
        _is_spread(turn, expect)
        finished("stop", turn, expect)

    return check


def repeats(phrase: str) -> Check:
    """Check that a phrase came, character by character."""

    def check(taken: Taken, expect: Expect) -> None:
        text = taken.last.text
        came = f"expected {phrase!r}, came {shown(text)}"
        wanted, composed = (unicodedata.normalize("NFC", each) for each in (phrase, text))
        if expect.that(wanted in composed, "text-differs", came):
            same = f"{came}, the same after Unicode's normalisation"
            expect.rather(phrase in text, "text-normalised", same)
        expect.that("\ufffd" not in text, "replacement-character", f"expected no U+FFFD, {came}")
        finished("stop", taken.last, expect)

    return check


def _is_spread(turn: Turn, expect: Expect) -> None:
    """Assert that a long text came bit by bit: in deltas, and in reads of the network."""
    deltas = turn.text_deltas
    expect.that(
        len(deltas) >= _FEWEST_DELTAS,
        "one-lump",
        f"expected at least {_FEWEST_DELTAS} deltas of text, came {len(deltas)}",
    )
    if len(turn.pieces_by_chunk) != len(turn.chunks):
        return
    brought: Counter[int] = Counter()
    for chunk, piece in zip(turn.chunks, turn.pieces_by_chunk, strict=True):
        if chunk.kind == "text_delta":
            brought[piece] += len(chunk.text or "")
    expect.that(
        len(brought) >= _FEWEST_PIECES,
        "one-lump",
        f"expected text in at least {_FEWEST_PIECES} network reads, came {len(brought)}",
    )
    share = max(brought.values(), default=0) / (brought.total() or 1)
    expect.that(
        share <= _MOST_IN_A_PIECE,
        "one-lump",
        f"expected no network read with more than half of the text, one brought {share:.0%}",
    )


def _first_difference(wanted: list[str], came: list[str]) -> str | None:
    for number, (want, got) in enumerate(zip(wanted, came, strict=False), 1):
        if want != got:
            return f"came {shown(got)} as number {number}"
    return None if len(wanted) == len(came) else f"came {len(came)} numbers"
