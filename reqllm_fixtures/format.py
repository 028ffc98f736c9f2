"""The cassette file: vcrpy's version 1 layout, as YAML or JSON, plus our own key."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reqllm_fixtures.cassette import Cassette, Matcher


def load(path: str | PathLike[str], *, matcher: Matcher | None = None) -> Cassette:
    """Read a cassette; requests are matched strictly unless a matcher is given."""
    raise NotImplementedError


def save(cassette: Cassette, path: str | PathLike[str] | None = None) -> None:
    """Write a cassette so that it appears whole or not at all; by default to its own path."""
    raise NotImplementedError
