"""What `openai-chat` requests hold, said by hand."""

import pytest

from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError, InvalidInputError, InvalidToolError
from reqllm.wires.common.options import Dialect
from reqllm.wires.openai_chat.encode import encode

from .conversations import CITY, CONTEXTS, PDF, STRICT, WEATHER

HELLO = Context.new("Hello!")
CALL = ToolCall("c1", "get_weather", {"city": "Oslo"})


def body_of(context=HELLO, **options):
    body, _ = encode("gpt-x", context, options)
    return body


def codes(context=HELLO, dialect=None, **options):
    _, warnings = encode("gpt-x", context, options, dialect or Dialect())
    return [warning.code for warning in warnings]


def answer(*parts):
    """Return what is written of an assistant message, and the codes of the warnings."""
    body, warnings = encode("m", Context([Message.user("q"), Message.assistant(parts)]), {})
    return body["messages"][1:], [warning.code for warning in warnings]


def test_the_least_there_is():
    """A prompt alone asks for a stream, with usage."""
    assert body_of() == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hello!"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_system_stays_in_its_place():
    """System messages are messages, in their order; empty ones are left out."""
    context = Context([Message.system(""), Message.system("A"), Message.user("x")])
    assert body_of(context)["messages"][0] == {"role": "system", "content": "A"}
    roles = [message["role"] for message in body_of(CONTEXTS["two systems"])["messages"]]
    assert roles == ["system", "user", "system"]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (TextPart("a"), {"type": "text", "text": "a"}),
        (
            ContentPart.image(b"png"),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        ),
        (
            ImagePart(b"png"),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        ),
        (
            ContentPart.image_url("https://x/y.png"),
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ),
        (
            ContentPart.file(b"gif", "a.gif", "image/gif"),
            {"type": "image_url", "image_url": {"url": "data:image/gif;base64,Z2lm"}},
        ),
        (
            ContentPart.file(PDF, "a.pdf"),
            {
                "type": "file",
                "file": {
                    "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0xLjQgbWFkZSB1cA==",
                },
            },
        ),
        (
            FilePart(b"x", media_type="text/plain"),
            {
                "type": "file",
                "file": {"filename": "file", "file_data": "data:text/plain;base64,eA=="},
            },
        ),
        (FilePart(id="f1"), {"type": "file", "file": {"file_id": "f1"}}),
        (
            FilePart(b"wav", media_type="audio/wav"),
            {"type": "input_audio", "input_audio": {"data": "d2F2", "format": "wav"}},
        ),
        (
            FilePart(b"mp3", media_type="audio/mpeg"),
            {"type": "input_audio", "input_audio": {"data": "bXAz", "format": "mp3"}},
        ),
    ],
)
def test_parts_of_the_user(part, written):
    """Each part of a user's message has its form."""
    messages = body_of(Context([Message.user(["Look:", part])]))["messages"]
    assert messages == [{"role": "user", "content": [{"type": "text", "text": "Look:"}, written]}]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ImagePart(), "ImagePart: it has neither bytes nor an address"),
        (FilePart(url="https://x/y.pdf", filename="y.pdf"), "FilePart 'y.pdf': give its bytes"),
        (CustomPart("gemini.thing", {}), "CustomPart"),
    ],
)
def test_parts_it_has_no_form_for(part, words):
    """What the user said is never dropped: it is an error."""
    with pytest.raises(InvalidContextError, match=words):
        body_of(Context([Message.user([part])]))


def test_names():
    """The name of a speaker is sent."""
    assert body_of(CONTEXTS["named"])["messages"] == [
        {"role": "user", "content": "a", "name": "Ada"}
    ]


def test_a_tool_round_trip():
    """Calls go with their arguments as the model wrote them; each result is a message."""
    assert body_of(CONTEXTS["tool round trip"])["messages"][1:] == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'},
                },
                {
                    "id": "call_2",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": '{"celsius":3}'},
        {"role": "tool", "tool_call_id": "call_2", "content": "no such city"},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("plain", "plain"),
        ({"b": [1, None], "a": "é"}, '{"b":[1,null],"a":"é"}'),
        (None, "null"),
        (3.5, "3.5"),
        ([], "[]"),
        ([1, "a"], '[1,"a"]'),
        ([TextPart("a"), TextPart("b")], "ab"),
        (TextPart("a"), "a"),
    ],
)
def test_results(result, text):
    """A result is text as it is, anything else as compact JSON."""
    context = Context(
        [Message.user("q"), Message.assistant([], [CALL]), Message.tool("c1", result)]
    )
    assert body_of(context)["messages"][2] == {
        "role": "tool",
        "tool_call_id": "c1",
        "content": text,
    }


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ([ContentPart.image(b"x")], InvalidContextError, "only text.*'c1'"),
        (object(), InvalidInputError, "result of tool call 'c1'.*object"),
    ],
)
def test_results_it_cannot_take(result, error, words):
    """A result with no text or JSON form is refused, naming its call."""
    context = Context(
        [Message.user("q"), Message.assistant([], [CALL]), Message.tool("c1", result)]
    )
    with pytest.raises(error, match=words):
        body_of(context)


def test_results_lead_a_mixed_message():
    """A result in a user's message goes before what the user says."""
    context = Context(
        [
            Message.user("q"),
            Message.assistant([], [CALL]),
            Message.user(["and?", ToolResultPart("c1", "x")]),
        ]
    )
    assert [message["role"] for message in body_of(context)["messages"]] == [
        "user",
        "assistant",
        "tool",
        "user",
    ]


def test_a_call_without_text():
    """A message of calls only has null content, and no arguments are an empty object."""
    (written,), warnings = answer(ToolCall("c1", "now", {}, ""))
    assert written["content"] is None
    assert written["tool_calls"][0]["function"]["arguments"] == "{}"
    assert warnings == []


def test_calls_gone_wrong():
    """An invalid call goes back as it was said; one cut off goes only if it was answered."""
    messages = body_of(CONTEXTS["calls gone wrong"])["messages"]
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["bad"]
    assert messages[1]["tool_calls"][0]["function"]["arguments"] == '{"city'
    assert codes(CONTEXTS["calls gone wrong"]) == ["tool_call_not_sent"]
    cut = ToolCall("c1", "f", arguments_raw="{", invalid=True, complete=False)
    told = Context([Message.user("q"), Message.assistant([cut]), Message.tool("c1", "cut")])
    assert body_of(told)["messages"][1]["tool_calls"][0]["id"] == "c1"


def test_gemini_signatures():
    """The extra content of a call that Gemini's endpoint sent goes back with it."""
    google = {"google": {"thought_signature": "S"}}
    (written,), _ = answer(ToolCall("c1", "f", provider_metadata=google))
    assert written["tool_calls"][0]["extra_content"] == google
    (written,), _ = answer(ToolCall("c1", "f", provider_metadata={"caller": 1}))
    assert "extra_content" not in written["tool_calls"][0]


def test_refusals():
    """A refusal goes back as one, not as text."""
    written, warnings = answer(*CONTEXTS["refusal"].messages[1].content)
    assert written == [{"role": "assistant", "content": None, "refusal": "No."}]
    assert warnings == []


@pytest.mark.parametrize(
    ("parts", "sent", "warned"),
    [
        ([ReasoningPart("hm")], {}, True),
        ([ReasoningPart("hm", signature="S")], {}, True),
        (
            [ReasoningPart("hm", provider_metadata={"reasoning_field": "reasoning_content"})],
            {"reasoning_content": "hm"},
            False,
        ),
        (
            [
                ReasoningPart("a", provider_metadata={"reasoning_field": "reasoning"}),
                ReasoningPart("b", provider_metadata={"reasoning_field": "reasoning"}),
            ],
            {"reasoning": "ab"},
            False,
        ),
        ([ReasoningPart("hm", provider_metadata={"reasoning_field": "content"})], {}, True),
        (
            [
                ReasoningPart(
                    "hm", signature="S", provider_metadata={"reasoning_field": "reasoning_text"}
                )
            ],
            {"reasoning_text": "hm", "reasoning_opaque": "S"},
            False,
        ),
        (
            [
                ReasoningPart(
                    "hm", signature="S", provider_metadata={"reasoning_field": "thinking_blocks"}
                )
            ],
            {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "S"}]},
            False,
        ),
        (
            [
                ReasoningPart(
                    "hm",
                    complete=False,
                    provider_metadata={
                        "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]
                    },
                )
            ],
            {},
            True,
        ),
    ],
)
def test_reasoning(parts, sent, warned):
    """Reasoning goes back only whole, and under the name that its provider used."""
    (written,), warnings = answer(*parts, "So.")
    assert written == {"role": "assistant", "content": "So.", **sent}
    assert warnings == (["reasoning_not_sent"] if warned else [])


def test_reasoning_details():
    """Details that a stream brought in fragments go back whole, in their order."""
    fragments = [
        {"type": "reasoning.text", "text": "Let", "index": 0, "format": "f", "signature": None},
        {"type": "reasoning.text", "text": " me", "index": 0, "format": "f"},
        {"type": "reasoning.text", "signature": "S", "index": 0},
        {"type": "reasoning.encrypted", "data": "xx", "index": 1, "id": "r1"},
        {"type": "reasoning.encrypted", "data": "yy", "index": 1, "id": "r2"},
        {"type": "reasoning.summary", "summary": "s"},
        "junk",
    ]
    part = ReasoningPart("Let me", provider_metadata={"reasoning_details": fragments})
    (written,), warnings = answer(part)
    assert written == {
        "role": "assistant",
        "content": "",
        "reasoning_details": [
            {
                "type": "reasoning.text",
                "text": "Let me",
                "index": 0,
                "format": "f",
                "signature": "S",
            },
            {"type": "reasoning.encrypted", "data": "xx", "index": 1, "id": "r1"},
            {"type": "reasoning.encrypted", "data": "yy", "index": 1, "id": "r2"},
            {"type": "reasoning.summary", "summary": "s"},
        ],
    }
    assert warnings == []
    assert fragments[0]["text"] == "Let"


@pytest.mark.parametrize(
    "part",
    [
        ContentPart.image(b"x"),
        ContentPart.file(b"x", "x"),
        CustomPart("anthropic-messages.compaction", {}),
        ToolCall("s1", "web_search", provider_executed=True),
        ToolResultPart("s1", {}, provider_executed=True),
    ],
)
def test_what_an_answer_cannot_say_again(part):
    """Parts of an answer without a form are left out, with a warning."""
    written, warnings = answer("So.", part)
    assert written == [{"role": "assistant", "content": "So."}]
    assert warnings == ["content_not_sent"]


def test_an_answer_that_said_nothing():
    """An empty answer is no message."""
    assert answer() == ([], [])


def test_tools():
    """A tool is a function; description and strictness only where there are any."""
    assert body_of(tools=[WEATHER, STRICT])["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Weather of a city.",
                "parameters": CITY,
            },
        },
        {
            "type": "function",
            "function": {
                "name": "add",
                "parameters": {"type": "object", "properties": {}},
                "strict": True,
            },
        },
    ]


def test_tools_of_the_context_come_first():
    """The option adds to the context's tools; the same tool counts once."""
    body = body_of(Context.new("x", tools=[WEATHER]), tools=[STRICT, WEATHER])
    assert [tool["function"]["name"] for tool in body["tools"]] == ["get_weather", "add"]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"name": "get_weather"}, {"type": "function", "function": {"name": "get_weather"}}),
    ],
)
def test_tool_choice(choice, written):
    """Each choice has its form."""
    assert body_of(tools=[WEATHER], tool_choice=choice)["tool_choice"] == written


@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_tool_calls(parallel):
    """The leave to call several tools at once is sent as it was given, or not at all."""
    assert body_of(tools=[WEATHER], parallel_tool_calls=parallel)["parallel_tool_calls"] is parallel
    assert "parallel_tool_calls" not in body_of(tools=[WEATHER])


def test_no_tools_no_choice():
    """Without tools the fields about tools are left out: they would be refused."""
    assert body_of(tool_choice="auto", parallel_tool_calls=True) == body_of()
    body = body_of(tool_choice="required", provider_options={"tools": [{"type": "custom"}]})
    assert body["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tool_choice": "required"}, "needs tools"),
        ({"tool_choice": {"name": "x"}}, "needs tools"),
        ({"tool_choice": {"name": "x"}, "tools": [WEATHER]}, "'x', but the tools are get_weather"),
        ({"tools": [WEATHER, Tool(name="get_weather", parameters={})]}, "two named 'get_weather'"),
        ({"tools": [{"name": "x"}]}, "list of Tool, got a dict.*provider_options"),
    ],
)
def test_bad_tools(options, words):
    """Tools and a choice that do not fit each other are refused."""
    with pytest.raises(InvalidToolError, match=words):
        body_of(**options)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"top_p": 1.0}, {"top_p": 1.0}),
        ({"stop": "x"}, {"stop": ["x"]}),
        ({"stop": ("x", "y")}, {"stop": ["x", "y"]}),
        ({"seed": 0}, {"seed": 0}),
        ({"n": 2}, {"n": 2}),
        ({"reasoning_effort": "none"}, {"reasoning_effort": "none"}),
        ({"logprobs": True}, {"logprobs": True}),
        ({"top_logprobs": 2}, {"top_logprobs": 2, "logprobs": True}),
        ({"user": "u"}, {"user": "u"}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
        ({"seed": None, "stop": None}, {}),
        (
            {"response_schema": {"title": "City & more", "type": "object"}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "City___more",
                        "strict": True,
                        "schema": {"title": "City & more", "type": "object"},
                    },
                }
            },
        ),
    ],
)
def test_options(options, fields):
    """Each option has its field, and adds nothing else."""
    assert body_of(**options) == {**body_of(), **fields}


@pytest.mark.parametrize("option", [{"top_k": 3}, {"reasoning_budget": 9}])
def test_options_that_the_wire_has_not(option):
    """What cannot be sent is a warning, an error or nothing, as asked, and never sent."""
    assert body_of(**option) == body_of()
    assert codes(**option) == ["unsupported_option"]
    assert codes(**option, on_unsupported="ignore") == []
    with pytest.raises(InvalidInputError, match=f"openai-chat does not take {next(iter(option))}"):
        body_of(**option, on_unsupported="error")


def test_provider_options_come_last():
    """The provider's own fields are laid over the body: maps merge, the rest is replaced."""
    body = body_of(
        temperature=1,
        provider_options={
            "temperature": 0.5,
            "stream_options": {"include_obfuscation": False},
            "service_tier": "flex",
        },
    )
    assert body["temperature"] == 0.5
    assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert body["service_tier"] == "flex"


def test_a_dialect():
    """A provider's departures from the wire are data."""
    dialect = Dialect(
        rename={"max_tokens": "max_tokens", "seed": "random_seed"},
        also_takes=frozenset({"top_k"}),
        refuses=frozenset({"n", "response_schema"}),
        include_usage=False,
        tool_choice_required="any",
    )
    options = {"max_tokens": 5, "seed": 1, "top_k": 2, "n": 1, "response_schema": {}}
    body, warnings = encode("m", HELLO, options, dialect)
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello!"}],
        "stream": True,
        "max_tokens": 5,
        "top_k": 2,
        "random_seed": 1,
    }
    assert [warning.message.split(":")[0] for warning in warnings] == [
        "openai-chat does not take response_schema"
    ]
    context = Context.new("x", tools=[WEATHER])
    body, _ = encode("m", context, {"tool_choice": "required"}, dialect)
    assert body["tool_choice"] == "any"


def test_no_prompt():
    """A conversation with nothing to answer is refused."""
    with pytest.raises(InvalidContextError, match="at least one message"):
        body_of(Context())
