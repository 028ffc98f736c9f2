"""What servers of the Anthropic Messages wire send, as bytes."""

from __future__ import annotations

import json
from typing import Any

from reqllm import errors as e

from .cases import Call, Case


def event(value: Any, name: str | None = None) -> bytes:
    """Return an event under its type's name, another name, or none ("")."""
    kind = value.get("type", "") if name is None else name
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def message_start(usage: dict[str, Any] | None = None, **more: Any) -> bytes:
    message = {"id": "c1", "type": "message", "role": "assistant", "model": "m", "content": []}
    message["usage"] = {"input_tokens": 3, "output_tokens": 1} if usage is None else usage
    return event({"type": "message_start", "message": {**message, **more}})


def start(block: dict[str, Any], index: int = 0) -> bytes:
    return event({"type": "content_block_start", "index": index, "content_block": block})


def delta(kind: str, index: int = 0, **members: Any) -> bytes:
    return event(
        {"type": "content_block_delta", "index": index, "delta": {"type": kind, **members}}
    )


def stop(index: int = 0) -> bytes:
    return event({"type": "content_block_stop", "index": index})


def message_delta(reason: str | None = "end_turn", *, usage: Any = None, **more: Any) -> bytes:
    counted = {"output_tokens": 5} if usage is None else usage
    return event(
        {"type": "message_delta", "delta": {"stop_reason": reason, **more}, "usage": counted}
    )


def text_start(index: int = 0) -> bytes:
    return start({"type": "text", "text": ""}, index)


def text(said: str, index: int = 0) -> bytes:
    return delta("text_delta", index, text=said)


def tool_start(index: int = 0, **more: Any) -> bytes:
    return start({"type": "tool_use", "id": "t1", "name": "f", "input": {}, **more}, index)


def fragment(partial: str, index: int = 0) -> bytes:
    return delta("input_json_delta", index, partial_json=partial)


MS, MD, MST = message_start(), message_delta(), event({"type": "message_stop"})
PING = event({"type": "ping"})
HELLO = text_start() + text("He") + text("llo") + stop()
END = MD + MST
TOOL_END = message_delta("tool_use") + MST
COUNTED = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
OVERLOADED = {
    "type": "error",
    "error": {"details": None, "type": "overloaded_error", "message": "Overloaded"},
}


def case(key: str, says: str, body: bytes, **more: Any) -> Case:
    """Return the case of a message that ends as it should, unless said otherwise."""
    more.setdefault("finish", ("stop", "end_turn"))
    more.setdefault("usage", COUNTED)
    return Case(id=key, says=says, body=body, **more)


def unnamed(body: bytes) -> bytes:
    """Return the events without their names."""
    return b"".join(line + b"\n" for line in body.split(b"\n")[:-1] if line[:6] != b"event:")


TOOL_USE = ("tool_calls", "tool_use")
ONE = Call("t1", "f", {"a": 1})

MESSAGES = (
    case(
        "A01",
        "a message with a block of text",
        MS + HELLO + END,
        text="Hello",
        kinds="stream_start usage text_start text_delta text_delta text_end usage finish",
    ),
    case(
        "A02",
        "the end of the body after the stop reason is complete, with a warning",
        MS + HELLO + MD,
        text="Hello",
        warnings=("missing_message_stop",),
    ),
    case(
        "A03",
        "without a stop reason the answer was cut off",
        MS + text_start() + text("He"),
        text="He",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case(
        "A04",
        "an error first: nothing was seen, so it may be tried again",
        event(OVERLOADED),
        state="failed",
        error=e.OverloadedError,
        message="Overloaded",
        attributes={
            "before_first_chunk": True,
            "retryable": True,
            "status": 529,
            "http_status": 200,
            "type": "overloaded_error",
        },
        usage={},
        model=None,
        response_id=None,
    ),
    case(
        "A05",
        "an error after text keeps the text",
        MS + text_start() + text("He") + event(OVERLOADED),
        text="He",
        state="failed",
        error=e.OverloadedError,
        attributes={"before_first_chunk": False, "status": 529},
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case(
        "A06",
        "an error is one also without its event line",
        MS + text_start() + text("He") + event(OVERLOADED, ""),
        text="He",
        state="failed",
        error=e.OverloadedError,
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case("A07", "event lines are not needed", unnamed(MS + HELLO + END), text="Hello"),
    case(
        "A07 no type",
        "where the type is missing the event line is enough",
        MS
        + HELLO
        + event(
            {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}, "message_delta"
        )
        + MST,
        text="Hello",
    ),
    case(
        "A08",
        "where event line and type disagree the type counts, with a warning",
        MS
        + text_start()
        + event(json.loads(text("Hello").split(b"data: ")[1]), "ping")
        + stop()
        + END,
        text="Hello",
        warnings=("event_name_mismatch",),
    ),
    case(
        "A09",
        "pings say nothing, wherever they are",
        PING + MS + PING + PING + text_start() + PING + text("Hello") + stop() + PING + END,
        text="Hello",
        kinds="stream_start response_metadata usage text_start text_delta text_end usage finish",
    ),
    case(
        "A09 after the end",
        "a ping after the end is told as any event there",
        MS + HELLO + END + PING,
        text="Hello",
        warnings=("events_after_end",),
    ),
    case(
        "A10",
        "an event that we do not know is kept",
        MS + event({"type": "new_fancy_event", "x": 1}) + HELLO + END,
        text="Hello",
        kinds="stream_start usage custom text_start text_delta text_delta text_end usage finish",
    ),
    case(
        "A12 no start",
        "a delta without its block's start begins the block, with a warning",
        MS + text("He") + text("llo") + stop() + END,
        text="Hello",
        warnings=("missing_block_start",),
    ),
    case(
        "A12 misplaced",
        "text within a block of another kind is a block beside it, with a warning",
        MS
        + tool_start()
        + fragment('{"a":')
        + text("He")
        + delta("thinking_delta", thinking="Hm")
        + text("llo")
        + fragment("1}")
        + stop()
        + text_start(1)
        + text("!", 1)
        + delta("thinking_delta", 1, thinking="...")
        + TOOL_END,
        text="Hello!",
        thinking="Hm...",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "tool_use"),
        warnings=("misplaced_delta",),
    ),
    case(
        "A12 no block",
        "a stop without a block says nothing",
        MS + stop(4) + HELLO + END,
        text="Hello",
    ),
    case(
        "A12 index",
        "a first index of 2 leaves no gap in ours",
        MS + text_start(2) + text("Hello", 2) + stop(2) + END,
        text="Hello",
    ),
    case(
        "A12 twice",
        "a block that begins again is another block, with a warning",
        MS + text_start() + text("He") + text_start() + text("llo") + stop() + END,
        text="Hello",
        warnings=("repeated_block",),
        kinds="stream_start usage text_start text_delta warning text_end text_start text_delta "
        "text_end usage finish",
    ),
    case(
        "A21",
        "usage reported again overwrites field by field",
        message_start({"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1})
        + HELLO
        + message_delta(None, usage={"output_tokens": 4})
        + message_delta(usage={"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 5})
        + MST,
        text="Hello",
        usage={
            "input_tokens": 5,
            "output_tokens": 5,
            "total_tokens": 10,
            "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": None,
        },
    ),
    case(
        "A22",
        "servers that first count the cache in and then apart are not counted twice",
        message_start({"input_tokens": 8834, "output_tokens": 0})
        + HELLO
        + message_delta(
            usage={"input_tokens": 18, "cache_read_input_tokens": 8831, "output_tokens": 5}
        )
        + MST,
        text="Hello",
        usage={"input_tokens": 8849, "total_tokens": 8854, "cache_read_input_tokens": 8831},
    ),
    case(
        "A23",
        "a pause is a finish of its own",
        MS + HELLO + message_delta("pause_turn") + MST,
        text="Hello",
        finish=("pause", "pause_turn"),
    ),
    case(
        "A24",
        "a refusal finishes as filtered content; what was said stays, with its details",
        MS + HELLO + message_delta("refusal", stop_details={"category": "x"}) + MST,
        text="Hello",
        finish=("content_filter", "refusal"),
        details={"stop_details": {"category": "x"}},
    ),
    case(
        "A25",
        "the stop sequence that was met is a detail of the finish",
        MS + HELLO + message_delta("stop_sequence", stop_sequence="END") + MST,
        text="Hello",
        finish=("stop", "stop_sequence"),
        details={"stop_sequence": "END"},
    ),
    case(
        "A26",
        "a second message after content is another answer spliced in: an error, with what came",
        MS + HELLO + MS + HELLO + END,
        text="Hello",
        state="failed",
        error=e.ProtocolViolationError,
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case(
        "A26 before content",
        "a second start before any content is only odd",
        MS + MS + HELLO + END,
        text="Hello",
        warnings=("repeated_message_start",),
    ),
    case(
        "A27",
        "Bedrock's metrics without a type are kept, and not counted",
        MS + HELLO + event({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 9}}, "") + END,
        text="Hello",
        kinds="stream_start usage text_start text_delta text_delta text_end custom usage finish",
    ),
    case(
        "A28",
        "a start without its message is a start",
        event({"type": "message_start", "message": None}) + HELLO + END,
        text="Hello",
        response_id=None,
        model=None,
        usage={"input_tokens": None, "output_tokens": 5},
    ),
    case(
        "A29",
        "blanks before the last brace and metrics in the last event",
        MS.replace(b"}\n\n", b"       }\n\n")
        + HELLO.replace(b"}\n\n", b"   }\n\n")
        + MD
        + event({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"n": 1}}),
        text="Hello",
        metadata={"amazon-bedrock-invocationMetrics": {"n": 1}},
    ),
    case(
        "A30",
        "an error after the end is told, and changes nothing",
        MS + HELLO + END + event(OVERLOADED),
        text="Hello",
        warnings=("events_after_end",),
    ),
    case(
        "foreign sentinel",
        "a gateway's [DONE] is not this wire's end, and nothing odd",
        MS + HELLO + MD + b"event: data\ndata: [DONE]\n\n" + MST,
        text="Hello",
    ),
    case(
        "no stop reason",
        "an end without a stop reason is told",
        MS + HELLO + MST,
        text="Hello",
        finish=("other", None),
        usage={"input_tokens": 3, "output_tokens": 1},
        warnings=("missing_finish_reason",),
    ),
    case(
        "new stop reason",
        "a stop reason that we do not know is other, with its word",
        MS + HELLO + message_delta("brand_new") + MST,
        text="Hello",
        finish=("other", "brand_new"),
    ),
    case(
        "message extras",
        "members of the message that we do not know are kept",
        message_start(container={"id": "x"}, brand_new=1, service_tier=None)
        + HELLO
        + event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "container": {"id": "y"}},
                "usage": {"output_tokens": 5},
                "context_management": {"applied_edits": []},
            }
        )
        + MST,
        text="Hello",
        metadata={
            "container": {"id": "y"},
            "brand_new": 1,
            "context_management": {"applied_edits": []},
        },
    ),
    case(
        "half a character",
        "characters cut in two by escapes are joined here as well",
        MS + text_start() + text("a\ud83d") + text("\ude00b") + stop() + END,
        text="a😀b",
    ),
    case(
        "half a character ends",
        "half a character at the end of its block is U+FFFD, with a warning",
        MS + text_start() + text("a\ud83d") + stop() + END,
        text="a\ufffd",
        warnings=("lone_surrogate",),
    ),
)

TOOLS = (
    case(
        "A16 J16",
        "a call that ran out of tokens is invalid",
        MS + tool_start() + fragment('{"a": "b') + stop() + message_delta("max_tokens") + MST,
        calls=(Call("t1", "f", raw='{"a": "b', invalid=True),),
        finish=("length", "max_tokens"),
    ),
    case(
        "A18",
        "a tool that the provider ran, and its result, are whole in their starts",
        MS
        + start({"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}})
        + fragment('{"query":"x"}')
        + stop()
        + start({"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}, 1)
        + stop(1)
        + text_start(2)
        + text("Hello", 2)
        + stop(2)
        + END,
        text="Hello",
        calls=(Call("s1", "web_search", {"query": "x"}, executed=True),),
        kinds="stream_start usage tool_call_start tool_call_delta tool_call_end tool_result "
        "text_start text_delta text_end usage finish",
    ),
    case(
        "A19",
        "input in the start, and no deltas, is the input",
        MS + tool_start(input={"a": 1}) + stop() + TOOL_END,
        calls=(ONE,),
        finish=TOOL_USE,
    ),
    case(
        "all at the start",
        "a message that is whole at its start says there why it stopped",
        message_start(
            content=[{"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}],
            stop_reason="tool_use",
            stop_sequence="x",
        )
        + MST,
        calls=(ONE,),
        finish=TOOL_USE,
        details={"stop_sequence": "x"},
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case(
        "all at the start, and cut",
        "a reason at the start is no evidence of the end",
        message_start(stop_reason="end_turn") + text_start() + text("He"),
        text="He",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
    case(
        "A20",
        "fragments of the input, the first of them empty",
        MS
        + tool_start()
        + fragment("")
        + fragment('{"a": "b')
        + fragment('c"}')
        + stop()
        + TOOL_END,
        calls=(Call("t1", "f", {"a": "bc"}, raw='{"a": "bc"}'),),
        finish=TOOL_USE,
    ),
    case(
        "input as text",
        "a gateway may begin a call by its whole input, as text",
        MS + tool_start(input='{"a":1}') + stop() + message_delta("tool_calls") + MST,
        calls=(ONE,),
        finish=("tool_calls", "tool_calls"),
    ),
    case(
        "no arguments",
        "a tool without arguments sends an empty fragment only",
        MS + tool_start() + fragment("") + stop() + TOOL_END,
        calls=(Call("t1", "f", raw=""),),
        finish=TOOL_USE,
    ),
    case(
        "in turns",
        "two calls that grow in turns",
        MS
        + tool_start()
        + tool_start(1, id="t2", name="g")
        + fragment('{"a":')
        + fragment('{"b":', 1)
        + fragment("1}")
        + fragment("2}", 1)
        + stop()
        + stop(1)
        + TOOL_END,
        calls=(ONE, Call("t2", "g", {"b": 2})),
        finish=TOOL_USE,
    ),
    case(
        "end_turn with calls",
        "calls make a plain end a finish for calls",
        MS + tool_start() + fragment('{"a":1}') + stop() + END,
        calls=(ONE,),
        finish=("tool_calls", "end_turn"),
    ),
    case(
        "never stopped",
        "blocks that are still open at the end are ended with it",
        MS + text_start() + text("He") + tool_start(1) + fragment('{"a":1}', 1) + TOOL_END,
        text="He",
        calls=(ONE,),
        finish=TOOL_USE,
    ),
    case(
        "error in a tool",
        "a call cut off by an error is never runnable",
        MS + tool_start() + fragment("{}") + event(OVERLOADED),
        calls=(Call("t1", "f", raw="{}", invalid=True),),
        state="failed",
        error=e.OverloadedError,
        usage={"input_tokens": 3, "output_tokens": 1},
    ),
)
