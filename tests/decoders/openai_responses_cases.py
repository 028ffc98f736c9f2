"""What servers of the Responses wire send, as bytes."""

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


def numbered(*events: dict[str, Any], first: int = 0) -> bytes:
    """Return events with the numbers that OpenAI gives them."""
    return b"".join(
        event({"type": value.pop("type"), "sequence_number": number, **value})
        for number, value in enumerate(map(dict, events), first)
    )


def said(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **members}


def response(status: str, **members: Any) -> dict[str, Any]:
    known = {"id": "c1", "object": "response", "status": status, "model": "m", "output": []}
    return {**known, **members}


def ended(status: str = "completed", *, usage: Any = None, **members: Any) -> dict[str, Any]:
    counted = USAGE if usage is None else usage
    return said(status, response=response(status, usage=counted, **members))


def added(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return said("output_item.added", output_index=place, item={"status": "in_progress", **item})


def done(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return said("output_item.done", output_index=place, item={"status": "completed", **item})


def text(delta: Any, place: int = 0, part: int = 0) -> dict[str, Any]:
    return said(
        "output_text.delta",
        item_id=f"msg_{place}",
        output_index=place,
        content_index=part,
        delta=delta,
        logprobs=[],
    )


def output_text(content: str, **more: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": content, "annotations": [], **more}


def message(*parts: dict[str, Any], place: int = 0, **more: Any) -> dict[str, Any]:
    known = {"id": f"msg_{place}", "type": "message", "role": "assistant"}
    return {**known, "content": list(parts), **more}


def function(place: int = 0, arguments: str = "", **more: Any) -> dict[str, Any]:
    known = {"id": f"fc_{place}", "type": "function_call", "call_id": f"t{place}", "name": "f"}
    return {**known, "arguments": arguments, **more}


def arguments(delta: Any, place: int = 0, **more: Any) -> dict[str, Any]:
    named = {"item_id": f"fc_{place}", "output_index": place, **more}
    return said("function_call_arguments.delta", delta=delta, **named)


def whole_arguments(raw: Any, place: int = 0) -> dict[str, Any]:
    return said(
        "function_call_arguments.done", item_id=f"fc_{place}", output_index=place, arguments=raw
    )


USAGE = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 12,
}
COUNTED = {
    "input_tokens": 5,
    "output_tokens": 7,
    "total_tokens": 12,
    "cache_read_input_tokens": 2,
    "cache_creation_input_tokens": 1,
    "reasoning_output_tokens": 3,
}
CREATED = said("created", response=response("in_progress"))
BEGUN = (CREATED, said("in_progress", response=response("in_progress")))
PART = said(
    "content_part.added",
    item_id="msg_0",
    output_index=0,
    content_index=0,
    part=output_text("", logprobs=[]),
)
HELLO_WHOLE = (
    said("output_text.done", item_id="msg_0", output_index=0, content_index=0, text="Hello"),
    said("content_part.done", output_index=0, content_index=0, part=output_text("Hello")),
    done(message(output_text("Hello"))),
)
HELLO = (added(message()), PART, text("He"), text("llo"), *HELLO_WHOLE)
END = ended()
TOOL_CALLS = ("tool_calls", "completed")
LENGTH = {"reason": "max_output_tokens"}


def case(key: str, says: str, *events: dict[str, Any], **more: Any) -> Case:
    """Return the case of an answer that ends as it should, unless said otherwise."""
    more.setdefault("finish", ("stop", "completed"))
    more.setdefault("usage", COUNTED)
    body = more.pop("body", None)
    return Case(id=key, says=says, body=numbered(*events) if body is None else body, **more)


def called(key: str, says: str, *events: dict[str, Any], calls: tuple[Call, ...], **more) -> Case:
    """Return the case of an answer that calls."""
    more.setdefault("finish", TOOL_CALLS)
    return case(key, says, *BEGUN, *events, END, calls=calls, **more)


ONE = Call("t0", "f", {"a": 1})
MESSAGES = (
    case(
        "R01",
        "the last event is the end; no sentinel is needed",
        *BEGUN,
        *HELLO,
        END,
        text="Hello",
        kinds="stream_start text_start text_delta text_delta text_end usage finish",
    ),
    case(
        "R01 sentinel",
        "nor does one do harm",
        text="Hello",
        body=numbered(*BEGUN, *HELLO, END) + b"data: [DONE]\n\n",
    ),
    case(
        "R01 without names",
        "the type in the event's JSON is enough",
        text="Hello",
        body=b"".join(event(v, "") for v in (*BEGUN, *HELLO, END)),
    ),
    case(
        "R01 names alone",
        "and so is the event's name",
        text="Hello",
        body=b"".join(
            event({k: x for k, x in v.items() if k != "type"}, v["type"])
            for v in (*BEGUN, *HELLO, END)
        ),
    ),
    case(
        "R02",
        "a text that is done is not the end",
        *BEGUN,
        *HELLO,
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={},
    ),
    case(
        "R02 sentinel",
        "and neither is a sentinel",
        text="Hello",
        body=numbered(*BEGUN, *HELLO) + b"data: [DONE]\n\n",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={},
    ),
    case(
        "usage of chat completions",
        "a gateway hands on what the server behind it counted",
        *BEGUN,
        *HELLO,
        ended(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}),
        text="Hello",
        usage={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
    ),
    case(
        "R03",
        "an answer that was cut short says why, and what it used",
        *BEGUN,
        *HELLO[:4],
        ended("incomplete", incomplete_details=LENGTH),
        text="Hello",
        finish=("length", "max_output_tokens"),
        details=LENGTH,
    ),
    case(
        "R03 filter",
        "the filter cut it",
        *BEGUN,
        *HELLO[:4],
        ended("incomplete", incomplete_details={"reason": "content_filter"}),
        text="Hello",
        finish=("content_filter", "content_filter"),
        details={"reason": "content_filter"},
    ),
    case(
        "R03 new",
        "a reason that we do not know is kept",
        *BEGUN,
        ended("incomplete", incomplete_details={"reason": "brand_new"}),
        finish=("other", "brand_new"),
        details={"reason": "brand_new"},
    ),
    case(
        "R04",
        "a failure is raised with its code; usage is kept",
        *BEGUN,
        *HELLO[:3],
        ended("failed", error={"code": "server_error", "message": "Oops."}),
        text="He",
        state="failed",
        error=e.ServerError,
        message="Oops.",
        attributes={"code": "server_error", "status": 500},
    ),
    case(
        "R04 limit",
        "one that goes by waiting is told apart",
        *BEGUN,
        ended("failed", error={"code": "rate_limit_exceeded", "message": "Slow."}),
        state="failed",
        error=e.RateLimitError,
        message="Slow.",
    ),
    case(
        "R04 prompt",
        "one that is the caller's own as well",
        *BEGUN,
        ended("failed", error={"code": "invalid_prompt", "message": "No."}),
        state="failed",
        error=e.InvalidRequestError,
        message="No.",
    ),
    case(
        "R04 unsaid",
        "a failure without a word is one",
        *BEGUN,
        ended("failed"),
        state="failed",
        error=e.ServerError,
        message="the response's status is 'failed'",
    ),
    case(
        "R05",
        "an error event as the documents have it",
        *BEGUN,
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow.", "param": None},
        state="failed",
        error=e.RateLimitError,
        message="Slow.",
        attributes={"code": "rate_limit_exceeded"},
        usage={},
    ),
    case(
        "R05 nested",
        "and as the service sends it; what follows changes nothing",
        *BEGUN,
        {
            "type": "error",
            "error": {
                "type": "insufficient_quota",
                "code": "insufficient_quota",
                "message": "Quota.",
                "param": None,
            },
        },
        ended("failed", error={"code": "insufficient_quota", "message": "Quota."}),
        state="failed",
        error=e.QuotaExceededError,
        message="Quota.",
        usage={},
    ),
    case(
        "R05 bare",
        "an error without a type, as gateways send it",
        body=numbered(*BEGUN) + event({"error": {"message": "Busy.", "code": 503}}, ""),
        state="failed",
        error=e.OverloadedError,
        message="Busy.",
        usage={},
    ),
    case(
        "R08",
        "a delta of null, and a text of null, say nothing",
        *BEGUN,
        *HELLO[:2],
        text(None),
        text("Hello"),
        said("output_text.done", output_index=0, content_index=0, text=None),
        END,
        text="Hello",
    ),
    case(
        "R09",
        "each summary is a block of its own, and ends with what must go back",
        *BEGUN,
        added({"id": "rs_0", "type": "reasoning", "summary": [], "encrypted_content": "half"}),
        *(
            said(
                "reasoning_summary_text.delta",
                item_id="rs_0",
                output_index=0,
                summary_index=number,
                delta=thought,
            )
            for number, thought in ((0, "Hm"), (0, "m."), (1, "So."))
        ),
        done(
            {
                "id": "rs_0",
                "type": "reasoning",
                "summary": [
                    {"type": "summary_text", "text": "Hmm."},
                    {"type": "summary_text", "text": "So."},
                ],
                "encrypted_content": "whole",
            }
        ),
        END,
        thinking="Hmm.So.",
        kinds="stream_start reasoning_start reasoning_delta reasoning_delta reasoning_start "
        "reasoning_delta reasoning_end reasoning_end usage finish",
    ),
    case(
        "R09 raw",
        "what was thought itself, not a summary of it",
        *BEGUN,
        added({"id": "rs_0", "type": "reasoning", "summary": []}),
        said(
            "content_part.added",
            output_index=0,
            content_index=0,
            part={"type": "reasoning_text", "text": ""},
        ),
        said("reasoning_text.delta", output_index=0, content_index=0, delta="Hm."),
        said("reasoning_text.done", output_index=0, content_index=0, text="Hm."),
        END,
        thinking="Hm.",
    ),
    case(
        "R09 older names",
        "reasoning and the end by the names that they once had",
        *BEGUN,
        added({"id": "rs_0", "type": "reasoning", "summary": []}),
        said("reasoning.delta", output_index=0, content_index=0, delta="Hm."),
        said("reasoning.done", output_index=0, content_index=0, text="Hm."),
        said("done", response={"id": "c1", "output": []}),
        thinking="Hm.",
        usage={},
    ),
    case(
        "R10 gap",
        "numbers that are missing are told",
        body=numbered(*BEGUN, *HELLO[:3]) + numbered(*HELLO[3:], END, first=9),
        text="Hello",
        warnings=("missing_events",),
    ),
    case(
        "R10 repeated",
        "an event that comes twice is dropped",
        body=numbered(*BEGUN, *HELLO[:4])
        + numbered(HELLO[3], first=5)
        + numbered(*HELLO[4:], END, first=6),
        text="Hello",
        warnings=("repeated_event",),
    ),
    case(
        "R10 repeated delta",
        "also among many deltas",
        body=numbered(*BEGUN, *HELLO[:2], *(text(c) for c in "abcdef"))
        + numbered(text("f"), first=9)
        + numbered(text("f"), text("g"), END, first=10),
        text="abcdeffg",
        warnings=("repeated_event",),
    ),
    case(
        "R10 all alike",
        "a server that numbers all alike is read all the same",
        body=b"".join(
            numbered(v, first=0) for v in (*BEGUN, *HELLO[:2], text("a"), text("b"), END)
        ),
        text="ab",
    ),
    case(
        "R11",
        "an end that repeats nothing takes nothing away",
        *BEGUN,
        *HELLO[:4],
        ended(output=[]),
        text="Hello",
    ),
    case(
        "R12",
        "a stream that is taken up in the middle has what is left",
        body=numbered(text("llo"), *HELLO_WHOLE, END, first=40),
        text="llo",
    ),
    case(
        "R12 items before",
        "what was said before it was taken up is not said again at the end",
        body=numbered(
            text("llo", 1),
            ended(output=[message(output_text("Before.")), message(output_text("Hello"), place=1)]),
            first=40,
        ),
        text="llo",
    ),
    case(
        "R12 from one",
        "but a stream whose numbers begin with one is whole",
        body=numbered(*BEGUN, ended(output=[message(output_text("Hello"))]), first=1),
        text="Hello",
    ),
    case(
        "whole text differs",
        "a text that is another at its end counts as it is there",
        *BEGUN,
        *HELLO[:2],
        text("Hallo"),
        *HELLO_WHOLE,
        END,
        text="Hello",
        warnings=("text_differs",),
    ),
    case(
        "lost deltas",
        "what the deltas left out at the end comes with it",
        *BEGUN,
        *HELLO[:3],
        *HELLO_WHOLE,
        END,
        text="Hello",
    ),
    case(
        "items only",
        "items that come whole are read whole",
        *BEGUN,
        done(message(output_text("Hello"))),
        done(function(1, '{"a":1}'), 1),
        END,
        text="Hello",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=TOOL_CALLS,
    ),
    case(
        "end only",
        "and so are those that come with the end",
        *BEGUN,
        ended(output=[message(output_text("Hello")), function(1, '{"a":1}')]),
        text="Hello",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=TOOL_CALLS,
    ),
    case(
        "nothing twice",
        "what was streamed is not read again at the end, whatever its id is then",
        *BEGUN,
        *HELLO,
        ended(output=[{**message(output_text("Hello")), "id": "other"}]),
        text="Hello",
    ),
    case(
        "whole answer",
        "a server that does not stream sends all of it at once",
        body=json.dumps(
            response("completed", output=[message(output_text("Hello"))], usage=USAGE, error=None)
        ).encode(),
        text="Hello",
        warnings=("server_ignored_stream",),
    ),
    case(
        "whole failure",
        "also where it failed",
        body=json.dumps(
            response("failed", error={"code": "server_error", "message": "Oops."}, usage=USAGE)
        ).encode(),
        state="failed",
        error=e.ServerError,
        message="Oops.",
    ),
    case(
        "in the background",
        "an answer that is not made yet is a pause",
        body=json.dumps(response("queued", usage=USAGE)).encode(),
        finish=("pause", "queued"),
        warnings=("server_ignored_stream",),
    ),
    case(
        "refusal",
        "a refusal is no text, and no end to be content with",
        *BEGUN,
        added(message()),
        said("refusal.delta", output_index=0, content_index=0, delta="I ca"),
        said("refusal.delta", output_index=0, content_index=0, delta="nnot."),
        said("refusal.done", output_index=0, content_index=0, refusal="I cannot."),
        END,
        refusal="I cannot.",
        finish=("content_filter", "completed"),
    ),
    case(
        "messages",
        "two messages are two blocks",
        *BEGUN,
        *HELLO,
        added(message(place=1, phase="final_answer"), 1),
        text("Bye", 1),
        END,
        text="HelloBye",
        kinds="stream_start text_start text_delta text_delta text_end text_start text_delta "
        "usage text_end finish",
    ),
    case(
        "keepalive",
        "signs of life say nothing",
        *BEGUN,
        {"type": "keepalive"},
        *HELLO,
        {"type": "keepalive"},
        END,
        text="Hello",
    ),
    case(
        "unknown event",
        "an event that we do not know is handed out as it came",
        *BEGUN,
        said("hologram.delta", light="blue"),
        *HELLO,
        END,
        text="Hello",
        kinds="stream_start custom text_start text_delta text_delta text_end usage finish",
    ),
    case(
        "unknown members",
        "members that we do not know are kept",
        *BEGUN,
        *HELLO[:3],
        {**text("llo"), "brand_new": {"a": 1}},
        ended(content_filters=[{"blocked": False}], instructions="secret"),
        text="Hello",
        metadata={"brand_new": {"a": 1}, "content_filters": [{"blocked": False}]},
    ),
    case(
        "after the end",
        "what comes after the end is told",
        *BEGUN,
        *HELLO,
        END,
        text("more"),
        text="Hello",
        warnings=("events_after_end",),
    ),
    case(
        "another id",
        "an id that changes is told",
        *BEGUN,
        *HELLO,
        said("completed", response={**response("completed", usage=USAGE), "id": "c2"}),
        text="Hello",
        warnings=("id_changed",),
    ),
    case(
        "halves",
        "a character that was cut in two is whole again",
        *BEGUN,
        *HELLO[:2],
        text("\ud83d"),
        text("\ude00!"),
        said("output_text.done", output_index=0, content_index=0, text="\ud83d\ude00!"),
        END,
        text="😀!",
    ),
    case(
        "no places",
        "a server that says neither place nor number is read by the ids",
        body=b"".join(
            event({k: x for k, x in v.items() if k not in ("output_index", "content_index")})
            for v in (*BEGUN, *HELLO, END)
        ),
        text="Hello",
    ),
    case(
        "enveloped",
        "the older form, in which each event lies in another",
        body=b"".join(
            event({"id": "c1", "object": "response.delta", "delta": delta})
            for delta in (
                {"type": "response.start", "response": response("in_progress")},
                {"type": "output_item.start", "index": 0, "output_item": message()},
                {"type": "content_part.start", "index": 0, "content_part": output_text("")},
                {"type": "content_part.delta", "index": 0, "text": "Hello"},
                {"type": "content_part.stop", "index": 0},
                {"type": "output_item.stop", "index": 0},
                {"type": "response.stop"},
            )
        ),
        text="Hello",
        usage={},
    ),
    case(
        "nothing said",
        "an answer of nothing is an answer",
        *BEGUN,
        END,
        kinds="stream_start usage finish",
    ),
    case(
        "no event",
        "a stream of nothing is none",
        body=b"\n",
        state="incomplete",
        error=e.EmptyStreamError,
        usage={},
        model=None,
        response_id=None,
    ),
    case(
        "no JSON",
        "an event that is no JSON fails the stream",
        body=numbered(*BEGUN, *HELLO[:3]) + b"data: {nope\n\n" + numbered(END, first=5),
        text="He",
        state="failed",
        error=e.MalformedEventError,
        usage={},
    ),
)
CALLS = (
    called(
        "J01",
        "a start, fragments, an end",
        added(function()),
        arguments('{"a":'),
        arguments("1}"),
        whole_arguments('{"a":1}'),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
        kinds="stream_start tool_call_start tool_call_delta tool_call_delta tool_call_end "
        "usage finish",
    ),
    called(
        "J12",
        "a tool that takes nothing",
        added(function()),
        done(function(0, "")),
        calls=(Call("t0", "f", raw=""),),
    ),
    called(
        "J14",
        "calls that grow by turns",
        added(function()),
        added(function(1), 1),
        arguments('{"a":'),
        arguments('{"b":', 1),
        arguments("1}"),
        arguments("2}", 1),
        calls=(ONE, Call("t1", "f", {"b": 2})),
    ),
    case(
        "J15",
        "a call that was cut short is never run",
        *BEGUN,
        added(function()),
        arguments('{"a":'),
        done(function(0, '{"a":', status="incomplete")),
        ended("incomplete", incomplete_details=LENGTH),
        calls=(Call("t0", "f", raw='{"a":', invalid=True),),
        finish=("length", "max_output_tokens"),
        details=LENGTH,
    ),
    called(
        "J26",
        "text and calls keep their order",
        *HELLO,
        added(function(1), 1),
        arguments('{"a":1}', 1),
        added(message(place=2), 2),
        text("!", 2),
        text="Hello!",
        calls=(Call("t1", "f", {"a": 1}),),
    ),
    called(
        "R06",
        "arguments that are others at the end count as they are there",
        added(function()),
        arguments('{"a":'),
        arguments("9}"),
        whole_arguments('{"a":1}'),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
        warnings=("arguments_differ",),
    ),
    called(
        "R07",
        "arguments that come only at the end are one fragment",
        added(function()),
        whole_arguments('{"a":1}'),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
        kinds="stream_start tool_call_start tool_call_delta tool_call_end usage finish",
    ),
    called(
        "R07 item",
        "and so are those that only the item says",
        added(function()),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
    ),
    called(
        "R07 beginning",
        "and those that come with its beginning",
        added(function(0, '{"a":1}')),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
    ),
    called(
        "R12 call",
        "a call whose beginning never came is named at its end",
        arguments('{"a":'),
        arguments("1}"),
        done(function(0, '{"a":1}')),
        calls=(ONE,),
    ),
    called(
        "no end",
        "a call may have no end of its own",
        added(function()),
        arguments('{"a":1}'),
        calls=(ONE,),
    ),
    called(
        "other ids",
        "the place tells the item, not an id that is another one in each event",
        added(function()),
        arguments('{"a":', item_id="x1"),
        arguments("1}", item_id="x2"),
        done({**function(0, '{"a":1}'), "id": "x3"}),
        calls=(ONE,),
    ),
    called(
        "no places call",
        "without places and ids of items the ids of the calls tell them apart, as llama.cpp's",
        *(
            {key: item for key, item in each.items() if key != "output_index"}
            for each in (
                added({**function(0), "id": None}),
                arguments('{"a":', item_id="t0"),
                added({**function(1), "id": None}),
                arguments("1}", item_id="t0"),
                arguments("{}", item_id="t1"),
                done({**function(0, '{"a":1}'), "id": None}),
                done({**function(1, "{}"), "id": None}),
            )
        ),
        calls=(ONE, Call("t1", "f")),
    ),
    called(
        "custom",
        "the input of a tool of free text is no JSON",
        added({"id": "ctc_0", "type": "custom_tool_call", "call_id": "t0", "name": "run"}),
        said("custom_tool_call_input.delta", output_index=0, delta="ls "),
        said("custom_tool_call_input.delta", output_index=0, delta="-l"),
        said("custom_tool_call_input.done", output_index=0, input="ls -l"),
        calls=(Call("t0", "run", raw="ls -l"),),
    ),
    called(
        "nameless",
        "a call that is never named is told",
        arguments('{"a":1}'),
        calls=(Call("call_0", "", {"a": 1}),),
        warnings=("unnamed_tool_call",),
    ),
)
