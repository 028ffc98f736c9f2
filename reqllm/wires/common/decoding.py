"""What the decoders of JSON wires share: reading events, endings, what to say at the end."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, ClassVar

from msgspec.structs import replace

from reqllm import chunk as c
from reqllm.errors import MalformedEventError, ReqLLMError
from reqllm.framing.event import Comment, Known, Recognise, WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.blocks import Block, BlockWriter
from reqllm.wires.common.delta_lane import DeltaLane
from reqllm.wires.common.error_reports import is_report
from reqllm.wires.common.fields import NOTHING
from reqllm.wires.common.fillers import PADDING, Fillers
from reqllm.wires.common.json_text import (
    events_within,
    has_halves,
    is_framed,
    is_utf8,
    parse_json,
)
from reqllm.wires.common.surrogates import whole_chunk
from reqllm.wires.common.usage import UsageMeter
from reqllm.wires.wire import Reading

_SHOWN = 200
# More than any provider gives; a number beyond is a mistake, not a thousand empty answers.
_MOST_CHOICES = 256


class JSONEventDecoder:
    """Base of the decoders whose events are JSON. A wire says what one event means in `_take`."""

    fillers: ClassVar[Fillers] = PADDING
    """Members of an event that say nothing and differ from one to the next."""
    marks: ClassVar[frozenset[str]] = frozenset()
    """Members of which every event of the wire has one; none are named where the wire's own way
    with errors is enough."""
    counter: ClassVar[str | None] = None
    """The member in which the wire numbers its events, if it does."""

    def __init__(
        self, wire: str, usage: UsageMeter, reading: Reading, lane: DeltaLane | None = None
    ) -> None:
        self.wire = wire
        self.ended = False
        self.can_end = False
        self.error: ReqLLMError | None = None
        self.late_events = 0
        """Events that came after the terminal one."""
        self.write = BlockWriter(reading.repair)
        """What writes the chunks."""
        self._usage = usage
        self._reading = reading
        self._lane = lane or DeltaLane(self.fillers, self.counter)
        self._lane.limit = reading.max_event_bytes
        # Where raw events are asked for, each is shown as it was sent.
        is_short = not reading.include_raw
        self.recognise: Recognise | None = self._lane.recognise if is_short else None
        """Takes events that are more of the deltas that came before."""
        self.more: Known | None = self._lane.more if is_short else None
        """Returns the delta of an event that is one more of those that came before."""
        self._repeatable = True
        """Whether the last event, met again, would mean a delta and nothing else."""
        self._long_way = 0
        self._started = False
        self._id: str | None = None
        self._model: str | None = None
        self._extra: dict[str, Any] = {}
        self._extra_told: dict[str, Any] = {}
        self._warned: dict[str, None] = {}
        self._halves = False
        """Whether some event spelled half a character; not only texts may then hold one."""

    @property
    def lane(self) -> DeltaLane:
        """What keeps the texts of the deltas that `more` returned."""
        return self._lane

    def begin(self) -> list[c.StreamChunk]:
        """Begin a batch; return the list that its chunks will be in."""
        out: list[c.StreamChunk] = []
        self.write_to(out)
        return out

    def write_to(self, out: list[c.StreamChunk]) -> None:
        """Put what comes next there."""
        self.write.out = self._lane.out = out

    def take(self, event: WireEvent | Comment) -> None:
        """Take one event; events after the terminal one say nothing."""
        if isinstance(event, Comment):
            self._take_sign_of_life(event.text)
            return
        if self.ended or self.error is not None:
            self.late_events += not event.is_silent
            return
        before = len(self.write.out)
        started = self._started
        self._long_way += 1
        self._repeatable = True
        self._take_event(event)
        self._whole(before)
        if self._reading.include_raw and self._started:
            # The first chunk of all says that the stream began.
            raw = c.RawChunk(event.event, event.text, event.id)
            self.write.out.insert(before + (not started), raw)
        self._learn(event, before)

    def _whole(self, before: int = 0) -> list[c.StreamChunk]:
        """Return the chunks of the batch; those since `before` lose halves of characters."""
        out = self.write.out
        if self._halves:
            out[before:] = map(whole_chunk, out[before:])
        return out

    def _take_sign_of_life(self, comment: str) -> None:
        if self._reading.include_keepalive and not self.ended and self.error is None:
            self.start()
            self.write.out.append(c.KeepaliveChunk(comment))

    def _learn(self, event: WireEvent, before: int) -> None:
        """Let the next event go the short way if this one was a plain delta."""
        self._lane.forget()
        out = self.write.out
        if len(out) != before + 1 or not self._repeatable or self.can_end or self.error:
            return
        chunk = out[before]
        match chunk:
            case c.TextDelta() | c.ReasoningDelta() | c.ToolCallDelta():
                block = self._block_of(chunk)
                if block is not None and not block.held:
                    self._lane.learn(event, chunk, block.raw)

    @property
    def _events(self) -> int:
        """The number of the event that is being taken, from 1."""
        return self._long_way + self._lane.recognised

    def _block_of(self, chunk: Any) -> Block | None:
        for block in self.write.open:
            if block.index == chunk.index and block.choice == chunk.choice:
                return block
        return None

    def _take_event(self, event: WireEvent) -> None:
        data = event.data
        if not data.strip():
            return
        if data[:1] != b"{" and self._take_sentinel(data.strip()):
            return
        try:
            value = self._parse(data)
        except ValueError:
            if not self._take_within(event):
                self._take_malformed(event)
            return
        if isinstance(value, list) and value and is_report(value[0]):
            value = value[0]  # Google's errors come so, on whatever wire it speaks
        if isinstance(value, dict):
            if self.marks and self._is_foreign(value, event):
                self.start()
                self.error = api_error(value)
            else:
                self._take(value, event)
        elif value == "[DONE]" and self._take_sentinel(b"[DONE]"):
            if self._started:  # alone, it is an empty stream like any other
                self.warn_once("quoted_sentinel", 'the sentinel [DONE] came as the string "[DONE]"')
        else:
            self.start()
            self.write.warn(
                "unexpected_event",
                f"event {self._events}: expected a JSON object, got {event.text[:_SHOWN]!r}; "
                "ignored",
            )

    def _take_within(self, event: WireEvent) -> bool:
        """Take the events that stand in the data of one; return whether they are such."""
        lines = events_within(event.data, is_cut=event.flushed)
        if lines is None:
            return False
        self.start()
        if is_framed(event.data):
            self.warn_once("nested_events", "events came framed twice; both frames were taken off")
        else:
            self.warn_once(
                "unseparated_events",
                "events came without a blank line between them; told apart by it",
            )
        for line in lines:
            if self.ended or self.error is not None:
                self.late_events += 1
            else:
                self._take_event(replace(event, data=line, event="message"))
        self._repeatable = False
        return True

    def _is_foreign(self, value: dict[str, Any], event: WireEvent) -> bool:
        """Whether a gateway reports an error in a form of its own."""
        if not self.marks.isdisjoint(value) and value.get("object") != "error":
            return False
        return event.event == "error" or is_report(value)

    def _parse(self, data: bytes) -> Any:
        text = data.decode("utf-8", "replace")
        value = parse_json(text)
        if has_halves(text):
            self._halves = True
            self._repeatable = False
        if "\ufffd" in text and not is_utf8(data):
            self.start()
            self.write.warn(
                "invalid_utf8", f"event {self._events} was no UTF-8; bad bytes became U+FFFD"
            )
        return value

    def _take_malformed(self, event: WireEvent) -> None:
        if event.flushed:
            # The body ended inside this event: that is a cut, not a mistake in the JSON.
            return
        if event.event == "error":
            # A gateway says in plain words that it failed.
            self.start()
            self.error = api_error(event.text)
            return
        problem = (
            f"event {self._events} of the {self.wire} stream: expected one JSON object, "
            f"got {event.text[:_SHOWN]!r}"
        )
        if self._reading.skip_malformed:
            self.start()
            self.write.warn("malformed_event", problem + "; skipped")
        else:
            self.error = MalformedEventError(
                problem + '; on_malformed="skip" reads on',
                data=event.data,
                event_number=self._events,
            )

    # For the wires.
    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        """Take one event's JSON object."""
        raise NotImplementedError

    def _take_sentinel(self, data: bytes) -> bool:
        """Take data that is no JSON object; return whether it was a sentinel."""
        return False

    def _finishes(self) -> tuple[c.Finish, ...]:
        """Return why each choice finished, from the first to the last without a gap."""
        raise NotImplementedError

    def _finished_as(
        self,
        raw: str | None,
        reasons: Mapping[str, c.FinishReason],
        details: Mapping[str, Any] | None = None,
    ) -> tuple[c.Finish, ...]:
        """Return why the one answer finished: as the wire's word says, or to have tools run."""
        reason: c.FinishReason = "other" if raw is None else reasons.get(raw, "other")
        if reason == "stop" and self.write.any_tool_call:
            reason = "tool_calls"
        return (c.Finish(reason, raw, details or {}),)

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
            self.write.out.append(c.StreamStart(new_id, new_model))
        elif new_id or new_model:
            self.write.out.append(c.ResponseMetadata(new_id, new_model))

    def fail(self, error: ReqLLMError) -> None:
        """End by a failure that was reported beside the events."""
        self.start()
        self.error = error
        self._lane.forget()

    def keep(self, key: str, value: Any) -> None:
        """Keep something that was said beside the events."""
        self.start()
        self._note(key, value)

    def cannot_repeat(self) -> None:
        """Take note that this event is no plain delta, even if it looks like one."""
        self._repeatable = False

    def warn_once(self, code: str, message: str) -> None:
        """Warn of something odd, the first time."""
        if code not in self._warned:
            self._warned[code] = None
            self.write.warn(code, message)

    def _choice_number(self, entry: Mapping[str, Any], position: int) -> int:
        """Return which of several answers an entry is of."""
        number = entry.get("index")
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < _MOST_CHOICES:
            return number
        if number is not None:
            self.warn_once(
                "odd_choice_index",
                f"expected the number of a choice, got {number!r:.80}; its place is taken instead",
            )
        return min(position, _MOST_CHOICES - 1)

    def _note(self, key: str, value: Any) -> None:
        """Keep something that has no place of its own; tell it when it first appears."""
        if self._extra.get(key) == value:
            return
        known = key in self._extra
        self._extra[key] = value
        if not known:
            self._extra_told[key] = value
            self.write.out.append(c.ResponseMetadata(provider_metadata={key: value}))

    def note_others(
        self, value: Mapping[str, Any], known: Set[str], nothing: tuple[Any, ...] = NOTHING
    ) -> bool:
        """Keep the members that have no place of their own; return whether there were any."""
        if value.keys() <= known:
            return False
        others = {k: v for k, v in value.items() if k not in known and v not in nothing}
        for key, item in others.items():
            self._note(key, item)
        return bool(others)

    def _meter(self, usage: Mapping[str, Any]) -> None:
        """Take a usage object; hand out the usage if that changed it."""
        if self._usage.update(usage):
            self.write.out.append(c.UsageChunk(self._usage.usage()))

    def finish(self) -> list[c.StreamChunk]:
        """Close what is open and return the rest, a `FinishChunk` last."""
        out = self._close()
        missing = None if self.ended else self._missing_end()
        if missing is not None:
            self.write.warn(*missing)
        finishes = self._finishes()
        first = next((finish for finish in finishes if finish.raw is not None), finishes[0])
        out.append(c.FinishChunk(first, finishes if len(finishes) > 1 else ()))
        self.ended = True
        return self._whole()

    def abandon(self) -> list[c.StreamChunk]:
        """Return what was held back, where the stream will not be finished.

        Open blocks stay open: an end would say that they are whole.
        """
        self.write.out = []
        self._release_held()
        self._tell_changes()
        self.ended = True
        return self._whole()

    def _release_held(self) -> None:
        """Hand out text that was held back until more of it came."""

    def _close(self) -> list[c.StreamChunk]:
        out = self.write.out = []
        self._lane.forget()
        self.start()
        self._release_held()
        self._close_blocks()
        self._tell_changes()
        return out

    def _close_blocks(self) -> None:
        """End what is open; a wire that holds parts back hands them out first."""
        self.write.close_all()

    def _tell_changes(self) -> None:
        changed = {
            key: value for key, value in self._extra.items() if self._extra_told[key] != value
        }
        if changed:
            self._extra_told.update(changed)
            self.write.out.append(c.ResponseMetadata(provider_metadata=changed))
