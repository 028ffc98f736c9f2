"""The brain: what it says, and that it goes by all that it is told, not by the prompt alone."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from reqllm.json_schema import first_problem
from reqllm_fixtures.conformance.pictures import red_square

from .asked.ask import Ask, Called, Offered, Result, Turn
from .asked.readers import read
from .asking import BY_NAME, request
from .brain import answer
from .knowledge import essay, tokens
from .objects import fitting
from .picture import colour_of
from .scenario import Reasoning, Scenario, Text, ToolCall

WEATHER = Offered("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def asks(prompt: str, *earlier: Turn, **more: object) -> Ask:
    """A request that ends with this prompt."""
    return Ask(turns=(*earlier, Turn(role="user", text=prompt)), **more)  # type: ignore[arg-type]


def text(said: Scenario) -> str:
    return "".join(part.text for part in said.parts if isinstance(part, Text))


def calls(said: Scenario) -> list[ToolCall]:
    return [part for part in said.parts if isinstance(part, ToolCall)]


def of(name: str) -> Scenario:
    """What it says in a scenario of the harness's."""
    return answer(read("openai-chat", request("openai-chat", name).body))


EXPECTED = {
    "text": "Hello there, it is good to meet you!",
    "system": "PINEAPPLE",
    "multi_turn": "Fenris",
    "stop_sequence": "one, two, three, four, ",
    "no_tool": "Hello there, it is good to meet you!",
    "structured_output": '{"name": "Oslo", "country": "Norway", "population": 717710}',
    "reasoning": "3",
    "image_input": "Red",
    "long_output": " ".join(map(str, range(1, 201))),
    "unicode": "Zażółć gęślą jaźń 漢字かな 👩‍👩‍👧 e\u0301",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_answers_what_a_scenario_asks(name):
    """In the harness's own words."""
    assert text(of(name)) == EXPECTED[name]
    assert of(name).finish == "stop"


def test_it_calls_for_each_city():
    """Once each, and then it is the tools' turn."""
    assert [call.arguments for call in calls(of("single_tool"))] == [{"city": "Oslo"}]
    cities = [call.arguments["city"] for call in calls(of("parallel_tools"))]
    assert cities == ["Oslo", "Bergen"]
    assert of("parallel_tools").finish == "tool_calls"


@pytest.mark.parametrize("name", ["system", "multi_turn"])
def test_it_goes_by_what_was_said_besides(name):
    """Without the system's words, or the earlier turns, the same prompt has another answer."""
    ask = read("openai-chat", request("openai-chat", name).body)
    forgetful = Ask(turns=ask.turns[-1:])
    assert text(answer(forgetful)) != EXPECTED[name]


def test_it_tells_what_the_tool_answered_and_not_what_it_knows():
    """Another temperature makes another answer."""
    prompt = BY_NAME["single_tool"].context
    assert len(prompt) == 1
    for degrees in (17, -3):
        call = Called("1", "get_weather", {"city": "Oslo"})
        result = Result("1", {"city": "Oslo", "temperature_celsius": degrees})
        ask = Ask(
            turns=(
                Turn(role="user", text="What is the weather in Oslo?"),
                Turn(role="assistant", calls=(call,)),
                Turn(role="user", results=(result,)),
            ),
            tools=(WEATHER,),
        )
        assert str(degrees) in text(answer(ask))
        assert not calls(answer(ask))


def test_without_tools_or_leave_there_is_no_call():
    """Nothing is called that was not offered, or that must not be."""
    prompt = "What is the weather in Oslo?"
    assert calls(answer(asks(prompt, tools=(WEATHER,))))
    assert not calls(answer(asks(prompt)))
    assert not calls(answer(asks(prompt, tools=(WEATHER,), may_call=False)))
    clock = Offered("get_time", {})
    assert [c.name for c in calls(answer(asks(prompt, tools=(clock, WEATHER))))] == [WEATHER.name]


@pytest.mark.parametrize("limit", [1, 5, 64, 10_000])
def test_it_keeps_to_the_limit_of_tokens(limit):
    """What it says and what it thinks count; at the limit it says that this is why it stopped."""
    prompt = "Write an essay of at least five hundred words about the sea."
    said = answer(asks(prompt, max_tokens=limit, thinks=True))
    assert said.usage.output <= limit
    assert said.usage.output == sum(
        tokens(part.text) for part in said.parts if isinstance(part, Text | Reasoning)
    )
    assert said.finish == ("stop" if limit == 10_000 else "length")
    assert tokens(essay(500)) >= 500


def test_a_call_that_does_not_fit_is_not_made():
    """Half a call would be no call."""
    said = answer(asks("What is the weather in Oslo?", tools=(WEATHER,), max_tokens=1))
    assert (said.parts, said.finish) == ((), "length")


def test_it_stops_before_the_first_stop_sequence():
    """Whichever comes first in the text; one that never comes stops nothing."""
    prompt = "Count from one to ten in English words, separated by commas."
    said = answer(asks(prompt, stop=("seven", "three", "twelve")))
    assert (text(said), said.stop_sequence) == ("one, two, ", "three")
    assert answer(asks(prompt, stop=("twelve",))).stop_sequence is None


def test_thoughts_may_be_kept_back_but_are_counted():
    """As OpenAI does."""
    prompt = "How many times does the letter r occur in the word strawberry?"
    told, silent = (
        answer(asks(prompt, thinks=True, shows_thoughts=shown)) for shown in (True, False)
    )
    assert isinstance(told.parts[0], Reasoning)
    assert "3, 8, 9" in told.parts[0].text
    assert silent.parts[0].text == ""
    assert told.usage == silent.usage
    assert told.usage.reasoning > 0
    assert answer(asks(prompt)).usage.reasoning == 0


SCHEMAS = [
    {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    {"type": "object", "properties": {"ok": {"type": "boolean"}, "n": {"type": "null"}}},
    {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}, "v": {"const": 4}}},
    {"type": "object", "properties": {"n": {"type": "integer", "minimum": 40, "maximum": 50}}},
    {"type": "object", "properties": {"s": {"type": "string", "minLength": 20}}},
    {"type": "object", "properties": {"population": {"type": "string", "maxLength": 3}}},
    {"type": "object", "properties": {"xs": {"type": "array", "items": {"type": "number"}}}},
    {
        "type": "object",
        "properties": {"xs": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/x"}}},
        "$defs": {"x": {"type": "object", "properties": {"y": {"type": ["string", "null"]}}}},
    },
    {"type": "object", "properties": {"x": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_its_objects_meet_their_schemas(schema):
    """Of any simple kind, and always with the same object."""
    said = json.loads(text(answer(asks("Describe the city of Oslo.", schema=schema))))
    assert first_problem(said, schema, "the schema") is None
    assert said.keys() == schema["properties"].keys()


def test_a_schema_of_itself_ends():
    """One that refers to itself without an end gives an object all the same."""
    endless = {"properties": {"x": {"$ref": "#"}}}
    assert isinstance(fitting(endless, {}), dict)


def picture(rows, depth=8, kind=2, palette=b""):
    """A PNG of these filtered rows."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    samples = {0: 1, 2: 3, 3: 1, 6: 4}[kind]
    width = (len(rows[0]) - 1) * 8 // (depth * samples)
    head = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    more = chunk(b"PLTE", palette) if palette else b""
    body = zlib.compress(b"".join(rows))
    parts = [chunk(b"IHDR", head), more, chunk(b"IDAT", body[:7]), chunk(b"IDAT", body[7:])]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


RED, BLUE = b"\xff\x00\x00", b"\x00\x00\xff"
PICTURES = {
    "red": [
        red_square(),
        picture([b"\x00" + RED * 4] * 4),
        picture([b"\x01" + RED + bytes(9)] * 2),  # each as the one to its left
        picture([b"\x00" + RED * 4, b"\x02" + bytes(12)]),  # as the one above
        picture([b"\x04" + RED + bytes(9), b"\x04" + bytes(12)]),
        picture([b"\x00" + (RED + b"\x80") * 4], kind=6),
        picture([b"\x00\x1b"], depth=2, kind=3, palette=RED * 4),
    ],
    "blue": [picture([b"\x00" + BLUE * 4]), picture([b"\x00\x01\x01"], kind=3, palette=RED + BLUE)],
    "white": [picture([b"\x00\xff"], depth=1, kind=0)],
    "grey": [picture([b"\x00\x0f\xf0"], depth=1, kind=0)],
    None: [b"", b"\xff\xd8\xff", red_square()[:-20], red_square()[:60] + b"!" + red_square()[61:]],
}


@pytest.mark.parametrize("colour", PICTURES)
def test_it_sees_the_colour_of_the_bytes(colour):
    """However a PNG writes it; what is no PNG has none."""
    assert [colour_of(data) for data in PICTURES[colour]] == [colour] * len(PICTURES[colour])
