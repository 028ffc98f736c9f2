"""What the decoders of JSON wires share: reading events, endings, what to say at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reqllm import chunk as c
from reqllm.errors import MalformedEventError, ReqLLMError
from reqllm.framing.sse import ServerSentEvent
from reqllm.providers.blocks import Block, BlockWriter, ToolBlock
from reqllm.providers.delta_lane import DeltaLane
from reqllm.providers.json_text import has_halves, parse_json
from reqllm.providers.surrogates import whole_chunk
from reqllm.providers.usage import UsageMeter

_SHOWN = 200


class JSONEventDecoder:
    """Base of the decoders whose events are JSON. A wire says what one event means in `_take`."""

    def __init__(self, wire: str, usage: UsageMeter, *, skip_malformed: bool = False) -> None:
        self.wire = wire
        self.ended = False
        self.can_end = False
        self.error: ReqLLMError | None = None
        self.late_events = 0
        """Events that came after the terminal one."""
        self._write = BlockWriter()
        self._usage = usage
        self._skip_malformed = skip_malformed
        self._lane = DeltaLane()
        self._lane_block: Block | None = None
        self._repeatable = True
        """Whether the last event, met again, would mean a delta and nothing else."""
        self._events = 0
        self._started = False
        self._id: str | None = None
        self._model: str | None = None
        self._extra: dict[str, Any] = {}
        self._extra_told: dict[str, Any] = {}
        self._warned: set[str] = set()
        self._halves = False
        """Whether some event spelled half a character; not only texts may then hold one."""

    def decode(self, events: Sequence[ServerSentEvent]) -> list[c.StreamChunk]:
        """Return what the events say; events after the terminal one say nothing."""
        out = self._write.out = []
        lane = self._lane
        for event in events:
            if lane.learned:
                text = lane.read(event)
                # An empty text may mean that another member speaks.
                if text:
                    self._events += 1
                    self._write_delta(text)
                    continue
            if self.ended or self.error is not None:
                self.late_events += bool(event.data.strip())
                continue
            before = len(out)
            self._events += 1
            self._repeatable = True
            self._take_event(event)
            self._learn(event, out[before:])
        return self._written()

    def _written(self) -> list[c.StreamChunk]:
        """Return the chunks written, without halves of characters."""
        out = self._write.out
        if self._halves:
            out[:] = map(whole_chunk, out)
        return out

    def _write_delta(self, text: str) -> None:
        block = self._lane_block
        match block:
            case ToolBlock():
                block.raw.append(text)
                self._write.out.append(c.ToolCallDelta(text, block.id, block.index, block.choice))
            case Block(kind="text"):
                self._write.out.append(c.TextDelta(text, block.index, block.choice))
            case Block(kind="reasoning"):
                self._write.out.append(c.ReasoningDelta(text, block.index, block.choice))

    def _learn(self, event: ServerSentEvent, chunks: list[c.StreamChunk]) -> None:
        """Let the next event go the short way if this one was a plain delta."""
        self._lane.forget()
        if len(chunks) != 1 or not self._repeatable or self.can_end or self.error is not None:
            return
        match chunks[0]:
            case c.TextDelta(text) | c.ReasoningDelta(text) | c.ToolCallDelta(text):
                block = self._block_of(chunks[0])
                if block is not None and not block.held:
                    self._lane_block = block
                    self._lane.learn(event, text)

    def _block_of(self, chunk: Any) -> Block | None:
        for block in self._write.open:
            if block.index == chunk.index and block.choice == chunk.choice:
                return block
        return None

    def _take_event(self, event: ServerSentEvent) -> None:
        data = event.data
        if not data.strip():
            return
        if data[:1] != b"{" and self._take_sentinel(data.strip()):
            return
        try:
            value = self._parse(data)
        except ValueError:
            self._take_malformed(event)
            return
        if isinstance(value, dict):
            self._take(value, event)
        elif value == "[DONE]" and self._take_sentinel(b"[DONE]"):
            self._warn_once("quoted_sentinel", 'the sentinel [DONE] came as the string "[DONE]"')
        else:
            self.start()
            self._write.warn(
                "unexpected_event",
                f"event {self._events}: expected a JSON object, got {event.text[:_SHOWN]!r}; "
                "ignored",
            )

    def _parse(self, data: bytes) -> Any:
        text = data.decode("utf-8", "replace")
        value = parse_json(text)
        if has_halves(text):
            self._halves = True
            self._repeatable = False
        if "\ufffd" in text and not _is_utf8(data):
            self.start()
            self._write.warn(
                "invalid_utf8", f"event {self._events} was no UTF-8; bad bytes became U+FFFD"
            )
        return value

    def _take_malformed(self, event: ServerSentEvent) -> None:
        if event.flushed:
            # The body ended inside this event: that is a cut, not a mistake in the JSON.
            return
        problem = (
            f"event {self._events} of the {self.wire} stream: expected one JSON object, "
            f"got {event.text[:_SHOWN]!r}"
        )
        if self._skip_malformed:
            self.start()
            self._write.warn("malformed_event", problem + "; skipped")
        else:
            self.error = MalformedEventError(
                problem + '; on_malformed="skip" reads on',
                data=event.data,
                event_number=self._events,
            )

    # For the wires.
    def _take(self, value: dict[str, Any], event: ServerSentEvent) -> None:
        """Take one event's JSON object."""
        raise NotImplementedError

    def _take_sentinel(self, data: bytes) -> bool:
        """Take data that is no JSON object; return whether it was a sentinel."""
        return False

    def _finishes(self) -> tuple[c.Finish, ...]:
        """Return why each choice finished, from the first to the last without a gap."""
        raise NotImplementedError

    def _missing_end(self) -> tuple[str, str] | None:
        """Return the warning for an end without the terminal event, if there is one."""
        return None

    def start(self, id: str | None = None, model: str | None = None) -> None:  # noqa: A002
        """Hand out the first chunk, once; what is learned of id and model later, too."""
        new_id = id if id and self._id is None else None
        new_model = model if model and self._model is None else None
        self._id = self._id or new_id
        self._model = self._model or new_model
        if not self._started:
            self._started = True
            self._write.out.append(c.StreamStart(new_id, new_model))
        elif new_id or new_model:
            self._write.out.append(c.ResponseMetadata(new_id, new_model))

    def _warn_once(self, code: str, message: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._write.warn(code, message)

    def _note(self, key: str, value: Any) -> None:
        """Keep something that has no place of its own; tell it when it first appears."""
        if self._extra.get(key) == value:
            return
        known = key in self._extra
        self._extra[key] = value
        if not known:
            self._extra_told[key] = value
            self._write.out.append(c.ResponseMetadata(provider_metadata={key: value}))

    def _meter(self, usage: Mapping[str, Any]) -> None:
        """Take a usage object; hand out the usage if that changed it."""
        if self._usage.update(usage):
            self._write.out.append(c.UsageChunk(self._usage.usage()))

    def finish(self) -> list[c.StreamChunk]:
        """Close what is open and return the rest, a `FinishChunk` last."""
        out = self._close()
        missing = None if self.ended else self._missing_end()
        if missing is not None:
            self._write.warn(*missing)
        finishes = self._finishes()
        first = next((finish for finish in finishes if finish.raw is not None), finishes[0])
        out.append(c.FinishChunk(first, finishes if len(finishes) > 1 else ()))
        self.ended = True
        return self._written()

    def abandon(self) -> list[c.StreamChunk]:
        """Return what was held back, where the stream will not be finished.

        Open blocks stay open: an end would say that they are whole.
        """
        self._write.out = []
        self._tell_changes()
        self.ended = True
        return self._written()

    def _close(self) -> list[c.StreamChunk]:
        out = self._write.out = []
        self._lane.forget()
        self.start()
        self._write.close_all()
        self._tell_changes()
        return out

    def _tell_changes(self) -> None:
        changed = {
            key: value for key, value in self._extra.items() if self._extra_told[key] != value
        }
        if changed:
            self._extra_told.update(changed)
            self._write.out.append(c.ResponseMetadata(provider_metadata=changed))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
