"""What holds for one test: its marker, then `reqllm_config`, then the run's options. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from reqllm_fixtures.arguments import checked_secrets
from reqllm_fixtures.cassette import Matcher
from reqllm_fixtures.errors import RulesError
from reqllm_fixtures.matching import matchers
from reqllm_fixtures.matching.rules import rules
from reqllm_fixtures.testing.marking import Marked, problem_with
from reqllm_fixtures.testing.options import Options

if TYPE_CHECKING:
    from reqllm_fixtures.overlay.base import Overlay

_JUDGED = ("match", "volatile", "schema", "unplayed", "pace", "wires", "overlay")
# What a redactor takes of a project; it is not loaded for this, since a replay needs none.
REDACTION = frozenset(
    {
        "secrets",
        "filter_headers",
        "filter_query_parameters",
        "filter_post_data_parameters",
        "before_record_request",
        "before_record_response",
    }
)
_KNOWN = frozenset({*_JUDGED, "match_on", "allow_repeats", *REDACTION})


class Settings(Struct, frozen=True):
    """How the cassette of one test is played, recorded and judged."""

    matcher: Matcher
    redaction: Mapping[str, Any]
    schema: str
    unplayed: str
    pace: float
    wires: tuple[str, ...]
    overlay: Overlay | None = None


def settings(marked: Marked, config: Any, options: Options) -> Settings:
    """Put together what holds for a test. Raises RulesError for what `reqllm_config` says."""
    said = _checked(config)
    if not said and all(getattr(marked, name) is UNSET for name in _JUDGED):
        return _usual(options)
    return _together(marked, said, options)


@lru_cache(maxsize=1)
def _usual(options: Options) -> Settings:
    """Put together what holds for all tests of which nothing is said."""
    return _together(Marked(), {}, options)


def _together(marked: Marked, said: Mapping[str, Any], options: Options) -> Settings:
    def of(name: str, default: Any) -> Any:
        value = getattr(marked, name)
        return said.get(name, default) if value is UNSET else value

    wires = of("wires", ())
    return Settings(
        _matcher(of("match", None), of("volatile", ()), said),
        {name: value for name, value in said.items() if name in REDACTION},
        _schema(marked, said, options),
        of("unplayed", options.unplayed),
        of("pace", 0.0),
        (wires,) if isinstance(wires, str) else tuple(wires),
        _overlay(of("overlay", None)),
    )


def _overlay(given: Any) -> Overlay | None:
    if given is None:
        return None
    from reqllm_fixtures.overlay.words import overlay_of  # here, as few tests have one

    return overlay_of(given)


def _checked(config: Any) -> Mapping[str, Any]:
    if not isinstance(config, Mapping):
        raise RulesError(
            f"Expected the fixture reqllm_config to return a dict. Came: {type(config).__name__}."
        )
    for name, value in config.items():
        if name not in _KNOWN:
            from reqllm_fixtures.matching.presets import (
                unknown,  # here, as hardly any config needs it
            )

            raise RulesError(f"reqllm_config: {unknown('one of', str(name), _KNOWN)}")
        if name == "secrets":
            checked_secrets(value)
        if name in _JUDGED and (problem := problem_with(name, value)):
            raise RulesError(f"reqllm_config: {problem}")
    return config


def _schema(marked: Marked, said: Mapping[str, Any], options: Options) -> str:
    of_marker = None if marked.schema is UNSET else marked.schema
    if "off" in (options.schema, of_marker):
        return "off"
    return str(options.schema or of_marker or said.get("schema") or options.ini_schema)


def _matcher(match: Any, volatile: Any, said: Mapping[str, Any]) -> Matcher:
    """Make a matcher: of what may vary, and of what vcrpy's matchers and functions compare."""
    declared = [volatile] if isinstance(volatile, str) else list(volatile)
    match_on = said.get("match_on")
    if hasattr(match, "key"):
        if declared or match_on is not None:
            raise RulesError("Expected a matcher, or volatile and match_on. Came: both.")
        return match  # type: ignore[no-any-return]
    compared: list[Any] = []
    for each in _listed(match):
        (declared if _is_to_vary(each) else compared).append(each)
    compares = compared or match_on
    repeats = bool(said.get("allow_repeats"))
    if not declared and compares is None and not repeats:
        return matchers.strict
    return rules(declared or None, match_on=compares, allow_repeats=repeats)


def _is_to_vary(each: Any) -> bool:
    from reqllm_fixtures.matching.presets import PRESETS  # here, as most tests are matched strictly

    return isinstance(each, str) and (each.startswith("$") or each in PRESETS)


def _listed(match: Any) -> Iterable[Any]:
    if match is None:
        return ()
    return (match,) if isinstance(match, str) or callable(match) else match
