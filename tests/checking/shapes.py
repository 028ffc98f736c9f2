"""What a mutator must know of a wire: how it is framed, and which neighbours have an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from .streams import DONE, Event, named, unnamed


class Shape(Struct, frozen=True):
    """One wire's."""

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


def _by_type(event: Event) -> str:
    return str(event["type"])


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


SHAPES: Mapping[str, Shape] = {
    "openai-chat": Shape(
        unnamed,
        _of_chunk,
        frozenset({"finish 0"}),
        is_free=_are_apart,
        anywhere=frozenset({"bare"}),
        sentinel=DONE,
    ),
    "anthropic-messages": Shape(
        named,
        _by_type,
        frozenset({"message_stop"}),
        anywhere=frozenset({"ping"}),
        free=frozenset({"input"}),
    ),
}
