"""Shows what is in a cassette: requests, answers, and what came when; for people or as JSON."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from reqllm.chunk import StreamChunk
from reqllm.cli.rendering import NOTE, WARNING
from reqllm.cli.summary import summary
from reqllm.cli.terminal import Terminal, as_json, one_line
from reqllm.framing.event import Comment, WireEvent
from reqllm_fixtures import playback, speaking
from reqllm_fixtures.cassette import EndError, Headers, Interaction
from reqllm_fixtures.matching.matchers import strict
from reqllm_fixtures.timeline import Step, Timeline, timeline_of

# A file of others may have kept them.
_SECRET_HEADER = re.compile(
    "authorization|cookie|secret|api-?key|-key$|(security|access|auth)-token", re.IGNORECASE
)
# Of a long list, so much of its start and of its end.
_SHOWN_FIRST, _SHOWN_LAST = 8, 4
_BODY_LINES = 60


class Sections(Struct, frozen=True):
    """What is asked for, whole; if nothing is, everything in moderation."""

    pieces: bool = False
    events: bool = False
    chunks: bool = False
    is_overlaid: bool = False
    """Whether what is shown is what an overlay made of what was recorded."""

    @property
    def is_summary(self) -> bool:
        """Whether nothing was picked."""
        return not (self.pieces or self.events or self.chunks)


class _Shown(Struct, frozen=True):
    """An interaction, and its stream if it is one."""

    number: int
    interaction: Interaction
    wire: str | None = None
    timeline: Timeline | None = None


def _shown(number: int, interaction: Interaction, wire: str | None) -> _Shown:
    if interaction.response.status != 200 or not speaking.is_stream(interaction):
        return _Shown(number, interaction)
    if wire is None:
        # Events can be shown without knowing what they mean.
        with contextlib.suppress(speaking.UnknownWireOfRecordingError):
            wire = speaking.wire_of(interaction)
    return _Shown(number, interaction, wire, timeline_of(interaction.response, wire))


def show(
    interactions: Iterable[tuple[int, Interaction]],
    terminal: Terminal,
    sections: Sections,
    *,
    wire: str | None = None,
) -> None:
    """Show interactions to a person; `wire` is what all speak, by default it is found out."""
    for number, interaction in interactions:
        _show_one(_shown(number, interaction, wire), terminal, sections)


def show_json(
    interactions: Iterable[tuple[int, Interaction]],
    terminal: Terminal,
    sections: Sections,
    *,
    wire: str | None = None,
) -> None:
    """Show interactions to a program, one item a line; `wire` as for `show`."""
    for number, interaction in interactions:
        for item in _items(_shown(number, interaction, wire), sections):
            terminal.json({"kind": item.pop("kind"), "interaction": number, **item})


# For programs.
def _items(shown: _Shown, sections: Sections) -> Iterator[dict[str, Any]]:
    if sections.is_summary:
        yield _request_item(shown)
        yield _response_item(shown)
    if shown.timeline is None:
        return
    if sections.pieces or sections.is_summary:
        for number, step in shown.timeline.pieces:
            yield {
                "kind": "piece",
                "piece": number,
                "at_ms": step.at_ms,
                "gap_ms": None if step.gap_ms is None else round(step.gap_ms, 3),
                "bytes": step.size,
                "events": len(step.events),
                "chunks": len(step.chunks),
            }
    if sections.events or sections.is_summary:
        for step_number, event in shown.timeline.events:
            yield {"kind": "event", "piece": step_number, **_event_fields(event)}
    if sections.chunks or sections.is_summary:
        for step_number, chunk in shown.timeline.chunks:
            yield {"kind": "chunk", "piece": step_number, "chunk": chunk.as_dict()}


def _request_item(shown: _Shown) -> dict[str, Any]:
    request = shown.interaction.request
    return {
        "kind": "request",
        "method": request.method,
        "url": strict.describe(request).partition(" ")[2],
        "headers": [list(header) for header in _without_secrets(request.headers)],
        "body": playback.value_of(request.body),
    }


def _response_item(shown: _Shown) -> dict[str, Any]:
    response = shown.interaction.response
    item: dict[str, Any] = {
        "kind": "response",
        "status": response.status,
        "reason": response.reason,
        "headers": [list(header) for header in _without_secrets(response.headers)],
        "recorded_at": response.recorded_at and response.recorded_at.isoformat(),
        "bytes": len(response.body),
        "end": _ending(response.end),
    }
    if shown.timeline is None:
        return {**item, "body": playback.value_of(response.body)}
    answer = shown.timeline.answer
    return {**item, "wire": shown.wire, "state": None if answer is None else answer.state}


def _event_fields(event: WireEvent | Comment) -> dict[str, Any]:
    if isinstance(event, Comment):
        return {"comment": event.text}
    return {"event": event.event, "id": event.id, "data": event.text}


# For people.
def _show_one(shown: _Shown, terminal: Terminal, sections: Sections) -> None:
    request = shown.interaction.request
    if shown.number:
        terminal.line()
    terminal.mark(f"interaction {shown.number} · ", NOTE)
    terminal.write(one_line(strict.describe(request)), "bold")
    terminal.end_line()
    if sections.is_summary:
        _show_headers(terminal, request.headers)
        _show_body(terminal, request.body)
        terminal.line()
    _show_response(shown, terminal, sections)


def _show_response(shown: _Shown, terminal: Terminal, sections: Sections) -> None:
    response = shown.interaction.response
    if sections.is_summary:
        when = response.recorded_at
        recorded = "" if when is None else f" · recorded {when:%Y-%m-%d %H:%M:%S}"
        terminal.mark(f"{response.status} {one_line(response.reason)}", "bold")
        terminal.mark(recorded, NOTE)
        terminal.end_line()
        _show_headers(terminal, response.headers)
    if shown.timeline is None:
        terminal.line(f"no stream, {len(response.body):,} bytes", NOTE)
        _show_body(terminal, response.body)
        return
    _show_totals(shown, shown.timeline, terminal, is_overlaid=sections.is_overlaid)
    if sections.pieces or sections.is_summary:
        _show_pieces(shown.timeline, terminal, whole=sections.pieces)
    if sections.events:
        _show_table(terminal, "events", map(_event_row, shown.timeline.events))
    if sections.chunks:
        _show_table(terminal, "chunks", map(_chunk_row, shown.timeline.chunks))


def _show_totals(
    shown: _Shown, timeline: Timeline, terminal: Terminal, *, is_overlaid: bool
) -> None:
    response = shown.interaction.response
    last = response.pieces[-1].at_ms if response.pieces else 0
    took = f" in {last / 1000:.2f} s" if last else ""
    size = sum(len(piece.data) for piece in response.pieces)
    ending = one_line(_ending(response.end))
    terminal.line()
    terminal.line(f"{len(response.pieces):,} pieces, {size:,} bytes{took}, ended by {ending}")
    events = Counter(_event_name(event) for _, event in timeline.events)
    terminal.line(f"{events.total():,} events: {_counted(events)}")
    answer = timeline.answer
    if answer is None or shown.wire is None:
        terminal.line("no chunks: the wire is not known; name it with --wire", WARNING)
        return
    chunks = Counter(chunk.kind for _, chunk in timeline.chunks)
    terminal.line(f"{chunks.total():,} chunks of {shown.wire}: {_counted(chunks)}")
    of = playback.UNDER_OVERLAY if is_overlaid else playback.AS_RECORDED
    times = playback.recorded_times(shown.interaction, shown.wire, of)
    text = f"{answer.state}: {summary(answer, times)}"
    terminal.line(text, "" if answer.state == "complete" else WARNING)
    if answer.error is not None:
        terminal.line(one_line(f"{type(answer.error).__name__}: {answer.error}"), WARNING)


def _show_pieces(timeline: Timeline, terminal: Terminal, *, whole: bool) -> None:
    terminal.line()
    terminal.line(f"{'piece':>7}{'at ms':>11}{'gap':>10}{'bytes':>8}{'events':>8}  gave", NOTE)
    rows = list(timeline.pieces)
    hidden = 0 if whole else len(rows) - _SHOWN_FIRST - _SHOWN_LAST
    for place, (number, step) in enumerate(rows):
        if hidden > 1 and _SHOWN_FIRST <= place < _SHOWN_FIRST + hidden:
            if place == _SHOWN_FIRST:
                terminal.line(f"{'…':>7} {hidden} more; --pieces shows all", NOTE)
            continue
        times = f"{_ms(step.at_ms):>11}{_ms(step.gap_ms):>10}"
        terminal.write(f"{number:>7}{times}{step.size:>8,}{len(step.events):>8}")
        left = max(terminal.width - 47, 20)
        terminal.write(f"  {one_line(_gave(step), left)}".rstrip(), "cyan")
        terminal.end_line()


def _gave(step: Step) -> str:
    """Say what a piece gave: what was said in it, else what kinds of chunks."""
    return ", ".join(map(_gist, step.chunks))


def _gist(chunk: StreamChunk) -> str:
    said = getattr(chunk, "arguments_delta", chunk.text)
    return chunk.kind if said is None else f"{chunk.kind} {as_json(said)}"


def _show_table(terminal: Terminal, name: str, rows: Iterable[tuple[int, str, str]]) -> None:
    terminal.line()
    terminal.line(f"{name[:-1]:>7}{'piece':>7}", NOTE)
    for number, (piece, kind, rest) in enumerate(rows):
        terminal.write(f"{number:>7}{piece:>7}  ")
        terminal.write(kind, "cyan")
        left = max(terminal.width - 18 - len(kind), 20)
        terminal.write(f"  {one_line(rest, left)}".rstrip(), NOTE)
        terminal.end_line()


def _event_row(row: tuple[int, WireEvent | Comment]) -> tuple[int, str, str]:
    piece, event = row
    is_comment = isinstance(event, Comment)
    return piece, _event_name(event), event.text if is_comment else _compact(event.text)


def _chunk_row(row: tuple[int, StreamChunk]) -> tuple[int, str, str]:
    piece, chunk = row
    fields = chunk.as_dict()
    kind = fields.pop("kind", chunk.kind)
    return piece, str(kind), as_json(fields) if fields else ""


def _compact(data: str) -> str:
    """Leave out the blanks with which providers pad their events."""
    try:
        return as_json(json.loads(data))
    except (ValueError, RecursionError):
        return data


def _event_name(event: WireEvent | Comment) -> str:
    return "comment" if isinstance(event, Comment) else one_line(event.event, 40) or "message"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(name if n == 1 else f"{n} {name}" for name, n in counts.most_common())


def _show_headers(terminal: Terminal, headers: Headers) -> None:
    for name, value in _without_secrets(headers):
        terminal.line(f"  {one_line(name)}: {one_line(value)}", NOTE)


def _show_body(terminal: Terminal, body: bytes) -> None:
    lines = playback.readable(body).splitlines()
    for line in lines[:_BODY_LINES]:
        terminal.write(f"  {line}\n")
    if len(lines) > _BODY_LINES:
        terminal.line(f"  … {len(lines) - _BODY_LINES} more lines", NOTE)


def _without_secrets(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        yield name, "***" if _SECRET_HEADER.search(name) else value


def _ending(end: str | EndError) -> str:
    return f"{end.name}: {end.message}".rstrip(": ") if isinstance(end, EndError) else end


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
