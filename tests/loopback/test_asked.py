"""The readers: what our client asks is read as meant on every wire, and nothing breaks them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqllm.content import ContentPart, ToolCall
from reqllm.context import Context, Message
from reqllm_fixtures.conformance.pictures import red_square
from reqllm_fixtures.conformance.scenarios import CITY, GET_WEATHER, WEATHER

from .asked.ask import Ask
from .asked.readers import READERS, Malformed, read
from .asking import MODELS, asked
from .brain import answer
from .conformance import LoopbackConformance
from .messages import Request
from .picture import colour_of

PICTURE = ContentPart.image(red_square())
CALL = ToolCall("call_1", "get_weather", {"city": "Oslo"})
TALK = Context.new(
    [
        Message.system("Be brief."),
        Message.user(["Look at this.", PICTURE]),
        Message.assistant("I will ask.", tool_calls=[CALL]),
        Message.tool("call_1", dict(WEATHER), name="get_weather"),
    ],
    tools=[GET_WEATHER],
)
OPTIONS: dict[str, Any] = {
    "max_tokens": 64,
    "stop": ["five"],
    "response_schema": CITY,
    "reasoning_effort": "low",
    "on_unsupported": "ignore",
}


def read_back(wire: str, context: Context = TALK, options: dict[str, Any] | None = None) -> Ask:
    """What the wire's reader makes of what our client sends."""
    made = asked(wire, context, OPTIONS if options is None else options)
    return read(wire, made.body, "m")


@pytest.mark.parametrize("wire", READERS)
def test_what_is_asked_is_read(wire):
    """Everything of a conversation with a picture, a tool and its answer, and the options."""
    ask = read_back(wire)
    assert ask.system == "Be brief."
    assert [turn.role for turn in ask.turns] == ["user", "assistant", "user"]
    assert [turn.text for turn in ask.turns] == ["Look at this.", "I will ask.", ""]
    assert [colour_of(image) for image in ask.turns[0].images] == ["red"]
    assert {(call.name, call.arguments["city"]) for call in ask.turns[1].calls} == {
        ("get_weather", "Oslo")
    }
    assert [result.value for result in ask.results] == [dict(WEATHER)]
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    assert ask.tools[0].parameters["required"] == ["city"]
    assert (ask.max_tokens, ask.thinks) == (64, True)
    assert ask.stop == (() if wire == "openai-responses" else ("five",))
    assert ask.schema is not None
    assert ask.schema["properties"]["population"] == {"type": "integer"}


@pytest.mark.parametrize("wire", READERS)
def test_what_is_not_asked_is_not_read(wire):
    """A bare prompt has no tools, limits or schema; but Anthropic's wire demands a limit."""
    ask = read_back(wire, Context.new("Hello!"), {})
    assert (ask.prompt, ask.system, ask.tools, ask.images) == ("Hello!", "", (), ())
    assert (ask.stop, ask.schema, ask.thinks) == ((), None, False)
    assert (ask.max_tokens is None) is (wire not in ("anthropic-messages", "bedrock-invoke"))


@pytest.mark.parametrize("wire", READERS)
def test_tools_that_must_not_be_called(wire):
    """`tool_choice: none`; on some wires it is that no tools are sent."""
    options = {"tool_choice": "none", "on_unsupported": "ignore"}
    ask = read_back(wire, Context.new("Weather?", tools=[GET_WEATHER]), options)
    if wire != "bedrock-converse":  # it has no word for it
        assert not (ask.tools and ask.may_call)


@pytest.mark.parametrize("wire", READERS)
def test_an_answer_to_no_call_is_refused(wire):
    """As every vendor does: a tool's result belongs to a call before it."""
    body = json.loads(asked(wire, TALK, OPTIONS).body)
    turns = next(name for name in ("messages", "contents", "input") if name in body)
    body[turns] = [turn for turn in body[turns] if not CALLS.search(json.dumps(turn))]
    with pytest.raises(Malformed, match="never called"):
        read(wire, json.dumps(body).encode(), "m")


CALLS = re.compile(r'"(tool_calls|tool_use|toolUse|functionCall|function_call)"')
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.just(1e999) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


GONE = object()


@cache
def asked_once(wire: str) -> Request:
    """The conversation above."""
    return asked(wire, TALK, OPTIONS)


def places(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a body something may be put in another's place."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = [(*before, key) for key, _ in items] if isinstance(value, dict | list) else []
    for place in list(found):
        inner = value[place[-1]]
        if isinstance(inner, dict | list):
            found += places(inner, place)
    return found


@pytest.mark.parametrize("wire", READERS)
@settings(max_examples=30, deadline=None)
@given(where=st.integers(0, 999), new=st.just(GONE) | JSON)
def test_no_request_breaks_the_provider(wire, where, new):
    """Whatever stands in place of any member, the answer is a stream or the vendor's refusal."""
    made = asked_once(wire)
    body = json.loads(made.body)
    every = places(body)
    *steps, last = every[where % len(every)]
    holder = body
    for step in steps:
        holder = holder[step]
    if new is GONE:
        del holder[last]
    else:
        holder[last] = new
    answered = LoopbackConformance(silence=0)(replace(made, body=json.dumps(body).encode()))
    assert answered.status in (200, 400, 404)
    assert all(write.data for write in answered.body)


@pytest.mark.parametrize("wire", READERS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b'"\\ud800"', b"\xff", b"[" * 9999])
def test_what_is_no_request_is_refused(wire, body):
    """As a malformed one, and with a body that says so."""
    refused = LoopbackConformance()(replace(asked(wire, TALK), body=body))
    assert refused.status == 400
    assert json.loads(b"".join(write.data for write in refused.body))


@pytest.mark.parametrize("wire", READERS)
def test_the_brain_answers_whatever_was_read(wire):
    """The conversation above, whose last word is a tool's."""
    assert "17" in json.dumps(answer(read_back(wire)).parts, default=str)


def test_an_address_of_nobody_is_refused():
    """With a status that says so."""
    nowhere = Request(method="POST", target="/v9", headers=(), body=b"{}", connection=1)
    assert LoopbackConformance()(nowhere).status == 404
    assert set(READERS) == set(MODELS)
