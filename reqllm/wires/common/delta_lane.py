"""The short way for the events that most of a stream is made of.

Nearly every event of an answer is the one before with another string in one place. Once such
an event has been read the long way, and gave one delta and nothing else, the bytes around
its string are kept. A later event with the same bytes around must mean the same, so only the
string is parsed. What does not match in every byte goes the long way again; nothing is guessed.

Two spots may differ and are known to mean nothing: the random filler that providers put
against traffic analysis, and blanks before the last brace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import structs

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.json_text import parse_json

_decode_string = msgspec.json.Decoder(str).decode
FILLER_KEYS = ("obfuscation", "p")
_FILLERS = tuple(f'"{key}":"'.encode() for key in FILLER_KEYS)
_PROBE = "\x7fprobe\x7f"
# Begins no event that could be learned: no UTF-8 has this byte.
_NOTHING = b"\xff"
# A stream whose events never repeat is not worth learning from.
_LEARN_IN_VAIN = 8


class DeltaLane:
    """Recognises events that differ from the last learned one in a single string."""

    __slots__ = (
        "_begin",
        "_chunk",
        "_end",
        "_filler_ok",
        "_middle",
        "_place",
        "_prefix",
        "_raw",
        "_tail",
        "_vain",
        "out",
        "recognised",
    )

    def __init__(self) -> None:
        self.out: list[c.StreamChunk] = []
        """Where the chunks go."""
        self.recognised = 0
        """Events recognised so far."""
        self._vain = 0
        self._prefix = _NOTHING
        self._middle = self._tail = b""
        self._begin = self._end = 0
        self._filler_ok: Callable[[bytes], bool] = _is_blank
        self._chunk: Any = None
        self._place: tuple[Any, ...] = ()
        self._raw: list[str] | None = None

    def recognise(self, block: bytes) -> bool:
        """Read an event like the learned one, given as its lines; return whether it is one."""
        if not block.startswith(self._prefix) or not block.endswith(self._tail):
            return False
        raw, found, filler = block[self._begin : self._end].partition(self._middle)
        if not found or (filler and not self._filler_ok(filler)):
            return False
        try:
            text: str = _decode_string(b'"' + raw + b'"')
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not text:
            # Where one member is silent another may speak.
            return False
        self.out.append(self._chunk(text, *self._place))
        if self._raw is not None:
            self._raw.append(text)
        self.recognised += 1
        self._vain = 0
        return True

    def forget(self) -> None:
        """Go the long way from here on."""
        self._prefix = _NOTHING

    def learn(self, event: WireEvent, chunk: Any, raw: list[str] | None) -> None:
        """Keep the bytes around the text of an event that gave just this delta.

        `raw` is where the fragments of a tool call are kept beside.
        """
        self._prefix = _NOTHING
        if self._vain >= _LEARN_IN_VAIN or b"\n" in event.data:
            return
        self._vain += 1
        text, *place = structs.astuple(chunk)
        data = event.data
        for literal in (msgspec.json.encode(text), json.dumps(text).encode()):
            at = data.find(literal)
            if at < 0 or data.find(literal, at + 1) >= 0:
                continue
            before = data[: at + 1]
            self._divide_rest(data[at + len(literal) - 1 :])
            if self._is_proved(before, data, text):
                self._chunk, self._place, self._raw = type(chunk), tuple(place), raw
                self._prefix = _head_of(event) + before
                self._begin, self._end = len(self._prefix), -len(self._tail)
            return

    def _divide_rest(self, rest: bytes) -> None:
        """Find the one spot after the string that may vary."""
        for mark in _FILLERS:
            at = rest.find(mark)
            if at >= 0:
                begin = at + len(mark)
                end = rest.find(b'"', begin)
                self._middle, self._tail = rest[:begin], rest[end:]
                self._filler_ok = bytes.isalnum
                break
        else:
            self._middle, self._tail = rest[:-1].rstrip(b" "), rest[-1:]
            self._filler_ok = _is_blank

    def _is_proved(self, before: bytes, data: bytes, text: str) -> bool:
        """Whether the string is one value of the event, and nothing else says the same."""
        if self._tail[-1:] != b"}":
            return False
        probe = msgspec.json.encode(_PROBE)[1:-1]
        try:
            value = parse_json(data)
            probed = parse_json(before + probe + self._middle + self._tail)
        except ValueError:
            return False
        if _strings(value).count(text) != 1 or value.keys() != probed.keys():
            return False
        # Filler is a member of the event itself; anywhere else the same word means something.
        return all(
            key in FILLER_KEYS or _differ_in(item, probed[key], text) for key, item in value.items()
        )


def _is_blank(filler: bytes) -> bool:
    return not filler.strip(b" ")


def _head_of(event: WireEvent) -> bytes:
    """Return what stands before an event's data, as almost everyone writes it."""
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
    return bool(value == probed) or (value == text and probed == _PROBE)
