"""The short way for wires that tell the usage so far on every event.

As in `delta_lane`, but the numbers in one member of the event may differ too. That member is
not read each time: the last event that was recognised holds what all before it came to.
"""

from __future__ import annotations

import re
from typing import Any

from reqllm.framing.event import WireEvent
from reqllm.framing.json_scan import ValueScanner
from reqllm.wires.common.delta_lane import DeltaLane, head_of
from reqllm.wires.common.fillers import Spot
from reqllm.wires.common.json_text import parse_json

# As JSON writes whole numbers, and none that is longer than any count.
_COUNTS = re.compile(rb"0|[1-9][0-9]{0,14}")
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_NOT_PLAIN = re.compile(rb"[0-9\\]")


class TallyLane(DeltaLane):
    """Recognises events that differ in a single string, and in the counts of one member.

    key: that member, an object of the event itself.
    """

    __slots__ = ("_head", "_key")

    def __init__(self, key: str) -> None:
        # What it says is held to nothing when an event is proved to be a delta.
        super().__init__({key: rb"[0-9]*+"})
        self._key = key
        self._head = 0

    def take_tally(self) -> Any:
        """Return the member of the last event that was recognised, once; `None` if none was."""
        if not self.last:
            return None
        data, self.last = self.last[self._head :], b""
        return parse_json(data).get(self._key)

    def learn(self, event: WireEvent, chunk: Any, raw: list[str] | None) -> None:
        """Keep the bytes around the text and the counts of an event that gave just this delta."""
        self._head = len(head_of(event))
        super().learn(event, chunk, raw)

    def _spot_after(self, data: bytes) -> Spot | None:
        at = data.find(f'"{self._key}":'.encode())
        if at < 0:
            return super()._spot_after(data)
        begin = data.find(b"{", at)
        scanner = ValueScanner()
        scanner.restart(begin)
        end = scanner.find_end(bytearray(data)) if begin >= 0 else -1
        if end < 0 or end == len(data):
            return None
        counts = data[begin:end]
        if any(_NOT_PLAIN.search(text[1]) for text in _TEXT.finditer(counts)):
            return None
        shape = _COUNTS.sub(b"0", counts)
        if b"00" in shape:
            return None  # a number longer than any count
        others = _COUNTS.sub(b"7", counts)
        if others == counts:
            others = _COUNTS.sub(b"8", counts)
        pattern = re.escape(shape).replace(b"0", b"(?:%b)" % _COUNTS.pattern)
        before = data[:begin]
        pattern = re.escape(before) + pattern
        return Spot(pattern=pattern, probe=before + others, after=data[end:], says=True)
