"""Makes a matcher of what a user declares. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reqllm_fixtures.cassette import Matcher
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

    Raises RulesError; MissingDependencyError for `match_on` without vcrpy.
    """
    if match_on is not None:
        from reqllm_fixtures.matching.vcr_matching import VcrRules  # here, as few declare it so

        return VcrRules(match_on, _names(match), allow_repeats=allow_repeats)
    if match is None and not allow_repeats:
        return strict
    if match is not None and not isinstance(match, str) and hasattr(match, "key"):
        return match  # type: ignore[return-value]
    return Rules(_names(match), allow_repeats=allow_repeats)


def _names(match: Any) -> Iterable[str]:
    return () if match is None else match
