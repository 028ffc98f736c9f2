"""The way in without pytest: `use_cassette`, and `fixture_transport` for `start_stream`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from os import PathLike, fspath
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reqllm_fixtures import running
from reqllm_fixtures.arguments import checked_secrets
from reqllm_fixtures.cassette import Matcher
from reqllm_fixtures.errors import ModeError
from reqllm_fixtures.in_use import CassetteInUse as CassetteInUse
from reqllm_fixtures.in_use import redactor_of
from reqllm_fixtures.matching.rules import rules
from reqllm_fixtures.mode import Mode, chosen
from reqllm_fixtures.transports.sources import checked_pace

if TYPE_CHECKING:
    from reqllm_fixtures.overlay.base import Overlay
    from reqllm_fixtures.virtual_time import VirtualClock

_FILTERS = (
    "filter_headers",
    "filter_query_parameters",
    "filter_post_data_parameters",
    "before_record_request",
    "before_record_response",
)
# What other recorders, or our own marker, call an argument.
_OTHER_NAMES = {
    "volatile": "match=[...]",
    "record_mode": "mode=",
    "allow_playback_repeats": "allow_repeats=",
    "record_on_exception": "record_on_error=",
    "unplayed": "the property .unplayed, or pytest's marker",
}


def use_cassette(
    path: str | PathLike[str],
    *,
    mode: Mode | str | None = None,
    pace: float = 0.0,
    match: Matcher | str | Iterable[str] = (),
    match_on: Sequence[Any] | None = None,
    allow_repeats: bool = False,
    secrets: Iterable[str] = (),
    record_on_error: bool = False,
    overlay: Overlay | str | None = None,
    clock: Callable[[], float] | VirtualClock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    **filters: Any,
) -> CassetteInUse:
    """Use the cassette at this path, by `with` or `async with`, which opens it.

    mode: replay, record, fill or live; by default that of the run of tests, if one is in charge,
        else `REQLLM_MODE`, else replay.
    pace: stretches the recorded times: 0 is at once, 1 as recorded.
    match: what may vary in a body that is matched, by JSON path or by the name of a preset, as
        `matchers.Rules` has it; or a matcher of one's own.
    match_on: names of vcrpy's matchers, or functions, in place of the strict matching.
    allow_repeats: play the last recording of a request again where all were played.
    secrets: values that must not be written, of at least 8 characters, beside the keys in the
        requests themselves and in the environment's well-known variables.
    record_on_error: keep what was recorded also where the block raises.
    overlay: changes what is played, as in "recut:bytes | cut:events=3"; nothing is recorded then.
    clock, sleep: by what sync transports keep recorded times, in seconds; a `VirtualClock` is
        both. Async ones go by their event loop, which may be a virtual one.
    filters: vcrpy's `filter_headers`, `filter_query_parameters`, `filter_post_data_parameters`,
        `before_record_request`, `before_record_response`.

    Raises ModeError, RulesError, OverlayError, TypeError for an argument that there is not; on
    opening CassetteNotFoundError,
    CassetteFormatError, and OverlayError for an overlay that cannot apply; at the end of the block
    PublishError, SecretError, and UnmatchedRequestError for a miss that the block swallowed.
    """
    # Which a replay may never come to need: what is wrong is told now.
    secrets = checked_secrets(secrets)
    if filters:
        _check_names(filters)
        redactor_of(**filters)
    return CassetteInUse(
        fspath(path),
        _chosen(mode, Mode.REPLAY) if overlay is None else _playing(mode),
        pace=checked_pace(pace),
        overlay=_overlay(overlay),
        clock=clock,
        sleep=sleep,
        match=rules(match, match_on=match_on, allow_repeats=allow_repeats),
        redactor=partial(redactor_of, secrets, os.environ, **filters),
        record_on_error=record_on_error,
    )


def fixture_transport(
    path: str | PathLike[str],
    module: ModuleType | None = None,
    *,
    mode: Mode | str | None = None,
) -> Any:
    """Make an async transport on the cassette at this path, which is published on closing it.

    module: the library of its client, by default httpx.
    mode: by default `REQLLM_MODE`, else fill; replay under CI. Where a run of tests is in charge
        the mode is its own, and the cassette the running test's, published if that passes.

    Its `discard()` forgets what was recorded. Raises ModeError, CassetteNotFoundError,
    CassetteFormatError; on closing PublishError.
    """
    run = running.current()
    shared = run.cassette(fspath(path)) if run is not None and mode is None else None
    if shared is not None:
        return shared.async_transport(module)
    used = CassetteInUse(fspath(path), _chosen(mode, Mode.FILL)).__enter__()
    made = used.async_transport(module, on_close=used.publish)
    made.discard = used.discard
    return made


def _check_names(filters: Mapping[str, Any]) -> None:
    for name in filters:
        if name not in _FILTERS:
            other = _OTHER_NAMES.get(name)
            advice = f"Here that is {other}." if other else f"Filters are {', '.join(_FILTERS)}."
            raise TypeError(f"use_cassette() has no argument {name!r}. {advice}")


def _playing(mode: Mode | str | None) -> Mode:
    """Return the mode of a cassette under an overlay, which only plays. Raises ModeError."""
    asked = _chosen(mode, Mode.REPLAY)
    if asked in (Mode.RECORD, Mode.LIVE):
        raise ModeError(
            f"An overlay changes what is played. Expected the mode replay. Came: {asked}. "
            "Record without an overlay first."
        )
    return Mode.REPLAY


def _overlay(given: Overlay | str | None) -> Overlay | None:
    if given is None:
        return None
    from reqllm_fixtures.overlay.words import overlay_of  # here, as few use one

    return overlay_of(given)


def _chosen(mode: Mode | str | None, default: Mode) -> Mode:
    run = running.current()
    return run.mode if mode is None and run is not None else chosen(mode, default)
