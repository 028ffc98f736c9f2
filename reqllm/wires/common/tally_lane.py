"""The short way for wires that tell the usage so far on every event.

As in `delta_lane`, but the numbers in one member of the event may differ too. That member is
not read each time: the last event that was recognised holds what all before it came to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import structs

from reqllm.framing.event import WireEvent
from reqllm.framing.json_scan import ValueScanner
from reqllm.wires.common.delta_lane import (
    LEARN_IN_VAIN,
    NOTHING,
    PROBE,
    DeltaLane,
    decode_string,
    head_of,
)
from reqllm.wires.common.json_text import parse_json

# As JSON writes whole numbers, and none that is longer than any count.
_COUNTS = re.compile(rb"0|[1-9][0-9]{0,14}")
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_NOT_PLAIN = re.compile(rb"[0-9\\]")


Matches = Callable[..., "re.Match[bytes] | None"]


@lru_cache(maxsize=64)
def _matcher(shape: bytes) -> Matches:
    """Return what matches the member with any counts, from one that has a 0 for each."""
    # Written once a kind of usage object, not once a stream: providers have few.
    return re.compile(re.escape(shape).replace(b"0", b"(?:%b)" % _COUNTS.pattern)).fullmatch


class TallyLane(DeltaLane):
    """Recognises events that differ in a single string, and in the counts of one member.

    key: that member, an object of the event itself.
    """

    __slots__ = ("_has_counts", "_head", "_key", "_matches", "_skip")

    def __init__(self, key: str) -> None:
        # What it says is held to nothing when an event is proved to be a delta.
        super().__init__({key: bytes.isdigit})
        self._key = key
        self._head = 0
        self._has_counts = False
        self._skip = 0
        self._matches: Matches = _matcher(b"")

    def take_tally(self) -> Any:
        """Return the member of the last event that was recognised, once; `None` if none was."""
        if not self.last:
            return None
        data, self.last = self.last[self._head :], b""
        return parse_json(data).get(self._key)

    def recognise(self, block: bytes) -> bool:
        """Read an event like the learned one, given as its lines; return whether it is one."""
        if not self._has_counts:
            return super().recognise(block)
        if not block.startswith(self._prefix) or not block.endswith(self._tail):
            return False
        at = block.find(self._middle, self._begin)
        if at < 0 or self._matches(block, at + self._skip, len(block) + self._end) is None:
            return False
        try:
            # The quotes are the last and the first byte of what stands around it.
            text: str = decode_string(block[self._begin - 1 : at + 1])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not text:
            return False
        self.out.append(self._chunk(text, *self._place))
        if self._raw is not None:
            self._raw.append(text)
        self.last = block
        self.recognised += 1
        self._vain = 0
        return True

    def learn(self, event: WireEvent, chunk: Any, raw: list[str] | None) -> None:
        """Keep the bytes around the text and the counts of an event that gave just this delta."""
        self._has_counts = False
        if f'"{self._key}":'.encode() not in event.data:
            super().learn(event, chunk, raw)
            return
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
            divided = self._divide_counts(data[at + len(literal) - 1 :])
            if divided is None:
                return
            middle, counts, tail = divided
            before = data[: at + 1]
            others = _COUNTS.sub(b"7", counts)
            if others == counts:
                others = _COUNTS.sub(b"8", counts)
            probe = msgspec.json.encode(PROBE)[1:-1]
            shape = _COUNTS.sub(b"0", counts)
            if b"00" in shape:
                return  # a number longer than any count
            matches = _matcher(shape)
            probed = before + probe + middle + others + tail
            if self._is_proved(data, text, probed):
                self._chunk, self._place, self._raw = type(chunk), tuple(place), raw
                head = head_of(event)
                self._head = len(head)
                self._prefix, self._middle, self._tail = head + before, middle, tail
                self._begin, self._end = len(self._prefix), -len(tail)
                self._skip, self._matches = len(middle), matches
                self._has_counts = True
            return

    def _divide_counts(self, rest: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Divide what follows the string around the member's value; `None` if it lies elsewhere."""
        at = rest.find(f'"{self._key}":'.encode())
        begin = rest.find(b"{", at)
        scanner = ValueScanner()
        scanner.restart(begin)
        end = scanner.find_end(bytearray(rest)) if 0 <= at < begin else -1
        if end < 0 or end == len(rest):
            return None
        if any(_NOT_PLAIN.search(text[1]) for text in _TEXT.finditer(rest, begin, end)):
            return None
        return rest[:begin], rest[begin:end], rest[end:]
