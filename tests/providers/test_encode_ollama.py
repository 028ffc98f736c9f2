"""What `ollama` requests hold, said by hand, and what an answer is when it goes back."""

import json

import pytest

from reqllm import decode_stream
from reqllm.content import (
    ContentPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError, InvalidInputError
from reqllm.wires.ollama.encode import encode

from .conversations import CALL, CITY, STRICT, WEATHER

HELLO = Context.new("Hello!")


def body_of(context=HELLO, model="m", **options):
    body, _ = encode(model, context, options)
    return body


def codes(context=HELLO, model="m", **options):
    _, warnings = encode(model, context, options)
    return [warning.code for warning in warnings]


def answered(*parts):
    """Return the messages that are written of an answer, and the codes of the warnings."""
    body, warnings = encode("m", Context([Message.user("q"), Message.assistant(parts)]), {})
    return body["messages"][1:], [warning.code for warning in warnings]


def test_the_least_there_is():
    """A prompt alone asks for a stream."""
    assert body_of() == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello!"}],
        "stream": True,
    }
    system = body_of(HELLO.prepend(Message.system("Be terse.")))
    assert system["messages"][0] == {"role": "system", "content": "Be terse."}


def test_settings_go_to_the_runner():
    """Limits and sampling are the runner's settings, by its words; what is given is laid over."""
    body = body_of(
        max_tokens=9,
        temperature=0,
        top_p=0.5,
        top_k=3,
        stop="END",
        seed=7,
        provider_options={"keep_alive": "5m", "options": {"num_ctx": 8192}},
    )
    assert body["options"] == {
        "num_predict": 9,
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 3,
        "stop": ["END"],
        "seed": 7,
        "num_ctx": 8192,
    }
    assert body["keep_alive"] == "5m"


def test_logprobs_and_a_schema():
    """Log probabilities are asked for in the body, and a schema is the format."""
    assert body_of(top_logprobs=3)["logprobs"] is True
    assert body_of(top_logprobs=3)["top_logprobs"] == 3
    assert body_of(logprobs=True)["logprobs"] is True
    assert "logprobs" not in body_of()
    assert body_of(response_schema=CITY)["format"] == CITY


@pytest.mark.parametrize(
    ("model", "effort", "think", "warned"),
    [
        ("qwen3", "none", False, []),
        ("qwen3", "medium", True, []),
        ("qwen3", "high", True, ["option_adjusted"]),
        ("gpt-oss:20b", "high", "high", []),
        ("gpt-oss:20b", "max", "high", ["option_adjusted"]),
        ("gpt-oss:20b", "none", "low", ["option_adjusted"]),
    ],
)
def test_how_it_is_told_to_think(model, effort, think, warned):
    """Models think or not, but for one family, which always does and takes levels."""
    assert body_of(model=model, reasoning_effort=effort)["think"] == think
    assert codes(model=model, reasoning_effort=effort) == warned


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2),
        ("parallel_tool_calls", False),
        ("user", "u"),
        ("metadata", {"a": "b"}),
        ("reasoning_budget", 99),
    ],
)
def test_what_the_wire_has_not_is_warned_of(name, value):
    """An option that the wire has no field for is not sent, and not silently."""
    assert body_of(**{name: value}) == body_of()
    assert codes(**{name: value}) == ["unsupported_option"]


def test_tools_and_their_choice():
    """No tools are sent where none may be called; that one must be called cannot be said."""
    sent = body_of(tools=[WEATHER])["tools"]
    assert sent[0] == {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city.",
            "parameters": CITY,
        },
    }
    assert "tools" not in body_of(tools=[WEATHER], tool_choice="none")
    assert body_of(tools=[WEATHER], tool_choice="auto")["tools"] == sent
    for choice in ("required", {"name": "get_weather"}):
        assert body_of(tools=[WEATHER], tool_choice=choice)["tools"] == sent
        assert codes(tools=[WEATHER], tool_choice=choice) == ["unsupported_option"]
        with pytest.raises(InvalidInputError, match="tool_choice"):
            body_of(tools=[WEATHER], tool_choice=choice, on_unsupported="error")
    assert codes(tools=[STRICT]) == ["unsupported_option"]


def test_images_stand_beside_the_text():
    """Images are bytes in base64, also those of a data URL; texts are one."""
    parts = [
        "Com",
        ImagePart(b"png"),
        ContentPart.image_url("data:image/gif;base64,R0lG"),
        ContentPart.file(b"gif", "a.gif", "image/gif"),
        "pare.",
    ]
    assert body_of(Context.new(Message.user(parts)))["messages"] == [
        {"role": "user", "content": "Compare.", "images": ["cG5n", "R0lG", "Z2lm"]}
    ]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (ContentPart.image_url("https://a.example/b.png"), "fetches no addresses"),
        (ContentPart.image_url("data:image/svg+xml,<svg/>"), "fetches no addresses"),
        (ContentPart.file(b"x", "a.txt", "text/plain"), "'a.txt'.*give text or an image"),
        (ImagePart(), "fetches no addresses"),
    ],
)
def test_what_it_cannot_take_is_refused(part, said):
    """A part that the wire has no form for is an error that says what it takes."""
    with pytest.raises(InvalidContextError, match=said):
        body_of(Context.new(Message.user(["x", part])))


def test_results_of_tools():
    """A result names its tool and its call; images of it go along."""
    context = Context(
        [
            Message.user("Look."),
            Message.assistant([], [CALL]),
            Message.tool("call_1", {"celsius": 3}),
            Message.tool("call_1", [TextPart("a"), ImagePart(b"png")], name="other"),
            Message.tool("unknown", "x"),
        ]
    )
    assert body_of(context)["messages"][2:] == [
        {
            "role": "tool",
            "content": '{"celsius":3}',
            "tool_name": "get_weather",
            "tool_call_id": "call_1",
        },
        {
            "role": "tool",
            "content": "a",
            "images": ["cG5n"],
            "tool_name": "other",
            "tool_call_id": "call_1",
        },
        {"role": "tool", "content": "x", "tool_call_id": "unknown"},
    ]


def test_what_else_an_answer_holds():
    """A refusal is said, an image goes back, and what there is no form for is warned of."""
    executed = ToolCall("s", "search", provider_executed=True)
    parts = (ReasoningPart("a", signature="S"), RefusalPart("No."), FilePart(b"png"), executed)
    messages, warned = answered(*parts)
    assert messages == [{"role": "assistant", "content": "No.", "images": ["cG5n"]}]
    assert warned == ["reasoning_not_sent", "content_not_sent"]
    assert answered() == ([], [])


def test_arguments_that_are_no_object_are_wrapped():
    """The wire takes an object only: the model shall see what was wrong, not an empty one."""
    bad = ToolCall("t", "f", arguments_raw='{"a', invalid=True)
    messages, warned = answered(bad)
    assert messages[0]["tool_calls"] == [
        {"id": "t", "function": {"name": "f", "arguments": {"INVALID_JSON": '{"a'}}}
    ]
    assert warned == ["invalid_arguments_wrapped"]


def test_an_answer_goes_back_as_it_came():
    """Thinking, text and calls with their ids are written as they were read."""
    call = {"id": "t0", "function": {"index": 0, "name": "f", "arguments": {"a": [1, {}], "é": ""}}}
    lines = [
        {"model": "m", "message": {"role": "assistant", "content": "", "thinking": "H"}},
        {"model": "m", "message": {"content": "", "thinking": "m"}},
        {"model": "m", "message": {"content": "It "}},
        {"model": "m", "message": {"content": "is."}},
        {"model": "m", "message": {"content": "", "tool_calls": [call]}},
        {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop"},
    ]
    response = decode_stream(
        "ollama", b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    )
    assert response.state == "complete"
    messages, warned = answered(*response.content)
    assert messages == [
        {
            "role": "assistant",
            "content": "It is.",
            "thinking": "Hm",
            "tool_calls": [
                {"id": "t0", "function": {"name": "f", "arguments": {"a": [1, {}], "é": ""}}}
            ],
        }
    ]
    assert warned == []
