"""Where two cassettes differ in what they mean: requests by path, streams chunk by chunk."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from reqllm.cli.terminal import as_json
from reqllm.framing.event import Comment, WireEvent
from reqllm_fixtures import playback, speaking
from reqllm_fixtures.bodies.pieces import content_type
from reqllm_fixtures.cassette import EndError, Interaction
from reqllm_fixtures.errors import ABSENT, Difference
from reqllm_fixtures.matching.matchers import strict
from reqllm_fixtures.matching.normalising import Normalised
from reqllm_fixtures.timeline import timeline_of


class Compared(Struct, frozen=True):
    """Two interactions, or one that has no counterpart, and where they differ."""

    a: int | None
    b: int | None
    request: str
    differences: tuple[Difference, ...] = ()
    """Of the request by path; of the response `status`, `end`, `state`, `warnings` and the like."""
    events: tuple[str, ...] = ()
    """The answers as lines of a unified diff; none if they are equal."""

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return None not in (self.a, self.b) and not self.differences and not self.events


class _Answer(Struct, frozen=True):
    """An answer as it is compared."""

    facts: dict[str, Any]
    lines: tuple[str, ...]


def compare(
    a: Sequence[Interaction], b: Sequence[Interaction], *, wire: str | None = None
) -> Iterator[Compared]:
    """Compare two cassettes, pair by pair; `wire` is what all speak, by default it is found out."""
    for left, right in _paired(a, b):
        if left is None or right is None:
            only = a[left] if left is not None else b[right or 0]
            yield Compared(left, right, strict.describe(only.request))
        else:
            yield _compared(left, a[left], right, b[right], wire)


def _paired(
    a: Sequence[Interaction], b: Sequence[Interaction]
) -> list[tuple[int | None, int | None]]:
    """Pair equal requests, the first with the first; then what is left, in its order."""
    waiting: dict[Any, list[int]] = {}
    for number, each in enumerate(b):
        waiting.setdefault(strict.key(each.request), []).append(number)
    found: dict[int, int] = {}
    for number, each in enumerate(a):
        if same := waiting.get(strict.key(each.request)):
            found[number] = same.pop(0)
    left_over = iter(sorted(number for numbers in waiting.values() for number in numbers))
    pairs: list[tuple[int | None, int | None]] = [
        (number, found[number] if number in found else next(left_over, None))
        for number in range(len(a))
    ]
    return [*pairs, *((None, number) for number in left_over)]


def _compared(left: int, a: Interaction, right: int, b: Interaction, wire: str | None) -> Compared:
    ours, theirs = _answer(a, wire), _answer(b, wire)
    facts = [
        Difference(name, ours.facts.get(name, ABSENT), theirs.facts.get(name, ABSENT))
        for name in {**ours.facts, **theirs.facts}
        if ours.facts.get(name, ABSENT) != theirs.facts.get(name, ABSENT)
    ]
    lines = difflib.unified_diff(
        ours.lines, theirs.lines, f"A interaction {left}", f"B interaction {right}", lineterm=""
    )
    return Compared(
        left,
        right,
        strict.describe(a.request),
        (*strict.differences(a.request, b.request), *facts),
        tuple(lines),
    )


def _answer(interaction: Interaction, wire: str | None) -> _Answer:
    response = interaction.response
    facts: dict[str, Any] = {
        "status": response.status,
        "content-type": content_type(response.headers),
        "end": _end(interaction),
    }
    if response.status != 200 or not speaking.is_stream(interaction):
        body = Normalised().value(playback.value_of(response.body))
        text = body if isinstance(body, str) else playback.readable(as_json(body).encode())
        return _Answer(facts, tuple(text.splitlines()))
    if wire is None:
        with contextlib.suppress(speaking.UnknownWireOfRecordingError):
            wire = speaking.wire_of(interaction)
    timeline = timeline_of(response, wire)
    normalised = Normalised()
    if timeline.answer is None:  # nobody knows what they mean: as they were sent
        return _Answer(
            facts, tuple(as_json(_event(event, normalised)) for _, event in timeline.events)
        )
    facts["state"] = timeline.answer.state
    facts["warnings"] = [f"{each.code}: {each.message}" for each in timeline.answer.warnings]
    chunks = (normalised.value(chunk.as_dict()) for _, chunk in timeline.chunks)
    return _Answer(facts, tuple(map(as_json, chunks)))


def _event(event: WireEvent | Comment, normalised: Normalised) -> dict[str, Any]:
    """Give an event as it was sent, its data read as JSON if it is."""
    if isinstance(event, Comment):
        return {"comment": event.text}
    return {"event": event.event, "data": normalised.value(playback.value_of(event.data))}


def _end(interaction: Interaction) -> str:
    end = interaction.response.end
    return f"{end.name}: {end.message}".rstrip(": ") if isinstance(end, EndError) else end
