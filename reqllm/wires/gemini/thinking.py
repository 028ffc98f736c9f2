"""How much a Gemini model may think: a level, or a number of tokens, as its generation takes it.

https://ai.google.dev/gemini-api/docs/thinking
"""

from __future__ import annotations

import re
from typing import Any

from reqllm.wires.common.options import Options
from reqllm.wires.common.request_body import Warnings
from reqllm.wires.gemini.words import WIRE

_VERSION = re.compile(r"gemini-(\d+)(?:[.-](\d+))?(?![\d])")
# What Google's own translation of efforts into tokens is, for models that take tokens only.
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}
_LEVELS = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
}
# The largest of the models that take tokens cannot be kept from thinking.
_ALWAYS_THINKS = "gemini-2.5-pro"
_LEAST = 128


def thinking_config(model: str, asked: Options, warnings: Warnings) -> dict[str, Any]:
    """Return the `thinkingConfig`, empty where nothing is asked for."""
    effort, budget = asked.reasoning_effort, asked.reasoning_budget
    if effort is None and budget is None:
        return {}
    generation = _generation(model)
    if generation < (2, 5):
        asked.refuse(f"reasoning_effort or reasoning_budget for the model {model}", WIRE, warnings)
        return {}
    if budget is not None:
        if effort is not None:
            warnings.add(
                "option_adjusted",
                f"{WIRE} takes a reasoning_budget or a reasoning_effort: the budget was sent",
            )
        return {"includeThoughts": True, "thinkingBudget": budget}
    write = _level if generation >= (3, 0) else _budget
    return write(model, str(effort), warnings)


def _generation(model: str) -> tuple[int, int]:
    """Return the version in a model's name; a name without one is taken for the newest."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (99, 0)


def _level(model: str, effort: str, warnings: Warnings) -> dict[str, Any]:
    if effort == "none":
        _adjusted(model, effort, "'minimal', the least there is", warnings)
        return {"thinkingLevel": "MINIMAL"}
    if effort == "max":
        _adjusted(model, effort, "'xhigh'", warnings)
    return {"includeThoughts": True, "thinkingLevel": _LEVELS.get(effort, "XHIGH")}


def _budget(model: str, effort: str, warnings: Warnings) -> dict[str, Any]:
    if effort == "none":
        if _ALWAYS_THINKS not in model:
            return {"thinkingBudget": 0}
        _adjusted(model, effort, f"{_LEAST} tokens, the least there is", warnings)
        return {"thinkingBudget": _LEAST}
    if effort not in _BUDGETS:
        _adjusted(model, effort, "'high'", warnings)
    return {"includeThoughts": True, "thinkingBudget": _BUDGETS.get(effort, _BUDGETS["high"])}


def _adjusted(model: str, effort: str, sent: str, warnings: Warnings) -> None:
    warnings.add("option_adjusted", f"{model} knows no reasoning_effort {effort!r}: sent as {sent}")
