"""What servers of the chat completions wire send beside the plain case, as bytes."""

from __future__ import annotations

import json
from typing import Any

from reqllm import errors as e

from .cases import Call, Case

DONE = b"data: [DONE]\n\n"
MISSING_FINISH = ("missing_finish_reason",)


def event(data: str | bytes, name: str = "") -> bytes:
    """Return an event with this data."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + (data.encode() if isinstance(data, str) else data) + b"\n\n"


def chunk(delta: str = "{}", finish: str = "null", *, more: str = "", choice: str = "") -> bytes:
    """Return a chunk of one choice; `more` and `choice` are further members."""
    return event(
        '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
        f'[{{"index":0,"delta":{delta},"finish_reason":{finish}{choice}}}]{more}}}'
    )


def text(content: str, finish: str = "null", **members: str) -> bytes:
    return chunk('{"content":' + json.dumps(content) + "}", finish, **members)


def calls(*entries: str) -> bytes:
    return chunk('{"tool_calls":[' + ",".join(entries) + "]}")


def bare(**members: Any) -> bytes:
    """Return an event with the ids of a chunk and these members."""
    return event(json.dumps({"id": "c1", "model": "m", **members}))


HE, LLO = text("He"), text("llo")
STOP, CALLED = chunk(finish='"stop"'), chunk(finish='"tool_calls"')
END = STOP + DONE
CALL_END = CALLED + DONE
TOOL_CALLS = ("tool_calls", "tool_calls")
START_T1 = '{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}'


def arguments(fragment: str, index: str = '"index":0,') -> str:
    return "{" + index + '"function":{"arguments":' + json.dumps(fragment) + "}}"


def whole_call(number: str, call_id: str, name: str, args: str) -> str:
    return (
        "{" + number + call_id + '"type":"function","function":{"name":"' + name + '","arguments":'
        f"{json.dumps(args)}}}}}"
    )


USAGE = '{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}'
COUNTED = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}

CHUNKS = (
    Case(id="plain", says="text, finish, sentinel", body=HE + LLO + END, text="Hello"),
    Case(
        id="P01",
        says="usage alone, without any choice",
        body=HE + STOP + bare(choices=[], usage=json.loads(USAGE)) + DONE,
        text="He",
        usage={**COUNTED, "reasoning_output_tokens": None, "cache_read_input_tokens": None},
    ),
    Case(
        id="P02",
        says="Azure's first chunk has empty names, which are none; its filter results are kept",
        body=event(
            '{"choices":[],"created":0,"id":"","model":"","object":"",'
            '"prompt_filter_results":[{"prompt_index":0}]}'
        )
        + HE
        + END,
        text="He",
        metadata={"prompt_filter_results": [{"prompt_index": 0}]},
        kinds="stream_start response_metadata response_metadata text_start text_delta text_end "
        "finish",
    ),
    Case(id="P03", says="choices null", body=bare(choices=None) + HE + END, text="He"),
    Case(
        id="P04 null",
        says="a finish beside a null delta is kept",
        body=HE + chunk("null", '"stop"') + DONE,
        text="He",
    ),
    Case(
        id="P04 none",
        says="a finish without a delta is kept",
        body=HE + bare(choices=[{"index": 0, "finish_reason": "length"}]) + DONE,
        text="He",
        finish=("length", "length"),
    ),
    *(
        Case(
            id=f"P05 {data}",
            says="data that is no object is passed over with a warning",
            body=HE + event(data) + END,
            text="He",
            warnings=("unexpected_event",),
        )
        for data in ("null", "1", '"ping"', "[]")
    ),
    Case(id="P05 {}", says="an empty object says nothing", body=HE + event("{}") + END, text="He"),
    Case(
        id="P06",
        says="broken JSON fails the stream; what came before is kept",
        body=HE + event("{bad json") + LLO + END,
        text="He",
        state="failed",
        error=e.MalformedEventError,
        attributes={"data": b"{bad json", "event_number": 2},
    ),
    Case(
        id="P06 skip",
        says="broken JSON is skipped where that is asked for",
        body=HE + event("{bad json") + LLO + END,
        options={"on_malformed": "skip"},
        text="Hello",
        warnings=("malformed_event",),
    ),
    Case(
        id="P07",
        says="two objects in one event are no JSON",
        body=HE + event('{"id":"c1"}{"id":"c1"}'),
        text="He",
        state="failed",
        error=e.MalformedEventError,
    ),
    Case(
        id="P14",
        says="an empty finish reason is none",
        body=text("He", '""') + text("llo", '""') + END,
        text="Hello",
    ),
    Case(
        id="P15 twice",
        says="a finish reason said twice finishes once",
        body=HE + STOP + STOP + DONE,
        text="He",
    ),
    Case(
        id="P15 changed",
        says="of two finish reasons the last holds",
        body=calls(START_T1, arguments("{}")) + STOP + CALLED + DONE,
        calls=(Call("t1", "f"),),
        finish=TOOL_CALLS,
    ),
    Case(
        id="P16",
        says="text beside the finish reason comes before the finish",
        body=text("He", '"stop"') + DONE,
        text="He",
        kinds="stream_start text_start text_delta text_end finish",
    ),
    Case(
        id="P17",
        says="text after the finish reason is kept, with a warning",
        body=HE + STOP + LLO + DONE,
        text="Hello",
        warnings=("content_after_finish",),
    ),
    Case(
        id="P18",
        says="content that is a list of parts: text and reasoning, in their order",
        body=chunk(
            '{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},'
            '{"type":"text","text":"Hello"}]}'
        )
        + END,
        text="Hello",
        thinking="Hm",
        kinds="stream_start reasoning_start reasoning_delta reasoning_end text_start text_delta "
        "text_end finish",
    ),
    Case(
        id="P22",
        says="roles are passed over: repeated, empty, null",
        body=chunk('{"role":"assistant"}')
        + chunk('{"role":"","content":"He"}')
        + chunk('{"role":null,"content":"llo"}')
        + END,
        text="Hello",
    ),
    Case(
        id="P27",
        says="the first id and model hold; a change in the middle is warned of, once",
        body=HE
        + event('{"id":"c2","model":"n","choices":[{"index":0,"delta":{"content":"llo"}}]}') * 2
        + END,
        text="Hellollo",
        warnings=("id_changed", "model_changed"),
    ),
    Case(
        id="P28",
        says="filler is passed over, members that we do not know are kept",
        body=text("He", more=',"obfuscation":"xYz","p":"abc","brand_new":{"a":1}') + END,
        text="He",
        metadata={"brand_new": {"a": 1}},
    ),
    Case(
        id="P28 inside",
        says="members of choices and deltas that we do not know are kept",
        body=chunk('{"content":"He","brand_new":[1]}', choice=',"matched_stop":0') + END,
        text="He",
        metadata={"brand_new": [1]},
        details={"matched_stop": 0},
    ),
    Case(
        id="P33",
        says="empty text gives no chunk, blanks are text",
        body=text("") + text("  ") + text("\n") + text("") + END,
        text="  \n",
        kinds="stream_start text_start text_delta text_delta text_end finish",
    ),
    Case(
        id="P34 joined",
        says="a character cut in two by its escapes is handed out once, whole",
        body=chunk('{"content":"a\\ud83d"}') + chunk('{"content":"\\ude00b"}') + END,
        text="a😀b",
        kinds="stream_start text_start text_delta text_delta text_end finish",
    ),
    Case(
        id="P34 alone",
        says="half a character whose other half never comes is U+FFFD, with a warning",
        body=chunk('{"content":"a\\ud83d"}') + END,
        text="a\ufffd",
        warnings=("lone_surrogate",),
    ),
    Case(
        id="P34 beside",
        says="half a character in a member of no text becomes U+FFFD",
        body=chunk('{"content":"a"}', more=',"note":{"k\\ud83d":["\\ude00"]}') + END,
        text="a",
        metadata={"note": {"k\ufffd": ["\ufffd"]}},
    ),
    Case(
        id="P35",
        says="a replacement character of the server's own is passed on as it is",
        body=text("\ufffd") + text("\ufffd") + END,
        text="\ufffd\ufffd",
    ),
    Case(
        id="no UTF-8",
        says="bytes that are no UTF-8 become U+FFFD, with a warning",
        body=HE + event(b'{"id":"c1","choices":[{"index":0,"delta":{"content":"\xff"}}]}') + END,
        text="He\ufffd",
        warnings=("invalid_utf8",),
    ),
    Case(
        id="too deep",
        says="an event nested deeper than any answer is malformed, and no crash",
        body=HE + event('{"id":' + "[" * 5000 + "]" * 5000 + "}"),
        text="He",
        state="failed",
        error=e.MalformedEventError,
    ),
    Case(
        id="quoted sentinel",
        says="the sentinel as a JSON string ends the stream, with a warning",
        body=HE + STOP + event('"[DONE]"'),
        text="He",
        warnings=("quoted_sentinel",),
    ),
    Case(
        id="quoted sentinel alone",
        says="a sentinel alone is an empty stream, also in quotes",
        body=event('"[DONE]"'),
        state="incomplete",
        error=e.EmptyStreamError,
        response_id=None,
        model=None,
    ),
    Case(
        id="no sentinel",
        says="a finish reason without the sentinel is complete, as many servers end so; it is told",
        body=HE + STOP,
        text="He",
        warnings=("missing_done",),
    ),
    Case(
        id="no finish reason",
        says="the sentinel without a finish reason is complete; it is told",
        body=HE + DONE,
        text="He",
        finish=("other", None),
        warnings=MISSING_FINISH,
    ),
    Case(
        id="cut off",
        says="neither finish reason nor sentinel: the answer was cut off",
        body=HE + LLO,
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    Case(
        id="Perplexity's end",
        says="a chunk that calls itself done is as good as the sentinel",
        body=HE
        + event(
            '{"id":"c1","model":"m","object":"chat.completion.done","choices":[{"index":0,'
            '"delta":{"content":""},"message":{"content":"He"},"finish_reason":"stop"}]}'
        ),
        text="He",
    ),
    Case(
        id="Together's text",
        says="`text` that repeats the delta's content is not read twice",
        body=text("He", choice=',"text":"He"') + END,
        text="He",
    ),
)


def failure(
    key: str,
    says: str,
    body: bytes,
    error: type[e.ReqLLMError],
    message: str,
    *,
    opening: bytes = HE,
    **attributes: Any,
) -> Case:
    """Return the case of a stream that says He, and then fails; or fails at once."""
    began = opening == HE
    return Case(
        id=key,
        says=says,
        body=opening + body,
        text="He" if began else "",
        state="failed",
        error=error,
        message=message,
        response_id="c1" if began else None,
        model="m" if began else None,
        attributes={"before_first_chunk": not began, **attributes},
    )


ERRORS = (
    failure(
        "P08",
        "an error in the place of a chunk ends the stream; what came before is kept",
        event('{"error":{"message":"Had an error","type":"server_error","code":null}}'),
        e.ServerError,
        "Had an error (500, server_error)",
        status=500,
        http_status=200,
        type="server_error",
        code=None,
    ),
    failure(
        "P09",
        "the same under the event name error",
        event('{"error":{"message":"Gone","type":"server_error"}}', "error"),
        e.ServerError,
        "Gone",
        status=500,
    ),
    failure("P10", "a mere text", event('{"error":"overloaded"}'), e.ServerError, "overloaded"),
    failure(
        "P11 code",
        "a flat error with a code of the provider's own",
        event('{"code":"1302","message":"rate limited"}'),
        e.ServerError,
        "rate limited",
        opening=b"",
        code="1302",
    ),
    failure(
        "P11 detail",
        "a flat error that is a detail",
        event('{"detail":"No such model"}'),
        e.ServerError,
        "No such model",
        opening=b"",
    ),
    failure(
        "P11 vLLM",
        "a flat error whose code is its status",
        event('{"object":"error","message":"too long","type":"BadRequestError","code":400}'),
        e.InvalidRequestError,
        "too long",
        opening=b"",
        status=400,
    ),
    failure(
        "P11 success",
        "a gateway that says it had no success",
        event('{"success":false,"msg":"no balance"}'),
        e.ServerError,
        "no balance",
        opening=b"",
    ),
    failure(
        "P12",
        "OpenRouter's error beside a choice carries the status that it stands for",
        chunk(
            '{"content":""}',
            '"error"',
            more=',"error":{"code":502,"message":"Provider disconnected"}',
        )
        + DONE,
        e.ServerError,
        "Provider disconnected",
        status=502,
        http_status=200,
    ),
    *(
        failure(
            f"P13 {reason}",
            "a finish reason that is a failure, without a word, is no end to be content with",
            chunk(finish=f'"{reason}"') + DONE,
            e.ServerError,
            f"the provider ended the answer with finish_reason {reason!r}",
        )
        for reason in ("error", "abort", "network_error", "insufficient_system_resource")
    ),
    failure(
        "Groq",
        "a refusal of the model's own call, in the middle",
        event(
            '{"error":{"message":"Tool call validation failed","type":"invalid_request_error",'
            '"code":"tool_use_failed","status_code":400}}',
            "error",
        ),
        e.InvalidRequestError,
        "Tool call validation failed",
        status=400,
        code="tool_use_failed",
    ),
    failure(
        "half a character",
        "an error's words hold no half characters",
        event('{"error":{"message":"bad \\ud83d","code":"x\\ude00"}}'),
        e.ServerError,
        "bad \ufffd",
        code="x\ufffd",
    ),
)
