"""The short way for the events that most of a stream is made of.

Nearly every event of an answer is the one before with another string in one place. Once such
an event has been read the long way, and gave one delta and nothing else, the bytes around
its string are kept. A later event with the same bytes around must mean the same, so only the
string is parsed. What does not match in every byte goes the long way again; nothing is guessed.

What may differ besides is known to mean nothing: blanks before the last brace, and members of
the event that a wire declares as filler, such as random text against traffic analysis, or a
time. Where a wire numbers its events and the numbers mean something, an event is only
recognised by the very number that must come next.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import structs

from reqllm import chunk as c
from reqllm.framing.event import MAX_EVENT_BYTES, WireEvent
from reqllm.wires.common.delta_proof import PROBE, is_delta, number_of
from reqllm.wires.common.event_number import EventNumber
from reqllm.wires.common.fillers import PADDING, Fillers, Spot, spot_after, spot_before

decode_string = msgspec.json.Decoder(str).decode
_STRING = rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")'
_plain = re.compile(_STRING)
# A longer tail may hold an id: it is kept out of the pattern, which streams share.
_SHORT = 32
# What no event begins with: one of no beginnings. (Any bytes may begin one.)
NOTHING: tuple[bytes, ...] = ()
# Texts are taken before they are more: each is an object that outweighs its few letters.
_MOST_TEXTS = 1024
# A stream whose events never repeat is not worth learning from.
LEARN_IN_VAIN = 8


class DeltaLane:
    """Recognises events that differ from the last learned one in a single string.

    fillers: members of the event itself that are text and say nothing.
    counter: the member in which the wire numbers its events, each by one more than the last.
    """

    __slots__ = (
        "_begin",
        "_choice",
        "_chunk",
        "_closing",
        "_counter",
        "_end",
        "_fillers",
        "_id",
        "_index",
        "_is_plain",
        "_keeps_last",
        "_match",
        "_match_all",
        "_number",
        "_prefix",
        "_raw",
        "_recognised",
        "_tail",
        "_tails",
        "_vain",
        "last",
        "like",
        "limit",
        "out",
        "texts",
    )

    def __init__(self, fillers: Fillers = PADDING, counter: str | None = None) -> None:
        self._fillers = fillers
        self._counter = counter
        self._number: EventNumber | None = None
        self._keeps_last = False
        self.last = b""
        """The last event that was recognised, where something that varies says something."""
        self.out: list[c.StreamChunk] = []
        """Where the chunks go."""
        self.texts: list[str] = []
        """Of deltas that `more` returned."""
        self.like: Any = None
        """A delta that all that are recognised are like, but for their text."""
        self.limit = MAX_EVENT_BYTES
        """What is larger than so many bytes is not looked at."""
        self._recognised = 0
        self._vain = 0
        self._prefix: bytes | tuple[bytes, ...] = NOTHING
        self._tail = b""
        self._closing = b'"'
        """The string's last quote, and the tail."""
        self._match = self._match_all = _plain.match
        """What follows the prefix, in more than the event and in the event alone."""
        self._tails: tuple[bytes, ...] = ()
        """What may follow what they match; none: they match to the end of the event."""
        self._is_plain = True
        """Nothing but the string may vary."""
        self._begin = self._end = 0
        self._chunk: Any = None
        self._id: str | None = None
        self._index = self._choice = 0
        self._raw: list[str] | None = None

    def more(self, data: bytes) -> Any:
        """Read an event like the learned one, given as it came; return its delta, or `None`.

        Its text is among `texts` as well, until they are taken; of too many nothing more is read.
        """
        if not data.startswith(self._prefix) or len(data) > self.limit:
            return None
        if self._is_plain:
            if not data.endswith(self._closing):
                return None
            literal = data[self._begin : self._end]
            # Blanks around a string are JSON, too, and may be line ends: then this is no event.
            if literal[:1] != b'"':
                return None
        else:
            found = self._match_all(data, self._begin)
            if found is None or (self._tails and data[found.end() :] not in self._tails):
                return None
            literal = found[1]
        try:
            text: str = decode_string(literal)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        # Where one member is silent another may speak.
        if not text or len(self.texts) >= _MOST_TEXTS:
            return None
        self.texts.append(text)
        if self._raw is not None:
            self._raw.append(text)
        if self._keeps_last:
            self.last = data
            if self._number is not None:
                self._number.last += 1
                self._expect(self._number)
        if self._id is None:
            return self._chunk(text, self._index, self._choice)
        return c.ToolCallDelta(text, self._id, self._index, self._choice)

    def recognise(self, data: bytes, at: int) -> int:
        """Read events like the learned one into `out`; return where the first other begins."""
        texts: list[str] = []
        begin, match, limit, has_tail = at, self._match, self.limit, bool(self._tails)
        number = self._number
        while data.startswith(self._prefix, at):
            found = match(data, at + self._begin)
            if found is None:
                break
            end = found.end()
            if has_tail:
                if not data.startswith(self._tail, end):
                    break
                end -= self._end
            try:
                text = decode_string(found[1])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                break
            if not text or end - at > limit:
                break
            texts.append(text)
            begin, at = at, end
            if number is not None:
                number.last += 1
                self._expect(number)
        if texts:
            if self._id is None:
                self.out += [self._chunk(text, self._index, self._choice) for text in texts]
            else:
                place = self._id, self._index, self._choice
                self.out += [c.ToolCallDelta(text, *place) for text in texts]
            if self._raw is not None:
                self._raw += texts
            if self._keeps_last:
                self.last = data[begin:at]
            self._recognised += len(texts)
            self._vain = 0
        return at

    def recognise_one(self, data: bytes, at: int) -> int:
        """Read one event alone into `out`; return where it ends, if it is like the learned one."""
        delta = self.more(data)
        if delta is None:
            return at
        self.out.append(delta)
        self.take_texts()
        return len(data)

    def take_texts(self) -> list[str]:
        """Return the texts of the deltas that `more` returned since they were last taken."""
        texts = self.texts[:]
        del self.texts[: len(texts)]  # another thread may be reading on
        self._recognised += len(texts)
        self._vain = 0
        return texts

    @property
    def recognised(self) -> int:
        """How many events were recognised so far."""
        return self._recognised + len(self.texts)

    def forget(self) -> None:
        """Go the long way from here on."""
        self._prefix = NOTHING

    def learn(self, event: WireEvent, chunk: Any, raw: list[str] | None) -> None:
        """Keep the bytes around the text of an event that gave just this delta.

        `raw` is where the fragments of a tool call are kept beside.
        """
        self._prefix = NOTHING
        if self._vain >= LEARN_IN_VAIN or b"\n" in event.data:
            return
        self._vain += 1
        data, text = event.data, structs.astuple(chunk)[0]
        for literal in (msgspec.json.encode(text), json.dumps(text).encode()):
            at = data.find(literal)
            if at < 0 or data.find(literal, at + 1) >= 0:
                continue
            start = spot_before(data[:at], self._fillers)
            rest = self._spot_after(data[at + len(literal) :])
            if rest is None:
                return
            head = head_of(event)
            prefix, tail = head + start.before, rest.after + event.marks[0]
            if not self._find_number(head + data + event.marks[0], prefix, tail):
                return
            probed = start.before + start.probe + PROBE + rest.probe + rest.after
            if rest.after[-1:] == b"}" and self._is_proved(data, probed, text):
                self.like, self._raw = chunk, raw
                self._chunk, self._id = type(chunk), getattr(chunk, "id", None)
                self._index, self._choice = chunk.index, chunk.choice
                self._prefix, self._tail, self._closing = prefix, tail, b'"' + tail
                self._begin, self._end = len(prefix), -len(tail)
                self._match_between(start.pattern, rest, event.marks)
                self._keeps_last = rest.says or self._number is not None
                if self._number is not None:
                    self._expect(self._number)
            return

    def _match_between(self, lead: bytes, rest: Spot, marks: tuple[bytes, ...]) -> None:
        """Keep what matches what follows the prefix."""
        self._is_plain = not lead and not rest.pattern
        pattern = lead + _STRING + rest.pattern
        if self._is_plain or self._number is not None or len(self._tail) > _SHORT:
            self._tails = tuple(rest.after + mark for mark in marks)
            self._match = self._match_all = _compiled(pattern).match
        else:
            self._tails = ()
            compiled = _compiled(pattern + re.escape(self._tail))
            self._match, self._match_all = compiled.match, compiled.fullmatch

    def _spot_after(self, data: bytes) -> Spot | None:
        """Find what may vary in what follows the string; `None`: more than can be told."""
        return spot_after(data, self._fillers)

    def _is_proved(self, data: bytes, probed: bytes, text: str) -> bool:
        may_vary = set(self._fillers)
        if self._counter and self._number is not None:
            number = rb"\g<1>%d" % (self._number.last + 1)
            probed = number_of(self._counter).sub(number, probed)
            may_vary.add(self._counter)
        return is_delta(data, probed, text, may_vary)

    # The number of the event.
    @property
    def count(self) -> int | None:
        """The number of the last event, where events are numbered; the decoder sets it, too."""
        return None if self._number is None else self._number.last

    @count.setter
    def count(self, count: int | None) -> None:
        self._number = None if count is None else EventNumber(count)

    def _find_number(self, whole: bytes, prefix: bytes, tail: bytes) -> bool:
        """Find the event's number; return whether it can be followed, or there is none."""
        found = list(number_of(self._counter).finditer(whole)) if self._counter else []
        if not found or self._number is None:
            return not found and self._number is None
        return len(found) == 1 and self._number.find(found[0], whole, prefix, tail)

    def _expect(self, number: EventNumber) -> None:
        """Put the number that must come next where it will be."""
        part = number.form % (number.last + 1)
        if number.is_before:
            self._prefix = part
            self._begin = len(part)
        else:
            self._tail, self._closing = part, b'"' + part
            self._end = -len(part)
            self._tails = (part,)


@lru_cache(maxsize=64)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    # Once a kind of event, not once a stream: providers have few.
    return re.compile(pattern)


def head_of(event: WireEvent) -> bytes:
    """Return what stands before an event's data, as almost everyone writes it."""
    if event.head is not None:
        return event.head
    return b"data: " if event.event == "message" else f"event: {event.event}\ndata: ".encode()
