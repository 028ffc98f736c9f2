"""Makes a matcher of what a user declares. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reqllm_fixtures.cassette import Matcher
from reqllm_fixtures.errors import RulesError
from reqllm_fixtures.matching.matchers import Rules, strict


def rules(
    match: Matcher | str | Iterable[str] | None = None,
    *,
    match_on: Sequence[str | Callable[[Any, Any], Any]] | None = None,
    allow_repeats: bool = False,
) -> Matcher:
    """Make a matcher of what a user declares.

    match: what may vary, as in `Rules`; or a matcher, which is returned as it is.
    match_on: what counts, in place of method, URL and body: vcrpy's names of matchers, and
        functions of two requests of vcrpy's.

    Raises RulesError, also for a matcher with something else beside it; MissingDependencyError
    for `match_on` without vcrpy.
    """
    match = () if match is None else match
    if not isinstance(match, str | Iterable):
        if match_on is not None or allow_repeats:
            raise RulesError("Expected a matcher, or match_on and allow_repeats. Came: both.")
        if not callable(getattr(match, "key", None)):
            raise RulesError(
                "Expected match to be JSON paths, presets, or a matcher with `key`, `differences` "
                f"and `describe`. Came: {match!r}."
            )
        return match
    if match_on is not None:
        from reqllm_fixtures.matching.vcr_matching import VcrRules  # here, as few declare it so

        return VcrRules(match_on, match, allow_repeats=allow_repeats)
    if match or allow_repeats:
        return Rules(match, allow_repeats=allow_repeats)
    return strict
