"""The short way for the events that most of a stream is made of.

Nearly every event of an answer is the one before with another string in one place. Once such
an event has been read the long way, and gave one delta and nothing else, the bytes around
its string are kept. A later event with the same bytes around must mean the same, so only the
string is parsed. What does not match in every byte goes the long way again; nothing is guessed.

What may differ besides is known to mean nothing: blanks before the last brace, and members of
the event that a wire declares as filler, such as random text against traffic analysis, or a
time. One of them may stand before the string and one after it.
Where a wire numbers its events and the numbers mean something, an event is only recognised by
the very number that must come next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, structs

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.json_text import parse_json

decode_string = msgspec.json.Decoder(str).decode
IsFiller = Callable[[bytes], bool]
# Random text against traffic analysis, on any wire.
PADDING: Mapping[str, IsFiller] = MappingProxyType(
    {"obfuscation": bytes.isalnum, "p": bytes.isalnum}  # or nothing at all
)
FILLER_KEYS = tuple(PADDING)
PROBE = "\x7fprobe\x7f"
# What no event begins with: one of no beginnings. (Any bytes may begin one.)
NOTHING: tuple[bytes, ...] = ()
# A stream whose events never repeat is not worth learning from.
LEARN_IN_VAIN = 8


class DeltaLane:
    """Recognises events that differ from the last learned one in a single string.

    fillers: members of the event itself that are text and say nothing, each with what the bytes
        between its quotes may be; a quote or a backslash must not be among them.
    counter: the member in which the wire numbers its events, each by one more than the last.
    """

    __slots__ = (
        "_begin",
        "_chunk",
        "_counted",
        "_counter",
        "_end",
        "_filler_ok",
        "_fillers",
        "_lead",
        "_lead_ok",
        "_literal_end",
        "_middle",
        "_place",
        "_prefix",
        "_raw",
        "_rest",
        "_tail",
        "_vain",
        "count",
        "last",
        "out",
        "recognised",
    )

    def __init__(
        self, fillers: Mapping[str, IsFiller] = PADDING, counter: str | None = None
    ) -> None:
        self._fillers = fillers
        self._counter = counter
        # Which of the constant parts holds the number, and its bytes around it.
        self._counted: tuple[str, bytes, bytes] | None = None
        self.count: int | None = None
        """The number of the last event, where events are numbered; the decoder sets it, too."""
        self.last = b""
        """The lines of the last event that was recognised, where events are numbered."""
        self.out: list[c.StreamChunk] = []
        """Where the chunks go."""
        self.recognised = 0
        """Events recognised so far."""
        self._vain = 0
        self._prefix: bytes | tuple[bytes, ...] = NOTHING
        self._lead = self._middle = self._tail = b""
        self._begin = self._end = self._literal_end = 0
        self._rest = b""
        """All that follows the string's inside, where nothing of it may vary."""
        self._lead_ok: IsFiller = _is_blank
        self._filler_ok: IsFiller = _is_blank
        self._chunk: Any = None
        self._place: tuple[Any, ...] = ()
        self._raw: list[str] | None = None

    def recognise(self, block: bytes) -> bool:
        """Read an event like the learned one, given as its lines; return whether it is one."""
        if not block.startswith(self._prefix) or not block.endswith(self._tail):
            return False
        if self._rest and block.endswith(self._rest):
            # Most are equal to the last byte; both quotes are of the string then.
            literal = block[self._begin - 1 : self._literal_end]
        else:
            raw = self._varying(block[self._begin : self._end])
            if raw is None:
                return False
            literal = b'"' + raw + b'"'
        try:
            text: str = decode_string(literal)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not text:
            # Where one member is silent another may speak.
            return False
        self.out.append(self._chunk(text, *self._place))
        if self._raw is not None:
            self._raw.append(text)
        if self._counted is not None:
            self.last = block
            self.count += 1  # type: ignore[operator]
            self._number_next()
        self.recognised += 1
        self._vain = 0
        return True

    def _varying(self, rest: bytes) -> bytes | None:
        """Return the inside of the string, where something beside it may vary as well."""
        if self._lead:
            filler, found, rest = rest.partition(self._lead)
            if not found or not self._lead_ok(filler):
                return None
        raw, found, filler = rest.partition(self._middle)
        return raw if found and (not filler or self._filler_ok(filler)) else None

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
        text, *place = structs.astuple(chunk)
        data = event.data
        for literal in (msgspec.json.encode(text), json.dumps(text).encode()):
            at = data.find(literal)
            if at < 0 or data.find(literal, at + 1) >= 0:
                continue
            start = self._divide_start(data[: at + 1])
            rest = self._divide_rest(data[at + len(literal) - 1 :])
            head = head_of(event)
            if not self._find_number(head + start.before):
                return
            probed = start.probed + msgspec.json.encode(PROBE)[1:-1] + rest.probed
            if rest.after[-1:] == b"}" and self._is_proved(data, text, probed):
                self._chunk, self._place, self._raw = type(chunk), tuple(place), raw
                self._prefix = head + start.before
                self._begin, self._end = len(self._prefix), -len(self._tail)
                varies = self._lead or self._filler_ok is not _is_blank
                self._rest = b"" if varies or self._counted else self._middle + self._tail
                self._literal_end = 1 - len(self._rest)
                if self._counted is not None:
                    self._number_next()
            return

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
    def _find_number(self, prefix: bytes) -> bool:
        """Find the event's number; return whether it can be followed, or there is none."""
        self._counted = None
        if self._counter is None:
            return True
        parts = {
            "_prefix": prefix,
            "_lead": self._lead,
            "_middle": self._middle,
            "_tail": self._tail,
        }
        found = [
            (name, part[: match.end(1)], part[match.end(2) :], int(match[2]))
            for name, part in parts.items()
            for match in _number(self._counter).finditer(part)
        ]
        if not found:
            return self.count is None
        name, left, right, number = found[0]
        self._counted = (name, left, right)
        return len(found) == 1 and number == self.count

    def _number_next(self) -> None:
        """Put the number that must come next where it will be."""
        name, left, right = self._counted  # type: ignore[misc]
        part = b"%b%d%b" % (left, self.count + 1, right)  # type: ignore[operator]
        if name == "_tail":
            self._tail = part
            self._end = -len(part)
        elif name == "_prefix":
            self._prefix = part
            self._begin = len(part)
        else:
            setattr(self, name, part)

    def _divide_start(self, start: bytes) -> _Divided:
        """Find the spot before the string that may vary."""
        divided, self._lead_ok = _divide(start, self._fillers) or (_Divided(start), _is_blank)
        self._lead = divided.after
        return divided

    def _divide_rest(self, rest: bytes) -> _Divided:
        """Find the spot after the string that may vary: at least the blanks before the brace."""
        divided, self._filler_ok = _divide(rest, self._fillers) or (
            _Divided(rest[:-1].rstrip(b" "), b"", rest[-1:]),
            _is_blank,
        )
        self._middle, self._tail = divided.before, divided.after
        return divided


class _Divided(Struct, frozen=True):
    """Bytes around a spot that may vary."""

    before: bytes
    filler: bytes = b""
    after: bytes = b""
    is_filled: bool = False

    @property
    def probed(self) -> bytes:
        """The same with another filler."""
        return self.before + (b"1" if self.is_filled else b"") + self.filler + self.after


def _divide(data: bytes, fillers: Mapping[str, IsFiller]) -> tuple[_Divided, IsFiller] | None:
    """Divide bytes of JSON at the first of the fillers that is in them."""
    for key, is_filler in fillers.items():
        begin = data.find(f'"{key}":"'.encode())
        if begin < 0:
            continue
        begin += len(key) + 4
        end = data.find(b'"', begin)
        if end >= 0:
            return _Divided(data[:begin], data[begin:end], data[end:], is_filled=True), is_filler
    return None


@cache
def _number(counter: str) -> re.Pattern[bytes]:
    return re.compile(rb'("%s": ?)([0-9]+)' % re.escape(counter).encode())


def _is_blank(filler: bytes) -> bool:
    return not filler.strip(b" ")


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
