"""Reads chat completion streams: OpenAI's and those of the many who speak like it.

Source: https://platform.openai.com/docs/api-reference/chat-streaming and what servers send.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.audio import AudioTrack
from reqllm.wires.common.blocks import Block
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NOTHING, filled, integer
from reqllm.wires.common.usage import UsageMeter, openai_usage
from reqllm.wires.openai_chat.parts import (
    citations_of,
    cited_urls,
    content_parts,
    image_of,
    reasoning_of,
    signature_of,
)
from reqllm.wires.openai_chat.thinking import ThinkTags
from reqllm.wires.openai_chat.tools import ToolAssembly, ToolFragment, called_as_claude
from reqllm.wires.openai_chat.typed_content import FIELD
from reqllm.wires.openai_chat.words import (
    CHOICE_KEYS,
    DELTA_KEYS,
    PLAIN_KEYS,
    SAID_IN,
    TYPED_KEYS,
    finish_of,
    is_flat_error,
    reason_of,
    reported_error,
)
from reqllm.wires.wire import Reading

WIRE = "openai-chat"
DONE = b"[DONE]"


class _Choice:
    """What is open and known of one choice."""

    def __init__(self, decoder: OpenAIChatDecoder, number: int) -> None:
        self.number = number
        self.current: Block | None = None  # text or reasoning: one at a time
        self.refusal: Block | None = None
        self.write = decoder.write
        self.by_deltas = False
        self.said: set[str] = set()
        """The kinds of blocks that were begun."""
        self.finish_raw: str | None = None
        self.details: dict[str, Any] = {}
        self.cited: tuple[Any, ...] = ()
        self.thoughts = ThinkTags() if decoder.splits_thinking else None

    # What most answers have none of is made where it comes: of a thousand streams at a time, each
    # object is work for the garbage collector.
    @cached_property
    def tools(self) -> ToolAssembly:
        return ToolAssembly(self.write, self.number)

    @cached_property
    def audio(self) -> AudioTrack:
        return AudioTrack()


class OpenAIChatDecoder(JSONEventDecoder):
    """One chat completion stream."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(WIRE, UsageMeter(openai_usage), reading)
        self._choices: dict[int, _Choice] = {}
        self.splits_thinking = reading.split_thinking
        self._said_done = False  # the last chunk named itself so

    def _take_sentinel(self, data: bytes) -> bool:
        self.ended = data.startswith(DONE)
        return self.ended

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        self.start(filled(value.get("id")), filled(value.get("model")))
        if is_flat_error(value):
            self.error = api_error(value)
            return
        self._check_identity(value)
        if not PLAIN_KEYS.issuperset(value):
            self._take_extras(value)
        choices = value.get("choices")
        if isinstance(choices, list):
            for position, choice in enumerate(choices):
                if isinstance(choice, dict):
                    self._take_choice(choice, position)
        usage = value.get("usage")
        if isinstance(usage, dict):
            self._meter(usage)
        for citation in cited_urls(value.get("citations")):
            self._cite(self._choice(0), citation)
        self._said_done |= value.get("object") == "chat.completion.done"
        self._check_error(value, event)

    def _check_identity(self, value: dict[str, Any]) -> None:
        for key, known in (("id", self._id), ("model", self._model)):
            new = filled(value.get(key))
            if new is not None and new != known:
                self.warn_once(
                    f"{key}_changed",
                    f"the response's {key} changed from {known!r} to {new!r} in the middle; "
                    "two answers may have been spliced",
                )

    def _take_extras(self, value: dict[str, Any]) -> None:
        for key, item in value.items():
            if key in PLAIN_KEYS or item is None:
                continue
            if key == "x_groq" and isinstance(item, dict) and isinstance(item.get("usage"), dict):
                self._meter(item["usage"])
            self._note(key, item)

    def _check_error(self, value: dict[str, Any], event: WireEvent) -> None:
        reported = reported_error(value)
        if reported or event.event == "error":
            self.error = api_error({**value, "error": reported} if reported else value)

    def _choice(self, number: int) -> _Choice:
        choice = self._choices.get(number)
        if choice is None:
            choice = self._choices[number] = _Choice(self, number)
            self.can_end = False
        return choice

    def _take_choice(self, entry: dict[str, Any], position: int) -> None:
        choice = self._choice(self._choice_number(entry, position))
        delta = entry.get("delta")
        if isinstance(delta, dict) and delta:
            choice.by_deltas = True
        elif delta is None:
            # A server that streams badly sends the whole message; others send both.
            delta = self._untold(choice, entry.get("message"))
        if isinstance(delta, dict):
            self._take_delta(choice, delta)
        elif isinstance(entry.get("text"), str):
            self._text(choice, entry["text"])
        self._take_logprobs(choice, entry.get("logprobs"))
        if isinstance(entry.get("error"), dict):
            self.error = api_error(entry)
        if not CHOICE_KEYS.issuperset(entry):
            choice.details.update(
                {k: v for k, v in entry.items() if k not in CHOICE_KEYS and v not in NOTHING}
            )
        if isinstance(entry.get("usage"), dict):
            self._meter(entry["usage"])
        reason = finish_of(entry)
        if reason is not None:
            choice.finish_raw = reason
            # One of several answers that is done is not the end of the others.
            self.can_end = all(one.finish_raw is not None for one in self._choices.values())

    def _untold(self, choice: _Choice, message: Any) -> Any:
        """Return what a whole message has beyond what was streamed: MiniMax ends by one."""
        if not choice.by_deltas or not isinstance(message, dict):
            return message
        told = {key for kind in choice.said for key in SAID_IN[kind]}
        return {key: item for key, item in message.items() if key not in told}

    def _take_delta(self, choice: _Choice, delta: dict[str, Any]) -> None:
        reasoning, details = reasoning_of(delta)
        if reasoning or details:
            self._reasoning(choice, reasoning, details)
        if "reasoning_opaque" in delta or "thinking_blocks" in delta:
            signed = signature_of(delta)
            if signed is not None:
                self._sign(choice, *signed)
        for kind, part in content_parts(delta.get("content")):
            match kind:
                case "text" if choice.thoughts is not None:
                    self._split(choice, choice.thoughts.split(part))
                case "text":
                    self._text(choice, part)
                case "reasoning":
                    self._reasoning(choice, part, {})
                case "signature":
                    self._sign(choice, part)
                case "reference":
                    self._refer(choice, part)
                case _:
                    self._custom(choice, part)
        refusal = filled(delta.get("refusal"))
        if refusal is not None:
            if choice.refusal is None:
                choice.said.add("refusal")
                choice.refusal = self.write.start_refusal(choice.number)
            self.write.text(choice.refusal, refusal)
        calls = delta.get("tool_calls")
        # TGI sends a single one as it is.
        calls = [calls] if isinstance(calls, dict) else calls
        for fragment in choice.tools.fragments(calls) if isinstance(calls, list) else ():
            self._take_tool(choice, fragment)
        if isinstance(delta.get("function_call"), dict):
            self._take_tool(choice, ToolFragment({"index": 0, "function": delta["function_call"]}))
        self._take_rarer(choice, delta)
        if not DELTA_KEYS.issuperset(delta):
            is_call = delta.get("type") == "tool_use"
            if is_call:
                self._take_tool(choice, ToolFragment(called_as_claude(delta)))
            told = TYPED_KEYS if is_call or "content" in delta else frozenset()
            self.note_others(delta, DELTA_KEYS | told)

    def _take_rarer(self, choice: _Choice, delta: dict[str, Any]) -> None:
        if isinstance(delta.get("audio"), dict):
            self._take_audio(choice, delta["audio"])
        images = delta.get("images")
        for entry in images if isinstance(images, list) else ():
            media_type, data, url = image_of(entry)
            if data is not None or url is not None:
                index = self.write.next_index(choice.number)
                self.write.out.append(c.FileChunk(index, choice.number, media_type, data, url))
        for citation in citations_of(delta.get("annotations")):
            self._cite(choice, citation)
        executed = delta.get("executed_tools")
        for entry in executed if isinstance(executed, list) else ():
            self._custom(choice, entry, "executed_tool")

    # The blocks.
    def _split(self, choice: _Choice, parts: Iterable[tuple[str, str]]) -> None:
        """Take text in which reasoning may stand between tags."""
        self._repeatable = False  # the next may end in a tag
        for kind, part in parts:
            if kind == "text":
                self._text(choice, part)
            else:
                self._reasoning(choice, part, {})

    def _release_held(self) -> None:
        for choice in self._choices.values():
            if choice.thoughts is not None:
                self._split(choice, choice.thoughts.rest())

    def _text(self, choice: _Choice, text: str) -> None:
        if not text:
            return
        if choice.finish_raw is not None:
            self.warn_once("content_after_finish", "text came after the finish reason; kept")
        self.write.text(self._switch(choice, "text"), text)

    def _reasoning(self, choice: _Choice, text: str, details: dict[str, Any]) -> None:
        if not text and not details:
            return
        block = self._switch(choice, "reasoning")
        for key, entries in details.items():
            # Sent back as they came: every entry counts, also those that say nothing to us.
            self._repeatable = False
            block.metadata.setdefault(key, []).extend(entries)
            signed = [entry["signature"] for entry in entries if entry.get("signature")]
            block.signature = signed[-1] if signed else block.signature
        self.write.text(block, text)

    def _sign(self, choice: _Choice, signature: Any, field: str = FIELD) -> None:
        """Take the signature of reasoning, and in which form that must go back."""
        block = self._switch(choice, "reasoning")
        block.signature = filled(signature) or block.signature
        block.metadata["reasoning_field"] = field

    def _switch(self, choice: _Choice, kind: str) -> Block:
        """Return the choice's open block of a kind; end the other kind first."""
        current = choice.current
        if current is not None and current.kind == kind:
            return current
        self._end_current(choice)
        choice.said.add(kind)
        if kind == "text":
            choice.current = self.write.start_text(choice.number)
        else:
            choice.current = self.write.start_reasoning(choice.number)
        return choice.current

    def _end_current(self, choice: _Choice) -> None:
        if choice.thoughts is not None:
            self._split(choice, choice.thoughts.rest())
        if choice.current is not None:
            self.write.close(choice.current)
            choice.current = None

    def _take_tool(self, choice: _Choice, fragment: ToolFragment) -> None:
        if choice.tools.find(fragment) is None:
            if fragment.is_empty:
                return
            self._end_current(choice)
            choice.said.add("tools")
        call = choice.tools.take(fragment)
        # Arguments for a call without a name grow unseen.
        if fragment.id or fragment.name or fragment.made or not call.started:
            self._repeatable = False

    def _custom(self, choice: _Choice, data: Any, kind: str | None = None) -> None:
        if kind is None:
            kind = str(data.get("type", "part")) if isinstance(data, dict) else "part"
        index = self.write.next_index(choice.number)
        self.write.out.append(c.CustomChunk(f"{WIRE}.{kind}", data, index, choice.number))

    def _cite(self, choice: _Choice, citation: c.Citation) -> None:
        if citation.raw in choice.cited:
            return  # some repeat the whole list in every chunk
        choice.cited += (citation.raw,)
        index = self._switch(choice, "text").index
        self.write.out.append(c.CitationChunk(citation, index, choice.number))

    def _refer(self, choice: _Choice, part: dict[str, Any]) -> None:
        """Take a reference to sources: it stands after a text, and what follows is another."""
        ids = part.get("reference_ids")
        number = integer(ids[0]) if isinstance(ids, list) and ids else None
        citation = c.Citation(source_index=number, raw=part)
        index = self._switch(choice, "text").index
        self.write.out.append(c.CitationChunk(citation, index, choice.number))
        self._end_current(choice)

    def _take_logprobs(self, choice: _Choice, logprobs: Any) -> None:
        if logprobs is None:
            return
        if not isinstance(logprobs, dict):
            self.write.out.append(c.LogprobsChunk([logprobs], choice=choice.number))
            return
        content, refusal = logprobs.get("content"), logprobs.get("refusal")
        if isinstance(content, list) and content:
            self.write.out.append(c.LogprobsChunk(content, choice=choice.number))
        if isinstance(refusal, list) and refusal:
            self.write.out.append(c.LogprobsChunk(refusal, "refusal", choice.number))

    def _take_audio(self, choice: _Choice, audio: dict[str, Any]) -> None:
        track = choice.audio
        track.id = track.id or filled(audio.get("id"))
        data, transcript = filled(audio.get("data")), filled(audio.get("transcript"))
        if data is not None:
            self._repeatable = False  # what is no whole byte yet grows unseen
            self._hear(choice, data)
        if transcript is not None:
            self._text(choice, transcript)
        for key in ("id", "expires_at"):
            if audio.get(key) is not None:
                self._note(f"audio_{key}", audio[key])

    def _hear(self, choice: _Choice, data: str) -> None:
        track = choice.audio
        try:
            known = track.receive(data)
        except ValueError:
            self.warn_once("bad_base64", "audio data was no base64; left out")
            return
        if not known:
            return
        if track.index is None:
            track.index = self.write.next_index(choice.number)
        self.write.out.append(c.FileDelta(known, track.index, choice.number, id=track.id))

    # The end.
    def _finishes(self) -> tuple[c.Finish, ...]:
        count = 1 + max(self._choices, default=0)
        return tuple(self._finish_of(self._choice(number)) for number in range(count))

    def _finish_of(self, choice: _Choice) -> c.Finish:
        raw = choice.finish_raw
        reason: c.FinishReason = reason_of(raw) if raw is not None else "other"
        if choice.number in self.write.any_refusal and reason in ("stop", "other"):
            reason = "content_filter"
        elif choice.number in self.write.any_tool_call and reason == "stop":
            reason = "tool_calls"
        return c.Finish(reason, raw, choice.details)

    def finish(self) -> list[c.StreamChunk]:
        for choice in self._choices.values():
            raw = choice.finish_raw
            if raw is not None and reason_of(raw) == "error":
                # The provider failed and did not say how; that is no end to be content with.
                self.error = api_error(f"the provider ended the answer with finish_reason {raw!r}")
                return self.abandon()
        return super().finish()

    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        if not self._choices:
            self.warn_once("missing_finish_reason", "the stream ended without any choice")
        for choice in self._choices.values():
            if choice.finish_raw is None:
                self.warn_once("missing_finish_reason", "the stream ended without a finish reason")
            elif (
                reason_of(choice.finish_raw) == "tool_calls"
                and choice.number not in self.write.any_tool_call
            ):
                self.warn_once("no_tool_calls", "finished for tool calls, but none came")
        return out

    def _missing_end(self) -> tuple[str, str] | None:
        if self._said_done:
            return None
        return "missing_done", "the stream ended without its sentinel [DONE]"
