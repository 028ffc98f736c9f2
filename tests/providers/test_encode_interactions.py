"""Requests of the wire gemini-interactions; what cannot be said is said to the caller."""

import json

import msgspec
import pytest

from reqllm import decode_stream
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError
from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm.wires.gemini_interactions.encode import encode
from tests.decoders.interactions_cases import END, delta, encoded, start, stop, text

from . import vendor_types
from .conversations import CITY, CONTEXTS, NOT_GOOGLES, OPTIONS, PDF, WEATHER

WIRE = "gemini-interactions"
HELLO = Context.new("Hello!")
HELLO_SENT = [{"type": "user_input", "content": [{"type": "text", "text": "Hello!"}]}]


def body_of(context=HELLO, **options):
    body, warnings = encode("gemini-x", context, options)
    return body, [warning.code for warning in warnings]


def sent(context):
    """Return the steps, which nothing was left out of."""
    body, warnings = body_of(context)
    assert warnings == []
    return body["input"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_fits_the_sdk(context, options):
    """Whatever is said with whatever options, the body fits the types of the SDK."""
    asked = {"provider_options": {"store": False}} if options == "provider" else OPTIONS[options]
    made = provider_named("google").encode(
        Model("google", "gemini-x"), CONTEXTS[context], asked, wire=WIRE, api_key="k"
    )
    assert made.url == "https://generativelanguage.googleapis.com/v1beta/interactions"
    assert vendor_types.problems(WIRE, msgspec.json.decode(made.body)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "input": [{"type": "dream"}]},
        {"model": "m", "input": [{"type": "user_input", "content": [{"type": "text"}]}]},
        {"model": "m", "inputs": []},
        {"input": "x"},
    ],
)
def test_the_judge_judges(body):
    """A body that the SDK could not write is found out."""
    assert vendor_types.problems(WIRE, body)


def test_options():
    """Every option that the wire has is there under its name; others are warned of."""
    body, warnings = body_of(
        Context.new("Hello!", system="Be terse.", tools=[WEATHER]),
        max_tokens=100,
        temperature=0,
        top_p=0.5,
        stop="END",
        seed=7,
        reasoning_effort="high",
        response_schema=CITY,
        tool_choice={"name": "get_weather"},
        parallel_tool_calls=True,
        provider_options={"store": False},
    )
    assert warnings == []
    assert body == {
        "model": "gemini-x",
        "input": HELLO_SENT,
        "stream": True,
        "system_instruction": "Be terse.",
        "tools": [
            {
                "type": "function",
                "name": "get_weather",
                "description": "Weather of a city.",
                "parameters": CITY,
            }
        ],
        "generation_config": {
            "max_output_tokens": 100,
            "temperature": 0,
            "top_p": 0.5,
            "stop_sequences": ["END"],
            "seed": 7,
            "thinking_level": "high",
            "thinking_summaries": "auto",
            "tool_choice": {"allowed_tools": {"mode": "any", "tools": ["get_weather"]}},
        },
        "response_format": {"type": "text", "mime_type": "application/json", "schema": CITY},
        "store": False,
    }
    refused = {"top_k": 1, "n": 2, "logprobs": True, "reasoning_budget": 9, "user": "u"}
    assert body_of(**refused)[1] == ["unsupported_option"]


@pytest.mark.parametrize(
    ("effort", "level", "summaries"),
    [("none", "minimal", "none"), ("max", "xhigh", "auto")],
)
def test_efforts_that_the_wire_has_not(effort, level, summaries):
    """The nearest level is asked for, and the caller told."""
    body, warnings = body_of(reasoning_effort=effort)
    config = {"thinking_level": level, "thinking_summaries": summaries}
    assert (body["generation_config"], warnings) == (config, ["option_adjusted"])


@pytest.mark.parametrize(
    ("choice", "word"), [("auto", "auto"), ("none", "none"), ("required", "any")]
)
def test_tool_choice(choice, word):
    """Each choice is the wire's word for it."""
    body, _ = body_of(tools=[WEATHER], tool_choice=choice)
    assert body["generation_config"]["tool_choice"] == word


def test_attachments():
    """Bytes are inline with their type, addresses stay addresses."""
    parts = [
        ContentPart.image(b"png"),
        ContentPart.image_url("https://a.example/cat"),
        ContentPart.image_url("data:image/gif;base64,R0lG"),
        ContentPart.file(PDF, "a.pdf"),
        ContentPart.file(b"RIFF", "a.wav", "audio/wav"),
        FilePart(url="gs://b/v", media_type="video/mp4"),
        FilePart(id="files/1"),
    ]
    (step,) = sent(Context([Message.user(parts)]))
    assert step["content"] == [
        {"type": "image", "data": "cG5n", "mime_type": "image/png"},
        {"type": "image", "uri": "https://a.example/cat"},
        {"type": "image", "data": "R0lG", "mime_type": "image/gif"},
        {"type": "document", "data": "JVBERi0xLjQgbWFkZSB1cA==", "mime_type": "application/pdf"},
        {"type": "audio", "data": "UklGRg==", "mime_type": "audio/wav"},
        {"type": "video", "uri": "gs://b/v", "mime_type": "video/mp4"},
        {"type": "document", "uri": "files/1"},
    ]


@pytest.mark.parametrize(("part", "hint"), NOT_GOOGLES)
def test_what_cannot_be_sent_says_how(part, hint):
    """A part that the wire has no form for is an error that names it and what to give."""
    with pytest.raises(InvalidContextError, match=hint):
        body_of(Context([Message.user([part])]))


def test_calls_and_results_are_steps():
    """A result goes back as object, text or contents, under the id of its call."""
    context = Context(
        [
            Message.user("a"),
            Message.assistant("So.", [ToolCall("t1", "f", {"a": 1})]),
            Message.tool("t1", {"celsius": 3}),
            Message.tool("t2", [1], name="g", is_error=True),
            Message.tool("t3", [TextPart("one"), ContentPart.image(b"png")]),
        ]
    )
    assert sent(context)[1:] == [
        {"type": "model_output", "content": [{"type": "text", "text": "So."}]},
        {"type": "function_call", "id": "t1", "name": "f", "arguments": {"a": 1}},
        {"type": "function_result", "call_id": "t1", "result": {"celsius": 3}},
        {
            "type": "function_result",
            "call_id": "t2",
            "name": "g",
            "result": "[1]",
            "is_error": True,
        },
        {
            "type": "function_result",
            "call_id": "t3",
            "result": [
                {"type": "text", "text": "one"},
                {"type": "image", "data": "cG5n", "mime_type": "image/png"},
            ],
        },
    ]


def test_what_others_said_is_left_out_with_a_warning():
    """Reasoning, tools and parts of other providers mean nothing to Google: not sent, and said."""
    parts = [
        "So.",
        ReasoningPart("Hm.", signature="EqQB"),
        ReasoningPart("Hm", provider_metadata={"step": "thought"}, complete=False),
        ToolCall("s1", "web_search", provider_executed=True),
        ToolResultPart("s1", {"type": "web_search_tool_result"}, provider_executed=True),
        CustomPart("anthropic-messages.x", {}),
        ToolCall("t1", "f", arguments_raw="{", invalid=True, complete=False),
        FilePart(b"png", media_type="image/png", provider_metadata={"thoughtSignature": "S"}),
    ]
    body, warnings = body_of(Context([Message.user("a"), Message.assistant(parts)]))
    assert body["input"][1:] == [
        {
            "type": "model_output",
            "content": [
                {"type": "text", "text": "So."},
                {"type": "image", "data": "cG5n", "mime_type": "image/png"},
            ],
        }
    ]
    assert warnings == ["reasoning_not_sent", *["content_not_sent"] * 3, "tool_call_not_sent"]


SAID = [
    {"type": "thought", "summary": [{"type": "text", "text": "Hm."}], "signature": "S0"},
    {"type": "thought", "signature": "S1"},
    {
        "type": "google_search_call",
        "id": "s1",
        "arguments": {"queries": ["x"]},
        "search_type": "web",
        "signature": "S2",
    },
    {"type": "google_search_result", "call_id": "s1", "result": [{"title": "T"}]},
    {
        "type": "model_output",
        "content": [
            {"type": "text", "text": "Look:"},
            {"type": "image", "data": "cG5n", "mime_type": "image/png", "resolution": "low"},
            {"type": "text", "text": "So."},
        ],
    },
    {"type": "hologram", "light": 1},
    {"type": "function_call", "id": "t1", "name": "f", "arguments": {"a": [1]}},
]


def test_an_interaction_goes_back_as_it_came():
    """Every kind of step goes back unchanged, in its order, whole or in pieces."""
    whole = {"id": "c1", "object": "interaction", "status": "requires_action", "steps": SAID}
    pieces = b"".join(
        start(step, index) + stop(index) for index, step in enumerate(SAID) if index != 4
    )
    output = (
        start({"type": "model_output"})
        + text("Look:")
        + delta("image", data=encoded(b"png"), mime_type="image/png", resolution="low")
        + text("So.")
        + stop()
    )
    at = pieces.index(b"event: step.start", pieces.index(b"google_search_result"))
    for body in (json.dumps(whole).encode(), pieces[:at] + output + pieces[at:] + END):
        response = decode_stream(WIRE, body)
        assert response.state == "complete"
        assert sent(Context([Message.user("q"), response.message]))[1:] == SAID
