"""The events of `openai-chat`: https://platform.openai.com/docs/api-reference/chat-streaming."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from .scenario import (
    Audio,
    Finish,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Scenario,
    Search,
    Text,
    ToolCall,
    Usage,
)
from .wording import ALPHANUMERIC, Options, arguments_text, compact, cut_arguments

FINISH: dict[Finish, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "stop",  # a refusal is an ordinary stop on this wire
}
MID_STREAM_ERROR = {
    "error": {
        "message": "The server had an error while generating this response.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
}
DONE = b"data: [DONE]\n\n"
EPOCH = 1_790_000_000
AUDIO_PIECE = 24  # bytes of sound in one delta

Delta = dict[str, Any]


def events(scenario: Scenario, options: Options) -> list[bytes]:
    """The stream as a list of SSE events."""
    return list(_Chat(scenario, options).stream())


def whole(scenario: Scenario, options: Options) -> dict[str, Any]:
    """The `chat.completion` object."""
    chat = _Chat(scenario, options)
    choice = {
        "index": 0,
        "message": chat.message(),
        "logprobs": chat.logprobs(),
        "finish_reason": FINISH[scenario.finish],
    }
    return chat.envelope("chat.completion", [choice]) | {"usage": usage_object(scenario.usage)}


def usage_object(usage: Usage) -> dict[str, Any]:
    """The counts under this wire's names; reasoning and cached tokens are inside the totals."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


class _Chat:
    """One answer on its way out; holds what every chunk of it repeats."""

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.scenario = scenario
        self.options = options
        self.created = EPOCH + options.chance("created").randrange(10_000_000)
        self.padding = options.chance("obfuscation")
        parts = [part for part in scenario.parts if isinstance(part, ToolCall)]
        self.numbers = {id(part): number for number, part in enumerate(parts)}

    def envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.options.identifier("chatcmpl-", 29),
            "object": kind,
            "created": self.created,
            "model": self.options.model,
            "service_tier": "default",
            "system_fingerprint": self.options.identifier("fp_", 10).lower(),
            "choices": choices,
        }

    def stream(self) -> Iterator[bytes]:
        ending = self.scenario.ending
        if self.scenario.parts or ending != "error":
            yield self.first()
        if self.scenario.noise:
            yield from self.noise()
        for part in self.scenario.parts:
            for delta, logprobs in self.deltas(part):
                yield self.choice(delta, logprobs=logprobs)
            if isinstance(part, Audio):
                yield self.expiry()
        if ending == "error":
            yield b"data: %b\n\n" % compact(MID_STREAM_ERROR).encode()
        if ending in ("complete", "no_terminator"):
            yield self.choice({}, finish=FINISH[self.scenario.finish])
        if ending not in ("error", "truncated") and self.options.include_usage:
            yield self.chunk([], usage_object(self.scenario.usage))
        if ending in ("complete", "no_finish"):
            yield DONE

    def first(self) -> bytes:
        text_comes = any(isinstance(part, Text) for part in self.scenario.parts)
        content = None if self.numbers and not text_comes else ""
        return self.choice({"role": "assistant", "content": content, "refusal": None})

    def noise(self) -> Iterator[bytes]:
        yield b": keep-alive\n\n"
        yield self.chunk([], None, lantern={"lit": True})
        yield b":\n\n"
        yield self.choice({"content": "", "glimmer": [1, None]})

    def deltas(self, part: Part) -> Iterator[tuple[Delta, dict[str, Any] | None]]:
        """Each delta that says a piece of the part, with its log probabilities if any."""
        match part:
            case Text():
                yield from self.text(part)
            case Reasoning():
                if part.chat_field:
                    for word in self.words(part.text):
                        yield {"content": None, part.chat_field: word}, None
            case Refusal():
                for word in self.words(part.text):
                    yield {"refusal": word}, None
            case ToolCall():
                for call in self.call(part, self.numbers[id(part)]):
                    yield {"tool_calls": [call]}, None
            case Audio():
                for sound in self.audio(part):
                    yield {"audio": sound}, None
            case RedactedReasoning() | Search():
                raise ValueError(f"openai-chat has no words for {type(part).__name__}")

    def words(self, text: str) -> list[str]:
        return self.options.cut(text, self.options.chance(f"words {text}"))

    def text(self, part: Text) -> Iterator[tuple[Delta, dict[str, Any] | None]]:
        chance = self.options.chance("logprobs")
        for word in self.words(part.text):
            score = _logprob(word, -chance.random()) if part.logprobs else None
            yield {"content": word}, {"content": [score], "refusal": None} if score else None
        for source in part.citations:
            at = part.text.find(source.quote)
            cited = {
                "start_index": at,
                "end_index": at + len(source.quote),
                "title": source.title,
                "url": source.url,
            }
            yield {"annotations": [{"type": "url_citation", "url_citation": cited}]}, None

    def call(self, part: ToolCall, index: int) -> Iterator[dict[str, Any]]:
        function = {"name": part.name, "arguments": ""}
        yield {"index": index, "id": self.call_id(index), "type": "function", "function": function}
        text = arguments_text(part, spaced=False)
        for piece in cut_arguments(text, self.options.chance(f"arguments {index}")):
            yield {"index": index, "function": {"arguments": piece}}

    def call_id(self, index: int) -> str:
        return self.options.identifier("call_", 24, index)

    def audio(self, part: Audio) -> Iterator[dict[str, Any]]:
        yield {"id": self.options.identifier("audio_", 24)}
        for word in self.words(part.transcript):
            yield {"transcript": word}
        for at in range(0, len(part.data), AUDIO_PIECE):
            yield {"data": base64.b64encode(part.data[at : at + AUDIO_PIECE]).decode()}

    def expiry(self) -> bytes:
        # The one update whose choice has no finish_reason at all.
        delta = {"audio": {"expires_at": self.created + 3600}}
        return self.chunk([{"index": 0, "delta": delta}], None)

    def choice(
        self, delta: Delta, *, logprobs: dict[str, Any] | None = None, finish: str | None = None
    ) -> bytes:
        said = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self.chunk([said], None)

    def chunk(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None, **extra: Any
    ) -> bytes:
        chunk = self.envelope("chat.completion.chunk", choices) | extra
        if self.options.include_usage:
            chunk["usage"] = usage
        if self.options.obfuscation:
            length = self.padding.randint(1, 14)
            chunk["obfuscation"] = "".join(self.padding.choices(ALPHANUMERIC, k=length))
        return b"data: %b\n\n" % compact(chunk).encode()

    def message(self) -> dict[str, Any]:
        """All parts at once, as the object without `stream` has them."""
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        calls: dict[int, dict[str, Any]] = {}
        for part in self.scenario.parts:
            for delta, _ in self.deltas(part):
                for call in delta.pop("tool_calls", ()):
                    self._join_call(calls, call)
                self._join(message, delta)
        if calls:
            message["tool_calls"] = list(calls.values())
        return message

    def logprobs(self) -> dict[str, Any] | None:
        """Those of all tokens, if any were asked for."""
        said = [probs for part in self.scenario.parts for _, probs in self.deltas(part) if probs]
        return {"content": [p["content"][0] for p in said], "refusal": None} if said else None

    def _join(self, into: dict[str, Any], delta: Delta) -> None:
        for key, value in delta.items():
            if isinstance(value, dict):
                self._join(into.setdefault(key, {"expires_at": self.created + 3600}), value)
            elif value is not None:
                into[key] = value if into.get(key) is None else into[key] + value

    @staticmethod
    def _join_call(calls: dict[int, dict[str, Any]], piece: dict[str, Any]) -> None:
        index = piece.pop("index")
        if index not in calls:
            calls[index] = piece
        else:
            calls[index]["function"]["arguments"] += piece["function"]["arguments"]


def _logprob(token: str, value: float) -> dict[str, Any]:
    score = {"token": token, "logprob": round(value, 6), "bytes": list(token.encode())}
    return score | {"top_logprobs": [dict(score)]}
