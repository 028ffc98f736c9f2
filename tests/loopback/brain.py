"""A model that understands what the conformance scenarios ask: `answer(ask)`. Pure.

It goes by the words of the prompt, and by all else that it is told: the system's words, earlier
turns, the tools and what they answered, the stop sequences, the limit of tokens, the schema, the
picture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import knowledge
from .asked.ask import Ask, Offered
from .catalogue import SIGNATURE
from .objects import fitting
from .picture import colour_of
from .scenario import Finish, Part, Reasoning, Scenario, Text, ToolCall, Usage

HELLO = "Hello there, it is good to meet you!"
OF_A_PICTURE = 85  # tokens
BESIDES = 4  # tokens of a message that are none of its words


def answer(ask: Ask) -> Scenario:
    """What the model says, within the limits that the request sets."""
    thoughts = f"They say: {ask.prompt[:60]} {_thoughts(ask)}".strip() if ask.thinks else ""
    parts: list[Part] = list(_calls(ask))
    if not parts:
        parts = [Text(_text(ask))]
    return _limited(ask, thoughts, parts)


# What it calls.
def _calls(ask: Ask) -> list[ToolCall]:
    """A call for each city whose weather is asked for, until a tool has answered."""
    refused = re.search(r"not use any tool", ask.prompt, re.I)
    if not ask.tools or not ask.may_call or ask.results or refused or _only_word(ask):
        return []
    if not re.search(r"weather", ask.prompt, re.I):
        return []
    cities = dict.fromkeys(re.findall(r"\bin ([^\W\d_]\w+)", ask.prompt))
    tool = next((tool for tool in ask.tools if "weather" in tool.name.lower()), ask.tools[0])
    return [_call(tool, city) for city in cities]


def _call(tool: Offered, city: str) -> ToolCall:
    facts = {"city": city, "location": city, "place": city, **_about(city)}
    arguments = fitting({"type": "object", **tool.parameters}, facts)
    return ToolCall(tool.name, arguments if isinstance(arguments, dict) else {})


# What it says.
def _text(ask: Ask) -> str:
    if ask.results:
        return " ".join(_told(result.value) for result in ask.results)
    if ask.schema is not None:
        city = re.search(r"city of (\w+)", ask.prompt)
        facts = _about(city[1]) if city else {}
        return json.dumps(fitting(ask.schema, facts), ensure_ascii=False)
    if word := _only_word(ask):
        return word
    for pattern, said in _SAID:
        if found := re.search(pattern, ask.prompt, re.I | re.S):
            return said(ask, found)
    return f"You said: {ask.prompt}" if ask.prompt else HELLO


def _only_word(ask: Ask) -> str | None:
    found = re.search(r"answer with the single word (\w+)", ask.system, re.I)
    return found[1] if found else None


def _told(result: Any) -> str:
    """What a tool answered, in a sentence."""
    if not isinstance(result, Mapping):
        return f"The tool says: {result}"
    place = result.get("city", "the city")
    told = {name: value for name, value in result.items() if name != "city"}
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    return f"In {place} it is like this: {facts}."


def _about(city: str) -> dict[str, Any]:
    return {"name": city, **knowledge.CITIES.get(city, {})}


def _recalled(ask: Ask, found: re.Match[str]) -> str:
    """The name of something of the user's, if an earlier turn told it."""
    pattern = rf"\bmy {re.escape(found[1])} is called (\w+)"
    told = [name for turn in ask.turns[:-1] for name in re.findall(pattern, turn.text, re.I)]
    return told[-1] if told else "You did not tell me."


def _seen(ask: Ask, _: re.Match[str]) -> str:
    colours = [colour_of(image) for image in ask.images]
    return (colours[0] or "Unreadable").capitalize() if colours else "I see no picture."


_SAID: tuple[tuple[str, Callable[[Ask, re.Match[str]], str]], ...] = (
    (r"repeat the following text exactly[^:]*: (.*)", lambda _, found: found[1]),
    (
        r"count from (\d{1,6}) to (\d{1,6})",
        lambda _, found: knowledge.counted_in_digits(int(found[1]), int(found[2])),
    ),
    (
        r"count from (\w+) to (\w+) in english words",
        lambda _, found: knowledge.counted_in_words(found[1].lower(), found[2].lower()),
    ),
    (r"essay", lambda *_: knowledge.essay(500)),
    (r"what is my (\w+) called", _recalled),
    (r"letter (\w)\b.*word (\w+)", lambda _, found: str(len(knowledge.places_of(*found.groups())))),
    (r"what colou?r", _seen),
    (r"capital of (\w+)", lambda _, found: knowledge.CAPITALS.get(found[1], "I do not know.")),
    (r"say hello", lambda *_: HELLO),
)


def _thoughts(ask: Ask) -> str:
    if found := re.search(r"letter (\w)\b.*word (\w+)", ask.prompt, re.I | re.S):
        places = ", ".join(map(str, knowledge.places_of(*found.groups())))
        return f"So I go through {'-'.join(found[2])} and find {found[1]} at {places}."
    return "That needs little thought."


# Within which limits.
@dataclass
class _Budget:
    """How many tokens may still be said."""

    most: int | None
    used: int = 0
    is_spent: bool = False

    def text(self, text: str) -> str:
        """As much of a text as is within the limit."""
        if self.most is not None and knowledge.tokens(text) > self.most - self.used:
            text = knowledge.first_tokens(text, self.most - self.used)
            self.is_spent = True
        self.used += knowledge.tokens(text)
        return text

    def call(self, call: ToolCall) -> bool:
        """Whether there is room for a call."""
        price = 2 + knowledge.tokens(json.dumps(call.arguments))
        self.is_spent = self.most is not None and price > self.most - self.used
        self.used += 0 if self.is_spent else price
        return not self.is_spent


def _limited(ask: Ask, thoughts: str, parts: list[Part]) -> Scenario:
    budget = _Budget(ask.max_tokens)
    thoughts = budget.text(thoughts)
    thought = budget.used
    said: list[Part] = [Reasoning(thoughts if ask.shows_thoughts else "", SIGNATURE)]
    said = said if thoughts else []
    stopped_by = None
    for part in parts:
        if budget.is_spent:
            break
        if isinstance(part, Text):
            text, stopped_by = _until_stop(part.text, ask.stop)
            whole = budget.text(text)
            stopped_by = stopped_by if whole == text else None
            said += [Text(whole)] if whole else []
        elif isinstance(part, ToolCall) and budget.call(part):
            said.append(part)
    usage = Usage(input=_read(ask), output=max(budget.used, 1), reasoning=thought)
    finish = _finish(budget, said)
    return Scenario(parts=tuple(said), finish=finish, usage=usage, stop_sequence=stopped_by)


def _finish(budget: _Budget, said: list[Part]) -> Finish:
    if budget.is_spent:
        return "length"
    return "tool_calls" if any(isinstance(part, ToolCall) for part in said) else "stop"


def _until_stop(text: str, stop: tuple[str, ...]) -> tuple[str, str | None]:
    """The text before the first stop sequence, and which one that was."""
    found = [(text.find(word), word) for word in stop if word and word in text]
    if not found:
        return text, None
    at, word = min(found)
    return text[:at], word


def _read(ask: Ask) -> int:
    """How many tokens the request is."""
    count = knowledge.tokens(ask.system) + BESIDES
    for turn in ask.turns:
        told = [str(result.value) for result in turn.results]
        told += [json.dumps(call.arguments) for call in turn.calls]
        count += BESIDES + sum(map(knowledge.tokens, (turn.text, *told)))
        count += OF_A_PICTURE * len(turn.images)
    offered = (tool.name + json.dumps(tool.parameters) for tool in ask.tools)
    return count + sum(map(knowledge.tokens, offered))
