"""The event stream of the WHATWG text, read the slow and literal way, to hold the decoder against.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
Decoded text goes in (surrogates keep what was no UTF-8), line by line, character by character;
nothing is shared with the decoder but the values. The limits and the flush are ours.
"""

from __future__ import annotations

import re

from reqllm.framing.event import MAX_EVENT_BYTES, Comment, WireEvent

from .reading import Event, Reading

_LINE_END = re.compile(r"\r\n|\n|\r")
_DIGITS = frozenset("0123456789")


def interpret(
    body: bytes, *, end: bool = True, limit: int = MAX_EVENT_BYTES, comments: bool = False
) -> Reading:
    """Read a whole body; with `end`, hand out the event that lacks its blank line."""
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    *lines, unfinished = _LINE_END.split(text)
    stream = _Stream(limit, comments)
    for line in lines:
        stream.process(line)
    if len(_bytes(unfinished)) > limit:
        stream.too_large = True
    if end:
        if unfinished:
            stream.process(unfinished)
        stream.dispatch(flushed=True)
    return Reading(
        tuple(stream.events),
        stream.retry_ms,
        stream.keepalives,
        stream.last_event_id,
        stream.too_large,
    )


class _Stream:
    """The buffers that the text names, and what was dispatched from them."""

    def __init__(self, limit: int, comments: bool) -> None:
        self.limit = limit
        self.comments = comments
        self.events: list[Event] = []
        self.keepalives = 0
        self.retry_ms: int | None = None
        self.last_event_id = ""
        self.too_large = False
        self.data_buffer = ""
        self.event_type_buffer = ""
        self.last_event_id_buffer = ""

    def process(self, line: str) -> None:
        if self.too_large:
            return
        if len(_bytes(line)) > self.limit:
            self.too_large = True
        elif line == "":
            self.dispatch()
        elif line.startswith(":"):
            self.keepalives += 1
            if self.comments:
                self.events.append(Comment(_shown(line[1:].removeprefix(" "))))
        elif ":" in line:
            field, value = line.split(":", 1)
            self.process_field(field, value.removeprefix(" "))
        else:
            self.process_field(line, "")

    def process_field(self, field: str, value: str) -> None:
        if field == "event":
            self.event_type_buffer = value
        elif field == "data":
            self.data_buffer += value + "\n"
            if len(_bytes(self.data_buffer)) - 1 > self.limit:
                self.too_large = True
        elif field == "id":
            if "\0" not in value:
                self.last_event_id_buffer = value
        elif field == "retry" and value and set(value) <= _DIGITS and int(value) < 10**18:
            self.retry_ms = int(value)

    def dispatch(self, *, flushed: bool = False) -> None:
        if self.too_large:
            return
        self.last_event_id = _shown(self.last_event_id_buffer)
        if self.data_buffer:
            self.events.append(
                WireEvent(
                    _bytes(self.data_buffer.removesuffix("\n")),
                    _shown(self.event_type_buffer) or "message",
                    self.last_event_id,
                    flushed,
                )
            )
        self.data_buffer = self.event_type_buffer = ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _shown(text: str) -> str:
    """Return the text as a reader sees it, U+FFFD for what was no UTF-8."""
    return _bytes(text).decode("utf-8", "replace")
