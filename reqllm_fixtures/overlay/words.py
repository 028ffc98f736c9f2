"""Overlays as they are written: `recut:bytes | cut:events=3`, and the names of whole groups.

chain    = overlay *( "|" overlay )
overlay  = name [ ":" argument *( "," argument ) ] [ "@" position *( "," position ) ]
argument = value, for the first field of the overlay / field "=" value
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import structs

from reqllm_fixtures.errors import OverlayError
from reqllm_fixtures.overlay import endings, events, heads, incidents, recuts, timing
from reqllm_fixtures.overlay.base import Chain, Overlay

KINDS: Mapping[str, type[Overlay]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            recuts.Recut,
            recuts.CRLF,
            timing.Pace,
            timing.Rhythm,
            timing.SlowFirstToken,
            timing.Pause,
            timing.KeepAlives,
            endings.Cut,
            endings.Ended,
            endings.Reset,
            endings.Stall,
            events.Drop,
            events.Double,
            events.Swap,
            events.Malformed,
            events.Corrupt,
            events.InBandError,
            events.Comment,
            heads.ContentType,
            heads.LoginPage,
            heads.Refused,
            heads.Unreachable,
        )
    }
)
_RECUTS = (
    "recut:recorded",
    "recut:events",
    "recut:bytes",
    "recut:blob",
    "recut:7",
    "recut:1+50+3",
    "recut:random",
    "recut:random,seed=1",
    "recut:utf8",
    "crlf | recut:crlf",
)
_PACES = ("pace:0", "pace:1", "pace:2", "rhythm", "rhythm:ttft=2,rate=20,jitter=0.5,seed=1")
_FAULTS = (
    "cut",
    "ended",
    "reset",
    "stall",
    "slow_first_token",
    "drop",
    "double",
    "swap",
    "malformed",
    "corrupt",
    "error",
    "error:rate_limit",
    "keep_alives",
    "comment",
    "content_type",
    "login_page",
    "refused:429,retry_after=1",
    "unreachable",
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "recut": _RECUTS,
        "pace": _PACES,
        "faults": _FAULTS,
        "incidents": tuple(incidents.INCIDENTS),
    }
)


def parse(text: str) -> Overlay:
    """Read an overlay that is written as text. Raises OverlayError."""
    parts = [_parsed(each.strip()) for each in text.split("|")]
    return parts[0] if len(parts) == 1 else Chain(tuple(p for each in parts for p in each.parts))


def overlay_of(given: Overlay | str | None) -> Overlay | None:
    """Return what was given as an overlay or as the text of one. Raises OverlayError."""
    if given is None or isinstance(given, Overlay):
        return given
    if not isinstance(given, str):
        raise OverlayError(
            f"Expected an overlay, or the text of one as in 'recut:bytes'. Came: {given!r}."
        )
    return parse(given)


def matrix(*names: Overlay | str) -> tuple[Overlay, ...]:
    """Return the overlays that these names stand for: groups, or texts of overlays.

    Raises OverlayError.
    """
    made: list[Overlay] = []
    for name in names:
        texts = GROUPS.get(name, (name,)) if isinstance(name, str) else (name,)
        for text in texts:
            overlay = overlay_of(text)
            assert overlay is not None
            made.append(overlay)
    return tuple(made)


def _parsed(text: str) -> Overlay:
    rest, _, positions = text.partition("@")
    name, _, arguments = rest.partition(":")
    name = name.strip()
    if name in incidents.INCIDENTS and not arguments:
        overlay: Overlay = incidents.Incident(name)
    elif name in KINDS:
        overlay = _made(KINDS[name], arguments, text)
    else:
        raise OverlayError(_unknown(name))
    return overlay.on(*_positions(positions, text)) if positions else overlay


def _made(kind: type[Overlay], arguments: str, text: str) -> Overlay:
    fields = [field.name for field in structs.fields(kind)]
    said: dict[str, Any] = {}
    for number, argument in enumerate(arguments.split(",") if arguments else ()):
        key, found, value = argument.partition("=")
        key, value = (key.strip(), value.strip()) if found else (kind.bare, key.strip())
        if key not in fields or (not found and number) or key in said:
            raise OverlayError(
                f"Expected {kind.name} with {_listed(fields)}, each once. Came: {text!r}."
            )
        said[key] = value
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, OverlayError):
            raise cause from None
        raise OverlayError(f"{text!r} is no overlay: {error}.") from None


def _positions(text: str, whole: str) -> list[int]:
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise OverlayError(
            f"Expected the numbers of interactions after @, from 0. Came: {whole!r}."
        ) from None


def _listed(fields: list[str]) -> str:
    return f"the arguments {', '.join(fields)}" if fields else "no arguments"


def _unknown(name: str) -> str:
    known = [*KINDS, *incidents.INCIDENTS]
    near = get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Expected one of the overlays {', '.join(known)}. Came: {name!r}.{hint}"
