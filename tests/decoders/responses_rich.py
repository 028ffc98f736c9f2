"""Responses streams in which every kind of event and of item occurs, with all its members."""

from __future__ import annotations

from typing import Any


def event(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **members}


def item(known: dict[str, Any], whole: dict[str, Any], *between: dict[str, Any]) -> list[Any]:
    """Return the events of one item, from its beginning to its end."""
    named = {"id": "i0", "status": "completed", **known}
    return [
        event("output_item.added", output_index=0, item=named, sequence_number=3),
        *between,
        event("output_item.done", output_index=0, item={**named, **whole}),
    ]


def grown(family: str, delta: str, **members: Any) -> dict[str, Any]:
    return event(f"{family}.delta", output_index=0, item_id="i0", delta=delta, **members)


URL = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
LOGPROB = {"token": "a", "logprob": -0.1, "top_logprobs": []}
TEXT = {"type": "output_text", "text": "ab", "annotations": [URL], "logprobs": [LOGPROB]}
RESPONSE = {
    "id": "c1",
    "object": "response",
    "model": "m",
    "status": "in_progress",
    "output": [],
    "tools": [{"type": "custom", "name": "free"}],
    "service_tier": "default",
    "error": None,
}
ACTION = {"commands": ["ls"], "timeout_ms": 1}
BEGINNING = [event("created", response=RESPONSE), event("queued", response=RESPONSE)]
ITEMS = (
    item(
        {"type": "reasoning", "summary": [], "encrypted_content": "e"},
        {"summary": [{"type": "summary_text", "text": "ab"}], "content": [{"text": "x"}]},
        event(
            "reasoning_summary_part.added",
            output_index=0,
            summary_index=0,
            part={"type": "summary_text", "text": ""},
        ),
        grown("reasoning_summary_text", "a", summary_index=0, obfuscation="x"),
        event("reasoning_summary_text.done", output_index=0, summary_index=0, text="ab"),
        grown("reasoning_text", "x", content_index=0),
    ),
    item(
        {"type": "message", "role": "assistant", "content": [], "phase": "commentary"},
        {"content": [TEXT, {"type": "refusal", "refusal": "no"}, {"type": "hologram"}]},
        event("content_part.added", output_index=0, content_index=0, part={**TEXT, "text": ""}),
        grown("output_text", "a", content_index=0, logprobs=[LOGPROB]),
        event(
            "output_text.annotation.added",
            output_index=0,
            content_index=0,
            annotation_index=0,
            annotation=URL,
        ),
        grown("output_text", "b", content_index=0),
        event("output_text.done", output_index=0, content_index=0, text="ab", logprobs=[]),
        event("content_part.done", output_index=0, content_index=0, part=TEXT),
        grown("refusal", "no", content_index=1),
        event("refusal.done", output_index=0, content_index=1, refusal="no"),
    ),
    item(
        {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "", "namespace": "n"},
        {"arguments": '{"a":1}'},
        grown("function_call_arguments", '{"a":'),
        event("function_call_arguments.done", output_index=0, arguments='{"a":1}'),
    ),
    item(
        {"type": "custom_tool_call", "call_id": "t2", "name": "free", "input": ""},
        {"input": "x y"},
        grown("custom_tool_call_input", "x"),
        event("custom_tool_call_input.done", output_index=0, input="x y"),
    ),
    item(
        {"type": "code_interpreter_call", "container_id": "c", "code": "", "outputs": None},
        {"code": "1\n", "outputs": [{"type": "logs", "logs": "1"}]},
        grown("code_interpreter_call_code", "1\n"),
        event("code_interpreter_call_code.done", output_index=0, code="1\n"),
        event("code_interpreter_call.interpreting", output_index=0),
    ),
    item(
        {"type": "shell_call", "call_id": "t3", "action": {"commands": []}, "environment": None},
        {"action": ACTION, "environment": {"type": "local"}},
        event("shell_call_command.added", output_index=0, command_index=0, command=""),
        event("shell_call_command.delta", output_index=0, command_index=0, delta="ls"),
        event("shell_call_command.done", output_index=0, command_index=0, command="ls"),
    ),
    item(
        {"type": "mcp_call", "name": "g", "server_label": "s", "arguments": "", "error": None},
        {"arguments": "{}", "output": "x", "error": {"type": "x"}},
        grown("mcp_call_arguments", "{}"),
    ),
    item(
        {"type": "image_generation_call", "output_format": "png"},
        {"result": "AAEC"},
        event(
            "image_generation_call.partial_image",
            output_index=0,
            partial_image_index=0,
            partial_image_b64="AAEC",
        ),
    ),
    item({"type": "web_search_call"}, {"action": {"type": "search", "query": "x"}}),
    item({"type": "mcp_approval_request", "name": "g", "arguments": "{}"}, {}),
    item({"type": "tool_search_output", "call_id": None, "tools": []}, {}),
    item(
        {"type": "apply_patch_call", "call_id": "t4", "operation": {"type": "x", "diff": ""}},
        {"operation": {"type": "x", "diff": "+a"}},
        grown("apply_patch_call_operation_diff", "+a"),
    ),
    item({"type": "computer_call", "call_id": "t5"}, {"actions": [{"type": "click"}]}),
)
OTHERS = [
    event("audio.delta", delta="AAEC"),
    event("audio.transcript.delta", delta="hi"),
    {"object": "response.delta", "delta": {"type": "content_part.delta", "text": "a", "index": 9}},
]
END = [
    event(
        "completed",
        response={
            **RESPONSE,
            "status": "completed",
            "output": [{"id": "late", "type": "message", "content": [TEXT]}],
            "incomplete_details": None,
            "usage": {
                "input_tokens": 1,
                "input_tokens_details": {"cached_tokens": 1},
                "output_tokens": 2,
                "output_tokens_details": {"reasoning_tokens": 1},
                "total_tokens": 3,
            },
        },
    ),
]
RESPONSES_RICH: list[list[Any]] = [
    [*BEGINNING, *OTHERS, *END],
    *([BEGINNING[0], *events, event("completed", response={})] for events in ITEMS),
]
