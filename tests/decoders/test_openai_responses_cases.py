"""The Responses decoder reads what servers of the wire really send."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from reqllm import chunk as c
from reqllm.content import CustomPart, ReasoningPart, TextPart, ToolCall, ToolResultPart
from reqllm.response import Response
from tests.loopback import wire_openai, wire_responses
from tests.loopback.catalogue import BOTH
from tests.loopback.wording import Options

from .cases import Case, check_case
from .invariants import check_stream
from .openai_responses_cases import (
    BEGUN,
    CALLS,
    END,
    HELLO,
    MESSAGES,
    PART,
    added,
    arguments,
    done,
    ended,
    function,
    message,
    numbered,
    output_text,
    response,
    said,
    text,
)

WIRE = "openai-responses"


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in (*MESSAGES, *CALLS)])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


def read(*events: dict[str, Any], end: dict[str, Any] = END) -> Response:
    got = check_stream(WIRE, numbered(*BEGUN, *events, end))
    assert got.state == "complete"
    return got


# Reasoning.
def test_reasoning_keeps_what_must_go_back() -> None:
    """R09: the encrypted content is that of the item's end, and the item's id is known."""
    whole = {
        "id": "rs_0",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "content": [{"type": "reasoning_text", "text": "Well."}],
        "encrypted_content": "E",
    }
    got = read(added({"id": "rs_0", "type": "reasoning", "summary": []}), done(whole))
    summary = {"item_id": "rs_0", "summary_index": 0}
    content = {"item_id": "rs_0", "content_index": 0}
    assert got.content == (
        ReasoningPart("Hm.", signature="E", provider_metadata=summary),
        ReasoningPart("Well.", signature="E", provider_metadata=content),
    )


def test_reasoning_that_nobody_may_read_is_there_all_the_same() -> None:
    """An item without any text is a block, marked as such, with what must go back."""
    item = {"id": "rs_0", "type": "reasoning", "summary": []}
    got = read(added(item), done({**item, "encrypted_content": "E"}))
    metadata = {"item_id": "rs_0"}
    assert got.content == (ReasoningPart(signature="E", redacted=True, provider_metadata=metadata),)


# Text.
def test_a_message_keeps_its_id_and_phase() -> None:
    """What else the item says goes with its text, for it must go back."""
    item = message(output_text("Hello"), phase="commentary")
    got = read(added({**item, "content": []}), text("Hello"), done(item))
    metadata = {"item_id": "msg_0", "phase": "commentary"}
    assert got.content == (TextPart("Hello", provider_metadata=metadata),)


def test_sources_are_told_once() -> None:
    """A source that came by itself is not told again with the whole of the text."""
    url = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "a.txt", "index": 3}
    got = read(
        *HELLO[:4],
        said("output_text.annotation.added", output_index=0, annotation_index=0, annotation=url),
        done(message(output_text("Hello", annotations=[url, file]))),
    )
    assert [citation.raw for citation in got.citations] == [url, file]
    first, second = got.citations
    assert (first.kind, first.url, first.title, first.start, first.end) == ("url", "u", "t", 0, 2)
    assert (second.kind, second.title, second.source_index) == ("file", "a.txt", 3)


def test_log_probabilities_are_told_once() -> None:
    """Those of the deltas count; those of the whole only where no delta had any."""
    one, two = [{"token": "He"}], [{"token": "llo"}]
    whole = output_text("Hello", logprobs=one + two)
    streamed = read(*HELLO[:2], {**text("Hello"), "logprobs": one}, done(message(whole)))
    assert streamed.logprobs == tuple(one)
    assert read(done(message(whole))).logprobs == tuple(one + two)


# What the provider runs itself.
RAN = {
    "web_search": (
        {"id": "ws_0", "type": "web_search_call"},
        {"action": {"type": "search", "query": "x"}},
        {"type": "search", "query": "x"},
    ),
    "file_search": (
        {"id": "fs_0", "type": "file_search_call", "queries": []},
        {"queries": ["x"], "results": [{"text": "y"}]},
        {"queries": ["x"]},
    ),
    "ask": (
        {"id": "mcp_0", "type": "mcp_call", "name": "ask", "server_label": "s", "arguments": ""},
        {"arguments": '{"q":1}', "output": "y"},
        {"q": 1},
    ),
    "code_interpreter": (
        {"id": "ci_0", "type": "code_interpreter_call", "code": "", "container_id": "c"},
        {"code": "1 + 1", "outputs": [{"type": "logs", "logs": "2"}]},
        {"container_id": "c", "code": "1 + 1"},
    ),
    "image_generation": (
        {"id": "ig_0", "type": "image_generation_call"},
        {"revised_prompt": "a cat"},
        {},
    ),
}


@pytest.mark.parametrize("name", RAN)
def test_what_the_provider_ran_is_a_call_and_its_result(name: str) -> None:
    """The call says what was asked, the result is the item as it came; neither is the caller's."""
    known, more, expected = RAN[name]
    whole = {"status": "completed", **known, **more}
    got = read(added(known), done(whole))
    call, result = got.content
    assert isinstance(call, ToolCall)
    assert (call.name, dict(call.arguments), call.provider_executed) == (name, expected, True)
    assert not call.invalid
    assert result == ToolResultPart(call.id, whole, name=name, provider_executed=True)
    assert got.finish_reason == c.Finish("stop", "completed")


def test_a_call_that_failed_at_the_provider_is_told() -> None:
    """The result of an MCP call that failed is an error."""
    item = {"id": "mcp_0", "type": "mcp_call", "name": "ask", "arguments": "{}", "error": {"a": 1}}
    result = read(done({**item, "status": "failed"})).content[1]
    assert isinstance(result, ToolResultPart)
    assert result.is_error


def test_an_image_is_a_file() -> None:
    """The image of a call is bytes with their type, beside the result that goes back."""
    item = {"id": "ig_0", "type": "image_generation_call", "output_format": "webp"}
    preview = said(
        "image_generation_call.partial_image",
        output_index=0,
        partial_image_index=0,
        partial_image_b64="AA==",
    )
    got = read(added(item), preview, done({**item, "result": "AAEC"}))
    (file,) = got.files
    assert (file.data, file.media_type, file.id) == (b"\x00\x01\x02", "image/webp", "ig_0")
    custom = [chunk for chunk in got.chunks if isinstance(chunk, c.CustomChunk)]
    assert [chunk.custom_kind for chunk in custom] == [
        "openai-responses.image_generation_call.partial_image"
    ]
    assert custom[0].data["partial_image_b64"] == "AA=="


def test_an_image_without_its_padding_is_an_image() -> None:
    """Some leave out the marks at the end."""
    item = {"id": "ig_0", "type": "image_generation_call", "result": "AAE"}
    assert [file.data for file in read(done(item)).files] == [b"\x00\x01"]


def test_an_image_that_is_none_is_told() -> None:
    """What is no base64 is no file."""
    item = {"id": "ig_0", "type": "image_generation_call", "result": "no base64!"}
    got = read(done(item))
    assert (got.files, [warning.code for warning in got.warnings]) == ((), ["bad_base64"])


# Arguments that come as bare text.
def pieces(family: str, *deltas: str, **members: Any) -> list[dict[str, Any]]:
    return [said(f"{family}.delta", output_index=0, delta=delta, **members) for delta in deltas]


def test_code_grows_as_json() -> None:
    """The fragments of code, joined, are one JSON object; its quotes and lines are escaped."""
    code = 'print("a")\n\ud83d\ude00'
    known, _, _ = RAN["code_interpreter"]
    got = read(
        added(known),
        *pieces("code_interpreter_call_code", 'print("', 'a")\n', "\ud83d", "\ude00"),
        said("code_interpreter_call_code.done", output_index=0, code=code),
        done({**known, "code": code, "outputs": []}),
    )
    (call,) = got.tool_calls
    assert call.arguments == {"container_id": "c", "code": 'print("a")\n😀'}
    assert not got.warnings
    starts = [chunk.arguments_delta for chunk in got.chunks if chunk.kind == "tool_call_delta"]
    assert starts[0] == '{"container_id":"c","code":"print(\\"'


def test_commands_and_diffs_grow_as_json() -> None:
    """A shell's commands are a list that grows, a patch's diff is a text that does."""
    commands = {"commands": ['echo "a"', "ls"], "timeout_ms": 5}
    shell = {"id": "sh_0", "type": "shell_call", "call_id": "t0", "action": {"commands": []}}
    got = read(
        added(shell),
        said("shell_call_command.added", output_index=0, command_index=0, command=""),
        *pieces("shell_call_command", "echo ", '"a"', command_index=0),
        said("shell_call_command.done", output_index=0, command_index=0, command='echo "a"'),
        said("shell_call_command.added", output_index=0, command_index=1, command="l"),
        *pieces("shell_call_command", "s", command_index=1),
        done({**shell, "action": commands}),
    )
    assert (got.tool_calls[0].name, got.tool_calls[0].arguments) == ("shell", commands)
    assert (got.warnings, got.tool_calls[0].provider_executed) == ((), False)
    operation = {"type": "update_file", "path": "a", "diff": "-a\n+b"}
    patch = {"id": "ap_0", "type": "apply_patch_call", "call_id": "t0"}
    got = read(
        added({**patch, "operation": {**operation, "diff": ""}}),
        *pieces("apply_patch_call_operation_diff", "-a\n", "+b"),
        said("apply_patch_call_operation_diff.done", output_index=0, diff="-a\n+b"),
        done({**patch, "operation": operation}),
    )
    assert (got.tool_calls[0].name, got.tool_calls[0].arguments) == ("apply_patch", operation)
    assert got.finish_reason == c.Finish("tool_calls", "completed")
    assert not got.warnings


def test_composed_arguments_that_differ_at_the_end() -> None:
    """The item at its end counts, as everywhere."""
    known, _, _ = RAN["code_interpreter"]
    got = read(
        added(known),
        *pieces("code_interpreter_call_code", "1 + 2"),
        done({**known, "code": "1 + 1"}),
    )
    assert got.tool_calls[0].arguments == {"container_id": "c", "code": "1 + 1"}
    assert [warning.code for warning in got.warnings] == ["arguments_differ"]


def test_composed_arguments_without_an_end_are_closed() -> None:
    """Where the item never ends, what came is JSON all the same."""
    known, _, _ = RAN["code_interpreter"]
    got = read(added(known), *pieces("code_interpreter_call_code", "1 +"))
    assert got.tool_calls[0].arguments == {"container_id": "c", "code": "1 +"}


# Whose a call is.
@pytest.mark.parametrize(
    ("item", "executed"),
    [
        ({"type": "shell_call", "environment": {"type": "container_reference"}}, True),
        ({"type": "shell_call", "environment": {"type": "local"}}, False),
        ({"type": "shell_call"}, False),
        ({"type": "tool_search_call", "execution": "server"}, True),
        ({"type": "tool_search_call", "execution": "client"}, False),
        ({"type": "computer_call", "action": {"type": "click"}}, False),
        ({"type": "local_shell_call", "action": {"type": "exec"}}, False),
    ],
)
def test_who_runs_a_call(item: dict[str, Any], executed: bool) -> None:
    """What the provider runs in its own rooms is not the caller's to run, and ends no answer."""
    got = read(done({"id": "x_0", "call_id": "t0", **item}))
    assert got.tool_calls[0].provider_executed is executed
    assert got.finish_reason is not None
    assert got.finish_reason.reason == ("stop" if executed else "tool_calls")


@pytest.mark.parametrize(
    ("tools", "executed"),
    [
        ([{"type": "x_search"}], True),
        ([{"type": "x_search"}, {"type": "custom", "name": "run"}], False),
        ([{"type": "x_search"}, {"type": "namespace", "name": "n"}], False),
        ([{"type": "function", "name": "f"}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_custom_tool_that_nobody_offered_is_the_providers(tools: Any, executed: bool) -> None:
    """xAI runs tools of its own as custom ones; the answer says which tools were offered."""
    created = said("created", response=response("in_progress", tools=tools))
    item = {"id": "c_0", "type": "custom_tool_call", "call_id": "t0", "name": "run", "input": "{}"}
    got = check_stream(WIRE, numbered(created, done(item), END))
    assert got.tool_calls[0].provider_executed is executed


@pytest.mark.parametrize(
    ("tools", "status", "executed"),
    [
        ([{"type": "web_search"}], "completed", True),
        ([{"type": "web_search"}], "in_progress", False),
        ([{"type": "web_search"}, {"type": "function", "name": "f"}], "completed", False),
        ([{"type": "web_search"}, {"type": "tool_search"}], "completed", False),
        ([{"type": "function", "name": "g"}], "completed", False),
    ],
)
def test_a_function_that_nobody_offered_and_that_begins_whole_is_the_providers(
    tools: Any, status: str, executed: bool
) -> None:
    """Perplexity begins a search as such a call, and ends it as what was found."""
    created = said("created", response=response("in_progress", tools=tools))
    item = {"id": "f_0", "type": "function_call", "call_id": "t0", "name": "f", "arguments": "{}"}
    found = {"type": "search_results", "results": []}
    body = numbered(created, added({**item, "status": status}), done(found), END)
    got = check_stream(WIRE, body)
    assert got.tool_calls[0].provider_executed is executed
    assert got.content[1] == CustomPart(
        "openai-responses.search_results", {"status": "completed", **found}
    )
    assert got.finish_reason is not None
    assert got.finish_reason.reason == ("stop" if executed else "tool_calls")


def test_a_search_of_tools_and_what_it_found() -> None:
    """The call has no id of its own; its result is the item that follows."""
    call = {"id": "tsc_0", "type": "tool_search_call", "call_id": None, "execution": "server"}
    found = {"id": "tso_0", "type": "tool_search_output", "call_id": None, "tools": [{"a": 1}]}
    got = read(done({**call, "arguments": {"q": 1}}), done(found, 1))
    first, second = got.content
    assert isinstance(first, ToolCall)
    assert (first.id, first.name, first.arguments) == ("tsc_0", "tool_search", {"q": 1})
    assert isinstance(second, ToolResultPart)
    assert (second.tool_call_id, second.result) == ("tsc_0", {"status": "completed", **found})


# Other items.
def test_other_items_are_kept_as_they_came() -> None:
    """Lists of tools, compactions and items newer than this package go back as they are."""
    items = [
        {"id": "l_0", "type": "mcp_list_tools", "server_label": "s", "tools": []},
        {"id": "cmp_0", "type": "compaction", "encrypted_content": "E"},
        {"id": "h_0", "type": "hologram", "light": "blue"},
    ]
    got = read(*(done(item, place) for place, item in enumerate(items)))
    assert got.content == tuple(
        CustomPart(f"openai-responses.{item['type']}", {"status": "completed", **item})
        for item in items
    )


def test_an_item_that_never_ends_is_kept_as_it_began() -> None:
    """What is known of it is handed out at the end."""
    got = read(added({"id": "h_0", "type": "hologram", "light": "blue"}))
    (part,) = got.content
    assert isinstance(part, CustomPart)
    assert part.data["light"] == "blue"


def test_leave_to_run_a_tool_is_asked_for() -> None:
    """An MCP server waits for leave: the request is a chunk, and an item that goes back."""
    item = {"id": "mcpr_0", "type": "mcp_approval_request", "name": "ask", "arguments": "{}"}
    got = read(done(item))
    asked = [chunk for chunk in got.chunks if isinstance(chunk, c.ToolApprovalRequest)]
    assert [(chunk.id, chunk.raw["name"]) for chunk in asked] == [("mcpr_0", "ask")]
    assert isinstance(got.content[0], CustomPart)


def test_audio_is_bytes_and_its_transcript_text() -> None:
    """Audio that was cut anywhere is put together; what was said is text."""
    got = read(
        said("audio.delta", delta="AAE"),
        said("audio.transcript.delta", delta="He"),
        said("audio.delta", delta="CAwQ="),
        said("audio.transcript.delta", delta="y."),
        said("audio.transcript.done"),
        said("audio.done"),
    )
    assert (got.files[0].data, got.text) == (b"\x00\x01\x02\x03\x04", "Hey.")


def test_progress_is_told_as_it_came() -> None:
    """A reader may show that a search goes on; the event holds all there is."""
    step = said("web_search_call.searching", output_index=0, item_id="ws_0")
    got = read(added({"id": "ws_0", "type": "web_search_call"}), step)
    (chunk,) = (chunk for chunk in got.chunks if isinstance(chunk, c.CustomChunk))
    assert chunk.custom_kind == "openai-responses.web_search_call.searching"
    assert (chunk.data["item_id"], chunk.index) == ("ws_0", None)


def test_what_only_the_end_says_is_read() -> None:
    """An item that began is made whole by the end of the answer, where its own end never came."""
    item = {"id": "rs_0", "type": "reasoning", "summary": []}
    whole = {**item, "encrypted_content": "E"}
    got = read(
        added(item),
        added(function(1), 1),
        end=ended(output=[whole, function(1, '{"a":1}')]),
    )
    assert got.content[0].signature == "E"  # type: ignore[attr-defined]
    assert got.tool_calls[0].arguments == {"a": 1}


# Servers that are careless.
def test_items_of_one_place_are_told_apart_by_their_ids() -> None:
    """A server that says place 0 of every item is read by the ids, though calls grow by turns."""
    one, two = function(0), {**function(1), "name": "g"}
    got = read(
        added(one),
        added(two, 0),
        arguments('{"a":', 0),
        said("function_call_arguments.delta", item_id="fc_1", output_index=0, delta='{"b":2}'),
        arguments("1}", 0),
        done({**two, "arguments": '{"b":2}'}, 0),
        done({**one, "arguments": '{"a":1}'}, 0),
    )
    assert [(call.id, call.arguments) for call in got.tool_calls] == [
        ("t0", {"a": 1}),
        ("t1", {"b": 2}),
    ]
    assert got.warnings == ()


def test_items_of_one_id_are_told_apart_by_their_places() -> None:
    """Some servers give all items of a kind the same id."""
    got = read(
        added({**message(), "id": "same"}),
        added({**message(), "id": "same", "status": "x"}, 1),
        {**text("He"), "item_id": "same"},
        {**text("By", 1), "item_id": "same"},
        {**text("llo"), "item_id": "same"},
        {**text("e", 1), "item_id": "same"},
    )
    assert [part.content for part in got.content] == ["Hello", "Bye"]  # type: ignore[attr-defined]


def test_a_character_cut_in_two_whose_other_half_only_the_end_says() -> None:
    """The whole has it; the half that was held back is not told beside it."""
    call = function(0)
    got = read(
        added(call),
        arguments('{"a":"\ud83d'),
        done({**call, "arguments": '{"a":"\ud83d\ude00"}'}),
    )
    assert (got.tool_calls[0].arguments, got.warnings) == ({"a": "😀"}, ())
    got = read(added(message()), text("\ud83d"), done(message(output_text("\ud83d\ude00"))))
    assert (got.text, got.warnings) == ("😀", ())


def test_reasoning_and_text_in_one_place() -> None:
    """Items of different kinds are told apart even without ids."""
    got = read(
        said("reasoning_text.delta", output_index=0, delta="Hm."),
        said("output_text.delta", output_index=0, delta="So."),
        said("reasoning_text.delta", output_index=0, delta=" Yes."),
    )
    assert (got.thinking, got.text) == ("Hm. Yes.", "So.")


def test_reasoning_that_is_a_summary_only_at_its_end() -> None:
    """What was streamed as the reasoning itself is not told again as its summary."""
    item = {"id": "rs_0", "type": "reasoning", "summary": []}
    got = read(
        added(item),
        said("reasoning_text.delta", output_index=0, content_index=0, delta="Hm."),
        done({**item, "summary": [{"type": "summary_text", "text": "Hm."}]}),
    )
    assert got.thinking == "Hm."


def test_parts_that_are_numbered_otherwise_at_the_end() -> None:
    """A part is not told again because its number is another one."""
    got = read(added(message()), text("Hello", part=1), done(message(output_text("Hello"))))
    assert got.text == "Hello"


def test_text_that_only_the_item_says_after_its_part_had_ended() -> None:
    """It is handed out all the same, in a block of its own."""
    got = read(
        added(message()),
        PART,
        said("content_part.done", output_index=0, content_index=0, part=output_text("")),
        done(message(output_text("Hello"))),
    )
    assert got.text == "Hello"


def test_reasoning_whose_end_never_came() -> None:
    """Its item is known, but not what is whole only at its end."""
    item = {"id": "rs_0", "type": "reasoning", "summary": [], "encrypted_content": "half"}
    got = read(added(item), *HELLO)
    assert got.content[0] == ReasoningPart(redacted=True, provider_metadata={"item_id": "rs_0"})


def test_a_part_of_a_kind_that_we_do_not_know() -> None:
    """It is handed out once, by its own events or with its item."""
    part = {"type": "hologram", "light": "blue"}
    for events in (
        [added(message()), said("content_part.added", output_index=0, content_index=0, part=part)],
        [],
    ):
        got = read(*events, done(message(part, output_text("Hello"))))
        custom = [chunk for chunk in got.chunks if isinstance(chunk, c.CustomChunk)]
        assert len(custom) == 1
        assert got.text == "Hello"


def test_a_command_that_was_cut_off_is_never_run() -> None:
    """Half a command is a command, too: what was cut off is no JSON, whatever it looks like."""
    shell = {"id": "sh_0", "type": "shell_call", "call_id": "t0", "action": {"commands": []}}
    cut = {**shell, "status": "incomplete", "action": {"commands": ["rm -r /tmp"]}}
    grown = pieces("shell_call_command", "rm -r /tmp", command_index=0)
    end = ended("incomplete", incomplete_details={"reason": "max_output_tokens"})
    for events in ([added(shell), *grown, done(cut)], [added(shell), *grown], [done(cut)]):
        (call,) = read(*events, end=end).tool_calls
        assert call.invalid
        assert call.arguments == {}
        assert "rm -r /tmp" in (call.arguments_raw or "")


# What the loopback server says in this wire, and in the older one of the same provider.
SPOKEN = [
    "text",
    "unicode",
    "empty",
    "length",
    "content_filter",
    "cached",
    "tools",
    "parallel_tools",
    "text_and_tools",
    "tool_no_arguments",
    "tool_cut",
    "reasoning",
    "refusal",
]


@pytest.mark.parametrize("name", SPOKEN)
def test_the_same_answer_is_read_from_its_stream_and_as_a_whole(name: str) -> None:
    """A server that ignored `stream` is read as one that did not; usage and ending are the same."""
    options = Options(model="m", seed="3")
    stream = check_stream(WIRE, b"".join(wire_responses.events(BOTH[name], options)))
    whole = check_stream(WIRE, json.dumps(wire_responses.whole(BOTH[name], options)).encode())
    assert (stream.state, stream.warnings) == ("complete", ())
    assert [warning.code for warning in whole.warnings] == ["server_ignored_stream"]
    told = [
        (each.content, each.finish_reason, each.usage, each.id, each.model)
        for each in (stream, whole)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", [name for name in SPOKEN if name != "reasoning"])
def test_an_answer_means_what_it_means_on_the_older_wire(name: str) -> None:
    """Text, refusal, calls, reason and counts are those of the same answer by chat completions."""
    options = Options(model="m", seed="3")
    ours = check_stream(WIRE, b"".join(wire_responses.events(BOTH[name], options)))
    older = check_stream("openai-chat", b"".join(wire_openai.events(BOTH[name], options)))
    # Only the older wire counts audio.
    uncounted = {"raw": {}, "input_audio_tokens": None, "output_audio_tokens": None}
    told = [
        (
            *(each.text, each.refusal, each.finish_reason and each.finish_reason.reason),
            [(call.name, call.arguments_raw, call.invalid) for call in each.tool_calls],
            each.usage and msgspec.structs.replace(each.usage, **uncounted),
        )
        for each in (ours, older)
    ]
    assert told[0] == told[1]
