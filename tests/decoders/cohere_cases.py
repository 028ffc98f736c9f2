"""What Cohere's v2 chat sends, as bytes."""

from __future__ import annotations

import json
from typing import Any

from reqllm import errors as e

from .cases import Call, Case

USAGE = {
    "billed_units": {"input_tokens": 1, "output_tokens": 2},
    "tokens": {"input_tokens": 10, "output_tokens": 4},
    "cached_tokens": 8,
}
COUNTS = {
    "input_tokens": 10,
    "output_tokens": 4,
    "total_tokens": 14,
    "cache_read_input_tokens": 8,
    "reasoning_output_tokens": None,
}
DONE = b"data: [DONE]\n\n"


def event(value: Any, *, named: bool = True, typed: bool = True) -> bytes:
    """Return an event with its type in its name, in its JSON, or in both."""
    said = value if typed else {key: item for key, item in value.items() if key != "type"}
    head = f"event: {value['type']}\n" if named else ""
    return f"{head}data: {json.dumps(said, separators=(',', ':'))}\n\n".encode()


def message(kind: str, index: int | None = 0, **members: Any) -> dict[str, Any]:
    place = {} if index is None else {"index": index}
    return {"type": kind, **place, "delta": {"message": members}}


START = event({**message("message-start", None, role="assistant", content=[]), "id": "c1"})


def content_start(kind: str = "text", index: int = 0, said: str = "") -> bytes:
    return event(message("content-start", index, content={"type": kind, kind: said}))


def content(said: str, index: int = 0, kind: str = "text") -> bytes:
    return event(message("content-delta", index, content={kind: said}))


def content_end(index: int = 0) -> bytes:
    return event({"type": "content-end", "index": index})


def plan(said: str) -> bytes:
    return event(message("tool-plan-delta", None, tool_plan=said))


def call_start(index: int = 0, arguments: Any = "", **more: Any) -> bytes:
    function = {"name": "f", "arguments": arguments}
    call = {"id": f"t{index}", "type": "function", "function": function, **more}
    return event(message("tool-call-start", index, tool_calls=call))


def fragment(arguments: str, index: int = 0) -> bytes:
    return event(
        message("tool-call-delta", index, tool_calls={"function": {"arguments": arguments}})
    )


def call_end(index: int = 0) -> bytes:
    return event({"type": "tool-call-end", "index": index})


def end(reason: str | None = "COMPLETE", **more: Any) -> bytes:
    return event(
        {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **more}}
    )


HELLO = content_start() + content("Hel") + content("lo") + content_end()
WHOLE = {
    "id": "c1",
    "finish_reason": "TOOL_CALL",
    "message": {
        "role": "assistant",
        "tool_plan": "Ask.",
        "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hello"}],
        "tool_calls": [
            {"id": "t0", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
        ],
    },
    "usage": USAGE,
}


def row(id: str, says: str, body: bytes, **expected: Any) -> Case:  # noqa: A002
    """A case in which an answer is complete and says Hello, where nothing else is named."""
    defaults: dict[str, Any] = {
        "text": "Hello",
        "model": None,
        "finish": ("stop", "COMPLETE"),
        "usage": COUNTS,
    }
    return Case(id=id, says=says, body=body, **{**defaults, **expected})


FAILED: dict[str, Any] = {"state": "failed", "finish": None}
CASES = (
    row("plain", "text, the end with its usage, the sentinel", START + HELLO + end() + DONE),
    row(
        "M05",
        "the event's name says what it is where its JSON does not",
        b"".join(
            event(json.loads(block.split(b"data: ")[1]), typed=False)
            for block in (START + HELLO + end()).split(b"\n\n")[:-1]
        )
        + DONE,
    ),
    row(
        "no names",
        "and its JSON where it has no name",
        b"".join(
            event(json.loads(block.split(b"data: ")[1]), named=False)
            for block in (START + HELLO + end()).split(b"\n\n")[:-1]
        )
        + DONE,
    ),
    row(
        "no sentinel",
        "the last event at a clean end is an end, with a warning",
        START + HELLO + end(),
        warnings=("missing_done",),
    ),
    row(
        "cut off",
        "without its last event an answer is incomplete",
        START + HELLO,
        state="incomplete",
        finish=None,
        error=e.IncompleteStreamError,
        usage={},
    ),
    row(
        "no last event",
        "a sentinel by itself is no end",
        START + HELLO + DONE,
        state="incomplete",
        finish=None,
        error=e.IncompleteStreamError,
        usage={},
    ),
    row(
        "no reason",
        "a last event that gives no reason is an end, with a warning",
        START + HELLO + end(None) + DONE,
        finish=("other", None),
        warnings=("missing_finish_reason",),
    ),
    *(
        row(
            raw,
            "a reason is told in our word and in its own",
            START + HELLO + end(raw) + DONE,
            finish=(reason, raw),
        )
        for raw, reason in {
            "STOP_SEQUENCE": "stop",
            "MAX_TOKENS": "length",
            "TOOL_CALL": "tool_calls",
            "BRAND_NEW": "other",
        }.items()
    ),
    row(
        "ERROR",
        "an error in the last event is raised with what it says, and what came stays",
        START + HELLO + end("ERROR", error="backend died") + DONE,
        error=e.ServerError,
        message="backend died",
        attributes={"code": "ERROR", "http_status": 200, "status": None},
        **FAILED,
    ),
    row(
        "TIMEOUT",
        "so is a timeout, which says nothing else",
        START + HELLO + end("TIMEOUT") + DONE,
        error=e.ServerError,
        message="the provider ended the answer with finish_reason 'TIMEOUT'",
        attributes={"code": "TIMEOUT", "status": 504},
        **FAILED,
    ),
    row(
        "an error object",
        "an object that only has a message is an error, as it is before the stream",
        START + HELLO + b'data: {"id":"x","message":"too many requests"}\n\n',
        error=e.ServerError,
        message="too many requests",
        usage={},
        **FAILED,
    ),
    row(
        "an error event",
        "so is an event of that name",
        START + HELLO + b'event: error\ndata: {"error":{"message":"died","code":500}}\n\n',
        error=e.ServerError,
        message="died",
        attributes={"status": 500},
        usage={},
        **FAILED,
    ),
    row(
        "thinking",
        "thinking is reasoning, in a block before the text's",
        START
        + content_start("thinking", 0, "H")
        + content("m", 0, "thinking")
        + content_end(0)
        + content_start("text", 1)
        + content("Hello", 1)
        + content_end(1)
        + end()
        + DONE,
        thinking="Hm",
        kinds="stream_start reasoning_start reasoning_delta reasoning_delta reasoning_end "
        "text_start text_delta text_end usage finish",
    ),
    row(
        "a plan and calls",
        "the plan is reasoning, and calls grow by their own indexes",
        START
        + plan("As")
        + plan("k.")
        + call_start(0)
        + fragment('{"a"', 0)
        + fragment(":1}", 0)
        + call_end(0)
        + call_start(1)
        + call_end(1)
        + end("TOOL_CALL")
        + DONE,
        text="",
        thinking="Ask.",
        calls=(Call("t0", "f", {"a": 1}), Call("t1", "f", raw="")),
        finish=("tool_calls", "TOOL_CALL"),
    ),
    row(
        "calls that take turns",
        "fragments go to the call of their index",
        START
        + call_start(0)
        + call_start(1)
        + fragment('{"a":', 0)
        + fragment('{"b":', 1)
        + fragment("1}", 0)
        + fragment("2}", 1)
        + call_end(0)
        + call_end(1)
        + end("TOOL_CALL")
        + DONE,
        text="",
        calls=(Call("t0", "f", {"a": 1}), Call("t1", "f", {"b": 2})),
        finish=("tool_calls", "TOOL_CALL"),
    ),
    row(
        "a late name",
        "a call is handed out when its name comes, with the arguments that came before",
        START
        + event(message("tool-call-start", 0, tool_calls={"id": "t0", "function": {}}))
        + fragment('{"a":')
        + event(message("tool-call-delta", 0, tool_calls={"function": {"name": "f"}}))
        + fragment("1}")
        + call_end()
        + end("TOOL_CALL")
        + DONE,
        text="",
        calls=(Call("t0", "f", {"a": 1}),),
        finish=("tool_calls", "TOOL_CALL"),
        kinds="stream_start tool_call_start tool_call_delta tool_call_delta tool_call_end "
        "usage finish",
    ),
    row(
        "calls as a list",
        "a list of one call is read as the one, and arguments may be an object",
        START
        + event(
            message(
                "tool-call-start",
                0,
                tool_calls=[{"id": "t0", "function": {"name": "f", "arguments": {"a": 1}}}],
            )
        )
        + end("COMPLETE")
        + DONE,
        text="",
        calls=(Call("t0", "f", {"a": 1}),),
        finish=("tool_calls", "COMPLETE"),
    ),
    row(
        "a broken call",
        "arguments that are no JSON are invalid, and kept",
        START + call_start(0) + fragment('{"a":', 0) + call_end(0) + end("MAX_TOKENS") + DONE,
        text="",
        calls=(Call("t0", "f", raw='{"a":', invalid=True),),
        finish=("length", "MAX_TOKENS"),
    ),
    row(
        "no starts",
        "deltas without their starts are read, with a warning",
        START + content("Hel") + content("lo") + fragment("{}") + end() + DONE,
        calls=(Call("call_1", ""),),
        finish=("tool_calls", "COMPLETE"),
        warnings=("missing_block_start", "unnamed_tool_call"),
    ),
    row(
        "a block that begins twice",
        "its first part ends there",
        START + content_start() + content("Hel") + content_start() + content("lo") + end() + DONE,
        warnings=("repeated_block",),
    ),
    row(
        "whole",
        "an answer that was not streamed is read all the same",
        json.dumps(WHOLE).encode(),
        thinking="Ask.Hm",
        calls=(Call("t0", "f", {"a": 1}),),
        finish=("tool_calls", "TOOL_CALL"),
        warnings=("server_ignored_stream",),
    ),
    row(
        "whole, with plain content",
        "also where its content is a text",
        json.dumps({**WHOLE, "message": {"content": "Hello"}}).encode(),
        finish=("tool_calls", "TOOL_CALL"),
        warnings=("server_ignored_stream",),
    ),
    row(
        "unknown members",
        "members that are new are kept, wherever they are",
        START
        + event({**message("content-start", 0, content={"type": "text", "text": ""}), "new": 1})
        + event({**message("content-delta", 0, content={"text": "Hello", "x": 2}, mood="good")})
        + content_end()
        + end(tier="fast")
        + DONE,
        metadata={"new": 1, "x": 2, "mood": "good", "tier": "fast"},
    ),
    row(
        "two kinds in one delta",
        "what a delta thinks and what it says are both read",
        START
        + content_start("thinking")
        + event(message("content-delta", 0, content={"thinking": "Hm", "text": "Hello"}))
        + content_end()
        + end()
        + DONE,
        thinking="Hm",
        warnings=("missing_block_start", "repeated_block"),
    ),
    row(
        "reported reasoning",
        "tokens of reasoning are told where they are reported",
        START
        + HELLO
        + event(
            {
                "type": "message-end",
                "delta": {
                    "finish_reason": "COMPLETE",
                    "usage": {
                        "tokens": {"input_tokens": 1, "output_tokens": 5, "reasoning_tokens": 3}
                    },
                },
            }
        )
        + DONE,
        usage={"reasoning_output_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": None},
    ),
    row(
        "only billed",
        "what is billed counts where nothing else is reported",
        START
        + HELLO
        + event(
            {
                "type": "message-end",
                "delta": {
                    "finish_reason": "COMPLETE",
                    "usage": {"billed_units": {"input_tokens": 1, "output_tokens": 2}},
                },
            }
        )
        + DONE,
        usage={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    ),
    row(
        "no JSON",
        "an event that is no JSON fails the stream, and what came stays",
        START + HELLO + b"data: {bad\n\n",
        error=e.MalformedEventError,
        usage={},
        **FAILED,
    ),
)
