"""Reads Responses streams: OpenAI's, and those of the servers that speak like it.

Source: https://platform.openai.com/docs/api-reference/responses-streaming and what servers send.
"""

from __future__ import annotations

from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import as_list, as_object, as_string, filled
from reqllm.wires.common.usage import UsageMeter, responses_usage
from reqllm.wires.openai_responses.calls import Calls
from reqllm.wires.openai_responses.enveloped import opened
from reqllm.wires.openai_responses.items import Item, ItemTable, Part, PartKey
from reqllm.wires.openai_responses.numbering import COUNTER, Numbering
from reqllm.wires.openai_responses.sound import Sound
from reqllm.wires.openai_responses.speech import KIND_OF_PART, Speech
from reqllm.wires.openai_responses.tools import CALLS
from reqllm.wires.openai_responses.words import (
    EVENT_KEYS,
    FAILED,
    REASONS,
    RESPONSE_KEYS,
    WIRE,
)
from reqllm.wires.wire import Reading

_STATUS = {"response.done": "completed"}
# The deltas and ends of texts: the kind of part, of item, where the part's number and its text are.
_TEXTS = {
    "response.output_text": ("text", "message", "content_index", "text"),
    "response.refusal": ("refusal", "message", "content_index", "refusal"),
    "response.reasoning_text": ("content", "reasoning", "content_index", "text"),
    "response.reasoning": ("content", "reasoning", "content_index", "text"),  # its older name
    "response.reasoning_summary_text": ("summary", "reasoning", "summary_index", "text"),
}
# What brings the parts of items; the last one is vLLM's name for such a part of reasoning.
_PARTS = ("response.content_part", "response.reasoning_summary_part", "response.reasoning_part")
# The deltas and ends of arguments: the kind of item, and where the whole of them is at the end.
_ARGUMENTS = {
    "response.function_call_arguments": ("function_call", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "input"),
    "response.mcp_call_arguments": ("mcp_call", "arguments"),
    "response.code_interpreter_call_code": ("code_interpreter_call", None),
    "response.shell_call_command": ("shell_call", None),
    "response.apply_patch_call_operation_diff": ("apply_patch_call", None),
}
_BEGINNINGS = ("response.created", "response.in_progress", "response.queued")
_ENDS = (
    *("response.completed", "response.incomplete", "response.failed", "response.cancelled"),
    "response.done",  # the older name of them all
)


class OpenAIResponsesDecoder(JSONEventDecoder):
    """One Responses stream."""

    marks = frozenset(("type", "response", "object"))
    counter = COUNTER

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(responses_usage), reading)
        self._numbering = Numbering()
        self._last = b""
        self._items = ItemTable()
        self._speech = Speech(self.write, self.warn_once)
        self._calls = Calls(self.write, self.warn_once)
        self._status: str | None = None
        self._details: dict[str, Any] = {}
        self._sound = Sound(self.write, self.warn_once)

    def _take_sentinel(self, data: bytes) -> bool:
        # Not OpenAI's, but others append it.
        return data.startswith(b"[DONE]")

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        value = opened(value)
        kind = value.get("type")
        if not isinstance(kind, str):
            kind = event.event if event.event != "message" else ""
        response = value.get("response") if isinstance(value.get("response"), dict) else None
        if response is None and value.get("object") == "response":
            response, kind = value, "response"
        self._begin_with(response)
        if not self._is_next(value, event.data):
            return
        if event.event not in ("message", kind) and kind != "response":
            self.warn_once(
                "event_name_mismatch",
                f"an event named {event.event!r} holds the type {kind!r}; the type counts",
            )
        kept = self._dispatch(kind, value, response)
        if not kept and kind != "response" and self.note_others(value, EVENT_KEYS):
            self._repeatable = False

    def _dispatch(self, kind: str, value: dict[str, Any], response: dict[str, Any] | None) -> bool:
        """Take an event by its kind; return whether it was handed out as it came."""
        family, _, step = kind.rpartition(".")
        if family in _TEXTS:
            self._take_text(family, step, value)
        elif family in _ARGUMENTS:
            self._take_arguments(family, step, value)
        elif kind == "response" or kind in _ENDS:
            self._take_end(kind, as_object(response))
        elif kind in _BEGINNINGS:
            self._take_beginning(kind, as_object(response))
        elif family == "response.output_item":
            self._take_item(step, value)
        elif family in _PARTS:
            self._take_part(family, step, value)
        elif kind == "response.output_text.annotation.added":
            part = self._part(value, "text", "message", "content_index")
            self._speech.cite(part, value.get("annotation"), value.get("annotation_index"))
        elif family in ("response.audio", "response.audio.transcript"):
            self._repeatable = False  # what is no whole byte yet grows unseen
            self._sound.take(family, step, as_string(value.get("delta")))
        elif kind in ("keepalive", "ping"):
            self._take_sign_of_life(kind)
        elif kind in ("error", "response.error") or (not kind and _is_error(value)):
            self.error = api_error(value)
        else:
            name = kind.removeprefix("response.") or "unknown"
            self.write.out.append(c.CustomChunk(f"{WIRE}.{name}", value))
            return True
        return False

    def _is_next(self, value: dict[str, Any], data: bytes) -> bool:
        """Look at an event's number; return whether it is not one that came before."""
        lane, before = self._lane, self._lane.last or self._last
        lane.last, self._last = b"", data
        self._numbering.last = lane.count
        is_same = before.rstrip(b"\r\n").endswith(data)
        verdict = self._numbering.take(value.get(COUNTER), is_same=is_same)
        lane.count = self._numbering.last
        if verdict == "repeated":
            self._repeatable = False
            self.warn_once("repeated_event", "an event came twice; the second was dropped")
            return False
        if verdict == "gap":
            self.warn_once(
                "missing_events",
                f"event {self._events}: the numbers of the events are not in order; "
                "some may be missing",
            )
        return True

    # The response.
    def _begin_with(self, response: dict[str, Any] | None) -> None:
        response = response or {}
        new_id, new_model = filled(response.get("id")), filled(response.get("model"))
        if new_id is not None and self._id is not None and new_id != self._id:
            self.warn_once(
                "id_changed",
                f"the response's id changed from {self._id!r} to {new_id!r} in the middle; "
                "two answers may have been spliced",
            )
        self.start(new_id, new_model)

    def _take_beginning(self, kind: str, response: dict[str, Any]) -> None:
        self._calls.offer(response.get("tools"))
        self.note_others(response, RESPONSE_KEYS)
        if kind == "response.queued":
            self.write.out.append(c.CustomChunk(f"{WIRE}.queued", {"status": "queued"}))

    def _take_end(self, kind: str, response: dict[str, Any]) -> None:
        status = filled(response.get("status")) or _STATUS.get(kind, kind.rpartition(".")[2])
        self._meter(as_object(response.get("usage")))
        self.note_others(response, RESPONSE_KEYS)
        if kind in ("response.failed", "response.cancelled") or status in FAILED:
            reported = response.get("error")
            self.error = api_error(
                {"error": reported} if reported else f"the response's status is {status!r}"
            )
            return
        if kind == "response":
            self._take_beginning(kind, response)
        output = [as_object(item) for item in as_list(response.get("output"))]
        is_whole = kind == "response" or self._numbering.is_from_the_start
        for item, whole in self._items.match(output, is_whole=is_whole):
            if item is not None:
                self._take_whole_item(item, whole)
            elif is_whole:
                # Never streamed: servers send items only at the end, or nothing but the end.
                self._take_whole_item(self._begin_item(whole, {}), whole)
        self._details = as_object(response.get("incomplete_details"))
        reason = filled(self._details.get("reason"))
        self._status = reason if status == "incomplete" and reason else status
        self.ended = True

    # Items.
    def _take_item(self, step: str, value: dict[str, Any]) -> None:
        whole = as_object(value.get("item"))
        item = self._items.find_whole(whole, value, is_new=step != "done")
        if item is None:
            item = self._begin_item(whole, value)
        elif step != "done":
            item.known = whole
        if step == "done":
            self._take_whole_item(item, whole)

    def _begin_item(
        self, known: dict[str, Any], value: dict[str, Any], *, is_implied: bool = False
    ) -> Item:
        item = Item(as_string(known.get("type")) or "unknown", known, is_implied=is_implied)
        self._items.add(item, value)
        if item.kind in CALLS:
            self._calls.begin(item)
        elif item.kind in ("message", "reasoning"):
            self._speech.begin(item)
        else:
            item.index = self.write.next_index(0)
        return item

    def _take_whole_item(self, item: Item, whole: dict[str, Any]) -> None:
        if item.is_done:
            return
        item.is_done = True
        item.known = whole or item.known
        item.id = filled(whole.get("id")) or item.id
        if item.kind == "message":
            self._speech.take_message(item)
        elif item.kind == "reasoning":
            self._speech.take_reasoning(item)
        elif item.kind in CALLS:
            self._calls.take_call(item)
        else:
            self._calls.take_other(item)

    def _item(self, value: dict[str, Any], kind: str) -> Item:
        """Return the item that an event is of; one whose beginning never came begins now."""
        item = self._items.find(value, kind)
        if item is None:
            known = {"type": kind, "id": value.get("item_id")}
            item = self._begin_item(known, value, is_implied=True)
        return item

    # Parts of messages and of reasoning.
    def _part(self, value: dict[str, Any], part_kind: str, item_kind: str, member: str) -> Part:
        item = self._item(value, item_kind)
        return self._speech.part(item, _key(item, part_kind, value.get(member)))

    def _take_text(self, family: str, step: str, value: dict[str, Any]) -> None:
        part_kind, item_kind, member, text = _TEXTS[family]
        part = self._part(value, part_kind, item_kind, member)
        if step == "delta":
            self._speech.grow(part, value.get("delta"))
            self._speech.logprobs(part, value.get("logprobs"), of_delta=True)
        elif step == "done":
            item = self._item(value, item_kind)
            self._speech.settle(item, part, value.get(text))
            self._speech.logprobs(part, value.get("logprobs"))

    def _take_part(self, family: str, step: str, value: dict[str, Any]) -> None:
        content = as_object(value.get("part"))
        kind = KIND_OF_PART.get(as_string(content.get("type")))
        if kind is None:
            name = f"{WIRE}.{family.removeprefix('response.')}.{step}"
            self.write.out.append(c.CustomChunk(name, value))
            item, number = self._items.find(value, "message"), value.get("content_index")
            if item is not None and isinstance(number, int):
                item.told.add(number)
            return
        is_speech = kind in ("text", "refusal")
        member = "summary_index" if kind == "summary" else "content_index"
        item = self._item(value, "message" if is_speech else "reasoning")
        key = _key(item, kind, value.get(member))
        part = self._speech.part(item, key)
        if step == "added":
            self._speech.grow(part, content.get("refusal" if kind == "refusal" else "text"))
            return
        self._speech.take_part(item, key, content)
        if is_speech:
            self._speech.close(part)

    # Calls.
    def _take_arguments(self, family: str, step: str, value: dict[str, Any]) -> None:
        kind, member = _ARGUMENTS[family]
        item = self._item(value, kind)
        if step == "done":
            if member is not None:
                self._calls.settle(item, value.get(member))
            return
        if item.composed is not None or (item.tool is not None and not item.tool.started):
            # Composed of more than the delta; and those of a call without a name grow unseen.
            self._repeatable = False
        number = value.get("command_index")
        delta = value.get("command") if step == "added" else value.get("delta")
        self._calls.grow(item, delta, number if isinstance(number, int) else 0)

    # The end.
    def _close(self) -> list[c.StreamChunk]:
        held = self.write.out = []
        for item in self._items.all:
            if not item.is_done:
                self._end_item(item)
        out = super()._close()
        out[:0] = held
        return out

    def _end_item(self, item: Item) -> None:
        """End an item whose own end never came."""
        if item.kind in CALLS:
            if self._status == "completed":
                self._calls.finish(item)
        elif item.kind == "reasoning":
            # What must go back is not whole before the item's end.
            known = {k: v for k, v in item.known.items() if k != "encrypted_content"}
            self._take_whole_item(item, known)
        elif item.kind != "message":
            self._calls.take_other(item)

    def _finishes(self) -> tuple[c.Finish, ...]:
        raw = self._status
        reason: c.FinishReason = REASONS.get(raw, "other") if raw is not None else "other"
        if reason == "stop" and self.write.any_refusal:
            reason = "content_filter"
        elif reason == "stop" and self.write.any_tool_call:
            reason = "tool_calls"
        return (c.Finish(reason, raw, self._details),)


def _key(item: Item, kind: str, number: Any) -> PartKey:
    """Return which part an event is of; without a number it is of the last one of its kind."""
    if isinstance(number, int) and not isinstance(number, bool):
        return kind, number
    known = [key for key in item.parts if key[0] == kind]
    return known[-1] if known else (kind, len(item.parts))


def _is_error(value: dict[str, Any]) -> bool:
    """Whether an object of no type reports an error, as gateways do."""
    return bool(value.get("error") or value.get("detail")) or (
        bool(value.get("message")) and "code" in value
    )
