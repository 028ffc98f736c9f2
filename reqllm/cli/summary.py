"""What is said of an answer in one line: usage, why it ended, how fast it came."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from reqllm import chunk as c
from reqllm.cli.terminal import one_line
from reqllm.response import Response

# What a reader of the stream would call its first token.
_SPOKEN = (c.TextDelta, c.ReasoningDelta, c.ToolCallStart, c.RefusalDelta, c.FileDelta)
# A rate over less time than this says nothing.
_SHORTEST_SECONDS = 0.02
_RAW_SHOWN = 80


class Times(Struct, frozen=True):
    """When things came, in seconds since the request was sent; `None` if it is not known."""

    first: float | None = None
    """The first token: of text, reasoning, a refusal or a tool call."""
    end: float | None = None
    of: str = ""
    """Whose times these are, as it is told; of an answer that came now, nothing is."""


def is_spoken(chunk: c.StreamChunk) -> bool:
    """Return whether a chunk is something that a reader of the stream would see."""
    return isinstance(chunk, _SPOKEN)


class Stopwatch:
    """Notes when the first token and the last chunk came; starts when it is made."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._first: float | None = None
        self._end: float | None = None

    def note(self, chunk: c.StreamChunk) -> None:
        """Take a chunk that just came."""
        self._end = self._clock() - self._start
        if self._first is None and is_spoken(chunk):
            self._first = self._end

    @property
    def times(self) -> Times:
        """What was measured."""
        return Times(self._first, self._end)


def summary(answer: Response, times: Times) -> str:
    """Sum an answer up in one line."""
    parts = [_usage(answer.usage), _ending(answer), *_speed(answer, times)]
    return " · ".join(parts)


def what_arrived(answer: Response) -> str:
    """Say in a few words what there is of an answer that did not end as it should."""
    counts = (
        (len(answer.text), "of text"),
        (len(answer.thinking), "of reasoning"),
        (len(answer.refusal), "of refusal"),
    )
    known = [f"{count:,} characters {word}" for count, word in counts if count]
    calls = len(answer.tool_calls)
    if calls:
        known.append("1 tool call" if calls == 1 else f"{calls} tool calls")
    if not known:
        return f"nothing had arrived; state {answer.state}"
    out = None if answer.usage is None else answer.usage.output_tokens
    # Providers count at the end: what is known before is as of their last word.
    tokens = "" if out is None else f", {out:,} tokens out as last reported"
    return f"{', '.join(known)} had arrived{tokens}; state {answer.state}"


def _usage(usage: c.Usage | None) -> str:
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return "usage not reported"
    asked = _with_shares(
        usage.input_tokens,
        "in",
        (usage.cache_read_input_tokens, "cached"),
        (usage.cache_creation_input_tokens, "newly cached"),
    )
    given = _with_shares(usage.output_tokens, "out", (usage.reasoning_output_tokens, "reasoning"))
    return f"tokens {asked}, {given}"


def _with_shares(total: int | None, name: str, *shares: tuple[int | None, str]) -> str:
    counted = "?" if total is None else f"{total:,}"
    # A share of 0 is what most providers report of everything they do not do.
    named = ", ".join(f"{share:,} {word}" for share, word in shares if share)
    return f"{counted} {name} ({named})" if named else f"{counted} {name}"


def _ending(answer: Response) -> str:
    finish = answer.finish_reason
    if finish is None:
        return answer.state
    raw = "" if finish.raw in (None, finish.reason) else f" ({one_line(finish.raw, _RAW_SHOWN)})"
    return f"finish {finish.reason}{raw}"


def _speed(answer: Response, times: Times) -> list[str]:
    if times.first is None:
        return []
    parts = [f"first token {seconds_words(times.first)}"]
    rate = _rate(answer, times)
    if rate is not None:
        parts.append(f"{rate:.1f} tokens/s")
    if times.of:
        parts[-1] += f" {times.of}"
    return parts


def _rate(answer: Response, times: Times) -> float | None:
    """Return tokens a second, from the first token to the end."""
    usage = answer.usage
    if usage is None or usage.output_tokens is None or times.first is None or times.end is None:
        return None
    tokens = usage.output_tokens
    if not answer.thinking:
        # Reasoning that was not shown was over before the first token came.
        tokens -= usage.reasoning_output_tokens or 0
    seconds = times.end - times.first
    return tokens / seconds if seconds >= _SHORTEST_SECONDS and tokens > 0 else None


def seconds_words(seconds: float) -> str:
    """Write a duration as people read it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
