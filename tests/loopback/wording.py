"""What both wires need: seeded ids, and the cutting of text into what a model emits at a time."""

from __future__ import annotations

import json
import random
import re
import string
from dataclasses import dataclass
from typing import Any

from .scenario import ToolCall

ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the request decides about the answer's form."""

    model: str
    seed: str = "0"
    include_usage: bool = True  # openai-chat sends usage only when asked
    obfuscation: bool = True  # openai-chat pads unless told not to
    in_one_piece: bool = False  # a text is not cut, however long

    def chance(self, purpose: str) -> random.Random:
        """A source of chance of its own for each purpose, so that one never shifts another."""
        return random.Random(f"{self.seed}|{purpose}")

    def cut(self, text: str, chance: random.Random) -> list[str]:
        """A text as a model says it: about a token at a time, or at once."""
        if self.in_one_piece:
            return [text] if text else []
        return cut_text(text, chance)

    def identifier(self, prefix: str, length: int, purpose: object = "") -> str:
        """An id of the provider's shape."""
        chance = self.chance(f"id {prefix} {purpose}")
        return prefix + "".join(chance.choices(ALPHANUMERIC, k=length))


def compact(value: Any) -> str:
    """JSON as the providers write it: no spaces, no escapes of what UTF-8 can say."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cut_text(text: str, chance: random.Random) -> list[str]:
    """Cut into pieces of about a token: words with the space before them, long ones in two."""
    tokens: list[str] = []
    for word in re.findall(r"\s*\S+|\s+$", text):
        at = chance.randint(4, 7)
        tokens += [word[:at], word[at:]] if len(word) > 9 else [word]
    return tokens


def group(tokens: list[str], most: int, chance: random.Random) -> list[str]:
    """Join one to `most` neighbours each."""
    joined: list[str] = []
    while tokens:
        count = chance.randint(1, most)
        joined.append("".join(tokens[:count]))
        tokens = tokens[count:]
    return joined


def cut_arguments(text: str, chance: random.Random) -> list[str]:
    """Cut JSON at places that have nothing to do with its syntax."""
    parts: list[str] = []
    while text:
        at = chance.randint(2, 9)
        parts.append(text[:at])
        text = text[at:]
    return parts


def arguments_text(call: ToolCall, *, spaced: bool) -> str:
    """The arguments as the model wrote them, with or without a space after `:` and `,`."""
    if call.arguments is None or isinstance(call.arguments, str):
        return call.arguments or ""
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(call.arguments, ensure_ascii=False, separators=separators)
