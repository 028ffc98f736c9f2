"""Checks of tool calls. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

from reqllm.content import Tool, ToolCall
from reqllm.json_schema import first_problem
from reqllm_fixtures.conformance.asserting import (
    Check,
    finished,
    has_no_call,
    has_text,
    has_word,
    shown,
)
from reqllm_fixtures.conformance.expecting import Expect
from reqllm_fixtures.conformance.taken import Taken, Turn

# What these wires say themselves after calls. Our client takes calls for the reason where a
# provider says that it just stopped; others look for the word, and run nothing.
_OWN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "openai-chat": "tool_calls",
        "anthropic-messages": "tool_use",
        "bedrock-converse": "tool_use",
        "cohere-v2": "TOOL_CALL",
    }
)


def calls(tool: Tool, cities: Collection[str]) -> Check:
    """Check that the tool is called once for each city, and nothing else is."""

    def check(taken: Taken, expect: Expect) -> None:
        _calls(tool, cities, taken, expect)

    return check


def leaves_tools(taken: Taken, expect: Expect) -> None:
    """Check that there is text, and no call."""
    has_no_call(taken.last, expect)
    has_text(taken.last, expect)
    finished("stop", taken.last, expect)


def answers_from(tool: Tool, cities: Collection[str], word: str) -> Check:
    """Check that the tool is called first, and then a word of its result is in the text."""

    def check(taken: Taken, expect: Expect) -> None:
        _calls(tool, cities, taken, expect)
        came = len(taken.turns)
        if expect.that(
            came > 1, "no-result-taken", f"expected a second answer, from the result, came {came}"
        ):
            has_word(word, taken.last.text, expect, taken.last)
            has_no_call(taken.last, expect)
            finished("stop", taken.last, expect)

    return check


def _calls(tool: Tool, cities: Collection[str], taken: Taken, expect: Expect) -> None:
    turn = taken.first
    came = turn.calls
    expect.that(
        len(came) == len(cities),
        "call-count",
        f"expected {len(cities)} tool {'call' if len(cities) == 1 else 'calls'}, came {len(came)}",
        turn=turn.number,
    )
    ids = Counter(call.id for call in came)
    expect.that(
        all(ids) and len(ids) == len(came),
        "call-id",
        f"expected an id of its own for each call, came {', '.join(map(repr, ids.elements()))}",
        turn=turn.number,
    )
    for call in came:
        _is_call_of(tool, call, turn, expect)
    asked = [str(call.arguments.get("city", "")) for call in came]
    missing = [city for city in cities if not any(city.lower() in each.lower() for each in asked)]
    expect.that(
        not missing,
        "arguments-differ",
        f"expected a call for {' and '.join(cities)}, came {shown(', '.join(asked))}",
        turn=turn.number,
    )
    finished("tool_calls", turn, expect)
    word = _OWN_WORDS.get(taken.wire)
    if came and word and turn.finish and turn.finish.raw:
        expect.rather(
            turn.finish.raw == word,
            "finish-reason",
            f"expected {word!r} as the reason on the wire, which agents go by to run tools, "
            f"came {turn.finish.raw!r:.40}",
            turn=turn.number,
        )


def _is_call_of(tool: Tool, call: ToolCall, turn: Turn, expect: Expect) -> None:
    expect.that(
        call.name == tool.name,
        "call-name",
        f"expected a call of {tool.name}, came one of {call.name!r:.80}",
        turn=turn.number,
    )
    if expect.that(
        not call.invalid,
        "arguments-invalid",
        f"expected a JSON object as arguments, came {shown(call.arguments_raw or '')}",
        turn=turn.number,
    ):
        problem = first_problem(dict(call.arguments), tool.parameters, f"tool {tool.name!r}")
        expect.that(
            problem is None,
            "arguments-invalid",
            f"expected arguments of the tool's schema, but at {problem}",
            turn=turn.number,
        )
