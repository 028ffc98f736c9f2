"""What `cohere-v2` requests hold, said by hand, and what an answer is when it goes back."""

import json

import pytest

from reqllm import decode_stream
from reqllm.chunk import Citation
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError
from reqllm.wires.cohere_v2.encode import encode

from .conversations import CALL, CITY, STRICT, WEATHER

HELLO = Context.new("Hello!")


def body_of(context=HELLO, **options):
    body, _ = encode("command-x", context, options)
    return body


def codes(context=HELLO, **options):
    _, warnings = encode("command-x", context, options)
    return [warning.code for warning in warnings]


def answered(*parts):
    """Return the message that is written of an answer, and the codes of the warnings."""
    body, warnings = encode("m", Context([Message.user("q"), Message.assistant(parts)]), {})
    return body["messages"][1:], [warning.code for warning in warnings]


def test_the_least_there_is():
    """A prompt alone asks for a stream."""
    assert body_of() == {
        "model": "command-x",
        "messages": [{"role": "user", "content": "Hello!"}],
        "stream": True,
    }


def test_options_have_the_wires_names():
    """Limits and sampling go by Cohere's words."""
    body = body_of(
        max_tokens=9, temperature=0, top_p=0.5, top_k=3, stop="END", seed=7, logprobs=True
    )
    assert {key: body[key] for key in body if key not in ("model", "messages", "stream")} == {
        "max_tokens": 9,
        "temperature": 0,
        "p": 0.5,
        "k": 3,
        "stop_sequences": ["END"],
        "seed": 7,
        "logprobs": True,
    }


@pytest.mark.parametrize(("asked", "sent"), [(1, 0.99), (0, 0.01), (0.99, 0.99)])
def test_top_p_is_kept_within_what_the_wire_takes(asked, sent):
    """A value beyond the wire's limits is sent as the nearest one, with a warning."""
    assert body_of(top_p=asked)["p"] == sent
    assert codes(top_p=asked) == (["option_adjusted"] if asked != sent else [])


@pytest.mark.parametrize("name", ["n", "top_logprobs", "parallel_tool_calls", "user", "metadata"])
def test_what_the_wire_has_not_is_warned_of(name):
    """An option that the wire has no field for is not sent, and not silently."""
    value = {"n": 2, "top_logprobs": 3, "user": "u", "metadata": {"a": "b"}}.get(name, False)
    assert body_of(**{name: value}) == body_of()
    assert codes(**{name: value}) == ["unsupported_option"]


@pytest.mark.parametrize(
    ("options", "thinking", "warned"),
    [
        ({"reasoning_effort": "none"}, {"type": "disabled"}, []),
        ({"reasoning_effort": "high"}, {"type": "enabled"}, ["option_adjusted"]),
        ({"reasoning_budget": 99}, {"type": "enabled", "token_budget": 99}, []),
        (
            {"reasoning_effort": "low", "reasoning_budget": 99},
            {"type": "enabled", "token_budget": 99},
            [],
        ),
    ],
)
def test_how_it_is_told_to_think(options, thinking, warned):
    """Thinking is on or off, and has a budget."""
    assert body_of(**options)["thinking"] == thinking
    assert codes(**options) == warned


def test_tools_and_their_choice():
    """The wire can demand a tool or forbid all; one by name is demanded by sending no other."""
    more = Tool(name="more", parameters={})
    tools = [WEATHER, more]
    auto = body_of(tools=tools, tool_choice="auto")
    assert "tool_choice" not in auto
    assert [tool["function"]["name"] for tool in auto["tools"]] == ["get_weather", "more"]
    assert auto["tools"][1]["function"]["parameters"] == {"type": "object"}
    assert body_of(tools=tools, tool_choice="none")["tool_choice"] == "NONE"
    assert body_of(tools=tools, tool_choice="required")["tool_choice"] == "REQUIRED"
    named = body_of(tools=tools, tool_choice={"name": "more"})
    assert named["tool_choice"] == "REQUIRED"
    assert [tool["function"]["name"] for tool in named["tools"]] == ["more"]
    assert codes(tools=tools, tool_choice={"name": "more"}) == ["option_adjusted"]


def test_strict_is_for_all_tools_or_none():
    """The wire knows strictness of all tools at once."""
    assert body_of(tools=[STRICT])["strict_tools"] is True
    assert "strict_tools" not in body_of(tools=[WEATHER])
    assert "strict_tools" not in body_of(tools=[WEATHER, STRICT])
    assert codes(tools=[WEATHER, STRICT]) == ["unsupported_option"]


def test_a_schema_is_asked_for():
    """A schema of the answer goes with the format."""
    assert body_of(response_schema=CITY)["response_format"] == {
        "type": "json_object",
        "json_schema": CITY,
    }


def test_text_files_are_documents():
    """Text files go apart from the messages, where the model can cite them; images stay."""
    context = Context.new(
        Message.user(
            [
                "Who?",
                ContentPart.file("é".encode(), "facts.txt", "text/plain; charset=utf-8"),
                FilePart(b"{}", media_type="application/json"),
                ContentPart.file(b"gif", "a.gif", "image/gif"),
                ContentPart.image_url("https://a.example/b.png"),
                ImagePart(b"png"),
            ]
        )
    )
    body = body_of(context)
    assert body["documents"] == [
        {"id": "doc:0", "data": {"title": "facts.txt", "text": "é"}},
        {"id": "doc:1", "data": {"text": "{}"}},
    ]
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "Who?"},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,Z2lm"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
    ]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (ContentPart.file(b"%PDF-1", "a.pdf", "application/pdf"), "'a.pdf'.*'application/pdf'"),
        (FilePart(id="file_1"), "no media type"),
        (ContentPart.file(b"\xff", "a.txt", "text/plain"), "UTF-8"),
        (ImagePart(), "neither bytes nor an address"),
        (CustomPart("other.kind", {}), "give text, an image or a text file"),
    ],
)
def test_what_it_cannot_take_is_refused(part, said):
    """A part that the wire has no form for is an error that says what it takes."""
    with pytest.raises(InvalidContextError, match=said):
        body_of(Context.new(Message.user(["x", part])))


def test_files_alone_ask_nothing():
    """A message of files only would be no message at all."""
    with pytest.raises(InvalidContextError, match="a question beside the files"):
        body_of(Context.new(Message.user([ContentPart.file(b"a", "a.txt", "text/plain")])))


def test_results_of_tools():
    """A result is a message of its own, before what the user says; content stays in parts."""
    context = Context(
        [
            Message.user("Look."),
            Message.assistant([], [CALL]),
            Message.tool("call_1", {"celsius": 3}),
            Message.tool("call_1", [TextPart("a"), TextPart("b")]),
        ]
    )
    assert body_of(context)["messages"][2:] == [
        {"role": "tool", "tool_call_id": "call_1", "content": '{"celsius":3}'},
        {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        },
    ]
    with pytest.raises(InvalidContextError, match="only text as the result"):
        body_of(context.append(Message.tool("call_1", [ImagePart(b"x")])))


def test_reasoning_of_others_does_not_go_back():
    """What another provider signed, or was cut off, stays here; plain reasoning goes."""
    foreign = [
        ReasoningPart("a", signature="S"),
        ReasoningPart("b", complete=False),
        ReasoningPart(redacted=True, data="x"),
    ]
    messages, warned = answered(*foreign, ReasoningPart("Hm"), TextPart("Hi"))
    assert messages[0]["content"] == [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "text", "text": "Hi"},
    ]
    assert warned == ["reasoning_not_sent"]


def test_what_else_an_answer_holds():
    """A refusal is said, files and the provider's own calls are warned of, nothing is nothing."""
    executed = ToolCall("s", "search", provider_executed=True)
    messages, warned = answered(RefusalPart("No."), FilePart(b"x"), executed)
    assert messages == [{"role": "assistant", "content": "No."}]
    assert warned == ["content_not_sent", "content_not_sent"]
    assert answered() == answered(TextPart("")) == ([], [])


def sse(*events):
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def message(kind, index=None, **members):
    place = {} if index is None else {"index": index}
    return {"type": kind, **place, "delta": {"message": members}}


def test_an_answer_goes_back_as_it_came():
    """Plan, thinking, text, calls and citations are written as they were read, in their order."""
    cited = {
        "start": 0,
        "end": 2,
        "text": "It",
        "sources": [{"type": "tool", "id": "t:0", "tool_output": {"a": 1}}],
        "type": "TEXT_CONTENT",
        "content_index": 1,
    }
    call = {"id": "t0", "type": "function", "function": {"name": "f", "arguments": ""}}
    stream = sse(
        {**message("message-start", content=[]), "id": "c"},
        message("tool-plan-delta", tool_plan="Ask "),
        message("tool-plan-delta", tool_plan="it."),
        message("content-start", 0, content={"type": "thinking", "thinking": "H"}),
        message("content-delta", 0, content={"thinking": "m"}),
        {"type": "content-end", "index": 0},
        message("content-start", 1, content={"type": "text", "text": ""}),
        message("content-delta", 1, content={"text": "It is."}),
        message("citation-start", 0, citations=cited),
        {"type": "content-end", "index": 1},
        message("tool-call-start", 0, tool_calls=call),
        message("tool-call-delta", 0, tool_calls={"function": {"arguments": '{ "a":1 }'}}),
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    )
    response = decode_stream("cohere-v2", stream + b"data: [DONE]\n\n")
    assert response.state == "complete"
    messages, warned = answered(*response.content)
    assert messages == [
        {
            "role": "assistant",
            "tool_plan": "Ask it.",
            "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "It is."}],
            "tool_calls": [{**call, "function": {"name": "f", "arguments": '{ "a":1 }'}}],
            "citations": [cited],
        }
    ]
    assert warned == []


def test_a_citation_follows_its_text():
    """Where thinking before it is not sent, a citation names the new place of its text."""
    cited = {"start": 0, "end": 2, "text": "It", "sources": [], "content_index": 1}
    foreign = Citation(kind="url", raw={"type": "url_citation"})
    parts = (
        ReasoningPart("Hm", signature="S"),
        TextPart("It is.", (Citation(raw=cited), foreign)),
    )
    messages, _ = answered(*parts)
    assert messages[0]["content"] == [{"type": "text", "text": "It is."}]
    assert messages[0]["citations"] == [{**cited, "content_index": 0}]
