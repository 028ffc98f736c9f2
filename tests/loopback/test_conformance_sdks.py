"""The vendors' own SDKs put the scenarios to the nine vendors, and hear what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reqllm_fixtures.conformance.pictures import red_square
from reqllm_fixtures.conformance.scenarios import CITY, PHRASE

from .asking import BY_NAME
from .conformance import LoopbackConformance
from .sdk_questions import ASKERS, Heard, Question
from .server import LoopbackServer

pytestmark = pytest.mark.usefixtures("one_authority")

# What each calls an end, one by a stop sequence, one by the limit, and one for a tool's sake.
FINISHES = {
    "openai-chat": ("stop", "stop", "length", "tool_calls"),
    "openai-responses": ("completed", "", "incomplete", "completed"),
    "anthropic-messages": ("end_turn", "stop_sequence", "max_tokens", "tool_use"),
    "gemini": ("STOP", "STOP", "MAX_TOKENS", "STOP"),
    "gemini-interactions": ("completed", "completed", "incomplete", "requires_action"),
    "cohere-v2": ("COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL"),
    "ollama": ("stop", "stop", "length", "stop"),
    "bedrock-converse": ("end_turn", "stop_sequence", "max_tokens", "tool_use"),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # Without keys: that of Amazon's SDK signs.
    with LoopbackServer(LoopbackConformance((), silence=0)) as server:
        yield server.url


def prompt(name: str) -> str:
    return BY_NAME[name].context.messages[-1].text


QUESTIONS = {
    "system": Question(prompt=prompt("system"), system=BY_NAME["system"].context.system),
    "image_input": Question(prompt=prompt("image_input"), image=red_square()),
    "single_tool": Question(prompt=prompt("single_tool"), tool=True),
    "parallel_tools": Question(prompt=prompt("parallel_tools"), tool=True),
    "structured_output": Question(prompt=prompt("structured_output"), schema=dict(CITY)),
    "stop_sequence": Question(prompt=prompt("stop_sequence"), stop="five"),
    "token_limit": Question(prompt=prompt("token_limit"), limit=64),
    "unicode": Question(prompt=prompt("unicode")),
}


def check(name: str, heard: Heard, wire: str) -> None:
    """Hold what was heard against what the scenario asks for."""
    end, by_a_word, cut_off, called = FINISHES[wire]
    match name:
        case "system":
            assert (heard.text, heard.finish) == ("PINEAPPLE", end)
        case "image_input":
            assert (heard.text, heard.finish) == ("Red", end)
        case "single_tool":
            assert heard.calls == [("get_weather", {"city": "Oslo"})]
            assert (heard.text, heard.finish) == ("", called)
        case "parallel_tools":
            assert [arguments["city"] for _, arguments in heard.calls] == ["Oslo", "Bergen"]
        case "structured_output":
            assert json.loads(heard.text)["country"] == "Norway"
            assert heard.finish == end
        case "stop_sequence":
            assert (heard.text, heard.finish) == ("one, two, three, four, ", by_a_word)
        case "token_limit":
            assert (len(heard.text.split()), heard.finish) == (64, cut_off)
        case "unicode":
            assert (heard.text, heard.finish) == (PHRASE, end)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("wire", ASKERS)
def test_the_vendors_sdk_hears_what_was_meant(wire, name, url):
    """It asks in its own words, and reads the answer with its own types."""
    if (wire, name) == ("openai-responses", "stop_sequence"):
        pytest.skip("responses have no stop sequences")
    check(name, ASKERS[wire](url, QUESTIONS[name]), wire)


# What each calls the refusal of a key; Amazon's signs, and has none here.
REFUSED = {
    "openai-chat": ("AuthenticationError", 401),
    "openai-responses": ("AuthenticationError", 401),
    "anthropic-messages": ("AuthenticationError", 401),
    "gemini": ("ClientError", 400),
    "gemini-interactions": ("BadRequestError", 400),
    "cohere-v2": ("UnauthorizedError", 401),
    "ollama": ("ResponseError", 401),
    "bedrock-converse": ("ClientError", 403),
}


@pytest.mark.parametrize("wire", ASKERS)
def test_the_vendors_sdk_knows_a_refusal(wire):
    """By the class of its error, and by the status that it tells."""
    with (
        LoopbackServer(LoopbackConformance(("another-key",))) as server,
        pytest.raises(Exception, match=r"(?i)key|token|auth") as caught,
    ):
        ASKERS[wire](server.url, QUESTIONS["unicode"])
    error = caught.value
    told = getattr(error, "status_code", None) or getattr(error, "code", None)
    if wire == "bedrock-converse":
        told = error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (type(error).__name__, told) == REFUSED[wire]
