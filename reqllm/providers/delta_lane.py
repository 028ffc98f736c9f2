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

from reqllm.framing.sse import ServerSentEvent
from reqllm.providers.json_text import parse_json

_decode_string = msgspec.json.Decoder(str).decode
FILLER_KEYS = ("obfuscation", "p")
_FILLERS = tuple(f'"{key}":"'.encode() for key in FILLER_KEYS)
_PROBE = "\x7fprobe\x7f"
# A stream whose events never repeat is not worth learning from.
_LEARN_IN_VAIN = 8


class DeltaLane:
    """Recognises events that differ from the last learned one in a single string."""

    __slots__ = ("_event", "_filler_ok", "_middle", "_prefix", "_stop", "_tail", "_vain", "learned")

    def __init__(self) -> None:
        self.learned = False
        self._vain = 0
        self._event = ""
        self._prefix = self._middle = self._tail = b""
        self._stop = 0
        self._filler_ok: Callable[[bytes], bool] = bytes.isspace

    def read(self, event: ServerSentEvent) -> str | None:
        """Return the event's string, `None` if it is not like the learned one."""
        data = event.data
        if (
            not data.startswith(self._prefix)
            or not data.endswith(self._tail)
            or event.event != self._event
        ):
            return None
        raw, found, filler = data[len(self._prefix) : self._stop].partition(self._middle)
        if not found or (filler and not self._filler_ok(filler)):
            return None
        try:
            text: str = _decode_string(b'"' + raw + b'"')
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        self._vain = 0
        return text

    def forget(self) -> None:
        """Go the long way from here on."""
        self.learned = False

    def learn(self, event: ServerSentEvent, text: str) -> None:
        """Keep the bytes around `text` in an event that meant just this text."""
        self.learned = False
        if self._vain >= _LEARN_IN_VAIN:
            return
        self._vain += 1
        data = event.data
        for literal in (msgspec.json.encode(text), _ascii_literal(text)):
            at = data.find(literal)
            if at < 0 or data.find(literal, at + 1) >= 0:
                continue
            self._prefix = data[: at + 1]
            self._divide_rest(data[at + len(literal) - 1 :])
            self._event = event.event
            self.learned = self._is_proved(data, text)
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
            self._filler_ok = bytes.isspace
        self._stop = -len(self._tail)

    def _is_proved(self, data: bytes, text: str) -> bool:
        """Whether the string is one value of the event, and nothing else says the same."""
        if self._tail[-1:] != b"}":
            return False
        probe = msgspec.json.encode(_PROBE)[1:-1]
        try:
            value = parse_json(data)
            probed = parse_json(self._prefix + probe + self._middle + self._tail)
        except ValueError:
            return False
        return list(_strings(value)).count(text) == 1 and _differ_in(value, probed, text)


def _ascii_literal(text: str) -> bytes:
    return json.dumps(text).encode()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


def _differ_in(value: Any, probed: Any, text: str) -> bool:
    """Whether both are alike but for `text` here and the probe there, and for filler."""
    if isinstance(value, dict) and isinstance(probed, dict):
        if value.keys() != probed.keys():
            return False
        return all(
            _differ_in(item, probed[key], text) or key in FILLER_KEYS
            for key, item in value.items()
        )
    if isinstance(value, list) and isinstance(probed, list):
        return len(value) == len(probed) and all(
            _differ_in(item, other, text) for item, other in zip(value, probed, strict=True)
        )
    return bool(value == probed) or (value == text and probed == _PROBE)
