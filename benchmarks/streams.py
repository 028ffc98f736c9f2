"""Long answers on each wire, as the providers write them, made on the spot."""

from __future__ import annotations

import random
from itertools import pairwise

from tests.loopback.scenario import Scenario, Text, Usage
from tests.loopback.wires import Options, events

WORDS = ("the", "sky", "is", "blue", "because", "light", "scatters", "naïve", "rosé", "now,")


def answer(wire: str, words: int) -> list[bytes]:
    """Return the events of an answer of about so many words, one word an event."""
    chance = random.Random(7)
    text = " ".join(chance.choice(WORDS) for _ in range(words))
    said = Scenario(parts=(Text(text),), usage=Usage(output=words))
    return events(wire, said, Options(model="bench", seed="7"))


def cut(body: bytes, size: int) -> list[bytes]:
    """Return the body in pieces of `size` bytes."""
    edges = [*range(0, len(body), size), len(body)]
    return [body[begin:end] for begin, end in pairwise(edges)]
