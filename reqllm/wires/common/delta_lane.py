"""The short way for the events that most of a stream is made of.

Nearly every event of an answer is the one before with another string in one place. Once such
an event has been read the long way, and gave one delta and nothing else, the bytes around
its string are kept. A later event with the same bytes around must mean the same, so only the
string is parsed. What does not match in every byte goes the long way again; nothing is guessed.

What may differ besides is known to mean nothing: blanks before the last brace, and members of
the event that a wire declares as filler, such as random text against traffic analysis, or a
time. Where a wire numbers its events and the numbers mean something, an event is only recognised by
the very number that must come next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, structs

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.json_text import parse_json

decode_string = msgspec.json.Decoder(str).decode
Match = Callable[[bytes, int], "re.Match[bytes] | None"]
# By member, what may stand between its quotes: a pattern that takes no quote and no backslash.
Fillers = Mapping[str, bytes]
# Random text against traffic analysis, on any wire; or nothing at all.
PADDING: Fillers = MappingProxyType(dict.fromkeys(("obfuscation", "p"), rb"[0-9A-Za-z]*+"))
FILLER_KEYS = tuple(PADDING)
_BLANKS = rb" *+"
_STRING = rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")'
PROBE = "\x7fprobe\x7f"
_PROBE_LITERAL = msgspec.json.encode(PROBE)
# A longer tail may hold an id: it is kept out of the pattern, which streams share.
_SHORT = 32
# What no event begins with: one of no beginnings. (Any bytes may begin one.)
NOTHING: tuple[bytes, ...] = ()
# A stream whose events never repeat is not worth learning from.
LEARN_IN_VAIN = 8


class Spot(Struct, frozen=True):
    """Bytes of an event in which something may vary."""

    before: bytes
    """What stands before it."""
    pattern: bytes = b""
    """Matches it, whatever it is."""
    probe: bytes = b""
    """The same bytes, but others where they may vary."""
    after: bytes = b""
    """What stands after it."""
    says: bool = False
    """Whether what varies says something, after all."""


class DeltaLane:
    """Recognises events that differ from the last learned one in a single string.

    fillers: members of the event itself that are text and say nothing.
    counter: the member in which the wire numbers its events, each by one more than the last.
    """

    __slots__ = (
        "_begin",
        "_choice",
        "_chunk",
        "_counted",
        "_counter",
        "_end",
        "_fillers",
        "_id",
        "_index",
        "_keeps_last",
        "_match",
        "_prefix",
        "_raw",
        "_tail",
        "_tails",
        "_vain",
        "count",
        "last",
        "out",
        "recognised",
    )

    def __init__(self, fillers: Fillers = PADDING, counter: str | None = None) -> None:
        self._fillers = fillers
        self._counter = counter
        # Whether the number stands before the string, and the bytes around it on that side.
        self._counted: tuple[bool, bytes, bytes] | None = None
        self.count: int | None = None
        """The number of the last event, where events are numbered; the decoder sets it, too."""
        self._keeps_last = False
        self.last = b""
        """The last event that was recognised, where something that varies says something."""
        self.out: list[c.StreamChunk] = []
        """Where the chunks go."""
        self.recognised = 0
        """Events recognised so far."""
        self._vain = 0
        self._prefix: bytes | tuple[bytes, ...] = NOTHING
        self._tail = b""
        self._match: Match | None = None
        """Matches what follows the prefix, up to the tail; `None`: that is the string alone."""
        self._tails: tuple[bytes, ...] = ()
        """What may follow that; none: the pattern goes to the end."""
        self._begin = self._end = 0
        self._chunk: Any = None
        self._id: str | None = None
        self._index = self._choice = 0
        self._raw: list[str] | None = None

    def recognise(self, data: bytes) -> bool:
        """Read an event like the learned one, given as it came; return whether it is one."""
        if not data.startswith(self._prefix):
            return False
        if self._match is None:
            if not data.endswith(self._tail):
                return False
            literal = data[self._begin : self._end]
        else:
            found = self._match(data, self._begin)
            if found is None or (self._tails and data[found.end() :] not in self._tails):
                return False
            literal = found[1]
        try:
            text: str = decode_string(literal)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not text:
            # Where one member is silent another may speak.
            return False
        if self._id is None:
            self.out.append(self._chunk(text, self._index, self._choice))
        else:
            self.out.append(c.ToolCallDelta(text, self._id, self._index, self._choice))
        if self._raw is not None:
            self._raw.append(text)
        if self._keeps_last:
            self.last = data
            if self._counted is not None:
                self.count += 1  # type: ignore[operator]
                self._number_next()
        self.recognised += 1
        self._vain = 0
        return True

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
            start = self._spot_before(data[:at])
            rest = self._spot_after(data[at + len(literal) :])
            if rest is None:
                return
            head = head_of(event)
            prefix, tail = head + start.before, rest.after + event.marks[0]
            if not self._find_number(head + data + event.marks[0], prefix, tail):
                return
            probed = start.before + start.probe + _PROBE_LITERAL + rest.probe + rest.after
            if rest.after[-1:] == b"}" and self._is_proved(data, text, probed):
                self._chunk, self._raw, self._id = type(chunk), raw, getattr(chunk, "id", None)
                self._index, self._choice = chunk.index, chunk.choice
                self._prefix, self._tail = prefix, tail
                self._begin, self._end = len(prefix), -len(tail)
                self._match_between(start.pattern, rest, event.marks)
                self._keeps_last = rest.says or self._counted is not None
                if self._counted is not None:
                    self._number_next()
            return

    def _match_between(self, lead: bytes, rest: Spot, marks: tuple[bytes, ...]) -> None:
        """Keep what matches what is between prefix and tail, if it is more than the string."""
        self._match, self._tails = None, ()
        if not lead and not rest.pattern:
            return
        pattern = lead + _STRING + rest.pattern
        if self._counted is None and len(self._tail) <= _SHORT:
            pattern += re.escape(self._tail) + rb"\Z"
        else:
            self._tails = tuple(rest.after + mark for mark in marks)
        self._match = _matcher(pattern)

    def _is_proved(self, data: bytes, text: str, probed_data: bytes) -> bool:
        """Whether the string is one value of the event, and nothing else says the same."""
        counter = self._counter if self._counted is not None else None
        following = (self.count or 0) + 1
        if counter is not None:
            probed_data = _number(counter).sub(rb"\g<1>%d" % following, probed_data)
        try:
            value, probed = parse_json(data), parse_json(probed_data)
        except ValueError:
            return False
        if _strings(value).count(text) != 1 or value.keys() != probed.keys():
            return False
        # Filler is a member of the event itself; anywhere else the same word means something.
        # So is the number.
        if counter is not None:
            numbers = (value.pop(counter, None), probed.pop(counter, None))
            if numbers != (self.count, following):
                return False
        return all(
            key in self._fillers or _differ_in(item, probed[key], text)
            for key, item in value.items()
        )

    # The number of the event.
    def _find_number(self, whole: bytes, prefix: bytes, tail: bytes) -> bool:
        """Find the event's number; return whether it can be followed, or there is none."""
        self._counted = None
        found = list(_number(self._counter).finditer(whole)) if self._counter else []
        if not found:
            return self.count is None
        number, after = found[0], len(whole) - len(tail)
        if len(found) > 1 or int(number[2]) != self.count:
            return False
        if number.end() <= len(prefix):
            self._counted = (True, prefix[: number.start(2)], prefix[number.end() :])
        elif number.start() >= after:
            self._counted = (False, whole[after : number.start(2)], whole[number.end() :])
        return self._counted is not None

    def _number_next(self) -> None:
        """Put the number that must come next where it will be."""
        is_before, left, right = self._counted  # type: ignore[misc]
        part = b"%b%d%b" % (left, self.count + 1, right)  # type: ignore[operator]
        if is_before:
            self._prefix = part
            self._begin = len(part)
        else:
            self._tail = part
            self._end = -len(part)
            self._tails = (part,)

    # What may vary beside the string.
    def _spot_before(self, data: bytes) -> Spot:
        spot = self._fillers_in(data)
        if spot is None:
            return Spot(data)
        pattern = spot.pattern + re.escape(spot.after)
        return Spot(spot.before, pattern, spot.probe + spot.after)

    def _spot_after(self, data: bytes) -> Spot | None:
        """Find what may vary after the string, if only blanks before the brace."""
        spot = self._fillers_in(data)
        if spot is None:
            before = data[:-1].rstrip(b" ")
            if len(before) == len(data) - 1:
                return Spot(b"", after=data)
            spot = Spot(before, _BLANKS, after=data[-1:])
        pattern = re.escape(spot.before) + spot.pattern
        return Spot(b"", pattern, spot.before + spot.probe, spot.after)

    def _fillers_in(self, data: bytes) -> Spot | None:
        """Find the fillers in a part of an event; `None` if there are none."""
        found = list(_members(*self._fillers).finditer(data))
        if not found:
            return None
        begin = at = found[0].start(2)
        pattern = probe = b""
        for member in found:
            between = data[at : member.start(2)]
            pattern += re.escape(between) + self._fillers[member[1].decode()]
            probe += between + b"1" + member[2]
            at = member.end()
        return Spot(data[:begin], pattern, probe, data[at:])


@lru_cache(maxsize=64)
def _matcher(pattern: bytes) -> Match:
    # Written once a kind of event, not once a stream: providers have few.
    return re.compile(pattern).match


@cache
def _number(counter: str) -> re.Pattern[bytes]:
    return re.compile(rb'("%s": ?)([0-9]+)' % re.escape(counter).encode())


@cache
def _members(*keys: str) -> re.Pattern[bytes]:
    """Return what finds members that are text: the key, and what is between the quotes."""
    return re.compile(rb'"(%s)": ?"([^"]*)' % "|".join(map(re.escape, keys)).encode())


def head_of(event: WireEvent) -> bytes:
    """Return what stands before an event's data, as almost everyone writes it."""
    if event.head is not None:
        return event.head
    return b"data: " if event.event == "message" else f"event: {event.event}\ndata: ".encode()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


def _differ_in(value: Any, probed: Any, text: str) -> bool:
    """Whether both are alike but for `text` here and the probe there."""
    if isinstance(value, dict) and isinstance(probed, dict):
        if value.keys() != probed.keys():
            return False
        return all(_differ_in(item, probed[key], text) for key, item in value.items())
    if isinstance(value, list) and isinstance(probed, list):
        return len(value) == len(probed) and all(
            _differ_in(item, other, text) for item, other in zip(value, probed, strict=True)
        )
    return bool(value == probed) or (value == text and probed == PROBE)
