"""What Bedrock sends on both of its wires, as bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from reqllm import errors as e
from tests.framing.frames import frame, message, texts

from .anthropic_cases import COUNTED
from .cases import Call, Case

METRICS = {"inputTokenCount": 3, "outputTokenCount": 5, "invocationLatency": 9}
METRICS_KEY = "amazon-bedrock-invocationMetrics"


# Converse.
def delta(part: dict[str, Any], index: int = 0, **more: Any) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": index, "delta": part, **more})


def text(said: str, index: int = 0, **more: Any) -> bytes:
    return delta({"text": said}, index, **more)


def reasoning(index: int = 0, **part: str) -> bytes:
    return delta({"reasoningContent": part}, index)


def start(part: dict[str, Any], index: int = 0) -> bytes:
    return frame("contentBlockStart", {"contentBlockIndex": index, "start": part})


def tool_start(index: int = 0, **more: Any) -> bytes:
    return start({"toolUse": {"toolUseId": "t1", "name": "f", **more}}, index)


def arguments(fragment: Any, index: int = 0) -> bytes:
    return delta({"toolUse": {"input": fragment}}, index)


def stop(index: int = 0) -> bytes:
    return frame("contentBlockStop", {"contentBlockIndex": index})


def message_stop(reason: str | None = "end_turn", **more: Any) -> bytes:
    return frame("messageStop", {"stopReason": reason, **more})


def metadata(usage: dict[str, Any] | None = None, **more: Any) -> bytes:
    counted = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8} if usage is None else usage
    return frame("metadata", {"usage": counted, **more})


MS, STOP, META = frame("messageStart", {"role": "assistant"}), message_stop(), metadata()
HELLO = text("He", p="ab") + text("llo", p="abcd") + stop()
END = STOP + META
TOOL_END = message_stop("tool_use") + META
ERROR = message(b"", texts({":message-type": "error", ":error-code": "500", ":error-message": "x"}))
NOTHING_YET = {"model": None, "response_id": None}
STOPPED = ("stop", "end_turn")


def case(key: str, says: str, body: bytes, **more: Any) -> Case:
    """Return the case of an answer that ends as it should, unless said otherwise."""
    more.setdefault("finish", STOPPED)
    more.setdefault("usage", COUNTED)
    return Case(id=key, says=says, body=body, **NOTHING_YET, **more)


def failed(
    key: str, name: str, error: type[e.ReqLLMError], status: int, *, retryable: bool
) -> Case:
    """Return the case of an exception in the middle of a text."""
    return case(
        key,
        f"{name} in the middle is its error, with the text that came before",
        MS + text("He") + frame(name, {"message": "Sorry"}, "exception"),
        text="He",
        state="failed",
        error=error,
        message="Sorry",
        usage={},
        attributes={
            "status": status,
            "http_status": 200,
            "type": name,
            "retryable": retryable,
            "before_first_chunk": False,
        },
    )


CONVERSE = (
    case(
        "hello",
        "text has no start; what it cost comes last",
        MS + HELLO + END,
        text="Hello",
        kinds="stream_start text_start text_delta text_delta text_end usage finish",
    ),
    case(
        "no metadata",
        "the end of the body after the stop reason is complete, with a warning",
        MS + HELLO + STOP,
        text="Hello",
        warnings=("missing_metadata",),
        usage={},
    ),
    case(
        "no messageStop",
        "without a stop reason the answer was cut off",
        MS + HELLO,
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={},
    ),
    case(
        "cut in a frame",
        "a frame that was cut off says nothing: the answer is incomplete",
        MS + HELLO + STOP[:-1],
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={},
    ),
    case(
        "metadata first",
        "what it cost may come before the stop reason",
        MS + HELLO + META + STOP,
        text="Hello",
    ),
    case(
        "cut in metadata",
        "the usage is lost with its frame, and its lack is told",
        MS + HELLO + STOP + META[:40],
        text="Hello",
        warnings=("missing_metadata",),
        usage={},
    ),
    case(
        "no names",
        "events whose frames have no names are wrapped in an object",
        b"".join(
            message(json.dumps(event).encode())
            for event in (
                {"messageStart": {"role": "assistant"}},
                {"contentBlockDelta": {"delta": {"text": "Hello"}, "contentBlockIndex": 0}},
                {"messageStop": {"stopReason": "end_turn"}, "note": 1},
                {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 5}}},
            )
        ),
        text="Hello",
        metadata={"note": 1},
    ),
    case(
        "M06 checksum",
        "a wrong checksum is an error that says where; what came before is kept",
        MS + text("He") + HELLO[:-1] + b"\x00",
        text="HeHello",
        state="failed",
        error=e.CorruptEventError,
        message=f"the event at byte {len(MS + text('He') + HELLO) - len(stop())} of the body",
        usage={},
        attributes={"retryable": True},
    ),
    failed("M06 model", "modelStreamErrorException", e.ServerError, 424, retryable=True),
    failed("internal", "internalServerException", e.ServerError, 500, retryable=True),
    failed("throttling", "throttlingException", e.RateLimitError, 429, retryable=True),
    failed("validation", "validationException", e.InvalidRequestError, 400, retryable=False),
    failed("unavailable", "serviceUnavailableException", e.OverloadedError, 503, retryable=True),
    failed("timeout", "modelTimeoutException", e.ServerError, 408, retryable=True),
    failed("unheard of", "brandNewException", e.ServerError, None, retryable=True),
    case(
        "exception first",
        "an exception before anything else may be tried again",
        frame("throttlingException", {"message": "Slow"}, "exception"),
        state="failed",
        error=e.RateLimitError,
        message="Slow (429, throttlingException)",
        usage={},
        attributes={"before_first_chunk": True, "retryable": True},
    ),
    case(
        "exception without words",
        "an exception whose payload is empty, or no JSON, is one all the same",
        MS + frame("throttlingException", b"", "exception"),
        state="failed",
        error=e.RateLimitError,
        message="no message came with it (429, throttlingException)",
        usage={},
    ),
    case(
        "exception as an event",
        "an exception may come as an event of that name",
        MS + frame("internalServerException", {"message": "Oops"}),
        state="failed",
        error=e.ServerError,
        message="Oops (500, internalServerException)",
        usage={},
    ),
    case(
        "error",
        "an error says in its headers what an exception says in its payload",
        MS + ERROR,
        state="failed",
        error=e.ServerError,
        message="x (500)",
        usage={},
        attributes={"code": "500"},
    ),
    case(
        "exception after the stop reason",
        "only metadata ends the stream: an exception before it is told",
        MS + HELLO + STOP + frame("internalServerException", {"message": "x"}, "exception"),
        text="Hello",
        state="failed",
        error=e.ServerError,
        usage={},
    ),
    case(
        "after the end",
        "what comes after the last event is ignored, with a warning",
        MS + HELLO + END + text("more"),
        text="Hello",
        warnings=("events_after_end",),
    ),
    case(
        "spliced",
        "a second messageStart after content is another answer",
        MS + HELLO + MS + HELLO + END,
        text="Hello",
        state="failed",
        error=e.ProtocolViolationError,
        usage={},
    ),
    case(
        "two starts",
        "a second messageStart before content is told, and no more",
        MS + MS + HELLO + END,
        text="Hello",
        warnings=("repeated_message_start",),
    ),
    case(
        "empty deltas",
        "a block that says nothing is none",
        MS + text("") + stop() + reasoning(1, text="Hm") + stop(1) + text("Hello", 2) + END,
        text="Hello",
        thinking="Hm",
    ),
    case(
        "P34",
        "a character that is cut in two between deltas is one character",
        MS + text("a\ud83d") + text("\ude00b") + text("\ud83d") + stop() + END,
        text="a\U0001f600b\ufffd",
        warnings=("lone_surrogate",),
    ),
    case(
        "J17",
        "arguments that are no JSON are kept as they came, and the rest is read",
        MS + tool_start() + arguments('{"a": xyz}') + stop() + TOOL_END,
        calls=(Call("t1", "f", raw='{"a": xyz}', invalid=True),),
        finish=("tool_calls", "tool_use"),
    ),
    case(
        "J11",
        "arguments that are null are none",
        MS + tool_start(input=None) + arguments(None) + stop() + TOOL_END,
        calls=(Call("t1", "f", {}, raw=""),),
        finish=("tool_calls", "tool_use"),
    ),
    case(
        "tool",
        "a tool call's arguments come in pieces, the first of them empty",
        MS
        + tool_start()
        + arguments("")
        + arguments('{"a"')
        + arguments(":1}")
        + stop()
        + TOOL_END,
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "tool_use"),
    ),
    case(
        "two tools",
        "two calls at once, their arguments mixed",
        MS
        + tool_start(0)
        + tool_start(1, toolUseId="t2", name="g")
        + arguments('{"a":', 0)
        + arguments('{"b":', 1)
        + arguments("1}", 0)
        + arguments("2}", 1)
        + stop(0)
        + stop(1)
        + TOOL_END,
        calls=(Call("t1", "f", {"a": 1}), Call("t2", "g", {"b": 2})),
        finish=("tool_calls", "tool_use"),
    ),
    case(
        "tool without stop reason",
        "a plain end with tool calls is one for tool calls",
        MS + tool_start() + stop() + END,
        calls=(Call("t1", "f", {}, raw=""),),
        finish=("tool_calls", "end_turn"),
    ),
    case(
        "cut arguments",
        "arguments that were cut at the limit are invalid, never empty ones",
        MS + tool_start() + arguments('{"a": "b') + stop() + message_stop("max_tokens") + META,
        calls=(Call("t1", "f", raw='{"a": "b', invalid=True),),
        finish=("length", "max_tokens"),
    ),
    case(
        "arguments as an object",
        "arguments that are no text are the object they are",
        MS + tool_start() + arguments({"a": 1}) + stop() + TOOL_END,
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "tool_use"),
    ),
    case(
        "no start of a tool",
        "arguments without a start are kept, as a call without a name",
        MS + arguments('{"a":1}') + stop() + TOOL_END,
        calls=(Call("call_0", "", {"a": 1}),),
        finish=("tool_calls", "tool_use"),
        warnings=("missing_block_start", "unnamed_tool_call"),
    ),
    case(
        "a tool of the provider's",
        "a call that Bedrock runs is marked",
        MS + tool_start(type="server_tool_use") + arguments("{}") + stop() + END,
        calls=(Call("t1", "f", {}, executed=True),),
    ),
    *(
        case(
            f"stop reason {raw}",
            f"{raw} is {reason}",
            MS + HELLO + message_stop(raw) + META,
            text="Hello",
            finish=(reason, raw),
        )
        for raw, reason in (
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("guardrail_intervened", "content_filter"),
            ("content_filtered", "content_filter"),
            ("brand_new", "other"),
        )
    ),
    case(
        "malformed tool use",
        "an answer that the model could not write is a failure",
        MS + HELLO + message_stop("malformed_tool_use") + META,
        text="Hello",
        state="failed",
        error=e.ServerError,
        message="the provider ended the answer with stopReason 'malformed_tool_use'",
    ),
    case(
        "no stop reason",
        "an end without a reason is told",
        MS + HELLO + message_stop(None) + META,
        text="Hello",
        finish=("other", None),
        warnings=("missing_finish_reason",),
    ),
    case(
        "cache",
        "the totals include what the cache gave and took",
        MS
        + HELLO
        + STOP
        + metadata(
            {
                "inputTokens": 3,
                "outputTokens": 5,
                "totalTokens": 8,
                "cacheReadInputTokens": 100,
                "cacheWriteInputTokens": 40,
                "cacheDetails": [
                    {"ttl": "5m", "inputTokens": 10},
                    {"ttl": "1h", "inputTokens": 30},
                ],
                "serverToolUsage": {"webSearch": 2},
            },
            metrics={"latencyMs": 7},
            trace={"guardrail": {}},
        ),
        text="Hello",
        usage={
            "input_tokens": 143,
            "output_tokens": 5,
            "total_tokens": 148,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 40,
            "cache_creation_1h_input_tokens": 30,
            "server_tool_use": {"webSearch": 2},
        },
        metadata={"metrics": {"latencyMs": 7}, "trace": {"guardrail": {}}},
    ),
    case(
        "fields of the model's own",
        "what the model's vendor adds is kept",
        MS + HELLO + message_stop(additionalModelResponseFields={"stop_sequence": "x"}) + META,
        text="Hello",
        metadata={"additionalModelResponseFields": {"stop_sequence": "x"}},
    ),
)


# InvokeModel.
def chunk(value: Any, **more: Any) -> bytes:
    """Return an event of the model's vendor in its wrapping."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return frame("chunk", {"bytes": b64encode(data).decode(), **more})


def chunks(*values: Any) -> bytes:
    return b"".join(chunk(value, p="abcdefg"[: n % 7]) for n, value in enumerate(values))


def claude(*middle: dict[str, Any], end: bool = True, **last: Any) -> bytes:
    """Return a Messages stream in its wrapping."""
    message = {"id": "c1", "type": "message", "role": "assistant", "model": "m", "content": []}
    first = {"type": "message_start", "message": {**message, "usage": {"input_tokens": 3}}}
    ends = [
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop", **last},
    ]
    return chunks(first, *middle, *(ends if end else ()))


CLAUDE_HELLO: tuple[dict[str, Any], ...] = (
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *(
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": said},
        }
        for said in ("He", "l", "l", "o")
    ),
    {"type": "content_block_stop", "index": 0},
)
IDENTIFIED = {"model": "m", "response_id": "c1"}
NOTED = {METRICS_KEY: METRICS}


def invoke(key: str, says: str, body: bytes, **more: Any) -> Case:
    more.setdefault("finish", STOPPED)
    more.setdefault("usage", COUNTED)
    return Case(id=key, says=says, body=body, **{**NOTHING_YET, **more})


INVOKE = (
    invoke(
        "Claude",
        "a Messages stream in wrappings; the metrics are kept, and not counted again",
        claude(*CLAUDE_HELLO, **NOTED),
        text="Hello",
        metadata=NOTED,
        **IDENTIFIED,
        kinds="stream_start usage text_start text_delta text_delta text_delta text_delta "
        "text_end usage response_metadata finish",
    ),
    invoke(
        "P34",
        "a character that is cut in two between wrapped deltas is one character",
        claude(
            CLAUDE_HELLO[0],
            *(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": said},
                }
                for said in ("He", "l\ud83d", "\ude00o")
            ),
            CLAUDE_HELLO[-1],
        ),
        text="Hel\U0001f600o",
        **IDENTIFIED,
    ),
    invoke(
        "A27",
        "metrics in an event of their own, without a type, are kept and not counted again",
        claude(*CLAUDE_HELLO) + chunk(NOTED),
        text="Hello",
        metadata=NOTED,
        **IDENTIFIED,
    ),
    invoke(
        "A27 first",
        "metrics before the model's last event end nothing",
        claude(*CLAUDE_HELLO, end=False)
        + chunk(NOTED)
        + chunks(
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ),
        text="Hello",
        metadata=NOTED,
        usage={"input_tokens": 3, "output_tokens": None},
        **IDENTIFIED,
    ),
    invoke(
        "no metrics",
        "the model's own last event is enough",
        claude(*CLAUDE_HELLO),
        text="Hello",
        **IDENTIFIED,
    ),
    invoke(
        "Claude, cut off",
        "without its end the answer was cut off",
        claude(*CLAUDE_HELLO, end=False),
        text="Hello",
        state="incomplete",
        error=e.IncompleteStreamError,
        usage={"input_tokens": 3},
        **IDENTIFIED,
    ),
    invoke(
        "M06",
        "an exception after events of the model keeps what they said",
        claude(*CLAUDE_HELLO[:3], end=False)
        + frame(
            "modelStreamErrorException", {"message": "x", "originalStatusCode": 500}, "exception"
        )
        + claude(*CLAUDE_HELLO),
        text="Hel",
        state="failed",
        error=e.ServerError,
        message="x (424, modelStreamErrorException)",
        usage={"input_tokens": 3},
        **IDENTIFIED,
        attributes={"status": 424, "body": {"message": "x", "originalStatusCode": 500}},
    ),
    invoke(
        "exception first",
        "an exception before anything else may be tried again",
        frame("modelTimeoutException", {"message": "x"}, "exception"),
        state="failed",
        error=e.ServerError,
        usage={},
        attributes={"before_first_chunk": True, "retryable": True},
    ),
    invoke(
        "A30",
        "an exception after the model's last event is ignored, with a warning",
        claude(*CLAUDE_HELLO) + frame("internalServerException", {"message": "x"}, "exception"),
        text="Hello",
        warnings=("events_after_end",),
        **IDENTIFIED,
    ),
    invoke(
        "exception as an event",
        "an exception may come as an event of that name",
        claude(*CLAUDE_HELLO[:3], end=False)
        + frame("throttlingException", {"message": "Slow"})
        + claude(*CLAUDE_HELLO),
        text="Hel",
        state="failed",
        error=e.RateLimitError,
        message="Slow (429, throttlingException)",
        usage={"input_tokens": 3},
        **IDENTIFIED,
    ),
    invoke(
        "a type of nobody's",
        "events whose type is none of Anthropic's are read as texts",
        chunks({"type": "novel", "text": "Hello"}, {"type": "end", "finish_reason": "stop"}),
        text="Hello",
        finish=("stop", "stop"),
        usage={},
    ),
    invoke(
        "Claude's error",
        "an error event of the vendor's own is its error",
        claude(
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            end=False,
        ),
        state="failed",
        error=e.OverloadedError,
        message="Overloaded",
        usage={"input_tokens": 3},
        **IDENTIFIED,
    ),
    invoke(
        "Nova",
        "Amazon's models send Converse's events, wrapped; its cache's counts have other names",
        chunks(
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hello"}, "contentBlockIndex": 0}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn"}},
            {
                "metadata": {
                    "usage": {"inputTokens": 3, "outputTokens": 5, "cacheReadInputTokenCount": 1}
                },
                METRICS_KEY: METRICS,
            },
        ),
        text="Hello",
        usage={"input_tokens": 4, "output_tokens": 5, "cache_read_input_tokens": 1},
        metadata=NOTED,
    ),
    invoke(
        "Nova in pieces",
        "each piece of a text is a block of its own there, and one text here",
        chunks(
            {"messageStart": {"role": "assistant"}},
            *(
                event
                for index, said in enumerate(("He", "l", "lo"))
                for event in (
                    {"contentBlockDelta": {"delta": {"text": said}, "contentBlockIndex": index}},
                    {"contentBlockStop": {"contentBlockIndex": index}},
                )
            ),
            {
                "contentBlockStart": {
                    "start": {"toolUse": {"toolUseId": "t1", "name": "f"}},
                    "contentBlockIndex": 3,
                }
            },
            {
                "contentBlockDelta": {
                    "delta": {"toolUse": {"input": '{"a":1}'}},
                    "contentBlockIndex": 3,
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 3}},
            {"messageStop": {"stopReason": "tool_use"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 5}}, **NOTED},
        ),
        text="Hello",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "tool_use"),
        kinds="stream_start text_start text_delta text_delta text_delta text_end tool_call_start "
        "tool_call_delta tool_call_end response_metadata usage finish",
        metadata=NOTED,
    ),
    invoke(
        "gpt-oss",
        "chat completions end without a sentinel; the metrics are the usage",
        chunks(
            {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hello"}}]},
            {
                "id": "c1",
                "model": "m",
                "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                METRICS_KEY: METRICS,
            },
        ),
        text="Hello",
        finish=("stop", "stop"),
        metadata=NOTED,
        **IDENTIFIED,
    ),
    invoke(
        "chat with stop_reason",
        "Mistral's and DeepSeek's chat says why it stopped under another name",
        chunks(
            {"choices": [{"index": 0, "message": {"content": "He"}, "stop_reason": None}]},
            {"choices": [{"index": 0, "text": "llo", "stop_reason": "length"}]},
            NOTED,
        ),
        text="Hello",
        finish=("length", "length"),
        metadata=NOTED,
        usage={},
    ),
    invoke(
        "Titan",
        "the counts of the model go before those of the service",
        chunks(
            {"outputText": "Hel", "index": 0, "inputTextTokenCount": 3, "completionReason": None},
            {
                "outputText": "lo",
                "index": 0.0,
                "totalOutputTextTokenCount": 5,
                "completionReason": "FINISH",
                METRICS_KEY: {**METRICS, "inputTokenCount": 99},
            },
        ),
        text="Hello",
        finish=("stop", "FINISH"),
        metadata={METRICS_KEY: {**METRICS, "inputTokenCount": 99}},
    ),
    invoke(
        "Llama",
        "a text an event, and why it stopped with the last",
        chunks(
            {"generation": "Hel", "prompt_token_count": 3, "stop_reason": None},
            {"generation": "lo", "generation_token_count": 5, "stop_reason": "length", **NOTED},
        ),
        text="Hello",
        finish=("length", "length"),
        metadata=NOTED,
    ),
    invoke(
        "Mistral",
        "texts in a list",
        chunks(
            {"outputs": [{"text": "Hel", "stop_reason": None}]},
            {"outputs": [{"text": "lo", "stop_reason": "stop"}], **NOTED},
        ),
        text="Hello",
        finish=("stop", "stop"),
        metadata=NOTED,
    ),
    invoke(
        "Cohere",
        "the last event repeats the whole text, which is not said twice",
        chunks(
            {"is_finished": False, "event_type": "text-generation", "text": "Hel"},
            {"is_finished": False, "event_type": "text-generation", "text": "lo"},
            {
                "is_finished": True,
                "event_type": "stream-end",
                "response": {"text": "Hello"},
                "finish_reason": "COMPLETE",
                **NOTED,
            },
        ),
        text="Hello",
        finish=("stop", "COMPLETE"),
        metadata={"response": {"text": "Hello"}, **NOTED},
    ),
    invoke(
        "Cohere, calls",
        "calls are told whole after their pieces, and have no ids",
        chunks(
            {"is_finished": False, "event_type": "text-generation", "text": "Let me."},
            {
                "is_finished": False,
                "event_type": "tool-calls-generation",
                "tool_calls": [
                    {"name": "f", "parameters": {"a": 1}},
                    {"name": "g", "parameters": {}},
                ],
            },
            {
                "is_finished": True,
                "event_type": "stream-end",
                "finish_reason": "COMPLETE",
                **NOTED,
            },
        ),
        text="Let me.",
        calls=(Call("call_1", "f", {"a": 1}), Call("call_2", "g")),
        finish=("tool_calls", "COMPLETE"),
        metadata=NOTED,
    ),
    invoke(
        "Cohere, whole",
        "an answer in one event has an id of its own",
        chunks(
            {
                "id": "c1",
                "generations": [{"id": "g1", "text": "Hello", "finish_reason": "MAX_TOKENS"}],
                "prompt": "Hi",
                **NOTED,
            }
        ),
        text="Hello",
        finish=("length", "MAX_TOKENS"),
        details={"id": "g1"},
        metadata={"prompt": "Hi", **NOTED},
        response_id="c1",
    ),
    invoke(
        "Claude 2",
        "text completions are read as texts",
        chunks(
            {"completion": "Hello", "stop_reason": None, "stop": None},
            {"completion": "", "stop_reason": "stop_sequence", "stop": "\n\nHuman:", **NOTED},
        ),
        text="Hello",
        finish=("stop", "stop_sequence"),
        metadata={"stop": "\n\nHuman:", **NOTED},
    ),
    invoke(
        "an error among texts",
        "an error object of a model's own is its error",
        chunks({"text": "He"}, {"error": {"message": "Overheated", "type": "server_error"}}),
        text="He",
        state="failed",
        error=e.ServerError,
        message="Overheated (500, server_error)",
        usage={},
    ),
    invoke(
        "Nova thinking",
        "thinking ends the text before it, and is followed by another",
        chunks(
            *(
                event
                for index, part in enumerate(
                    (
                        {"text": "He"},
                        {"reasoningContent": {"text": "Hm"}},
                        {"text": "llo"},
                    )
                )
                for event in (
                    {"contentBlockDelta": {"delta": part, "contentBlockIndex": index}},
                    {"contentBlockStop": {"contentBlockIndex": index}},
                )
            ),
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 5}}},
        ),
        text="Hello",
        thinking="Hm",
        kinds="stream_start text_start text_delta text_end reasoning_start reasoning_delta "
        "reasoning_end text_start text_delta usage text_end finish",
    ),
    invoke(
        "Nova 2 thinking",
        "its thoughts lie one deeper than Converse's",
        chunks(
            {
                "contentBlockDelta": {
                    "delta": {"reasoningContent": {"reasoningText": {"text": "Hm"}}},
                    "contentBlockIndex": 0,
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"contentBlockDelta": {"delta": {"text": "Hello"}, "contentBlockIndex": 1}},
            {"contentBlockStop": {"contentBlockIndex": 1}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 5}}},
        ),
        text="Hello",
        thinking="Hm",
    ),
    invoke(
        "a failed text",
        "a model that says it failed has failed",
        chunks({"text": "He"}, {"finish_reason": "ERROR", "is_finished": True, **NOTED}),
        text="He",
        state="failed",
        error=e.ServerError,
        message="the provider ended the answer with the reason 'ERROR'",
        metadata=NOTED,
    ),
    invoke(
        "metrics alone",
        "what is counted has ended, also where no reason is told",
        chunks({"outputText": "Hello"}, NOTED),
        text="Hello",
        finish=("other", None),
        warnings=("missing_finish_reason",),
        metadata=NOTED,
        usage={},
    ),
    invoke(
        "bad base64",
        "a wrapping that holds no base64 is an error that shows it",
        claude(*CLAUDE_HELLO, end=False) + frame("chunk", {"bytes": "@@@"}),
        text="Hello",
        state="failed",
        error=e.MalformedEventError,
        message="event 8 of the anthropic-messages stream: expected one JSON object, got '@@@'",
        usage={"input_tokens": 3},
        **IDENTIFIED,
    ),
    invoke(
        "no wrapping",
        "a frame without the wrapping is read as the event itself",
        message(b'{"outputText":"Hello","completionReason":"FINISH"}'),
        text="Hello",
        finish=("stop", "FINISH"),
        usage={},
    ),
    invoke(
        "more in the wrapping",
        "what else a wrapping says is kept",
        chunk({"outputText": "Hello", "completionReason": "FINISH"}, note="x"),
        text="Hello",
        finish=("stop", "FINISH"),
        metadata={"note": "x"},
        usage={},
    ),
)
