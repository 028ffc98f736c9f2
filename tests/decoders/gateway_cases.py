"""What gateways and lesser servers make of the chat completions wire, as bytes."""

from __future__ import annotations

import json
from typing import Any

from reqllm import errors as e

from .cases import Call, Case
from .openai_chat_cases import (
    COUNTED,
    DONE,
    END,
    HE,
    LLO,
    START_T1,
    bare,
    calls,
    chunk,
    event,
    failure,
    text,
    whole_call,
)
from .openai_chat_tool_cases import TWO, arguments, called


def entries(*deltas: dict[str, Any]) -> bytes:
    """Return a delta of calls as they are given."""
    return chunk(json.dumps({"tool_calls": deltas}))


def counted(**usage: Any) -> bytes:
    """Return a finish beside this usage, and the sentinel."""
    return chunk(finish='"stop"', more=',"usage":' + json.dumps(usage)) + DONE


def begun(call_id: str, name: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}


def piece(fragment: str) -> dict[str, Any]:
    return {"function": {"arguments": fragment}}


def said(raw: str, reason: str) -> Case:
    """Return the case of a word for the finish that is not OpenAI's."""
    return Case(
        id=f"finish {raw}",
        says="the models' own words for their finish come through gateways, some in capitals",
        body=HE + chunk(finish=json.dumps(raw)) + DONE,
        text="He",
        finish=(reason, raw),
    )


def whole_message(message: dict[str, Any], reason: str = "stop") -> bytes:
    """Return a finish beside a whole message in place of a delta."""
    return bare(choices=[{"index": 0, "message": message, "finish_reason": reason}])


GATEWAYS = (
    called(
        "unnumbered pieces",
        "pieces of several calls in one delta that name none of them are told by their places",
        entries(begun("t1", "f"), begun("t2", "g"))
        + entries(piece('{"a":'), piece('{"b":'))
        + entries(piece("1}"), piece("2}")),
        *TWO,
    ),
    called(
        "unnumbered pieces of the last",
        "their places are those among the calls that began last",
        entries(begun("t0", "e"))
        + entries(piece("{}"))
        + entries(begun("t1", "f"), begun("t2", "g"))
        + entries(piece('{"a":1}'), piece('{"b":2}')),
        Call("t0", "e"),
        *TWO,
    ),
    called(
        "cumulative",
        "arguments sent from their beginning again and again are the last of them, and it is told",
        calls(START_T1)
        + calls(arguments('{"a":'))
        + calls(arguments('{"a":1'))
        + calls(arguments('{"a":1}')),
        Call("t1", "f", {"a": 1}),
        warnings=("arguments_differ",),
    ),
    called(
        "said again at the end",
        "arguments of which the last piece says all of them again are said once",
        calls(START_T1)
        + calls(arguments('{"a":'))
        + calls(arguments("1}"))
        + calls(arguments('{"a":1}')),
        Call("t1", "f", {"a": 1}),
        warnings=("arguments_differ",),
    ),
    called(
        "empty at first",
        "an empty object before the real one is none",
        calls(START_T1) + calls(arguments("{}")) + calls(arguments('{"a":1}')),
        Call("t1", "f", {"a": 1}),
        warnings=("arguments_differ",),
    ),
    called(
        "Snowflake",
        "calls are deltas of a type of their own, of which each id begins another",
        b"".join(
            chunk(json.dumps({"type": "tool_use", **members}))
            for members in (
                {"tool_use_id": "t1", "name": "f", "content_list": [{"name": "f"}]},
                {"input": '{"a":', "content_list": [{"input": '{"a":'}]},
                {"input": "1}"},
                {"tool_use_id": "t2", "name": "g"},
                {"input": '{"b":2}'},
            )
        ),
        *TWO,
    ),
    called(
        "a call without its function",
        "what a function is called with may stand in the call itself",
        entries({"index": 0, "id": "t1", "name": "f", "arguments": '{"a":'})
        + entries({"index": 0, "arguments": "1}"}),
        Call("t1", "f", {"a": 1}),
    ),
    called(
        "one call that is no list",
        "a server that makes one call at a time, as TGI does, sends it without the list around it",
        b"".join(
            chunk(json.dumps({"tool_calls": {"index": 0, "id": "", "function": function}}))
            for function in (
                {"name": "f", "arguments": '{"a":'},
                {"name": None, "arguments": "1}"},
            )
        ),
        Call("call_0", "f", {"a": 1}),
    ),
    *(
        Case(
            id=f"no call {number}",
            says="a call of which nothing is said, as where every member is written, is none",
            body=chunk(json.dumps({"content": "He", **members})) + END,
            text="He",
        )
        for number, members in enumerate(
            (
                {"tool_calls": {}},
                {"tool_calls": [{}]},
                {"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": ""}}]},
                {"tool_calls": [{"function": {"name": None, "arguments": {}}}]},
                {"function_call": {"name": "", "arguments": ""}},
                {"function_call": {}},
            )
        )
    ),
    Case(
        id="unseparated",
        says="events that only one line end stands between are read line by line",
        body=(HE + LLO).replace(b"\n\n", b"\n") + b"\n" + END,
        text="Hello",
        warnings=("unseparated_events",),
    ),
    Case(
        id="unseparated, cut",
        says="the last of them may be cut off",
        body=(HE + LLO).replace(b"\n\n", b"\n") + HE[:40],
        text="Hello",
        warnings=("unseparated_events",),
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    Case(
        id="unseparated, but for one",
        says="and where one of them is none, all of it is malformed",
        body=HE.replace(b"\n\n", b"\n") + b"data: nope\n\n",
        state="failed",
        error=e.MalformedEventError,
        model=None,
        response_id=None,
    ),
    Case(
        id="framed twice, cut",
        says="the data of an event may be an event with its frame; the last may be cut off",
        body=(HE + LLO + HE[:40]).replace(b"data: ", b"data: data:"),
        text="Hello",
        warnings=("nested_events",),
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    Case(
        id="framed thrice",
        says="but one frame too many is all that is taken off",
        body=HE.replace(b"data: ", b"data: data: data: "),
        state="failed",
        error=e.MalformedEventError,
        model=None,
        response_id=None,
    ),
    Case(
        id="whole message at the end",
        says="what was streamed is not said twice by the message that ends it; the rest is new",
        body=chunk('{"reasoning_content":"Hm"}')
        + HE
        + LLO
        + whole_message(
            {"role": "assistant", "reasoning_content": "Hm", "content": "Hello", "refusal": "No"}
        )
        + DONE,
        thinking="Hm",
        text="Hello",
        refusal="No",
        finish=("content_filter", "stop"),
    ),
    called(
        "whole calls at the end",
        "nor are its calls",
        calls(START_T1)
        + calls(arguments('{"a":1}'))
        + whole_message(
            {"tool_calls": [{"id": "t1", "function": {"name": "f", "arguments": '{"a":1}'}}]},
            "tool_calls",
        ),
        Call("t1", "f", {"a": 1}),
        end=DONE,
    ),
    called(
        "repeated in itself",
        "arguments that are whole as they are joined are never taken for repeated ones",
        calls(whole_call('"index":0,', '"id":"t1",', "f", '{"a":'))
        + calls(arguments('{"a":{"b":1}}}')),
        Call("t1", "f", {"a": {"a": {"b": 1}}}),
    ),
    Case(
        id="finish null",
        says="no finish reason may be spelt out as text",
        body=text("He", '"null"') + text("llo", '"null"') + END,
        text="Hello",
    ),
    Case(
        id="finish null cut",
        says="and is no end: the answer was cut off",
        body=text("He", '"null"'),
        text="He",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    said("eos_token", "stop"),
    said("end_turn", "stop"),
    said("STOP", "stop"),
    said("MAX_TOKENS", "length"),
    said("SAFETY", "content_filter"),
    said("content-filter", "content_filter"),
    said("RECITATION", "content_filter"),
    said("model_context_window_exceeded", "length"),
    said("something", "other"),
    Case(
        id="Copilot",
        says="reasoning under a third name, and the signature that comes after it",
        body=chunk('{"reasoning_text":"Hm"}')
        + chunk('{"content":"","reasoning_opaque":"xyz"}')
        + HE
        + END,
        thinking="Hm",
        text="He",
        kinds="stream_start reasoning_start reasoning_delta reasoning_end text_start text_delta "
        "text_end finish",
    ),
    Case(
        id="LiteLLM",
        says="Anthropic's blocks beside the reasoning are read once, and for their signature",
        body=chunk(
            '{"reasoning_content":"Hm","thinking_blocks":[{"type":"thinking","thinking":"Hm"}]}'
        )
        + chunk(
            '{"reasoning_content":"","thinking_blocks":'
            '[{"type":"thinking","thinking":"","signature":"xyz"}]}'
        )
        + HE
        + END,
        thinking="Hm",
        text="He",
    ),
    *(
        Case(
            id=f"reasoning in {where}",
            says="reasoning that a gateway left as an object, or as a list of parts",
            body=chunk(json.dumps(delta)) + HE + END,
            thinking="Hmm",
            text="He",
        )
        for where, delta in (
            ("parts", {"reasoning_content": [{"type": "text", "text": "H"}, {"text": "mm"}]}),
            ("an object", {"reasoning": {"content": "Hmm"}}),
            ("summaries", {"reasoning": {"summary": [{"text": "H"}, {"text": "mm"}]}}),
        )
    ),
    Case(
        id="Databricks",
        says="reasoning is a part of the content, which holds summaries with their signatures",
        body=chunk(
            '{"content":[{"type":"reasoning","summary":'
            '[{"type":"summary_text","text":"Hm","signature":"xyz"}]}]}'
        )
        + chunk('{"content":[{"type":"text","text":"He"}]}')
        + END,
        thinking="Hm",
        text="He",
    ),
    Case(id="thinking", says="a fourth name", body=chunk('{"thinking":"Hm"}') + END, thinking="Hm"),
    Case(
        id="usage of other names",
        says="a gateway counts in the words of the model behind it",
        body=HE + counted(input_tokens=3, output_tokens=2, total_tokens=5),
        text="He",
        usage=COUNTED,
    ),
    *(
        Case(
            id=f"cached as {name}",
            says="tokens of the cache, which each names as it likes",
            body=HE + counted(prompt_tokens=3, completion_tokens=2, total_tokens=5, **{name: 1}),
            text="He",
            usage={**COUNTED, "cache_read_input_tokens": 1},
        )
        for name in ("cached_tokens", "num_cached_tokens", "cache_read_input_tokens")
    ),
    Case(
        id="cache written",
        says="what was written to the cache",
        body=HE + counted(prompt_tokens=3, completion_tokens=2, cache_creation_input_tokens=1),
        text="He",
        usage={"input_tokens": 3, "cache_creation_input_tokens": 1},
    ),
)

NUMBERED = (
    called(
        "one id at two numbers",
        "a nameless piece goes on with the call that has its id, whatever its number",
        calls(START_T1)
        + entries({"index": 1, "id": "t1", **piece('{"a":')})
        + entries({"index": 1, "id": "t1", **piece("1}")}),
        Call("t1", "f", {"a": 1}),
    ),
    called(
        "two ids at one number",
        "also where calls that come by turns all have one",
        entries({"index": 0, **begun("t1", "f")}, {"index": 0, **begun("t2", "g")})
        + entries(*({"index": 0, "id": each, **piece("{")} for each in ("t1", "t2")))
        + entries({"index": 0, "id": "t1", **piece('"a":1}')})
        + entries({"index": 0, "id": "t2", **piece('"b":2}')}),
        *TWO,
    ),
    called(
        "another number",
        "a piece without an id or a name goes on with the call that is not whole yet",
        entries({"index": 1, **begun("t1", "f")})
        + entries({"index": 0, **piece('{"a":')})
        + entries({"index": 0, **piece("1}")}),
        Call("t1", "f", {"a": 1}),
    ),
)
"""Calls whose pieces their numbers do not tell."""

LIMITED = {"status_code": 1002, "status_msg": "rate limit"}
FAILURES = (
    Case(
        id="MiniMax",
        says="a status beside the choices that is not 0 is a failure, also before the sentinel",
        body=HE + bare(choices=None, base_resp=LIMITED) + DONE,
        text="He",
        state="failed",
        error=e.ServerError,
        message="rate limit (1002)",
        metadata={"base_resp": LIMITED},
    ),
    failure(
        "error_code",
        "a flat error with names of its own",
        event('{"error_code":"RATE","error_msg":"slow down"}') + DONE,
        e.ServerError,
        "slow down (RATE)",
    ),
    failure(
        "errors",
        "of several errors the first one speaks",
        event('{"success":false,"errors":[{"code":429,"message":"slow down"}]}') + DONE,
        e.RateLimitError,
        "slow down (429)",
    ),
    failure(
        "error in a list",
        "an error may be wrapped in a list",
        event('{"error":[{"message":"no"}]}') + DONE,
        e.ServerError,
        "no",
    ),
    failure(
        "error in an event's list",
        "or the whole event may be, as Google has it",
        event('[{"error":{"code":503,"message":"slow down","status":"UNAVAILABLE"}}]') + DONE,
        e.OverloadedError,
        "slow down (503, UNAVAILABLE)",
    ),
    failure(
        "error in words",
        "an event named error may hold plain words",
        event("upstream timed out", "error"),
        e.ServerError,
        "upstream timed out",
    ),
)


REPORTS: tuple[dict[str, Any], ...] = (
    {"error": {"message": "no", "type": "server_error", "code": 500}},
    {"error": "no"},
    {"detail": "no"},
    {"message": "no", "code": 500},
    {"object": "error", "message": "no", "type": "InternalServerError", "code": 500},
    {"success": False, "errors": [{"message": "no"}]},
    {"error_code": "500", "error_msg": "no"},
    {"type": "error", "message": "no"},
    {"type": "error", "error": {"type": "api_error", "message": "no"}},
)
"""Errors as gateways write them, whatever wire they stand in."""
