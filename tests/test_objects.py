"""Answers as objects: whole, held against their schema, and as they grow."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm import (
    Context,
    InvalidInputError,
    InvalidObjectError,
    InvalidToolError,
    MissingDependencyError,
    Model,
    Response,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    decode_stream,
)
from reqllm.objects import STRUCTURED_TOOL, GrowingObject
from reqllm.providers.provider import HostedProvider
from reqllm.wires.common.options import Dialect

CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def answer(*deltas: dict[str, Any], finish: str = "stop") -> Response:
    events = [{"index": 0, "delta": delta} for delta in deltas]
    events.append({"index": 0, "delta": {}, "finish_reason": finish})
    lines = [f"data: {json.dumps({'id': 'c', 'choices': [event]})}\n\n" for event in events]
    return decode_stream("openai-chat", "".join([*lines, "data: [DONE]\n\n"]).encode())


def said(text: str, **more: str) -> Response:
    return answer({"content": text}, **more)


def called(name: str, arguments: str) -> Response:
    function = {"name": name, "arguments": arguments}
    return answer({"tool_calls": [{"index": 0, "id": "c1", "function": function}]})


def growth(deltas: list[Any]) -> list[Any]:
    growing = GrowingObject()
    return [value for delta in deltas for value in growing.take(delta)] + [*growing.end()]


# Whole.
def test_text_is_the_object():
    """The text of an answer is the object, and is held against the schema."""
    response = said('{"name": "Oslo", "people": 700000}')
    assert response.object(CITY) == {"name": "Oslo", "people": 700000}


def test_arguments_of_the_tool_are_the_object():
    """Where the object was asked for by a tool, its arguments are it, whatever the text says."""
    response = called(STRUCTURED_TOOL, '{"name": "Oslo", "people": 1}')
    assert response.object(CITY) == {"name": "Oslo", "people": 1}


@pytest.mark.parametrize(
    ("response", "words", "path"),
    [
        (said('{"name": "Oslo"}'), "'people' is a required property", "$"),
        (said('{"name": 1, "people": 1}'), "1 is not of type 'string'", "$.name"),
        (said('```json\n{"name": "Oslo", "people": 1}\n```'), "the answer is no JSON: ", None),
        (said('{"name": "Oslo", "people": 1} Done.'), "the answer is no JSON: ", None),
        (said("{'name': 'Oslo', 'people': 1}"), "the answer is no JSON: ", None),
        (said('{"name": "Os', finish="length"), "cut off at max_tokens", None),
        (said('{"name": "\\ud83d", "people": 1}'), "the answer is no JSON", None),
        (said("[" * 100_000), "the answer is no JSON", None),
        (answer({"refusal": "No."}), "the model refused: 'No.'", None),
        (called("weather", "{}"), "the model called tools: weather", None),
        (answer(), "the answer is no JSON: ''", None),
    ],
)
def test_no_object(response: Response, words: str, path: str | None):
    """What is not the object that was asked for is told, with what came; nothing is repaired."""
    with pytest.raises(InvalidObjectError) as caught:
        response.object(CITY)
    error = caught.value
    assert words in str(error)
    assert error.path == path
    assert error.partial is response
    assert error.raw in (response.text, "")
    assert error.finish_reason == str(response.finish_reason)


def test_without_validation():
    """What does not fit the schema is handed out where nobody wants it held against it."""
    assert said("[1]").object(CITY, validate=False) == [1]
    assert said("[1]").object() == [1]


@pytest.mark.parametrize(
    "schema", [{"type": "thing"}, {"$ref": "#/$defs/none"}, {"$ref": "http://127.0.0.1:9/x.json"}]
)
def test_a_schema_that_is_none(schema: dict[str, Any]):
    """A schema that is no schema, or that points out of itself, is told; nothing is fetched."""
    with pytest.raises(InvalidInputError, match="response_schema to be a JSON Schema"):
        said("{}").object(schema)


def test_without_the_extra(monkeypatch):
    """Without the packages that do it, the error says what to install."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    monkeypatch.setitem(sys.modules, "jiter", None)
    with pytest.raises(MissingDependencyError, match=r"reqllm\[structured\]"):
        said("{}").object(CITY)
    with pytest.raises(MissingDependencyError, match=r"reqllm\[structured\]"):
        GrowingObject()
    assert said("{}").object() == {}


# As it grows.
def test_growing():
    """Text shows as it comes; numbers, words and keys when they are whole."""
    texts = ['{"na', 'me": "Os', "lo 1", '2", "peo', 'ple": 12', "3", '4, "up": tr', "ue}"]
    assert growth([TextDelta(text) for text in texts]) == [
        {},
        {"name": "Os"},
        {"name": "Oslo "},
        {"name": "Oslo 12"},
        {"name": "Oslo 12", "people": 1234},
        {"name": "Oslo 12", "people": 1234, "up": True},
    ]


@given(value=VALUES, cuts=st.lists(st.integers(0, 400)), by_tool=st.booleans())
def test_any_cut(value: Any, cuts: list[int], by_tool: bool):
    """However it is cut, the last is the whole object, and each begins as the next one does."""
    text = json.dumps(value)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    parts = [text[a:b] for a, b in pairwise(places)]
    if by_tool:
        start = ToolCallStart("c", STRUCTURED_TOOL)
        chunks = [TextDelta("Here: "), start, *(ToolCallDelta(part, "c") for part in parts)]
        seen = growth([*chunks, ToolCallEnd("c", STRUCTURED_TOOL, {}, text), TextDelta("!")])
        seen = [one for one in seen if one != "Here: "]
    else:
        seen = growth([TextDelta(part) for part in parts])
    assert seen[-1] == value
    for one, following in pairwise(seen):
        assert grew(one, following)


def grew(one: Any, following: Any) -> bool:
    match one, following:
        case str(), str():
            return following.startswith(one)
        case list(), list():
            pairs = zip(one, following, strict=False)
            return len(one) <= len(following) and all(grew(*pair) for pair in pairs)
        case dict(), dict():
            return all(key in following and grew(one[key], following[key]) for key in one)
    return bool(one == following)


def test_long_objects_take_no_square_time():
    """An object of 20,000 deltas is shown some thousand times, not at every delta."""
    parts = ["[", *('"x",' for _ in range(20_000)), '"x"]']
    seen = growth([TextDelta(part) for part in parts])
    assert len(seen[-1]) == 20_001
    assert len(seen) < 2_000


def test_other_answers_do_not_mix_in():
    """The second of several answers, and the arguments of other tools, are no part of it."""
    chunks = [
        TextDelta("{}"),
        TextDelta("x", choice=1),
        ToolCallStart("a", "weather"),
        ToolCallDelta('{"a": 1}', "a"),
    ]
    assert growth(chunks) == [{}]


# By way of a tool.
BY_TOOL = HostedProvider(
    name="far",
    wire="openai-chat",
    base_url="http://far.test/v1",
    dialect=Dialect(object_by_tool=True),
)
WEATHER = Tool(name="weather", parameters={"type": "object"})


def body_of(context: Any = "Hi", **options: Any) -> dict[str, Any]:
    request = BY_TOOL.encode(Model("far", "m"), Context.new(context), options)
    return dict(json.loads(request.body))


def test_the_schema_becomes_a_tool():
    """A provider that takes no schema is given it as a tool, which the model has to call."""
    body = body_of(response_schema=CITY)
    (tool,) = body["tools"]
    assert tool["function"]["parameters"] == CITY
    assert body["tool_choice"] == {"type": "function", "function": {"name": STRUCTURED_TOOL}}
    assert "response_format" not in body


def test_the_schema_beside_other_tools():
    """Beside other tools the model has to call one, but chooses which."""
    tools = [WEATHER]
    for body in (
        body_of(response_schema=CITY, tools=tools),
        body_of(Context.new("Hi", tools=tools), response_schema=CITY),
    ):
        assert [tool["function"]["name"] for tool in body["tools"]] == ["weather", STRUCTURED_TOOL]
        assert body["tool_choice"] == "required"


def test_what_cannot_be_a_tool():
    """A schema of no object, and a tool of the same name, are refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="schema of an object"):
        body_of(response_schema={"type": "array"})
    with pytest.raises(InvalidToolError, match=STRUCTURED_TOOL):
        body_of(response_schema=CITY, tools=[Tool(name=STRUCTURED_TOOL, parameters={})])
    assert "tools" not in body_of()
