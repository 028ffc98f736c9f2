"""Tool calls as servers of the chat completions wire send them, as bytes."""

from __future__ import annotations

from reqllm import errors as e

from .cases import Call, Case
from .openai_chat_cases import (
    CALL_END,
    DONE,
    END,
    START_T1,
    STOP,
    TOOL_CALLS,
    arguments,
    bare,
    calls,
    chunk,
    event,
    text,
    whole_call,
)

A1 = '{"a":1}'


def called(
    key: str, says: str, body: bytes, *expected: Call, end: bytes = CALL_END, **more
) -> Case:
    """Return the case of a stream that ends with calls."""
    finish = more.pop("finish", TOOL_CALLS)
    return Case(id=key, says=says, body=body + end, calls=expected, finish=finish, **more)


def broken(key: str, says: str, raw: str, **more) -> Case:
    """Return the case of a call whose arguments are no JSON object."""
    body = calls(whole_call('"index":0,', '"id":"t1",', "f", raw))
    return called(key, says, body, Call("t1", "f", raw=raw, invalid=True), **more)


ONE = Call("t1", "f", {"a": 1})
TWO = (Call("t1", "f", {"a": 1}), Call("t2", "g", {"b": 2}))

TOOLS = (
    called(
        "J01",
        "a start, fragments, an end",
        calls(START_T1) + calls(arguments('{"a":')) + calls(arguments("1}")),
        ONE,
        kinds="stream_start tool_call_start tool_call_delta tool_call_delta tool_call_end finish",
    ),
    called(
        "J02",
        "without an index the id decides, and without an id the fragment belongs to the last",
        calls(whole_call("", '"id":"t1",', "f", '{"a":'))
        + calls(arguments("1}", ""))
        + calls(whole_call("", '"id":"t2",', "g", '{"b":'))
        + calls(arguments("2}", "")),
        *TWO,
    ),
    called(
        "J02 interleaved",
        "without an index an id seen before goes on with its call",
        calls(whole_call("", '"id":"t1",', "f", '{"a":'))
        + calls(whole_call("", '"id":"t2",', "g", '{"b":'))
        + calls('{"id":"t1","function":{"arguments":"1}"}}')
        + calls('{"id":"t2","function":{"arguments":"2}"}}'),
        *TWO,
    ),
    called(
        "J03 null",
        "an index of null is none",
        calls(whole_call('"index":null,', '"id":"t1",', "f", '{"a":'))
        + calls(arguments("1}", '"index":null,')),
        ONE,
    ),
    called(
        "J03 text",
        "an index may be a text",
        calls(whole_call('"index":"0",', '"id":"t1",', "f", '{"a":'))
        + calls(arguments("1}", '"index":"0",')),
        ONE,
    ),
    called(
        "J04",
        "a first index of 1 leaves no gap in ours",
        calls(whole_call('"index":1,', '"id":"t1",', "f", A1)),
        ONE,
    ),
    called(
        "J05",
        "two calls of one index, told apart by id and name",
        calls(whole_call('"index":0,', '"id":"t1",', "f", A1))
        + calls(whole_call('"index":0,', '"id":"t2",', "g", '{"b":2}')),
        *TWO,
    ),
    called(
        "J05 in one delta",
        "the same within one event",
        calls(
            whole_call('"index":0,', '"id":"t1",', "f", A1),
            whole_call('"index":0,', '"id":"t2",', "g", '{"b":2}'),
        ),
        *TWO,
    ),
    called(
        "J06",
        "two calls of one index without ids, told apart by name and whole arguments",
        calls(whole_call('"index":0,', "", "f", A1))
        + calls(whole_call('"index":0,', "", "g", '{"b":2}')),
        Call("call_0", "f", {"a": 1}),
        Call("call_1", "g", {"b": 2}),
    ),
    called(
        "J07",
        "a second object for one call makes its arguments invalid, and never {} in silence",
        calls(whole_call('"index":0,', '"id":"t1",', "f", A1)) + calls(arguments('{"b":2}')),
        Call("t1", "f", raw='{"a":1}{"b":2}', invalid=True),
    ),
    called(
        "J08",
        "id and name repeated with every fragment are set once",
        calls(whole_call('"index":0,', '"id":"t1",', "f", '{"a":'))
        + calls(whole_call('"index":0,', '"id":"t1",', "f", "1}")),
        ONE,
    ),
    called(
        "J08 no ids",
        "a name repeated with every fragment is set once, also without ids",
        calls(whole_call('"index":0,', "", "f", '{"a":'))
        + calls(whole_call('"index":0,', "", "f", "1}")),
        Call("call_0", "f", {"a": 1}),
    ),
    called(
        "J09",
        "a name in pieces is put together; the start had only the first, and a warning says so",
        calls('{"index":0,"id":"t1","function":{"name":"get_"}}')
        + calls('{"index":0,"id":"t1","function":{"name":"weather","arguments":"{}"}}'),
        Call("t1", "get_weather"),
        warnings=("split_tool_name",),
    ),
    called(
        "J10",
        "arguments before the name wait for it",
        calls('{"index":0,"id":"t1","function":{"arguments":"{\\"a\\":"}}')
        + calls('{"index":0,"function":{"name":"f","arguments":"1}"}}'),
        ONE,
        kinds="stream_start tool_call_start tool_call_delta tool_call_delta tool_call_end finish",
    ),
    called(
        "J10 never",
        "a call that never gets a name is handed out at the end, with a warning",
        calls('{"index":0,"id":"t1","function":{"arguments":"{\\"a\\":1}"}}'),
        Call("t1", "", {"a": 1}),
        warnings=("unnamed_tool_call",),
    ),
    called(
        "J11 null",
        "arguments of null are none; so is a function of null",
        calls('{"index":0,"id":"t1","function":{"name":"f","arguments":null}}')
        + calls('{"index":0,"function":null}'),
        Call("t1", "f", raw=""),
    ),
    called(
        "J11 object",
        "arguments that are an object are written as JSON",
        calls('{"index":0,"id":"t1","function":{"name":"f","arguments":{"a": 1}}}'),
        ONE,
    ),
    called("J12", "no arguments are {}", calls(START_T1), Call("t1", "f", raw="")),
    called(
        "J13",
        "an empty or missing id is made up",
        calls(whole_call('"index":0,', '"id":"",', "f", A1))
        + calls(whole_call('"index":1,', "", "g", '{"b":2}')),
        Call("call_0", "f", {"a": 1}),
        Call("call_1", "g", {"b": 2}),
    ),
    called(
        "J14",
        "two calls that grow in turns",
        calls(START_T1)
        + calls('{"index":1,"id":"t2","function":{"name":"g","arguments":""}}')
        + calls(arguments('{"a":'))
        + calls(arguments('{"b":', '"index":1,'))
        + calls(arguments("1}"), arguments("2}", '"index":1,')),
        *TWO,
    ),
    called(
        "J15",
        "a call that ran out of tokens is invalid",
        calls(START_T1, arguments('{"a":')),
        Call("t1", "f", raw='{"a":', invalid=True),
        end=chunk(finish='"length"') + DONE,
        finish=("length", "length"),
    ),
    broken("J17", "JSON that is none is kept as text, and the stream goes on", '{"a": xyz'),
    broken("J18 quotes", "Python's quotes", "{'a':1}"),
    broken("J18 comma", "a comma too many", '{"a":1,}'),
    broken("J18 fence", "a Markdown fence", '```json\n{"a":1}\n```'),
    broken("J18 trailing", "words after the object", '{"a":1} trailing'),
    *(
        broken(f"J19 {raw}", "JSON that is no object", raw)
        for raw in ("null", "[1]", '"x"', "1", "true", " ")
    ),
    broken("J20", "an object encoded twice is a text", '"{\\"a\\":1}"'),
    broken("J21 NaN", "NaN is no JSON", '{"a":NaN}'),
    broken("J21 infinity", "Infinity is no JSON", '{"a":-Infinity}'),
    broken("J21 overflow", "a number too large for a float is no number", '{"a":1e999}'),
    broken("J21 digits", "an integer of 5,000 digits", '{"a":' + "1" * 5000 + "}"),
    broken("J21 nested", "100,000 brackets", '{"a":' + "[" * 100_000),
    broken("J21 closed", "brackets that are closed, but too deep", "[" * 900 + "]" * 900),
    broken("half", "half a character, spelled in the arguments' own JSON", '{"a":"\\ud83d"}'),
    called(
        "whole character",
        "a character in two escapes is one",
        calls(whole_call('"index":0,', '"id":"t1",', "f", '{"a":"\\ud83d\\ude00"}')),
        Call("t1", "f", {"a": "😀"}, raw='{"a":"\\ud83d\\ude00"}'),
    ),
    called(
        "large integer",
        "an integer beyond 64 bits keeps its digits",
        calls(whole_call('"index":0,', '"id":"t1",', "f", '{"a":123456789012345678901234}')),
        Call("t1", "f", {"a": 123456789012345678901234}),
    ),
    called(
        "J22",
        "of two members with one name the last holds",
        calls(whole_call('"index":0,', '"id":"t1",', "f", '{"a":0,"a":1}')),
        Call("t1", "f", {"a": 1}, raw='{"a":0,"a":1}'),
    ),
    called(
        "J25",
        "the old function call is one call",
        chunk('{"function_call":{"name":"f","arguments":""}}')
        + chunk('{"function_call":{"arguments":"{\\"a\\":"}}')
        + chunk('{"function_call":{"arguments":"1}"}}'),
        Call("call_0", "f", {"a": 1}),
        end=chunk(finish='"function_call"') + DONE,
        finish=("tool_calls", "function_call"),
    ),
    called(
        "J26",
        "text around a call is two blocks",
        text("Wait. ") + calls(whole_call('"index":0,', '"id":"t1",', "f", A1)) + text("Done."),
        ONE,
        text="Wait. Done.",
        kinds="stream_start text_start text_delta text_end tool_call_start tool_call_delta "
        "text_start text_delta tool_call_end text_end finish",
    ),
    called(
        "J27",
        "calls make a plain stop a finish for calls",
        calls(whole_call('"index":0,', '"id":"t1",', "f", A1)),
        ONE,
        end=END,
        finish=("tool_calls", "stop"),
    ),
    called("J28", "a finish for calls without any is told", b"", warnings=("no_tool_calls",)),
    called(
        "J29",
        "the whole message in the place of a delta",
        bare(
            choices=[
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {"id": "t1", "function": {"name": "f", "arguments": '{"a":1}'}}
                        ],
                    },
                }
            ]
        ),
        ONE,
    ),
    called(
        "J30",
        "a late fragment still belongs to its call, which ends only with the answer",
        calls(START_T1, arguments('{"a":')) + text("meanwhile") + STOP + calls(arguments("1}")),
        ONE,
        text="meanwhile",
    ),
    called(
        "custom tool",
        "the input of a custom tool is free text, not JSON",
        calls('{"index":0,"id":"t1","type":"custom","custom":{"name":"f","input":"print("}}')
        + calls('{"index":0,"custom":{"input":"1)"}}'),
        Call("t1", "f", raw="print(1)"),
    ),
    called(
        "unnamed beside text",
        "arguments for a call without a name grow, however alike the events beside them are",
        b"".join(
            chunk('{"content":"x","tool_calls":[{"index":0,"function":{"arguments":"1"}}]}')
            for _ in range(6)
        )
        + calls('{"index":0,"function":{"name":"f"}}'),
        Call("call_1", "f", raw="111111", invalid=True),
        text="xxxxxx",
    ),
    called(
        "cut off inside",
        "a call cut off is never runnable, though its text may parse",
        calls(START_T1, arguments("{}")),
        Call("t1", "f", raw="{}", invalid=True),
        end=b"",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    called(
        "event in pieces",
        "a call's event may be sent under any name",
        event(
            '{"id":"c1","model":"m","choices":[{"index":0,"delta":{"tool_calls":['
            + whole_call('"index":0,', '"id":"t1",', "f", A1)
            + "]}}]}",
            "chunk",
        ),
        ONE,
    ),
)
