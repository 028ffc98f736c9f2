"""What a test must know of a wire: clean streams, their framing, which neighbours have an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from . import more_streams as more
from .streams import ANTHROPIC, DONE, OPENAI_CALLS, OPENAI_TEXT, Event, named, unnamed


class Shape(Struct, frozen=True):
    """One wire's."""

    clean: tuple[tuple[Event, ...], ...]
    """Streams in which nothing is to be found."""
    frame: Callable[[Iterable[Event]], bytes]
    kind: Callable[[Event], str]
    """What an event is, so that neighbours of two kinds have an order."""
    terminals: frozenset[str]
    """The kinds of which one must be there for the stream to be whole."""
    is_free: Callable[[str, str], bool] = lambda one, other: False
    """Tells whether two kinds may come either way round."""
    anywhere: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    """Fields in which anything may stand."""
    typed_by: frozenset[str] = frozenset()
    """Fields without which nothing tells what an event is."""
    sentinel: bytes = b""

    def framed(self, events: Iterable[Event], *, sentinel: bool = True) -> bytes:
        """Write events as a body, with the sentinel if the wire has one."""
        return self.frame(events) + (self.sentinel if sentinel else b"")

    def is_terminal(self, event: Event) -> bool:
        """Tell whether an event says that the answer is whole."""
        return self.kind(event) in self.terminals

    def has_order(self, first: Event, second: Event) -> bool:
        """Tell whether these two must not change places."""
        kinds = self.kind(first), self.kind(second)
        if kinds[0] == kinds[1] or self.anywhere.intersection(kinds):
            return False
        return not self.is_free(*kinds)


def _member(name: str) -> Callable[[Event], str]:
    return lambda event: str(event.get(name))


def _of_chunk(event: Event) -> str:
    """Name what a chunk brings, with the numbers of its choice and call."""
    if not event["choices"]:
        return "usage" if event.get("usage") else "bare"
    choice = event["choices"][0]
    number = choice["index"]
    if choice.get("finish_reason"):
        return f"finish {number}"
    if choice["delta"].get("role"):
        return f"role {number}"
    calls = choice["delta"].get("tool_calls")
    if calls:
        return f"{'call' if calls[0].get('id') else 'arguments'} {number} {calls[0]['index']}"
    return f"text {number}"


def _are_apart(one: str, other: str) -> bool:
    """Tell whether two chunks are of two choices or calls, or of text and a call."""
    numbers, others = one.split()[1:], other.split()[1:]
    if not numbers or not others:
        return False
    is_text = "text" in (one.split()[0], other.split()[0])
    of_one_choice = numbers[0] == others[0]
    of_two_calls = len(numbers) == len(others) == 2 and numbers != others
    return not of_one_choice or of_two_calls or (is_text and len(numbers) != len(others))


def _of_cohere(one: str, other: str) -> bool:
    """Tell whether two events are of two blocks: their order is no matter."""
    blocks = one.partition("-")[0], other.partition("-")[0]
    return "message" not in blocks and blocks[0] != blocks[1]


def _of_gemini(event: Event) -> str:
    candidate = (event.get("candidates") or [{}])[0]
    if candidate.get("finishReason"):
        return "finish"
    return "parts" if candidate.get("content", {}).get("parts") else "empty"


SHAPES: Mapping[str, Shape] = {
    "anthropic-messages": Shape(
        (ANTHROPIC,),
        named,
        _member("type"),
        frozenset({"message_stop"}),
        anywhere=frozenset({"ping"}),
        free=frozenset({"input"}),
    ),
    "bedrock-converse": Shape(
        (more.CONVERSE,),
        more.frames,
        _member(more.NAME),
        frozenset({"messageStop"}),
        free=frozenset({more.NAME, "trace", "location", "serverToolUsage"}),
    ),
    "bedrock-invoke": Shape(
        (ANTHROPIC,),
        more.wrapped,
        _member("type"),
        frozenset({"message_stop"}),
        anywhere=frozenset({"ping"}),
        free=frozenset({"input"}),
    ),
    "cohere-v2": Shape(
        (more.COHERE,),
        named,
        _member("type"),
        frozenset({"message-end"}),
        is_free=_of_cohere,
        anywhere=frozenset({"tool-plan-delta", "debug"}),
        free=frozenset({"document", "tool_output", "citations", "tool_calls"}),
        sentinel=DONE,
    ),
    "gemini": Shape(
        (more.GEMINI,),
        unnamed,
        _of_gemini,
        frozenset({"finish"}),
        anywhere=frozenset({"empty"}),
        free=frozenset({"args"}),
    ),
    "gemini-interactions": Shape(
        (more.INTERACTION,),
        lambda events: named(events, by="event_type"),
        _member("event_type"),
        frozenset({"interaction.completed"}),
        anywhere=frozenset({"interaction.status_update"}),
        free=frozenset({"arguments"}),
        sentinel=b"event: done\n" + DONE,
    ),
    "ollama": Shape(
        (more.OLLAMA,),
        more.lines,
        lambda event: "done" if event.get("done") else "line",
        frozenset({"done"}),
        typed_by=frozenset({"response"}),
        free=frozenset({"arguments"}),
    ),
    "openai-chat": Shape(
        (OPENAI_TEXT, OPENAI_CALLS),
        unnamed,
        _of_chunk,
        frozenset({"finish 0"}),
        is_free=_are_apart,
        anywhere=frozenset({"bare"}),
        sentinel=DONE,
    ),
    "openai-responses": Shape(
        (more.RESPONSES,),
        named,
        _member("type"),
        frozenset({"response.completed", "response.incomplete"}),
        free=frozenset(
            {"tools", "metadata", "instructions", "reasoning", "format", "verbosity", "arguments"}
        ),
    ),
}
