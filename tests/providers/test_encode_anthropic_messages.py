"""What `anthropic-messages` requests hold, said by hand."""

import msgspec
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
from reqllm.wires.anthropic_messages.encode import encode, headers
from reqllm.wires.common.options import Dialect

from .conversations import CITY, CONTEXTS, PDF, STRICT, WEATHER

HELLO = Context.new("Hello!")
CALL = ToolCall("c1", "get_weather", {"city": "Oslo"})


def body_of(context=HELLO, **options):
    body, _ = encode("claude-x", context, options)
    return body


def codes(context=HELLO, **options):
    _, warnings = encode("claude-x", context, options)
    return [warning.code for warning in warnings]


def answer(*parts):
    """Return the blocks written of an assistant message, and the codes of the warnings."""
    context = Context([Message.user("q"), Message.assistant(parts)])
    body, warnings = encode("m", context, {})
    content = body["messages"][1]["content"] if len(body["messages"]) > 1 else []
    return content, [warning.code for warning in warnings]


def test_the_least_there_is():
    """A prompt alone asks for a stream, with the limit that the wire demands."""
    assert body_of() == {
        "model": "claude-x",
        "max_tokens": 4096,
        "stream": True,
        "messages": [{"role": "user", "content": "Hello!"}],
    }


def test_system_has_a_place_of_its_own():
    """System messages are joined in `system`; one that stood later is warned of."""
    body = body_of(CONTEXTS["two systems"])
    assert body["system"] == "A\n\nB"
    assert body["messages"] == [{"role": "user", "content": "x"}]
    assert codes(CONTEXTS["two systems"]) == ["system_moved"]
    assert codes(CONTEXTS["system"]) == []
    assert codes(CONTEXTS["system"].prepend(Message.system("First."))) == []
    assert "system" not in body_of(HELLO.prepend(Message.system("")))


def test_neighbours_become_one_turn():
    """Messages of one role in a row are one turn of several blocks."""
    assert body_of(CONTEXTS["neighbours"])["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": text} for text in "abc"]}
    ]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            ContentPart.image(b"png"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"},
            },
        ),
        (
            ContentPart.image_url("https://x/y.png"),
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        ),
        (
            ContentPart.image_url("data:image/gif;base64,R0lG"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/gif", "data": "R0lG"},
            },
        ),
        (
            ContentPart.file(b"gif", "a.gif", "image/gif"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/gif", "data": "Z2lm"},
            },
        ),
        (
            ContentPart.file(PDF, "a.pdf"),
            {
                "type": "document",
                "source": {
                    "type": "base64",
                    "media_type": "application/pdf",
                    "data": "JVBERi0xLjQgbWFkZSB1cA==",
                },
                "title": "a.pdf",
            },
        ),
        (
            FilePart("é".encode(), media_type="text/markdown; charset=utf-8"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "é"},
            },
        ),
        (
            FilePart(url="https://x/y.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
        ),
        (FilePart(id="f"), {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        (
            FilePart(id="f", media_type="image/png"),
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
        ),
        (
            CustomPart("anthropic-messages.search_result", {"type": "search_result", "title": "T"}),
            {"type": "search_result", "title": "T"},
        ),
    ],
)
def test_parts_of_the_user(part, written):
    """Each part of a user's message has its block."""
    assert body_of(Context([Message.user(["", part])]))["messages"] == [
        {"role": "user", "content": [written]}
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ImagePart(), "neither bytes nor an address"),
        (ContentPart.image_url("data:image/svg+xml,<svg/>"), "data URL in base64"),
        (FilePart(filename="a"), "'a': it has neither bytes, an address nor an id"),
        (ContentPart.file(b"\x00", "a.bin"), "'a.bin': it takes PDF, text and images"),
        (FilePart(b"x"), "no media type"),
        (ContentPart.file(b"\xff", "a.txt", "text/plain"), "UTF-8"),
        (CustomPart("gemini.thing", {}), "CustomPart"),
    ],
)
def test_parts_it_has_no_form_for(part, words):
    """What the user said is never dropped: it is an error."""
    with pytest.raises(InvalidContextError, match=words):
        body_of(Context([Message.user([part])]))


def test_names():
    """The wire has no place for a speaker's name, and says so."""
    assert body_of(CONTEXTS["named"])["messages"] == [{"role": "user", "content": "a"}]
    assert codes(CONTEXTS["named"]) == ["name_not_sent"]


def test_a_tool_round_trip():
    """All results of a turn stand together in the user's turn, before what the user says."""
    assert body_of(CONTEXTS["tool round trip"])["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {
                    "type": "tool_use",
                    "id": "call_1",
                    "name": "get_weather",
                    "input": {"city": "Oslo"},
                },
                {
                    "type": "tool_use",
                    "id": "call_2",
                    "name": "get_weather",
                    "input": {"city": "Rome"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": '{"celsius":3}'},
                {
                    "type": "tool_result",
                    "tool_use_id": "call_2",
                    "content": "no such city",
                    "is_error": True,
                },
                {"type": "text", "text": "And?"},
            ],
        },
    ]


def test_results_lead():
    """A result goes first in its turn, wherever it stood in it."""
    context = Context(
        [
            Message.user("q"),
            Message.assistant([], [CALL]),
            Message.user("hurry"),
            Message.tool("c1", "x"),
        ]
    )
    kinds = [block["type"] for block in body_of(context)["messages"][2]["content"]]
    assert kinds == ["tool_result", "text"]


def test_results_of_several_parts():
    """A result may hold text and images."""
    parts = [TextPart("a"), ContentPart.image_url("https://x/y.png")]
    context = Context([Message.user("q"), Message.assistant([], [CALL]), Message.tool("c1", parts)])
    assert body_of(context)["messages"][2]["content"][0]["content"] == [
        {"type": "text", "text": "a"},
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
    ]


def test_signed_reasoning_goes_back():
    """Signed and redacted thinking go back in order, unchanged; the rest is warned of."""
    content, warnings = answer(*CONTEXTS["reasoning"].messages[1].content)
    assert content == [
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "So."},
    ]
    assert warnings == ["reasoning_not_sent"]


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        (ReasoningPart(signature="S"), True),
        (ReasoningPart(redacted=True), False),
        (ReasoningPart(redacted=True, data="d", complete=False), False),
        (ReasoningPart("x", signature="S", complete=False), False),
        (
            ReasoningPart("x", signature="S", provider_metadata={"reasoning_details": [{}]}),
            False,
        ),
    ],
)
def test_which_reasoning_goes_back(part, sent):
    """Only whole thinking that Anthropic itself signed goes back, its text empty or not."""
    content, warnings = answer(part, "So.")
    assert (content != "So.", warnings == []) == (sent, sent)


def test_calls_gone_wrong():
    """An invalid call is wrapped in an object; one cut off goes only if it was answered."""
    content = body_of(CONTEXTS["calls gone wrong"])["messages"][1]["content"]
    assert content == [
        {
            "type": "tool_use",
            "id": "bad",
            "name": "get_weather",
            "input": {"INVALID_JSON": '{"city'},
        }
    ]
    assert codes(CONTEXTS["calls gone wrong"]) == [
        "invalid_arguments_wrapped",
        "tool_call_not_sent",
    ]


def test_server_tools_go_back_as_they_came():
    """Calls and results of tools that Anthropic ran are the blocks they were."""
    content, warnings = answer(*CONTEXTS["server tools"].messages[1].content)
    assert content == [
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": "x"},
        },
        CONTEXTS["server tools"].messages[1].content[1].result,
        {"type": "text", "text": "Found."},
    ]
    assert warnings == []


def test_other_fields_of_a_call_go_back():
    """What else stood in a call's block goes back in it."""
    metadata = {"type": "mcp_tool_use", "server_name": "s"}
    content, _ = answer(ToolCall("m1", "t", provider_executed=True, provider_metadata=metadata))
    assert content == [
        {"type": "mcp_tool_use", "id": "m1", "name": "t", "input": {}, "server_name": "s"}
    ]
    caller = {"type": "tool_use", "caller": {"type": "direct"}}
    content, _ = answer(ToolCall("t1", "t", provider_metadata=caller))
    assert content[0]["caller"] == {"type": "direct"}
    content, _ = answer(ToolCall("t1", "t", provider_metadata={"google": {}}))
    assert content == [{"type": "tool_use", "id": "t1", "name": "t", "input": {}}]


def test_server_tools_made_by_hand():
    """A call and its bare result are written as blocks of their kind."""
    call = ToolCall("s1", "web_fetch", {"url": "u"}, provider_executed=True)
    content, warnings = answer(call, ToolResultPart("s1", {"a": 1}, provider_executed=True))
    assert [block["type"] for block in content] == ["server_tool_use", "web_fetch_tool_result"]
    assert content[1]["content"] == {"a": 1}
    assert warnings == []


@pytest.mark.parametrize(
    "part",
    [
        ContentPart.image(b"x"),
        ContentPart.file(PDF, "x"),
        CustomPart("openai-chat.audio", {}),
        CustomPart("anthropic-messages.odd", "text"),
        ToolCall("s1", "search", provider_executed=True, provider_metadata={"status": "done"}),
        ToolResultPart("s1", {"x": 1}, provider_executed=True),
    ],
)
def test_what_an_answer_cannot_say_again(part):
    """Parts of an answer without a block are left out, with a warning."""
    assert answer("So.", part) == ("So.", ["content_not_sent"])


def test_custom_blocks_go_back():
    """A block of the wire's own that has no chunk of its own goes back as it came."""
    data = {"type": "compaction", "content": "c", "encrypted_content": "e"}
    assert answer(CustomPart("anthropic-messages.compaction", data)) == ([data], [])


@pytest.mark.parametrize("text", ["", " \n"])
def test_blank_text_of_an_answer(text):
    """Blank blocks of an answer, which the wire refuses, are left out."""
    assert answer(text, "So.") == ("So.", [])
    assert answer(text) == ([], [])


def test_citations():
    """An answer's citations go back as they came; a user's, and other wires', are not sent."""
    messages = body_of(CONTEXTS["citations"])["messages"]
    assert messages[0] == {"role": "user", "content": "Says who?"}
    (block,) = messages[1]["content"]
    assert [citation["type"] for citation in block["citations"]] == ["web_search_result_location"]


def test_tools():
    """A tool has its schema in `input_schema`; description and strictness where there are any."""
    assert body_of(tools=[WEATHER, STRICT, Tool(name="t", parameters={})])["tools"] == [
        {"name": "get_weather", "description": "Weather of a city.", "input_schema": CITY},
        {"name": "add", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        {"name": "t", "input_schema": {"type": "object"}},
    ]


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, None),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"tool_choice": {"name": "add"}}, {"type": "tool", "name": "add"}),
    ],
)
def test_tool_choice(options, written):
    """The choice and the leave to call several at once are one field."""
    assert body_of(tools=[STRICT], **options).get("tool_choice") == written


def test_no_tools_no_choice():
    """Without tools there is no choice; one that needs them is refused."""
    assert body_of(tool_choice="auto", parallel_tool_calls=False) == body_of()
    with pytest.raises(InvalidToolError, match="needs tools"):
        body_of(tool_choice="required")


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"stop": "x"}, {"stop_sequences": ["x"]}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"top_p": 0.5, "top_k": 3}, {"top_p": 0.5, "top_k": 3}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            {"reasoning_effort": "xhigh"},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
        ),
        (
            {"reasoning_budget": 1024},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 5120},
        ),
        (
            {"reasoning_budget": 2000, "max_tokens": 2001, "reasoning_effort": "low"},
            {
                "thinking": {"type": "enabled", "budget_tokens": 2000},
                "output_config": {"effort": "low"},
                "max_tokens": 2001,
            },
        ),
        (
            {"response_schema": CITY},
            {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
        ),
        (
            {"response_schema": CITY, "reasoning_effort": "max"},
            {
                "thinking": {"type": "adaptive"},
                "output_config": {
                    "effort": "max",
                    "format": {"type": "json_schema", "schema": CITY},
                },
            },
        ),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}),
        ({"metadata": {"user_id": "u"}}, {"metadata": {"user_id": "u"}}),
        ({"n": 1, "logprobs": False}, {}),
        ({"provider_options": {"max_tokens": 0}}, {"max_tokens": 0}),
    ],
)
def test_options(options, fields):
    """Each option has its field, adds nothing else and warns of nothing."""
    assert body_of(**options) == {**body_of(), **fields}
    assert codes(**options) == []


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"seed": 0}, "seed"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 0}, "top_logprobs"),
        ({"metadata": {"team": "a"}}, r"metadata \(team\)"),
    ],
)
def test_options_that_the_wire_has_not(option, name):
    """What cannot be sent is a warning, an error or nothing, as asked, and never sent."""
    assert body_of(**option) == body_of()
    assert codes(**option) == ["unsupported_option"]
    assert codes(**option, on_unsupported="ignore") == []
    with pytest.raises(InvalidInputError, match=f"anthropic-messages does not take {name};"):
        body_of(**option, on_unsupported="error")


def test_minimal_effort():
    """The least effort that the wire knows is sent for the one it does not, with a warning."""
    assert body_of(reasoning_effort="minimal")["output_config"] == {"effort": "low"}
    assert codes(reasoning_effort="minimal") == ["option_adjusted"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reasoning_budget": 1023}, "at least 1024 tokens.*got 1023"),
        ({"reasoning_budget": 2000, "max_tokens": 2000}, "less than max_tokens.*2000 and 2000"),
        ({"reasoning_budget": 2000, "reasoning_effort": "none"}, "contradict"),
    ],
)
def test_budgets_that_cannot_be(options, words):
    """A budget that the wire would refuse is refused here, saying why."""
    with pytest.raises(InvalidInputError, match=words):
        body_of(**options)


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ({}, "2026-10-21"),
        ({"reasoning_effort": "low", "max_tokens": 9}, "2026-10-21"),
        ({"temperature": 1}, "2023-06-01"),
        ({"top_p": 1}, "2023-06-01"),
        ({"top_k": 1}, "2023-06-01"),
        ({"provider_options": {"temperature": 1}}, "2023-06-01"),
    ],
)
def test_version(options, version):
    """The older version is asked for exactly where the newer would refuse the request."""
    assert headers(body_of(**options)) == {"anthropic-version": version}


def test_a_dialect():
    """A provider of the wire may take more or less than Anthropic does."""
    dialect = Dialect(also_takes=frozenset({"seed"}), refuses=frozenset({"top_k"}))
    body, warnings = encode("m", HELLO, {"seed": 1, "top_k": 2}, dialect)
    assert body["seed"] == 1
    assert "top_k" not in body
    assert [warning.code for warning in warnings] == ["unsupported_option"]


def test_nothing_left():
    """A conversation of which nothing can be sent is refused."""
    context = Context([Message.assistant([ReasoningPart("x")])])
    with pytest.raises(InvalidContextError, match="nothing is left"):
        body_of(context)


def test_bodies_are_plain_json():
    """Maps of any kind in the caller's values are written."""
    from types import MappingProxyType

    from reqllm.wires.common.request_body import to_json

    schema = MappingProxyType({"type": "object", "x": MappingProxyType({"y": 1})})
    body = body_of(tools=[Tool(name="t", parameters=schema)], response_schema=schema)
    written = msgspec.json.decode(to_json(body, "the request"))
    assert written["tools"][0]["input_schema"] == {"type": "object", "x": {"y": 1}}
