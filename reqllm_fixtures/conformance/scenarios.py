"""The scenarios: what a provider is asked, as data; the only place of a prompt's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm.content import ContentPart, Tool
from reqllm.context import Context, Message
from reqllm_fixtures.conformance.case import Scenario
from reqllm_fixtures.conformance.ending_checks import (
    refuses_key,
    refuses_model,
    refuses_request,
    stops_before,
)
from reqllm_fixtures.conformance.object_checks import gives_object, grows_object
from reqllm_fixtures.conformance.pictures import red_square
from reqllm_fixtures.conformance.text_checks import (
    counts_to,
    is_cut_at,
    leaves_out,
    repeats,
    reports_usage,
    says,
    thinks,
)
from reqllm_fixtures.conformance.tool_checks import answers_from, calls, leaves_tools
from reqllm_fixtures.errors import UnknownScenarioError

NO_SUCH_KEY = "reqllm-conformance-no-such-key"
NO_SUCH_MODEL = "reqllm-no-such-model"
TOKEN_LIMIT = 64
LAST_NUMBER = 200
PHRASE = "Zażółć gęślą jaźń 漢字かな 👩‍👩‍👧 e\u0301"
"""Letters of two bytes and of three, emoji joined to one, and an accent that stands apart."""
PINEAPPLE = "PINEAPPLE"
WEATHER = {"city": "Oslo", "temperature_celsius": 17, "sky": "clear"}
"""What the tool answers."""
GET_WEATHER = Tool(
    name="get_weather",
    description="Get the current weather in a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The city's name."}},
        "required": ["city"],
    },
)
CITY: Mapping[str, Any] = {
    "title": "city",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "country": {"type": "string"},
        "population": {"type": "integer"},
    },
    "required": ["name", "country", "population"],
    "additionalProperties": False,
}
_HOT = "hot"
# Fields that no server can take as they are: a text where a number must be. Ollama reads the
# settings of a runner as it likes, but their place must be an object.
REFUSED: Mapping[str, Mapping[str, Any]] = {
    "openai-chat": {"temperature": _HOT},
    "openai-responses": {"temperature": _HOT},
    "anthropic-messages": {"temperature": _HOT},
    "gemini": {"generationConfig": {"temperature": _HOT}},
    "gemini-interactions": {"generation_config": {"temperature": _HOT}},
    "cohere-v2": {"temperature": _HOT},
    "ollama": {"options": _HOT},
    "bedrock-converse": {"inferenceConfig": {"temperature": _HOT}},
    "bedrock-invoke": {"temperature": _HOT},
}
"""What makes a request invalid, by wire: laid over its body."""
_HELLO = Context.new("Say hello in one short sentence.")
_OSLO = Context.new("What is the weather in Oslo? Use the tool.", tools=[GET_WEATHER])
_COUNT = Context.new(
    f"Count from 1 to {LAST_NUMBER} in digits, separated by single spaces, and write nothing else."
)
_CITY = Context.new("Describe the city of Oslo.")


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="text",
        title="answers with text",
        context=_HELLO,
        check=says(),
    ),
    Scenario(
        name="system",
        title="obeys the system prompt",
        context=Context.new(
            "What is the capital of France?",
            system=f"Whatever you are asked, answer with the single word {PINEAPPLE} "
            "and nothing else.",
        ),
        check=says(PINEAPPLE),
    ),
    Scenario(
        name="multi_turn",
        title="remembers what was said before",
        context=Context.new(
            [
                Message.user("My name is Ingrid and my cat is called Fenris."),
                Message.assistant("Nice to meet you both."),
                Message.user("What is my cat called? Answer with the name alone."),
            ]
        ),
        check=says("Fenris"),
    ),
    Scenario(
        name="token_limit",
        title="stops at max_tokens, and says so",
        context=Context.new("Write an essay of at least five hundred words about the sea."),
        options={"max_tokens": TOKEN_LIMIT},
        check=is_cut_at(TOKEN_LIMIT),
    ),
    Scenario(
        name="usage",
        title="reports tokens that add up",
        context=_HELLO,
        check=reports_usage,
    ),
    Scenario(
        name="stop_sequence",
        title="stops before a stop sequence",
        context=Context.new("Count from one to ten in English words, separated by commas."),
        options={"stop": ["five"]},
        check=leaves_out(["one", "two", "three", "four"], ["five", "six"]),
    ),
    Scenario(
        name="single_tool",
        title="calls a tool",
        context=_OSLO,
        capability="tools",
        check=calls(GET_WEATHER, ["Oslo"]),
    ),
    Scenario(
        name="parallel_tools",
        title="calls two tools at once",
        context=Context.new(
            "What is the weather in Oslo and in Bergen? Call the tool once for each city, "
            "both at once.",
            tools=[GET_WEATHER],
        ),
        capability="tools",
        check=calls(GET_WEATHER, ["Oslo", "Bergen"]),
    ),
    Scenario(
        name="no_tool",
        title="leaves a tool alone that is not needed",
        context=Context.new(
            "Say hello in one short sentence. Do not use any tool.", tools=[GET_WEATHER]
        ),
        capability="tools",
        check=leaves_tools,
    ),
    Scenario(
        name="tool_round_trip",
        title="answers from a tool's result",
        context=_OSLO,
        capability="tools",
        check=answers_from(GET_WEATHER, ["Oslo"], "17"),
        results={GET_WEATHER.name: WEATHER},
    ),
    Scenario(
        name="structured_output",
        title="answers with the object asked for",
        context=_CITY,
        options={"response_schema": CITY},
        check=gives_object(CITY, "name", "Oslo"),
    ),
    Scenario(
        name="streaming_structured_output",
        title="streams the object as it grows",
        context=_CITY,
        options={"response_schema": CITY},
        capability="structured_output",
        check=grows_object(CITY, "name", "Oslo"),
    ),
    Scenario(
        name="reasoning",
        title="thinks apart from the answer",
        context=Context.new(
            "How many times does the letter r occur in the word strawberry? "
            "Think first, then answer with the number."
        ),
        options={"reasoning_effort": "low"},
        check=thinks("3", "three"),
    ),
    Scenario(
        name="image_input",
        title="sees an image",
        context=Context.new(
            Message.user(
                [
                    "What colour is this square? Answer with one word.",
                    ContentPart.image(red_square()),
                ]
            )
        ),
        capability="vision",
        check=says("red"),
    ),
    Scenario(
        name="long_output",
        title="streams a long answer whole",
        context=_COUNT,
        check=counts_to(LAST_NUMBER),
    ),
    Scenario(
        name="unicode",
        title="keeps every character",
        context=Context.new(f"Repeat the following text exactly and write nothing else: {PHRASE}"),
        check=repeats(PHRASE),
    ),
    Scenario(
        name="unauthenticated",
        title="refuses a wrong key",
        context=_HELLO,
        check=refuses_key,
        wrong="key",
    ),
    Scenario(
        name="unknown_model",
        title="refuses a model that there is not",
        context=_HELLO,
        check=refuses_model,
        wrong="model",
    ),
    Scenario(
        name="invalid_request",
        title="refuses a request that is none",
        context=_HELLO,
        check=refuses_request,
        wrong="body",
    ),
    Scenario(
        name="cancel",
        title="can be cancelled in the middle",
        context=_COUNT,
        check=stops_before(LAST_NUMBER),
        leaves=True,
    ),
)
"""All of them, in the order in which they are run and shown."""


def scenario(name: str) -> Scenario:
    """Return the scenario of this name. Raises UnknownScenarioError, which lists all."""
    for each in SCENARIOS:
        if each.name == name:
            return each
    raise UnknownScenarioError(name, [each.name for each in SCENARIOS])
