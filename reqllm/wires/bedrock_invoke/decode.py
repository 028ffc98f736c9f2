"""Reads streams of Bedrock's InvokeModelWithResponseStream: a model's own events, wrapped.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html
A frame named `chunk` holds JSON whose `bytes` is an event of the model's vendor in base64. The
first event tells which vendor's; the rest is read by the decoder of that wire.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from reqllm import chunk as c
from reqllm.errors import APIError, ReqLLMError
from reqllm.framing.event import Comment, Known, Recognise, WireEvent
from reqllm.wires.bedrock_invoke.vendors import decoder_for
from reqllm.wires.bedrock_invoke.words import METRICS, WIRE
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.delta_lane import NOTHING, DeltaLane
from reqllm.wires.common.fields import filled
from reqllm.wires.common.json_text import parse_json
from reqllm.wires.common.reported import exception, failure_of
from reqllm.wires.common.surrogates import whole_text
from reqllm.wires.wire import Reading

_OPENING = b'{"bytes":"'
_FILLER = b'","p":"'
_METRICS = METRICS.encode()


class InvokeDecoder:
    """One stream: unwraps events and hands them to the decoder of the model's own wire."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._inner: JSONEventDecoder | None = None
        self._out: list[c.StreamChunk] = []
        self._counted = False  # Bedrock has said what the answer cost: nothing comes after it
        self._wrapper: bytes | tuple[bytes, ...] = NOTHING

    # What StreamServer asks of a decoder.
    @property
    def ended(self) -> bool:
        return self._inner is not None and self._inner.ended and self._counted

    @ended.setter
    def ended(self, value: bool) -> None:
        self._counted = value
        if self._inner is not None:
            self._inner.ended = value

    @property
    def can_end(self) -> bool:
        inner = self._inner
        return inner is not None and (inner.can_end or inner.ended or self._counted)

    @property
    def error(self) -> ReqLLMError | None:
        return None if self._inner is None else self._inner.error

    @property
    def late_events(self) -> int:
        return 0 if self._inner is None else self._inner.late_events

    @property
    def recognise(self) -> Recognise | None:
        """Takes a message if it wraps one more of the deltas that came before."""
        return None if self._reading.include_raw else self._recognise

    @property
    def more(self) -> Known | None:
        """Returns the delta of a message that wraps one more of those that came before."""
        return None if self._reading.include_raw else self._more

    @property
    def lane(self) -> DeltaLane | None:
        """What keeps the texts of the deltas that `more` returned."""
        return None if self._inner is None else self._inner.lane

    def begin(self) -> list[c.StreamChunk]:
        """Begin a batch; return the list that its chunks will be in."""
        self._out = []
        if self._inner is not None:
            self._inner.write_to(self._out)
        return self._out

    def finish(self) -> list[c.StreamChunk]:
        """Close what is open and return the rest, a `FinishChunk` last."""
        return self._reader(None).finish()

    def abandon(self) -> list[c.StreamChunk]:
        """Return what was held back, where the stream will not be finished."""
        return [] if self._inner is None else self._inner.abandon()

    def take(self, event: WireEvent | Comment) -> None:
        """Take one event; events after the terminal one say nothing."""
        if isinstance(event, Comment):
            return
        inner, failure = self._inner, _failure_of(event)
        if inner is not None and (inner.error is not None or (inner.ended and failure)):
            inner.late_events += 1
        elif failure is not None:
            self._reader(None).fail(failure)
        elif event.event in ("chunk", "message"):
            self._take_chunk(event)
        elif event.event != "initial-response":
            self._take_unknown(event)

    # The wrapping.
    def _take_chunk(self, event: WireEvent) -> None:
        data = event.data
        others: dict[str, Any] = {}
        if event.event == "chunk":
            data, others = _unwrapped(data)
            is_usual = event.data.startswith(_OPENING)
            self._wrapper = (event.head or b"") + _OPENING if is_usual else NOTHING
        value = None
        if self._inner is None or _METRICS in data:
            value = _parsed(data)
        inner = self._reader(value)
        for key, item in whole_text(others).items():
            inner.keep(key, item)
        if isinstance(value, dict) and METRICS in value:
            self._counted = True
            if value.keys() == {METRICS}:
                # A message of Bedrock's own between those of the model.
                inner.keep(METRICS, whole_text(value[METRICS]))
                return
        inner.take(WireEvent(data, flushed=event.flushed))

    def _reader(self, first: Any) -> JSONEventDecoder:
        """Return what reads the model's events, chosen by the first of them."""
        if self._inner is None:
            self._inner = decoder_for(first, self._reading)
            self._inner.write_to(self._out)
        return self._inner

    def _take_unknown(self, event: WireEvent) -> None:
        inner = self._reader(None)
        inner.start()
        value = _parsed(event.data)
        kept = event.text if value is None else whole_text(value)
        self._out.append(c.CustomChunk(f"{WIRE}.{event.event}", kept))

    def _recognise(self, block: bytes, at: int) -> int:
        delta = self._more(block)
        if delta is None or self._inner is None:
            return at
        self._out.append(delta)
        self._inner.lane.take_texts()
        return len(block)

    def _more(self, block: bytes) -> Any:
        """Read a message like the last one, given as its headers and payload."""
        if self._inner is None or not block.startswith(self._wrapper):
            return None
        begin = len(self._wrapper)
        end = block.find(b'"', begin)
        rest = block[end:]
        if rest != b'"}' and not (
            rest.startswith(_FILLER) and rest.endswith(b'"}') and rest[7:-2].isalnum()
        ):
            return None
        try:
            data = binascii.a2b_base64(block[begin:end], strict_mode=True)
        except binascii.Error:
            return None
        return self._inner.lane.more(b"data: %b\n\n" % data)


def _failure_of(event: WireEvent) -> APIError | None:
    if event.event.endswith("Exception") and event.headers.get(":message-type") == "event":
        return exception(event.event, _parsed(event.data))
    return failure_of(event)


def _unwrapped(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return the event that a payload holds, and what else it says; as it is if it holds none."""
    value = _parsed(data)
    wrapped = filled(value.get("bytes")) if isinstance(value, dict) else None
    if wrapped is None:
        return data, {}
    others = {key: item for key, item in value.items() if key not in ("bytes", "p")}
    try:
        return base64.b64decode(wrapped, validate=True), others
    except ValueError:
        return wrapped.encode("utf-8", "replace"), others


def _parsed(data: bytes) -> Any:
    try:
        return parse_json(data.decode("utf-8", "replace"))
    except ValueError:
        return None
