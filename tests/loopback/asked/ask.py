"""What a model is asked, as values that no wire has touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Called:
    """A call that the model made earlier; `key` is what a result names it by."""

    key: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered: a JSON value where it is one, else its text."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool that may be called; `parameters` is the JSON Schema of its arguments."""

    name: str
    parameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What one side said at a time; the results of tools are said by the user."""

    role: Role
    text: str = ""
    images: tuple[bytes, ...] = ()
    calls: tuple[Called, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request."""

    model: str = ""
    system: str = ""
    turns: tuple[Turn, ...] = ()
    tools: tuple[Offered, ...] = ()
    may_call: bool = True  # False: the tools are shown, but none may be called
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None  # of the answer
    thinks: bool = False
    shows_thoughts: bool = True  # False: what it thought is counted, but not told
    include_usage: bool = True
    obfuscation: bool = True

    @property
    def prompt(self) -> str:
        """The last words of the user's."""
        said = [turn.text for turn in self.turns if turn.role == "user" and turn.text]
        return said[-1] if said else ""

    @property
    def results(self) -> tuple[Result, ...]:
        """What the tools answered just now."""
        return self.turns[-1].results if self.turns else ()

    @property
    def images(self) -> tuple[bytes, ...]:
        """The pictures of the last turn."""
        return self.turns[-1].images if self.turns else ()
