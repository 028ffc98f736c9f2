"""Failures below the answer: connections that break, bodies that are no stream, silence.

Each takes a healthy answer apart. `beat` is the pause of those that go on for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .catalogue import SCENARIOS
from .messages import Answer, Interim, Write
from .problems import PROBLEMS, json_answer
from .scenario import Scenario, Text
from .wires import Wire, events, whole
from .wording import Options, compact


@dataclass(frozen=True, slots=True)
class Stage:
    """What a fault is played on: a healthy answer, and what else the wire would say."""

    wire: Wire
    options: Options
    healthy: Answer
    beat: float

    def said(self, scenario: str = "text") -> list[bytes]:
        """The events of a healthy answer, one a write."""
        return events(self.wire, SCENARIOS[self.wire][scenario], self.options)

    def first_delta(self, scenario: str = "text") -> int:
        """The index of the first event that says something."""
        marks = (b'_delta"', b'"content":"H', b'"arguments":"{')
        return next(
            number
            for number, event in enumerate(self.said(scenario))
            if any(mark in event for mark in marks)
        )

    def answer(self, *data: bytes, **options: object) -> Answer:
        """The healthy answer's head with another body and other options."""
        body = tuple(Write(piece) for piece in data)
        return replace(self.healthy, body=body, **options)  # type: ignore[arg-type]

    def half(self) -> list[bytes]:
        """The events up to the second that says something."""
        return self.said()[: self.first_delta() + 2]

    def error(self, key: str = "500") -> bytes:
        """A provider's error as JSON."""
        return compact(PROBLEMS[self.wire][key].body(self.wire, "req_fault")).encode()

    def for_ever(self, event: bytes, scenario: str = "text") -> Answer:
        """The start of an answer, then the event on every beat."""
        start = self.said(scenario)[: self.first_delta(scenario) + 1]
        return replace(self.healthy, body=_for_ever(start, event, self.beat))

    def inside(self, mark: bytes, at: int) -> list[bytes]:
        """The events up to the middle of the first that holds the mark."""
        scenario = Scenario(parts=(Text("Ça va 🙂 bien."),))
        said = events(self.wire, scenario, self.options)
        number = next(n for n, event in enumerate(said) if mark in event)
        return [*said[:number], said[number][: said[number].index(mark) + at]]


def _for_ever(start: list[bytes], event: bytes, beat: float) -> Iterator[Write]:
    yield from (Write(data) for data in start)
    while True:
        yield Write(event, beat)


def _plain(status: int, content_type: str, data: bytes) -> Answer:
    headers = (("content-type", content_type),) if content_type else ()
    body = (Write(data),) if data else ()
    return Answer(status=status, headers=headers, body=body, framing="length")


def _tool_arguments(stage: Stage) -> Answer:
    event = stage.said("tools")[stage.first_delta("tools")]
    return stage.for_ever(event, "tools")


def _whole(stage: Stage) -> Answer:
    text = SCENARIOS[stage.wire]["text"]
    return json_answer(whole(stage.wire, text, stage.options), ())


def _terminator(stage: Stage) -> bytes:
    return stage.said()[-1]


PING = b'event: ping\ndata: {"type":"ping"}\n\n'
HTML = b"<!doctype html><html><title>Sign in</title><p>Please log in.</p></html>"
ELSEWHERE = "http://127.0.0.1:9/elsewhere"
EARLY = Interim(headers=(("link", "</style.css>; rel=preload"),))

FAULTS: dict[str, Callable[[Stage], Answer]] = {
    # the connection breaks in the middle of the answer
    "reset": lambda s: s.answer(*s.half(), end="reset"),
    "close": lambda s: s.answer(*s.half(), end="close"),
    "no_last_chunk": lambda s: s.answer(*s.half(), end="no_terminator"),
    "short": lambda s: s.answer(*s.half(), framing="length", length=99999, end="close"),
    "uncounted": lambda s: s.answer(*s.half(), framing="close"),
    "no_head": lambda s: s.answer(head=False, end="close"),
    "no_head_reset": lambda s: s.answer(head=False, end="reset"),
    # it breaks although all was said
    "done_reset": lambda s: s.answer(*s.said(), end="reset"),
    "done_stall": lambda s: s.answer(*s.said(), end="stall"),
    "done_late": lambda s: s.answer(*s.said(), terminator_after=0.05),
    "hang_up": lambda s: s.answer(*s.said(), hang_up=True),
    # odd, but allowed
    "early_hints": lambda s: s.answer(*s.said(), interim=(EARLY,)),
    "trailers": lambda s: s.answer(*s.said(), trailers=(("x-check", "7"), ("x-check", "8"))),
    # silence
    "stall_head": lambda s: s.answer(head=False, end="stall"),
    "stall_first": lambda s: s.answer(end="stall"),
    "stall_mid": lambda s: s.answer(*s.half(), end="stall"),
    "stall_event": lambda s: s.answer(*s.inside("Ç".encode(), -3), end="stall"),
    "stall_character": lambda s: s.answer(*s.inside("🙂".encode(), 2), end="stall"),
    "stall_chunk_size": lambda s: s.answer(*s.half(), end="stall", last_words=b"1"),
    # no silence, and no end
    "comments": lambda s: s.for_ever(b": ping\n\n"),
    "pings": lambda s: s.for_ever(PING),
    "words": lambda s: s.for_ever(s.said()[s.first_delta()]),
    "tool_arguments": _tool_arguments,
    # 200, and no stream
    "json_error": lambda s: _plain(200, "application/json", s.error("429")),
    "padded_error": lambda s: s.answer(b"\n \n \n", s.error("429")),
    "json": _whole,
    "html": lambda s: _plain(200, "text/html; charset=utf-8", HTML),
    "nothing": lambda s: s.answer(),
    "only_terminator": lambda s: s.answer(_terminator(s)),
    "only_comments": lambda s: s.answer(b": hello\n\n", b":\n\n"),
    # statuses
    "sse_error": lambda s: s.answer(b"data: " + s.error() + b"\n\n", status=500),
    "empty_500": lambda s: _plain(500, "", b""),
    "html_502": lambda s: _plain(502, "text/html", b"<html><h1>502 Bad Gateway</h1></html>"),
    "no_content": lambda s: Answer(status=204, framing="length"),
    "redirect": lambda s: Answer(status=307, headers=(("location", ELSEWHERE),), framing="length"),
}
