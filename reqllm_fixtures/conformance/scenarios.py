"""The scenarios: what a provider is asked, as data; the only place of a prompt's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from reqllm.content import ContentPart, Tool
from reqllm.context import Context, Message
from reqllm_fixtures.conformance.pictures import red_square

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


class Scenario(Struct, frozen=True, kw_only=True):
    """One case of conformance. `str()` is its name."""

    name: str
    title: str
    """What it shows, in a line."""
    context: Context
    options: Mapping[str, Any] = {}
    """Of the call: `max_tokens`, `response_schema` ..."""
    capability: str = ""
    """What a model must be able to do for it; its name unless said otherwise."""

    def __str__(self) -> str:
        return self.name


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(name="text", title="answers with text", context=_HELLO),
    Scenario(
        name="system",
        title="obeys the system prompt",
        context=Context.new(
            "What is the capital of France?",
            system=f"Whatever you are asked, answer with the single word {PINEAPPLE} "
            "and nothing else.",
        ),
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
    ),
    Scenario(
        name="token_limit",
        title="stops at max_tokens, and says so",
        context=Context.new("Write an essay of at least five hundred words about the sea."),
        options={"max_tokens": TOKEN_LIMIT},
    ),
    Scenario(name="usage", title="reports tokens that add up", context=_HELLO),
    Scenario(
        name="stop_sequence",
        title="stops before a stop sequence",
        context=Context.new("Count from one to ten in English words, separated by commas."),
        options={"stop": ["five"]},
    ),
    Scenario(name="single_tool", title="calls a tool", context=_OSLO, capability="tools"),
    Scenario(
        name="parallel_tools",
        title="calls two tools at once",
        context=Context.new(
            "What is the weather in Oslo and in Bergen? Call the tool once for each city, "
            "both at once.",
            tools=[GET_WEATHER],
        ),
        capability="tools",
    ),
    Scenario(
        name="no_tool",
        title="leaves a tool alone that is not needed",
        context=Context.new(
            "Say hello in one short sentence. Do not use any tool.", tools=[GET_WEATHER]
        ),
        capability="tools",
    ),
    Scenario(
        name="tool_round_trip",
        title="answers from a tool's result",
        context=_OSLO,
        capability="tools",
    ),
    Scenario(
        name="structured_output",
        title="answers with the object asked for",
        context=_CITY,
        options={"response_schema": CITY},
    ),
    Scenario(
        name="streaming_structured_output",
        title="streams the object as it grows",
        context=_CITY,
        options={"response_schema": CITY},
        capability="structured_output",
    ),
    Scenario(
        name="reasoning",
        title="thinks apart from the answer",
        context=Context.new(
            "How many times does the letter r occur in the word strawberry? "
            "Think first, then answer with the number."
        ),
        options={"reasoning_effort": "low"},
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
    ),
    Scenario(name="long_output", title="streams a long answer whole", context=_COUNT),
    Scenario(
        name="unicode",
        title="keeps every character",
        context=Context.new(f"Repeat the following text exactly and write nothing else: {PHRASE}"),
    ),
    Scenario(name="unauthenticated", title="refuses a wrong key", context=_HELLO),
    Scenario(name="unknown_model", title="refuses a model that there is not", context=_HELLO),
    Scenario(name="invalid_request", title="refuses a request that is none", context=_HELLO),
    Scenario(name="cancel", title="can be cancelled in the middle", context=_COUNT),
)
"""All of them, in the order in which they are run and shown."""
