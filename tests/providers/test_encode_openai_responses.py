"""What `openai-responses` requests hold, said by hand."""

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
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError, InvalidInputError, InvalidToolError
from reqllm.wires.openai_responses.encode import encode

from . import vendor_types
from .conversations import CITY, CONTEXTS, PDF, STRICT, WEATHER

HELLO = Context.new("Hello!")
ENCRYPTED = "reasoning.encrypted_content"


def body_of(context=HELLO, model="gpt-4.1", **options):
    body, _ = encode(model, context, options)
    return body


def codes(context=HELLO, **options):
    _, warnings = encode("gpt-4.1", context, options)
    return [warning.code for warning in warnings]


def answer(*parts, **options):
    """Return what is written of an assistant message, and the codes of the warnings."""
    context = Context([Message.user("q"), Message.assistant(parts)])
    body, warnings = encode("gpt-4.1", context, options)
    return body["input"][1:], [warning.code for warning in warnings]


# The request.
def test_a_plain_request():
    """Nothing is kept by the provider that was not asked to be."""
    assert body_of() == {
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "Hello!"}],
        "stream": True,
        "store": False,
    }


def test_options_have_their_fields():
    """Each option is the field of the wire that means it."""
    body = body_of(
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_logprobs=2,
        user="u",
        metadata={"a": "b"},
        reasoning_effort="low",
        response_schema={**CITY, "title": "The city!"},
    )
    for field in ("model", "input", "stream", "store"):
        del body[field]
    assert body == {
        "include": [ENCRYPTED, "message.output_text.logprobs"],
        "reasoning": {"effort": "low"},
        "text": {
            "format": {
                "type": "json_schema",
                "name": "The_city_",
                "strict": True,
                "schema": {**CITY, "title": "The city!"},
            }
        },
        "max_output_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_logprobs": 2,
        "user": "u",
        "metadata": {"a": "b"},
    }


def test_what_the_wire_does_not_take_is_warned_of():
    """Each option that has no field is named; with on_unsupported="error" it is refused."""
    given = {"top_k": 1, "stop": "x", "seed": 1, "n": 2, "reasoning_budget": 2048}
    body, (warning,) = encode("m", HELLO, given)
    assert warning.code == "unsupported_option"
    assert all(name in warning.message for name in given)
    assert body.keys() == {"model", "input", "stream", "store"}
    with pytest.raises(InvalidInputError, match="openai-responses does not take top_k"):
        encode("m", HELLO, {"top_k": 1, "on_unsupported": "error"})


@pytest.mark.parametrize(
    ("model", "options", "asked"),
    [
        ("gpt-5.1", {}, True),
        ("o4-mini", {}, True),
        ("openai/gpt-oss-120b", {}, True),
        ("gpt-6.2-astra", {}, True),
        ("codex-mini-latest", {}, True),
        ("gpt-4.1", {}, False),
        ("gpt-4o", {}, False),
        ("gpt-5-chat-latest", {}, False),
        ("grok-4", {}, False),
        ("grok-4", {"reasoning_effort": "low"}, True),
        ("grok-4", {"reasoning_effort": "none"}, False),
        ("gpt-5.1", {"provider_options": {"store": True}}, False),
        ("gpt-5.1", {"provider_options": {"previous_response_id": "resp_1"}}, False),
    ],
)
def test_reasoning_is_asked_for_encrypted(model, options, asked):
    """Of models that reason, unless the provider keeps it; others refuse to be asked."""
    assert (ENCRYPTED in body_of(model=model, **options).get("include", [])) is asked


def test_a_conversation_that_the_provider_keeps():
    """Where an answer is gone on from, nothing is said against keeping."""
    body = body_of(provider_options={"previous_response_id": "resp_1"})
    assert "store" not in body
    assert body["previous_response_id"] == "resp_1"
    assert body_of(provider_options={"store": True})["store"] is True
    assert body_of(provider_options={"store": False})["store"] is False


def test_lists_of_the_providers_own_are_added_to_ours():
    """Tools that the provider runs stand beside one's own; more to include beside what is."""
    body = body_of(
        Context.new("Hello!", tools=[WEATHER]),
        model="gpt-5.1",
        tool_choice="required",
        provider_options={
            "tools": [{"type": "web_search"}],
            "include": ["web_search_call.action.sources", ENCRYPTED],
            "reasoning": {"summary": "auto"},
        },
    )
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert body["include"] == [ENCRYPTED, "web_search_call.action.sources"]
    assert body["reasoning"] == {"summary": "auto"}


def test_tools():
    """A tool says whether it is strict, which it would be if nothing were said."""
    body = body_of(
        Context.new("?", tools=[WEATHER, STRICT]),
        tool_choice={"name": "add"},
        parallel_tool_calls=False,
    )
    assert body["tools"] == [
        {
            "type": "function",
            "name": "get_weather",
            "description": "Weather of a city.",
            "parameters": CITY,
            "strict": False,
        },
        {"type": "function", "name": "add", "parameters": STRICT.parameters, "strict": True},
    ]
    assert body["tool_choice"] == {"type": "function", "name": "add"}
    assert body["parallel_tool_calls"] is False
    with pytest.raises(InvalidToolError, match="tool_choice names 'other'"):
        body_of(Context.new("?", tools=[WEATHER]), tool_choice={"name": "other"})


def test_a_choice_without_tools_is_not_sent():
    """It would be refused."""
    assert "tool_choice" not in body_of(tool_choice="auto", parallel_tool_calls=True)


# What the user says.
def test_what_a_user_says():
    """Images by bytes or address, files by bytes, address or id."""
    parts = [
        "Look.",
        ImagePart(b"png"),
        ImagePart(url="https://example.org/a.jpg"),
        ContentPart.file(PDF, "a.pdf"),
        ContentPart.file(b"gif", "a.gif", "image/gif"),
        FilePart(url="https://example.org/a.pdf"),
        FilePart(id="file_1"),
        FilePart(id="file_2", media_type="image/png"),
    ]
    (item,) = body_of(Context([Message.user(parts)]))["input"]
    assert item["role"] == "user"
    assert item["content"] == [
        {"type": "input_text", "text": "Look."},
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,cG5n"},
        {"type": "input_image", "detail": "auto", "image_url": "https://example.org/a.jpg"},
        {
            "type": "input_file",
            "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,JVBERi0xLjQgbWFkZSB1cA==",
        },
        {"type": "input_image", "detail": "auto", "image_url": "data:image/gif;base64,Z2lm"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_image", "detail": "auto", "file_id": "file_2"},
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ImagePart(), "it has neither bytes nor an address"),
        (FilePart(), "it has neither bytes, an address nor an id"),
        (ContentPart.file(b"x", "a.mp3", "audio/mpeg"), "it hears nothing"),
        (CustomPart("other-wire.x", {}), "give text, an image or a file"),
        (CustomPart("openai-responses.x", "text"), "expected its data to be an item"),
    ],
)
def test_what_a_user_cannot_say(part, words):
    """What the wire has no form for is refused with a hint."""
    with pytest.raises(InvalidContextError, match=words):
        body_of(Context([Message.user([part])]))


def test_leave_is_given_as_an_item():
    """An approval stands in a user's message, and is an item by itself."""
    given = {"approval_request_id": "mcpr_1", "approve": True}
    approval = CustomPart("openai-responses.mcp_approval_response", given)
    assert body_of(Context([Message.user([approval, "Go."])]))["input"] == [
        {"type": "mcp_approval_response", **given},
        {"role": "user", "content": "Go."},
    ]


def test_system_messages_keep_their_place():
    """Each is an item; one without text is none."""
    context = Context([Message.system("A"), Message.user("x"), Message.system("B")])
    assert [item["role"] for item in body_of(context)["input"]] == ["system", "user", "system"]
    assert codes(CONTEXTS["named"]) == ["name_not_sent"]


# What the model said.
def test_what_another_said_is_plain():
    """Text of another provider, or of one's own, has no id: sources stay behind."""
    cited = TextPart("So.", (Citation(url="u", raw={"type": "char_location"}),))
    assert answer(cited, RefusalPart(" No.")) == (
        [{"type": "message", "role": "assistant", "content": "So. No."}],
        [],
    )
    assert answer(TextPart("")) == ([], [])


def test_reasoning_of_others_stays_behind():
    """Signed by another, cut off, or without what takes it up again: warned of, not sent."""
    own = {"item_id": "rs_1", "summary_index": 0}
    for part in (
        ReasoningPart("Hm.", signature="EqQB"),
        ReasoningPart("Hm.", provider_metadata=own),
        ReasoningPart("Hm.", signature="E", provider_metadata=own, complete=False),
    ):
        items, warned = answer(part, "So.")
        assert items == [{"type": "message", "role": "assistant", "content": "So."}]
        assert warned == ["reasoning_not_sent"]


def test_ids_stay_behind_with_the_reasoning_that_they_need():
    """An item known by its id is refused without the reasoning that led to it."""
    thought = ReasoningPart("Hm.", provider_metadata={"item_id": "rs_1", "summary_index": 0})
    said = TextPart("So.", provider_metadata={"item_id": "msg_1", "phase": "commentary"})
    call = ToolCall("t1", "f", {}, "{}", provider_metadata={"item_id": "fc_1"})
    items, _ = answer(thought, said, call)
    assert items == [
        {"type": "message", "role": "assistant", "content": "So.", "phase": "commentary"},
        {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"},
    ]
    kept, warned = answer(thought, said, call, provider_options={"store": True})
    assert [item["id"] for item in kept] == ["rs_1", "msg_1", "fc_1"]
    assert warned == []


def test_reasoning_that_led_to_nothing_stays_behind():
    """It is refused without what it led to; an answer cut short may have come to nothing."""
    thought = ReasoningPart(signature="E", redacted=True, provider_metadata={"item_id": "rs_1"})
    assert answer(thought) == ([], ["content_not_sent"])
    items, _ = answer(thought, "So.")
    assert [item["type"] for item in items] == ["reasoning", "message"]


def test_calls_of_functions():
    """Arguments go back as the model wrote them; a call cut off and unanswered does not."""
    items, warned = answer(
        ToolCall("t1", "f", {"a": 1}, '{"a": 1}'),
        ToolCall("t2", "f", {"a": 1}, provider_metadata={"of": "another", "google": {}}),
        ToolCall("t3", "f", arguments_raw="{", invalid=True, complete=False),
        ToolCall("t4", "g", provider_executed=True),
        ToolResultPart("t4", "x", provider_executed=True),
        ToolCall("t5", "run", arguments_raw="ls", provider_metadata={"type": "custom"}),
    )
    assert items == [
        {"type": "function_call", "call_id": "t1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call", "call_id": "t2", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "t5", "name": "run", "input": "ls"},
    ]
    assert warned == ["tool_call_not_sent", "content_not_sent", "content_not_sent"]


def test_what_is_no_part_of_an_answer():
    """Files and custom parts of others are warned of."""
    items, warned = answer(FilePart(data=b"x"), CustomPart("other-wire.x", {}))
    assert (items, warned) == ([], ["content_not_sent", "content_not_sent"])


# What tools answered.
def answered(call, result, **more):
    context = Context(
        [Message.user("q"), Message.assistant([], [call]), Message.tool(call.id, result, **more)]
    )
    return body_of(context)["input"][-1]


def special(kind, **more):
    return ToolCall("t1", kind, {}, provider_metadata={"item_type": kind, **more})


def test_results_of_functions():
    """Text, JSON, or a list of text, images and files."""
    call = ToolCall("t1", "f")
    output = {"type": "function_call_output", "call_id": "t1"}
    assert answered(call, "x") == {**output, "output": "x"}
    assert answered(call, {"a": 1}) == {**output, "output": '{"a":1}'}
    assert answered(call, [TextPart("a"), TextPart("b")]) == {**output, "output": "ab"}
    assert answered(call, [TextPart("a"), ImagePart(url="https://example.org/a")]) == {
        **output,
        "output": [
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "detail": "auto", "image_url": "https://example.org/a"},
        ],
    }
    custom = ToolCall("t1", "run", arguments_raw="ls", provider_metadata={"type": "custom"})
    assert answered(custom, "x") == {
        "type": "custom_tool_call_output",
        "call_id": "t1",
        "output": "x",
    }


def test_results_of_the_wires_own_tools():
    """Each is written in its own form: a screen, what a shell said, whether a patch applied."""
    screen = answered(special("computer_call"), ImagePart(url="https://example.org/a"))
    assert screen["type"] == "computer_call_output"
    assert screen["output"] == {
        "type": "computer_screenshot",
        "image_url": "https://example.org/a",
    }
    assert answered(special("local_shell_call"), "x") == {
        "type": "local_shell_call_output",
        "id": "t1",
        "output": "x",
    }
    outcome = {"type": "exit", "exit_code": 0}
    assert answered(special("shell_call"), "x")["output"] == [
        {"stdout": "x", "stderr": "", "outcome": outcome}
    ]
    failed = answered(special("shell_call"), "x", is_error=True)["output"]
    assert failed == [{"stdout": "", "stderr": "x", "outcome": {**outcome, "exit_code": 1}}]
    own = [{"stdout": "a", "stderr": "b", "outcome": {"type": "timeout"}}]
    assert answered(special("shell_call"), own)["output"] == own
    patch = answered(special("apply_patch_call"), "no such file", is_error=True)
    assert (patch["status"], patch["output"]) == ("failed", "no such file")
    found = answered(special("tool_search_call"), [{"type": "function", "name": "f"}])
    assert (found["execution"], found["tools"]) == ("client", [{"type": "function", "name": "f"}])
    whole = {"type": "apply_patch_call_output", "call_id": "t1", "status": "completed"}
    assert answered(special("apply_patch_call"), whole) == whole


@pytest.mark.parametrize(
    ("kind", "result", "words"),
    [
        ("computer_call", "done", "expected one image, the screen"),
        ("tool_search_call", "none", "expected a list of tools"),
        ("web_search_call", "x", "runs web_search_call itself"),
    ],
)
def test_results_that_such_a_tool_cannot_have(kind, result, words):
    """The error says what was expected."""
    with pytest.raises(InvalidContextError, match=words):
        answered(special(kind), result)


# There and back again.
ANNOTATION = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2}
TEXT = {"type": "output_text", "text": "Hello", "annotations": [ANNOTATION]}
ITEMS = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [
            {"type": "summary_text", "text": "Hm."},
            {"type": "summary_text", "text": "So."},
        ],
        "content": [{"type": "reasoning_text", "text": "Well."}],
        "encrypted_content": "E",
    },
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [TEXT, {"type": "refusal", "refusal": "No."}],
        "phase": "commentary",
    },
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "t1",
        "name": "f",
        "arguments": '{ "a": 1}',
        "namespace": "n",
    },
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "t2", "name": "run", "input": "ls"},
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "x", "queries": ["x"]},
    },
    {
        "type": "file_search_call",
        "id": "fs_1",
        "status": "completed",
        "queries": ["x"],
        "results": [{"text": "y"}],
    },
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "code": "1",
        "container_id": "c",
        "outputs": [{"type": "logs", "logs": "1"}],
    },
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAEC"},
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "name": "ask",
        "server_label": "s",
        "arguments": "{}",
        "output": "y",
    },
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": []},
    {
        "type": "mcp_approval_request",
        "id": "mcpr_1",
        "name": "ask",
        "server_label": "s",
        "arguments": "{}",
    },
    {
        "type": "computer_call",
        "id": "cu_1",
        "call_id": "t3",
        "status": "completed",
        "action": {"type": "screenshot"},
        "pending_safety_checks": [],
    },
    {
        "type": "computer_call",
        "id": "cu_2",
        "call_id": "t4",
        "status": "completed",
        "actions": [{"type": "screenshot"}],
        "pending_safety_checks": [{"id": "sc_1"}],
    },
    {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "t5",
        "status": "completed",
        "action": {"type": "exec", "command": ["ls"], "env": {}},
    },
    {
        "type": "shell_call",
        "id": "sh_1",
        "call_id": "t6",
        "status": "completed",
        "action": {"commands": ["ls"]},
        "environment": {"type": "local"},
    },
    {
        "type": "shell_call",
        "id": "sh_2",
        "call_id": "t7",
        "status": "completed",
        "action": {"commands": ["ls"]},
        "environment": {"type": "container_reference", "container_id": "c"},
    },
    {
        "type": "shell_call_output",
        "id": "sho_2",
        "call_id": "t7",
        "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
    },
    {
        "type": "apply_patch_call",
        "id": "apc_1",
        "call_id": "t8",
        "status": "completed",
        "operation": {"type": "create_file", "path": "a", "diff": "+a"},
    },
    {
        "type": "tool_search_call",
        "id": "tsc_1",
        "status": "completed",
        "execution": "server",
        "arguments": {"q": 1},
    },
    {
        "type": "tool_search_output",
        "id": "tso_1",
        "status": "completed",
        "execution": "server",
        "tools": [],
    },
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "E"},
    {"type": "program", "id": "p_1", "call_id": "t9", "code": "f()", "fingerprint": "x"},
    {"type": "program_output", "id": "po_1", "call_id": "t9", "result": "1", "status": "completed"},
]


def stream_of(items):
    """Return the events of an answer, whose items come at their end, whole."""
    response = {"id": "r", "object": "response", "model": "m", "status": "completed", "output": []}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    for place, item in enumerate(items):
        yield {"type": "response.output_item.done", "output_index": place, "item": item}
    yield {"type": "response.completed", "response": response}


def written(items):
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in stream_of(items))
    response = decode_stream("openai-responses", body)
    assert response.state == "complete"
    return encode("gpt-4.1", Context([Message.user("q"), response.message]), {})


def test_every_kind_of_item_goes_back_as_it_came():
    """An answer of all kinds of items, written into the next request, is these items."""
    body, warnings = written(ITEMS)
    assert body["input"][1:] == ITEMS
    assert warnings == []


@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in ITEMS])
def test_every_kind_of_item_fits_the_sdk(item):
    """What goes back is what the SDK's types let a caller send."""
    body, _ = written([item, {**ITEMS[1], "id": "msg_2"}])  # reasoning alone does not go back
    assert len(body["input"]) == 3
    assert vendor_types.problems("openai-responses", body) == []


def test_an_answer_that_was_cut_off():
    """Of calls that were cut off nothing goes back; what was whole before does."""
    events = list(stream_of(ITEMS[:2]))[:-1]
    call = {"type": "function_call", "id": "fc_1", "call_id": "t1", "name": "f", "arguments": ""}
    events += [
        {"type": "response.output_item.added", "output_index": 2, "item": call},
        {
            "type": "response.function_call_arguments.delta",
            "output_index": 2,
            "delta": '{"city": "Os',
        },
    ]
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    response = decode_stream("openai-responses", body)
    assert response.state == "incomplete"
    made, warnings = encode("gpt-4.1", Context([Message.user("q"), response.message]), {})
    assert made["input"][1:] == ITEMS[:2]
    assert [warning.code for warning in warnings] == ["tool_call_not_sent"]
