"""Reads Gemini streams: of the Gemini API, of Vertex AI, and of those who copied them.

Source: https://ai.google.dev/api/generate-content and what servers send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.framing.event import WireEvent
from reqllm.framing.json_array import CLOSE, OPEN
from reqllm.wires.common.api_errors import api_error
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.fields import NOTHING, as_list, as_object, filled
from reqllm.wires.common.tally_lane import TallyLane
from reqllm.wires.common.usage import UsageMeter, gemini_usage
from reqllm.wires.gemini.envelopes import opened
from reqllm.wires.gemini.parts import Candidate
from reqllm.wires.gemini.sources import Source, cited_sources, grounding_sources
from reqllm.wires.gemini.words import (
    CANDIDATE_KEYS,
    CONTENT_KEYS,
    EVENT_KEYS,
    REASONS,
    WIRE,
    finish_reason_of,
)
from reqllm.wires.wire import Reading


class GeminiDecoder(JSONEventDecoder):
    """One stream of streamGenerateContent.

    Each event tells the usage so far. It is handed out when it is first known, and after that
    when the answer ends, however it ends.
    """

    marks = frozenset(("candidates", "promptFeedback", "usageMetadata", "error"))

    def __init__(self, reading: Reading) -> None:
        self._tallies = TallyLane("usageMetadata")
        super().__init__(WIRE, UsageMeter(gemini_usage), reading, self._tallies)
        self._candidates: dict[int, Candidate] = {}
        self._blocked: dict[str, Any] = {}
        self._is_array = False
        self._usage_told: Mapping[str, Any] | None = None

    # For the answers.
    # Events.
    def _take_sentinel(self, data: bytes) -> bool:
        if data == OPEN:
            self._is_array = True
        elif data == CLOSE or data.startswith(b"[DONE]"):
            # Gateways append the latter. Neither makes an answer whole that is not.
            self.ended = self.can_end
        else:
            return False
        return True

    def _parse(self, data: bytes) -> Any:
        return opened(super()._parse(data))

    def _take(self, value: dict[str, Any], event: WireEvent) -> None:
        self._settle_usage()
        self.start(filled(value.get("responseId")), filled(value.get("modelVersion")))
        if value.get("error") or event.event == "error":
            self.error = api_error(value)
            return
        for position, entry in enumerate(as_list(value.get("candidates"))):
            if isinstance(entry, dict):
                self._take_candidate(self._choice_number(entry, position), entry)
        self._take_feedback(value.get("promptFeedback"))
        if not EVENT_KEYS.issuperset(value):
            self.note_others(value, EVENT_KEYS)
        self._meter(as_object(value.get("usageMetadata")))

    def _take_feedback(self, feedback: Any) -> None:
        """Take what is said of the prompt; one that was blocked gets no answer."""
        if not isinstance(feedback, dict) or not feedback:
            return
        if filled(feedback.get("blockReason")):
            self._blocked = feedback
            self.can_end = True
        else:
            self._note("promptFeedback", feedback)

    # Answers.
    def _candidate(self, number: int) -> Candidate:
        candidate = self._candidates.get(number)
        if candidate is None:
            candidate = self._candidates[number] = Candidate(self, number)
            self.can_end = bool(self._blocked)
        return candidate

    def _take_candidate(self, number: int, entry: dict[str, Any]) -> None:
        candidate = self._candidate(number)
        content = as_object(entry.get("content"))
        for part in as_list(content.get("parts")):
            if isinstance(part, dict):
                candidate.take(part)
        if not CONTENT_KEYS.issuperset(content):
            self._keep(candidate, content, CONTENT_KEYS)
        if not CANDIDATE_KEYS.issuperset(entry):
            self._take_rarer(candidate, entry)
        logprobs = as_object(entry.get("logprobsResult"))
        if logprobs:
            self.write.out.append(c.LogprobsChunk(_logprobs(logprobs), choice=number))
        reason = finish_reason_of(entry.get("finishReason"))
        if reason is not None:
            candidate.finish(reason)
            # One of several answers that is done is not the end of the others.
            self.can_end = all(one.finish_raw is not None for one in self._candidates.values())

    def _take_rarer(self, candidate: Candidate, entry: dict[str, Any]) -> None:
        self._keep(candidate, entry, CANDIDATE_KEYS)
        self._cite(candidate, list(grounding_sources(as_object(entry.get("groundingMetadata")))))
        self._cite(candidate, list(cited_sources(as_object(entry.get("citationMetadata")))))

    def _keep(self, candidate: Candidate, value: dict[str, Any], known: frozenset[str]) -> None:
        """Keep what is said beside the content: of maps, all that was ever said."""
        for key, item in value.items():
            if key in known or item in NOTHING:
                continue
            more = as_object(candidate.details.get(key)) if isinstance(item, dict) else {}
            candidate.details[key] = {**more, **item} if more else item

    def _cite(self, candidate: Candidate, sources: list[Source]) -> None:
        if sources:
            found = list(candidate.citations(sources))  # which may begin a text
            self.write.out += found

    # Usage.
    def _meter(self, usage: Mapping[str, Any]) -> None:
        self._usage.update(usage)
        if self._usage.raw and (self.can_end or self._usage_told is None):
            self._tell_usage()

    def _tell_usage(self) -> None:
        if self._usage.raw == self._usage_told:
            return
        known = self._usage.usage()
        if known.total_tokens is None and not self.can_end:
            return  # Vertex sends the kind of traffic first, and counts later
        self._usage_told = known.raw
        self.write.out.append(c.UsageChunk(known))

    def _settle_usage(self) -> None:
        """Take the usage of the events that went the short way."""
        self._usage.update(as_object(self._tallies.take_tally()))

    def _tell_changes(self) -> None:
        super()._tell_changes()
        self._settle_usage()
        if self._usage.raw and self._usage.raw != self._usage_told:
            self._usage_told = self._usage.usage().raw
            self.write.out.append(c.UsageChunk(self._usage.usage()))

    # The end.
    def finish(self) -> list[c.StreamChunk]:
        for candidate in self._candidates.values():
            raw = candidate.finish_raw
            if raw is not None and REASONS.get(raw) == "error":
                said = filled(candidate.details.get("finishMessage"))
                message = said or "the provider ended the answer as failed"
                self.error = api_error({"error": {"message": message, "status": raw}})
                return self.abandon()
        return super().finish()

    def _close(self) -> list[c.StreamChunk]:
        out = super()._close()
        if not self._blocked and any(one.finish_raw is None for one in self._candidates.values()):
            self.warn_once("missing_finish_reason", "the stream ended without a finishReason")
        return out

    def _missing_end(self) -> tuple[str, str] | None:
        if not self._is_array:
            return None  # the end of the body is the end
        return "missing_array_end", "the stream ended without the closing bracket of its array"

    def _finishes(self) -> tuple[c.Finish, ...]:
        count = 1 + max(self._candidates, default=0)
        return tuple(self._finish_of(self._candidate(number)) for number in range(count))

    def _finish_of(self, candidate: Candidate) -> c.Finish:
        raw = candidate.finish_raw
        reason = REASONS.get(raw, "other") if raw is not None else "other"
        details = dict(candidate.details)
        if self._blocked:
            raw = raw or filled(self._blocked.get("blockReason"))
            reason, details["promptFeedback"] = "content_filter", self._blocked
        elif reason == "stop" and candidate.number in self.write.any_tool_call:
            reason = "tool_calls"
        return c.Finish(reason, raw, details)


def _logprobs(result: dict[str, Any]) -> list[Any]:
    """Return an entry a token, each with the likeliest ones beside it, as far as they pair."""
    chosen, top = result.get("chosenCandidates"), result.get("topCandidates")
    both = isinstance(chosen, list) and isinstance(top, list) and len(chosen) == len(top)
    if not both or result.keys() - {"chosenCandidates", "topCandidates"}:
        return [result]
    pairs = zip(as_list(chosen), as_list(top), strict=True)
    return [{**as_object(one), "topCandidates": as_object(more)} for one, more in pairs]
