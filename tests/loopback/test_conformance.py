"""The nine vendors behind one port: their answers are sound, and say what the brain meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

import reqllm
from reqllm.wires.common.api_errors import api_error
from reqllm_fixtures import check_events
from reqllm_fixtures.conformance.scenarios import NO_SUCH_KEY, WEATHER

from .asked.readers import READERS, read
from .asking import BY_NAME, MODELS, REGION, asked, request, sent
from .brain import answer
from .conformance import LoopbackConformance
from .messages import Request
from .provider import KEY
from .routes import route_of
from .scenario import Reasoning, Scenario, Text, ToolCall
from .server import LoopbackServer

REFUSALS = ("unauthenticated", "unknown_model", "invalid_request")
ANSWERED = [name for name in BY_NAME if name not in REFUSALS]
PROVIDER = LoopbackConformance(silence=0)


def meant(wire: str, name: str) -> Scenario:
    """What the brain says to a scenario on this wire."""
    made = request(wire, name)
    return answer(read(wire, made.body, route_of(made).model))


@pytest.mark.parametrize("name", ANSWERED)
@pytest.mark.parametrize("wire", READERS)
def test_what_was_meant_is_heard(wire, name):
    """Each answer is sound by the strict profile, and decodes to the brain's."""
    body = sent(PROVIDER(request(wire, name)))
    assert check_events(wire, body, profile="strict") == ()
    heard, said = reqllm.decode_stream(wire, body), meant(wire, name)
    assert (heard.state, heard.warnings) == ("complete", ())
    assert heard.text == "".join(part.text for part in said.parts if isinstance(part, Text))
    calls = [(call.name, call.arguments) for call in heard.tool_calls]
    assert calls == [(p.name, p.arguments) for p in said.parts if isinstance(p, ToolCall)]
    assert heard.finish_reason.reason == said.finish
    usage = said.usage
    assert (heard.usage.input_tokens, heard.usage.output_tokens) == (usage.input, usage.output)
    assert heard.usage.total_tokens == usage.input + usage.output
    thoughts = [part.text for part in said.parts if isinstance(part, Reasoning)]
    if wire != "openai-chat":  # there it is counted only
        assert heard.thinking == "".join(thoughts)


TOGETHER = {
    "thoughts and a call": ("single_tool", {"reasoning_effort": "low"}, "tool_calls"),
    "thoughts and an object": (
        "structured_output",
        {"reasoning_effort": "low", **BY_NAME["structured_output"].options},
        "stop",
    ),
    "thoughts that are cut off": (
        "reasoning",
        {"reasoning_effort": "low", "max_tokens": 16},
        "length",
    ),
    "an object that is cut off": (
        "structured_output",
        {**BY_NAME["structured_output"].options, "max_tokens": 3},
        "length",
    ),
    "no room for a call": ("single_tool", {"max_tokens": 1}, "length"),
}


@pytest.mark.parametrize("what", TOGETHER)
@pytest.mark.parametrize("wire", READERS)
def test_what_comes_together_is_sound_too(wire, what):
    """By the strict profile, and our client finds nothing to warn of."""
    name, options, finish = TOGETHER[what]
    if wire == "openai-responses" and options.get("max_tokens", 16) < 16:
        pytest.skip("responses take no such limit")
    made = asked(wire, BY_NAME[name].context, {**options, "on_unsupported": "ignore"})
    body = sent(PROVIDER(made))
    assert check_events(wire, body, profile="strict") == ()
    heard = reqllm.decode_stream(wire, body)
    assert (heard.state, heard.warnings) == ("complete", ())
    assert heard.finish_reason.reason == finish


@pytest.mark.parametrize("wire", READERS)
def test_thinking_leaves_a_trace(wire):
    """As text, or at least as tokens."""
    heard = reqllm.decode_stream(wire, sent(PROVIDER(request(wire, "reasoning"))))
    assert heard.thinking or heard.usage.reasoning_output_tokens


def test_responses_tell_their_thoughts_only_where_asked():
    """As a summary; else an item without one shows that there were some."""
    context, silent = BY_NAME["reasoning"].context, {"reasoning_effort": "low"}
    told = {**silent, "provider_options": {"reasoning": {"summary": "auto"}}}
    for options, has_summary in ((silent, False), (told, True)):
        body = sent(PROVIDER(asked("openai-responses", context, options)))
        assert (b"reasoning_summary" in body, b'"type":"reasoning"' in body) == (has_summary, True)
        assert check_events("openai-responses", body, profile="strict") == ()
        assert bool(reqllm.decode_stream("openai-responses", body).thinking) is has_summary


@pytest.mark.parametrize("wire", READERS)
def test_an_answer_is_no_lump(wire):
    """A long one has many deltas, and leaves in several writes; an object grows."""
    sound = PROVIDER(request(wire, "long_output"))
    assert len(sound.body) >= 5
    deltas = [c for c in reqllm.decode_stream(wire, sent(sound)).chunks if c.kind == "text_delta"]
    assert len(deltas) >= 50
    grown = reqllm.decode_stream(wire, sent(PROVIDER(request(wire, "structured_output"))))
    assert sum(chunk.kind == "text_delta" for chunk in grown.chunks) >= 4


@pytest.mark.parametrize("wire", READERS)
def test_the_same_request_gives_the_same_bytes(wire):
    """And another one other ids."""
    one, same, other = (
        sent(LoopbackConformance()(request(wire, name))) for name in ("text", "usage", "unicode")
    )
    assert one == same
    assert one != other


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackConformance()) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LoopbackServer) -> Iterator[reqllm.Client]:
    with httpx.Client(verify=False, trust_env=False, timeout=5) as http:
        yield reqllm.Client(base_url=server.url, api_key=KEY, max_retries=0, http_client=http)


@pytest.mark.parametrize("wire", READERS)
def test_a_tool_goes_round(wire, client, server):
    """Our client's own call and result come back as words about the result."""
    more = REGION if wire.startswith("bedrock") else {}
    context = BY_NAME["tool_round_trip"].context
    with client.stream(MODELS[wire], context, wire=wire, **more) as response:
        first = response.to_response()
    call = first.tool_calls[0]
    answered = reqllm.Message.tool(call.id, dict(WEATHER), name=call.name)
    context = context.append(first.message, answered)
    with client.stream(MODELS[wire], context, wire=wire, **more) as response:
        said = response.to_response()
    assert "17" in said.text
    assert check_events(wire, sent(server.exchanges[-1].answer), profile="strict") == ()
    assert (said.tool_calls, said.finish_reason.reason) == ((), "stop")


OF_THE_KEY = (reqllm.AuthenticationError, reqllm.PermissionDeniedError)
ERRORS = (
    OF_THE_KEY,
    OF_THE_KEY,
    (reqllm.NotFoundError, reqllm.InvalidRequestError),
    (reqllm.InvalidRequestError,),
)


STATUSES = {
    # wire: of a wrong key, no key, an unknown model, a malformed request
    "openai-chat": (401, 401, 404, 400),
    "openai-responses": (401, 401, 400, 400),
    "anthropic-messages": (401, 401, 404, 400),
    "gemini": (400, 403, 404, 400),
    "gemini-interactions": (400, 403, 404, 400),
    "cohere-v2": (401, 401, 404, 400),
    "ollama": (401, 401, 404, 400),
    "bedrock-converse": (403, 403, 400, 400),
    "bedrock-invoke": (403, 403, 400, 400),
}


def refused(wire: str, made: Request) -> tuple[int, reqllm.APIError]:
    """The status, and what our client makes of the answer."""
    answer = PROVIDER(made)
    headers = {name.lower(): value for name, value in answer.headers}
    assert headers["content-type"] == "application/json"
    error = api_error(json.loads(sent(answer)), status=answer.status, headers=headers)
    return answer.status, error


@pytest.mark.parametrize("wire", READERS)
def test_each_vendor_refuses_in_its_own_words(wire):
    """Our client names each error rightly; Google says 400 to a wrong key, and why."""
    cases = [request(wire, name) for name in REFUSALS]
    bare = replace(cases[0], headers=(("content-type", "application/json"),))
    found = [refused(wire, made) for made in (cases[0], bare, *cases[1:])]
    assert tuple(status for status, _ in found) == STATUSES[wire]
    for (_, error), kinds in zip(found, ERRORS, strict=True):
        assert isinstance(error, kinds)
        assert "no message came" not in str(error)


def test_without_keys_none_is_wanted():
    """As a server at home."""
    stranger = request("ollama", "unauthenticated")
    assert LoopbackConformance(())(stranger).status == 200
    assert LoopbackConformance((NO_SUCH_KEY,))(stranger).status == 200
    assert LoopbackConformance()(stranger).status == 401


def test_anthropic_wants_a_version():
    """One that there is; where it is missing the refusal says what to send."""
    made = request("anthropic-messages", "text")
    for given in ((), (("anthropic-version", "1999-01-01"),)):
        headers = tuple(pair for pair in made.headers if pair[0] != "anthropic-version")
        answer = PROVIDER(replace(made, headers=headers + given))
        assert answer.status == 400
        assert b"anthropic-version" in sent(answer)


def test_a_body_that_does_not_ask_for_a_stream_is_refused():
    """There are no other answers here."""
    made = request("openai-chat", "text")
    body = {**json.loads(made.body), "stream": False}
    assert PROVIDER(replace(made, body=json.dumps(body).encode())).status == 400
