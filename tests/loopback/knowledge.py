"""What the brain of the loopback provider knows, and how it writes it down."""

from __future__ import annotations

import re
from itertools import cycle, islice
from typing import Any

NUMBERS = [
    "nought",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
CAPITALS = {"France": "Paris", "Norway": "Oslo", "Italy": "Rome", "Poland": "Warsaw"}
CITIES: dict[str, dict[str, Any]] = {
    "Oslo": {"country": "Norway", "population": 717_710},
    "Bergen": {"country": "Norway", "population": 291_940},
    "Zürich": {"country": "Switzerland", "population": 447_082},
}
_SEA = (
    "The sea is older than anything that has ever looked at it.",
    "It covers most of the world, and most of it has never been seen by anyone.",
    "Along the coast it gives food, salt and weather, and takes boats, cliffs and sleep.",
    "Its tides follow the moon so closely that a fisherman can read the one from the other.",
    "Under the waves the light fades within a few hundred metres, yet life goes on below.",
    "Whoever lives beside it learns to listen before looking, for the wind tells first.",
)
_WORD = re.compile(r"\s*\S+|\s+$")


def essay(words: int) -> str:
    """At least so many words about the sea."""
    count = sum(len(sentence.split()) for sentence in _SEA) // len(_SEA)
    return " ".join(islice(cycle(_SEA), words // count + len(_SEA)))


def counted_in_words(first: str, last: str) -> str:
    """The numbers between two number words."""
    known = {word: value for value, word in enumerate(NUMBERS)}
    return ", ".join(NUMBERS[known.get(first, 1) : known.get(last, 10) + 1])


def counted_in_digits(first: int, last: int) -> str:
    """The numbers from one to the other, but no more than a thousand."""
    return " ".join(map(str, range(first, min(last, first + 999) + 1)))


def places_of(letter: str, word: str) -> list[int]:
    """Where a letter is in a word, from 1."""
    return [at for at, each in enumerate(word.lower(), start=1) if each == letter.lower()]


def tokens(text: str) -> int:
    """How many tokens a text is: a word each."""
    return len(_WORD.findall(text))


def first_tokens(text: str, most: int) -> str:
    """The start of a text, of no more than so many tokens."""
    return "".join(_WORD.findall(text)[:most])
