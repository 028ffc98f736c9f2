"""The events of `anthropic-messages`: https://platform.claude.com/docs/en/build-with-claude/streaming."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .anthropic_blocks import Blocks, Json, joined
from .scenario import Finish, Refusal, Scenario, Search, Usage
from .wording import Options, compact

STOP_REASON: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
PING = {"type": "ping"}


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of SSE events."""
    padding = options.chance("padding")
    stream = _Message(scenario, options).stream()
    return [item if isinstance(item, bytes) else _event(item, padding) for item in stream]


def whole(scenario: Scenario, options: Options) -> Json:
    """The `message` object."""
    message = _Message(scenario, options)
    return message.envelope() | {
        "content": [joined(*block) for block in Blocks(scenario, options)],
        **message.stop(),
        "usage": message.first_usage() | message.last_usage(),
    }


def _event(payload: Json, padding: random.Random) -> bytes:
    # The provider pads with spaces before the last brace, to hide how long the words are.
    text = compact(payload)[:-1] + " " * padding.randint(0, 12) + "}"
    return f"event: {payload['type']}\ndata: {text}\n\n".encode()


class _Message:
    """One answer on its way out."""

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.scenario = scenario
        self.options = options
        self.usage: Usage = scenario.usage

    def envelope(self) -> Json:
        return {
            "model": self.options.model,
            "id": self.options.identifier("msg_01", 22),
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
        }

    def stream(self) -> Iterator[Json | bytes]:
        ending = self.scenario.ending
        if self.scenario.parts or ending != "error":
            yield {
                "type": "message_start",
                "message": self.envelope() | {"usage": self.first_usage()},
            }
        yield from self.blocks()
        if ending == "error":
            yield OVERLOADED
        if ending in ("complete", "no_terminator"):
            yield {"type": "message_delta", "delta": self.stop(), "usage": self.last_usage()}
        if ending in ("complete", "no_finish"):
            yield {"type": "message_stop"}

    def blocks(self) -> Iterator[Json | bytes]:
        blocks = list(Blocks(self.scenario, self.options))
        open_end = self.scenario.ending in ("truncated", "error")
        for index, (start, deltas) in enumerate(blocks):
            yield {"type": "content_block_start", "index": index, "content_block": start}
            if index == 0:
                yield PING
            if self.scenario.noise:
                yield from self.noise(index)
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            if not (open_end and index == len(blocks) - 1):
                yield {"type": "content_block_stop", "index": index}

    def noise(self, index: int) -> Iterator[Json | bytes]:
        yield b": keep-alive\n\n"
        yield {"type": "lantern_lit", "index": index, "brightness": 0.5}
        yield PING
        shimmer = {"type": "shimmer_delta", "shimmer": "~"}
        yield {"type": "content_block_delta", "index": index, "delta": shimmer}
        yield PING

    def stop(self) -> Json:
        reason = STOP_REASON[self.scenario.finish]
        refusals = [part.text for part in self.scenario.parts if isinstance(part, Refusal)]
        details = None
        if reason == "refusal":
            explanation = refusals[0] if refusals else None
            details = {"type": "refusal", "category": "cyber", "explanation": explanation}
        if self.scenario.stop_sequence is not None and reason == "end_turn":
            reason = "stop_sequence"
        word = self.scenario.stop_sequence
        return {"stop_reason": reason, "stop_sequence": word, "stop_details": details}

    def first_usage(self) -> Json:
        """What is known before a word is said; output_tokens is a placeholder."""
        usage = self.usage
        placeholder = 1 + self.options.chance("placeholder").randrange(6)
        total = usage.input if usage.input_at_start is None else usage.input_at_start
        return {
            "input_tokens": total - usage.cached - usage.cache_write,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cached,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": min(placeholder, usage.output),
            "service_tier": "standard",
        }

    def last_usage(self) -> Json:
        """The totals; they replace the first ones."""
        usage = self.usage
        last: Json = {
            "input_tokens": usage.input - usage.cached - usage.cache_write,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cached,
            "output_tokens": usage.output,
        }
        if usage.reasoning:
            last["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
        searches = sum(isinstance(part, Search) for part in self.scenario.parts)
        if searches:
            last["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": 0}
        return last
