"""What a cassette is used for, and who says so: the argument, the environment, else a default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from reqllm_fixtures.errors import ModeError

MODE_VARIABLE = "REQLLM_MODE"


class Mode(StrEnum):
    """Where an answer comes from, and what is kept of it."""

    REPLAY = "replay"
    """From the cassette alone; nothing is ever sent."""
    RECORD = "record"
    """From the provider; the cassette is replaced by what came."""
    FILL = "fill"
    """From the cassette where it has one, else from the provider, whose answer is added."""
    LIVE = "live"
    """From the provider; nothing is kept."""


_THEIRS = {
    "none": Mode.REPLAY,
    "once": Mode.FILL,
    "new_episodes": Mode.FILL,
    "all": Mode.RECORD,
    "rewrite": Mode.RECORD,
}


def chosen(mode: str | None, default: Mode, environ: Mapping[str, str] = os.environ, /) -> Mode:
    """Return the mode that was given, else `REQLLM_MODE`, else the default. Raises ModeError.

    Under CI a default never records: what would be recorded there is lost with the machine.
    """
    if mode is not None:
        return named(mode, "the argument")
    if asked := environ.get(MODE_VARIABLE):
        return named(asked, MODE_VARIABLE)
    if default in (Mode.RECORD, Mode.FILL) and is_ci(environ):
        return Mode.REPLAY
    return default


def named(name: str, source: str) -> Mode:
    """Return the mode of this name; `source` is who said it. Raises ModeError."""
    try:
        return Mode(name)
    except ValueError:
        theirs = _THEIRS.get(str(name))
        advice = "" if theirs is None else f" What vcrpy calls so is {theirs} here."
        raise ModeError(
            f"Expected one of the modes {', '.join(Mode)}. Came, by {source}: {name!r}.{advice}"
        ) from None


def is_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether this is a machine that runs tests for others, as `CI` says."""
    return environ.get("CI", "").lower() not in ("", "0", "false", "no")
