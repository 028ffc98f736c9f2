"""The vendors' own SDKs put the scenarios to the nine vendors, and hear what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reqllm_fixtures.conformance.pictures import red_square
from reqllm_fixtures.conformance.scenarios import CITY

from .asking import BY_NAME
from .conformance import LoopbackConformance
from .sdk_questions import ASKERS, Heard, Question
from .server import LoopbackServer

STOPPED = {"stop", "completed", "end_turn", "STOP", "COMPLETE"}
BY_A_WORD = {"stop", "completed", "stop_sequence", "STOP", "STOP_SEQUENCE"}
CUT_OFF = {"length", "incomplete", "max_tokens", "MAX_TOKENS"}
CALLED = {"tool_calls", "completed", "requires_action", "tool_use", "STOP", "TOOL_CALL", "stop"}


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


def expected(name: str, heard: Heard) -> bool:
    """Whether that was heard which the scenario asks for."""
    match name:
        case "system":
            return heard.text == "PINEAPPLE" and heard.finish in STOPPED
        case "image_input":
            return heard.text == "Red" and heard.finish in STOPPED
        case "single_tool":
            called = [("get_weather", {"city": "Oslo"})]
            return heard.calls == called and heard.finish in CALLED
        case "parallel_tools":
            return [arguments["city"] for _, arguments in heard.calls] == ["Oslo", "Bergen"]
        case "structured_output":
            return json.loads(heard.text)["country"] == "Norway" and heard.finish in STOPPED
        case "stop_sequence":
            return heard.text == "one, two, three, four, " and heard.finish in BY_A_WORD
        case "token_limit":
            return len(heard.text.split()) == 64 and heard.finish in CUT_OFF
    return prompt(name).endswith(heard.text) and len(heard.text) > 20


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("wire", ASKERS)
def test_the_vendors_sdk_hears_what_was_meant(wire, name, url):
    """It asks in its own words, and reads the answer with its own types."""
    if (wire, name) == ("openai-responses", "stop_sequence"):
        pytest.skip("responses have no stop sequences")
    heard = ASKERS[wire](url, QUESTIONS[name])
    assert expected(name, heard), heard


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
