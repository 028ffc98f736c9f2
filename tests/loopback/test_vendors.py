"""The other vendors on loopback: their framing, their refusals, their sameness."""

from __future__ import annotations

import json

import pytest

from .messages import Request
from .provider import KEY
from .vendors import LoopbackVendors

BEARER = ("authorization", f"Bearer {KEY}")
GOOGLE = ("x-goog-api-key", KEY)
VENDORS = {
    "gemini": ("/v1beta/models/{model}:streamGenerateContent?alt=sse", GOOGLE),
    "interactions": ("/v1beta/interactions", GOOGLE),
    "bedrock": ("/model/{model}/converse-stream", BEARER),
    "mistral": ("/mistral/v1/chat/completions", BEARER),
    "responses": ("/v1/responses", BEARER),
    "cohere": ("/v2/chat", BEARER),
    "ollama": ("/api/chat", BEARER),
    "groq": ("/openai/v1/chat/completions", BEARER),
}
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


def asked(vendor, model="text", key=None):
    target, header = VENDORS[vendor]
    messages = [{"role": "user", "content": "Hello!"}]
    return LoopbackVendors(speed=0.0)(
        Request(
            method="POST",
            target=target.format(model=model),
            headers=((header[0], key or header[1]),),
            body=json.dumps({"model": model, "stream": True, "messages": messages}).encode(),
            connection=1,
        )
    )


def body(answer):
    return b"".join(write.data for write in answer.body)


@every_vendor
@pytest.mark.parametrize("model", ["text", "unicode", "tools", "parallel_tools", "text_and_tools"])
def test_a_stream_leaves_in_several_writes_and_is_the_same_each_time(vendor, model):
    """The writes are those of the events, also cut inside a character."""
    first = asked(vendor, model)
    assert first.status == 200
    assert len(first.body) > 1 or model == "tools"  # whose two events may leave together
    assert asked(vendor, model) == first


@every_vendor
def test_a_wrong_key_is_refused(vendor):
    """As JSON, not as a stream."""
    answer = asked(vendor, key="wrong")
    assert answer.status == 401
    assert json.loads(body(answer))


@every_vendor
def test_an_unknown_model_is_refused(vendor):
    """By status 404."""
    assert asked(vendor, model="nobody").status == 404


def test_gemini_ends_its_lines_with_crlf_and_has_no_last_word():
    """Every event is one JSON object, the last one says why it ended."""
    *events, rest = body(asked("gemini", "unicode")).split(b"\r\n\r\n")
    assert rest == b""
    said = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert [each["candidates"][0].get("finishReason") for each in said[-2:]] == [None, "STOP"]


def test_cohere_names_its_events_as_they_name_themselves():
    """All but the last word."""
    *events, done, rest = body(asked("cohere", "text_and_tools")).split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    for event in events:
        name, data = event.split(b"\n", 1)
        assert json.loads(data.removeprefix(b"data: "))["type"] == name[7:].decode()


def test_responses_number_their_events_and_name_them_as_they_name_themselves():
    """From nought, without a gap; what an item is at its end is what it is in the response."""
    *events, rest = body(asked("responses", "text_and_tools")).split(b"\n\n")
    assert rest == b""
    said = [json.loads(event.partition(b"data: ")[2]) for event in events]
    assert [each["sequence_number"] for each in said] == list(range(len(events)))
    for event, each in zip(events, said, strict=True):
        assert event.startswith(b"event: %b\n" % each["type"].encode())
    done = [each["item"] for each in said if each["type"] == "response.output_item.done"]
    assert said[-1]["response"]["output"] == done


def test_interactions_name_their_events_and_number_their_steps():
    """The names are the types, the steps go up by one, and the last word is no event."""
    *events, done, rest = body(asked("interactions", "sky")).split(b"\n\n")
    assert (done, rest) == (b"event: done\ndata: [DONE]", b"")
    said = [json.loads(event.partition(b"data: ")[2]) for event in events]
    for event, each in zip(events, said, strict=True):
        assert event.startswith(b"event: %b\n" % each["event_type"].encode())
    kinds = [each["step"]["type"] for each in said if each["event_type"] == "step.start"]
    assert kinds == ["thought", "model_output"]
    assert [each["index"] for each in said if each["event_type"] == "step.stop"] == [0, 1]
    usage = said[-1]["interaction"]["usage"]
    parts = ("total_input_tokens", "total_output_tokens", "total_thought_tokens")
    assert usage["total_tokens"] == sum(usage[part] for part in parts)


def test_ollama_says_one_object_a_line():
    """Only the last is done."""
    answer = asked("ollama", "tools")
    assert ("content-type", "application/x-ndjson") in answer.headers
    assert [json.loads(line)["done"] for line in body(answer).splitlines()] == [False, True]
