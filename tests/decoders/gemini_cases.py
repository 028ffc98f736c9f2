"""What Gemini sends, as bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from reqllm import errors as e

from .cases import Call, Case

SIGNATURE = "EoECCv4BAQw="
PNG = b"\x89PNG\r\n\x1a\n\x00"


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"text": said, **more}


def thought(said: str, **more: Any) -> dict[str, Any]:
    return {"text": said, "thought": True, **more}


def call(name: str | None = None, **more: Any) -> dict[str, Any]:
    return {"functionCall": {**({"name": name} if name else {}), **more}}


def partial(path: str, *, more: bool = False, **value: Any) -> dict[str, Any]:
    entry = {"jsonPath": path, **value, **({"willContinue": True} if more else {})}
    return call(partialArgs=[entry], willContinue=True)


def inline(data: bytes, media_type: str = "image/png", **more: Any) -> dict[str, Any]:
    value = {"mimeType": media_type, "data": b64encode(data).decode()}
    return {"inlineData": value, **more}


def answer(*parts: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    """Return an event's JSON; `more` goes into its candidate."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [{**candidate, **more}], "modelVersion": "m", "responseId": "c1"}


def bare(**more: Any) -> dict[str, Any]:
    """Return an event's JSON without an answer."""
    return {**more, "modelVersion": "m", "responseId": "c1"}


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events)


def array(*events: Any, end: bytes = b"\n]") -> bytes:
    """Return the events as Google writes them without `alt=sse`."""
    return b"[" + b"\n,\r\n".join(json.dumps(e, indent=2).encode() for e in events) + end


def usage(prompt: int, said: int | None = None, **more: int) -> dict[str, Any]:
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": said}
    total = prompt + (said or 0) + more.get("thoughtsTokenCount", 0)
    known = {key: count for key, count in counts.items() if count is not None}
    return {"usageMetadata": {**known, **more, "totalTokenCount": total}}


HELLO = (answer(text("He")), answer(text("llo")))
STOP = answer(text(""), finish="STOP")
ENDED = (*HELLO, STOP)
OVERLOADED = {
    "error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}
}
QUOTA = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}],
    }
}


def case(key: str, says: str, *events: Any, body: bytes | None = None, **more: Any) -> Case:
    """Return the case of a stream that ends as it should, unless said otherwise."""
    more.setdefault("finish", ("stop", "STOP"))
    return Case(id=key, says=says, body=sse(*events) if body is None else body, **more)


def failed(key: str, says: str, body: bytes, kind: type[e.ReqLLMError], **more: Any) -> Case:
    more = {"state": "failed", "error": kind, "text": "Hello", **more}
    return case(key, says, body=body, **more)


ANSWERS = (
    case("G01", "deltas until a finishReason", *ENDED, text="Hello"),
    case("G01-lf", "LF as line end", body=sse(*ENDED).replace(b"\r", b""), text="Hello"),
    case("G01-unterminated", "no last blank line", body=sse(*ENDED)[:-4], text="Hello"),
    case("G01-repeated", "STOP on every event", answer(text("Hello"), finish="STOP"), STOP,
         text="Hello"),
    case("G01-late", "text after the finishReason", STOP, *HELLO, text="Hello"),
    case(
        "G01-done",
        "a gateway's sentinel after the end",
        body=sse(*ENDED) + b"data: [DONE]\n\n",
        text="Hello",
    ),
    case(
        "G02",
        "no finishReason",
        *HELLO,
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    case(
        "G02-done",
        "a sentinel makes no answer whole",
        body=sse(*HELLO) + b"data: [DONE]\n\n",
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    case("G05", "a JSON array", body=array(*ENDED), text="Hello"),
    case(
        "G05-one-line",
        "a JSON array without any blanks",
        body=json.dumps(ENDED, separators=(",", ":")).encode(),
        text="Hello",
    ),
    case(
        "G05-open",
        "an array that is whole but for its bracket",
        body=array(*ENDED, end=b"\n"),
        text="Hello",
        warnings=("missing_array_end",),
    ),
    case(
        "G05-cut",
        "an array that is closed too early",
        body=array(*HELLO),
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
    case(
        "G05-empty",
        "an empty array",
        body=b"[\n]",
        state="incomplete",
        error=e.EmptyStreamError,
        model=None,
        response_id=None,
    ),
    case(
        "G06",
        "a prompt that was blocked",
        bare(promptFeedback={"blockReason": "SAFETY", "safetyRatings": []}, **usage(3)),
        finish=("content_filter", "SAFETY"),
        details={"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}},
        usage={"input_tokens": 3, "output_tokens": None, "total_tokens": 3},
    ),
    case(
        "G06-array",
        "the same as an array",
        body=array(bare(promptFeedback={"blockReason": "OTHER"})),
        finish=("content_filter", "OTHER"),
        details={"promptFeedback": {"blockReason": "OTHER"}},
    ),
    case(
        "G06-middle",
        "blocked after some text",
        *HELLO,
        bare(promptFeedback={"blockReason": "PROHIBITED_CONTENT"}),
        text="Hello",
        finish=("content_filter", "PROHIBITED_CONTENT"),
        details={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
    ),
    case(
        "G06-rated",
        "what is said of a prompt that was not blocked",
        bare(promptFeedback={"safetyRatings": [{"category": "A"}]}),
        *ENDED,
        text="Hello",
        metadata={"promptFeedback": {"safetyRatings": [{"category": "A"}]}},
    ),
    case(
        "G09",
        "thoughts",
        answer(thought("Hm")),
        answer(thought("m.")),
        *ENDED,
        thinking="Hmm.",
        text="Hello",
        kinds="stream_start reasoning_start reasoning_delta reasoning_delta reasoning_end "
        "text_start text_delta text_delta text_end finish",
    ),
    case(
        "G10",
        "usage so far on every event, a count left out later",
        answer(text("He")) | usage(10, 1, cachedContentTokenCount=4, thoughtsTokenCount=5),
        answer(text("l")) | usage(10, 2),
        answer(text("lo"), finish="STOP") | usage(12, 3, toolUsePromptTokenCount=7),
        text="Hello",
        usage={
            "input_tokens": 19,
            "output_tokens": 8,
            "total_tokens": 15,
            "cache_read_input_tokens": 4,
            "reasoning_output_tokens": 5,
        },
        kinds="stream_start text_start text_delta usage text_delta text_delta usage "
        "text_end finish",
    ),
    case(
        "G10-late",
        "usage after the finishReason",
        *ENDED,
        bare(**usage(1, 2)),
        text="Hello",
        usage={"total_tokens": 3},
    ),
    case(
        "G10-traffic",
        "the kind of traffic before any count",
        answer(text("Hello")) | {"usageMetadata": {"trafficType": "ON_DEMAND"}},
        STOP | usage(1, 2),
        text="Hello",
        usage={"total_tokens": 3},
        kinds="stream_start text_start text_delta usage text_end finish",
    ),
    case(
        "G11",
        "events without a candidate, content or parts",
        bare(**usage(1)),
        answer(content={}),
        answer(content={"role": "model"}),
        bare(candidates=[{"index": 0}]),
        bare(candidates=[]),
        *ENDED,
        text="Hello",
        usage={"input_tokens": 1},
    ),
    case(
        "G12",
        "a reason that is newer than we are",
        *HELLO,
        answer(finish="BRAND_NEW_REASON"),
        text="Hello",
        finish=("other", "BRAND_NEW_REASON"),
    ),
    case("G12-number", "a reason as a number", *HELLO, answer(finish=2), text="Hello",
         finish=("length", "MAX_TOKENS")),
    case("G12-unspecified", "no reason in either spelling", *HELLO,
         answer(finish="FINISH_REASON_UNSPECIFIED"), answer(finish=0), text="Hello",
         state="incomplete", error=e.IncompleteStreamError, finish=None),
    case("G12-new-number", "a number that is newer", *HELLO, answer(finish=99), text="Hello",
         finish=("other", "99")),
    case(
        "G12-filtered",
        "an answer that was blocked, and why",
        *HELLO,
        answer(finish="SAFETY", safetyRatings=[{"category": "A", "blocked": True}]),
        text="Hello",
        finish=("content_filter", "SAFETY"),
        details={"safetyRatings": [{"category": "A", "blocked": True}]},
    ),
    case(
        "G15",
        "members that are newer than we are",
        answer(text("Hello"), glow=1) | {"modelStatus": {"stage": "X"}, "newest": None},
        STOP,
        text="Hello",
        details={"glow": 1},
        metadata={"modelStatus": {"stage": "X"}},
    ),
    case(
        "G16",
        "halves of a character in two events",
        body=sse(*HELLO)
        + b'data: {"candidates":[{"content":{"parts":[{"text":"\\ud83d"}]}}]}\n\n'
        + b'data: {"candidates":[{"content":{"parts":[{"text":"\\ude00"}]}}]}\n\n'
        + sse(STOP),
        text="Hello😀",
    ),
)  # fmt: skip

FAILURES = (
    failed("G03", "an error in the middle", sse(*HELLO, OVERLOADED), e.OverloadedError,
           message="The model is overloaded.",
           attributes={"status": 503, "http_status": 200, "type": "UNAVAILABLE",
                       "retryable": True}),
    failed("G03-array", "the same in an array", array(*HELLO, OVERLOADED), e.OverloadedError),
    failed("G03-list", "an error in a list of its own", sse(*HELLO, [OVERLOADED]),
           e.OverloadedError),
    failed("G03-quota", "how long to wait is in the body", sse(*HELLO, QUOTA), e.RateLimitError,
           attributes={"retry_after": 17.5, "retryable": True}),
    failed("G04", "pretty-printed JSON without data", sse(*HELLO)
           + json.dumps(OVERLOADED, indent=2).encode() + b"\n", e.OverloadedError),
    failed("G04-bare", "JSON in one line, and the body ends", sse(*HELLO)
           + json.dumps(OVERLOADED).encode(), e.OverloadedError),
    failed("G04-cut", "half of such JSON", sse(*HELLO)
           + json.dumps(OVERLOADED, indent=2).encode()[:30], e.IncompleteStreamError,
           state="incomplete"),
    failed("G04-only", "nothing but an error", json.dumps(OVERLOADED, indent=2).encode(),
           e.OverloadedError, text="", model=None, response_id=None),
    failed("G04-array", "nothing but an error in a list", array(OVERLOADED), e.OverloadedError,
           text="", model=None, response_id=None),
    failed("G12", "a call that went wrong", sse(*HELLO, answer(
               finish="MALFORMED_FUNCTION_CALL", finishMessage="Malformed function call: f(")),
           e.ServerError, message="Malformed function call: f(",
           attributes={"type": "MALFORMED_FUNCTION_CALL"}),
    failed("G12-silent", "the same without a word", sse(*HELLO, answer(
               finish="MALFORMED_FUNCTION_CALL")), e.ServerError,
           message="the provider ended the answer as failed (MALFORMED_FUNCTION_CALL)"),
)  # fmt: skip

CALLED = ("tool_calls", "STOP")
CALLS = (
    case(
        "G07",
        "two calls in one event, and one more in the next",
        answer(call("f", args={"a": 1}, id="t1"), call("g", args={"b": [1.5, None]}, id="t2")),
        answer(call("f", args={"a": 2}, id="t3")),
        STOP,
        calls=(
            Call("t1", "f", {"a": 1}),
            Call("t2", "g", {"b": [1.5, None]}),
            Call("t3", "f", {"a": 2}),
        ),
        finish=CALLED,
        kinds="stream_start" + " tool_call_start tool_call_delta tool_call_end" * 3 + " finish",
    ),
    case(
        "G07-no-ids",
        "the same function twice, without ids",
        answer(text("Look."), call("f", args={"a": 1}), call("f", args={"a": 1})),
        STOP,
        text="Look.",
        calls=(Call("call_1", "f", {"a": 1}), Call("call_2", "f", {"a": 1})),
        finish=CALLED,
    ),
    case(
        "G07-no-args",
        "a call without arguments, and one with none",
        answer(call("f"), call("g", args={}), call("h", args=None)),
        STOP,
        calls=(
            Call("call_0", "f", raw=""),
            Call("call_1", "g", {}),
            Call("call_2", "h", raw=""),
        ),
        finish=CALLED,
    ),
    case(
        "G07-no-object",
        "arguments that are no object",
        answer(call("f", args=[1])),
        STOP,
        calls=(Call("call_0", "f", raw="[1]", invalid=True),),
        finish=CALLED,
    ),
    case(
        "enveloped",
        "an event beside what a gateway says of it",
        {"response": answer(text("He")), "traceId": "t"},
        {"response": answer(text("llo"), finish="STOP"), "traceId": "t"},
        text="Hello",
    ),
    case(
        "G07-text",
        "arguments that a proxy sends as text",
        answer(call("f", args='{"a":1}')),
        STOP,
        calls=(Call("call_0", "f", {"a": 1}),),
        finish=CALLED,
    ),
    case(
        "G07-length",
        "a call, and then no room",
        answer(call("f", args={"a": 1}), finish="MAX_TOKENS"),
        calls=(Call("call_0", "f", {"a": 1}),),
        finish=("length", "MAX_TOKENS"),
    ),
    case(
        "G17",
        "arguments one by one, texts in pieces",
        answer(call("f", id="t1", willContinue=True)),
        answer(partial("$.city", more=True, stringValue='Os"')),
        answer(partial("$.city", more=True, stringValue="lo\n")),
        answer(partial("$.city", stringValue="!")),
        answer(partial("$.days", numberValue=3)),
        answer(partial("$.to[0].name", stringValue="a"), partial("$.to[0].on", boolValue=True)),
        answer(partial("$.to[1].name", stringValue="b")),
        answer(partial("$['odd key']", nullValue="NULL_VALUE")),
        answer(call()),
        STOP,
        calls=(
            Call(
                "t1",
                "f",
                {
                    "city": 'Os"lo\n!',
                    "days": 3,
                    "to": [{"name": "a", "on": True}, {"name": "b"}],
                    "odd key": None,
                },
            ),
        ),
        finish=CALLED,
    ),
    case(
        "G17-no-close",
        "the closing object is lacking: the next name and the end close",
        answer(call("f", willContinue=True)),
        answer(partial("$.a", more=True, stringValue="x")),
        answer(call("g", willContinue=True)),
        answer(partial("$.b", numberValue=1)),
        STOP,
        calls=(Call("call_0", "f", {"a": "x"}), Call("call_1", "g", {"b": 1})),
        finish=CALLED,
    ),
    case(
        "G17-last",
        "the last piece closes",
        answer(call("f", willContinue=True)),
        answer(call(partialArgs=[{"jsonPath": "$.a", "numberValue": 1}])),
        answer(call()),
        STOP,
        calls=(Call("call_0", "f", {"a": 1}),),
        finish=CALLED,
    ),
    case(
        "G17-empty",
        "a call that goes on and has no arguments",
        answer(call("f", willContinue=True)),
        answer(call()),
        STOP,
        calls=(Call("call_0", "f", {}),),
        finish=CALLED,
    ),
    case(
        "G17-text-end",
        "a text that ends with nothing more",
        answer(call("f", willContinue=True)),
        answer(partial("$.a", more=True, stringValue="x")),
        answer(partial("$.a")),
        answer(partial("$.b", more=True)),
        answer(partial("$.b", stringValue="y")),
        answer(call()),
        STOP,
        calls=(Call("call_0", "f", {"a": "x", "b": "y"}),),
        finish=CALLED,
    ),
    case(
        "G17-back",
        "a place that comes back is told once more, and the last counts",
        answer(call("f", willContinue=True)),
        answer(partial("$.a.b", more=True, stringValue="x")),
        answer(partial("$.c", numberValue=1)),
        answer(partial("$.a.d", more=True, stringValue="y")),
        answer(partial("$.a.d", stringValue="z")),
        answer(partial("$.e[0]", boolValue=False)),
        answer(call()),
        STOP,
        calls=(
            Call(
                "call_0",
                "f",
                {"a": {"b": "x", "d": "yz"}, "c": 1, "e": [False]},
                raw='{"a":{"b":"x"},"c":1,"a":{"b":"x","d":"yz"},"e":[false]}',
            ),
        ),
        finish=CALLED,
    ),
    case(
        "G17-odd",
        "a path that is none",
        answer(call("f", willContinue=True), partial("a..b", numberValue=1), call()),
        STOP,
        calls=(Call("call_0", "f", {"a..b": 1}),),
        finish=CALLED,
        warnings=("odd_json_path",),
    ),
    case(
        "G17-cut",
        "cut off inside an argument",
        answer(call("f", id="t1", willContinue=True)),
        answer(partial("$.a", more=True, stringValue="x")),
        calls=(Call("t1", "f", {}, raw='{"a":"x', invalid=True),),
        state="incomplete",
        error=e.IncompleteStreamError,
    ),
)
