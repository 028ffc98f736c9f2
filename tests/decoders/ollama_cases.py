"""What Ollama's servers send, as bytes."""

from __future__ import annotations

import json
from typing import Any

from reqllm import errors as e

from .cases import Call, Case

LAST: dict[str, Any] = {"done": True, "done_reason": "stop", "eval_count": 3}
USAGE = {"input_tokens": None, "output_tokens": 3, "total_tokens": None}
CALL = {"function": {"index": 0, "name": "f", "arguments": {"a": 1}}}


def line(message: Any = None, end: bytes = b"\n", **members: Any) -> bytes:
    """Return a line with a message, or without one, and its end."""
    said = {"model": "m", "created_at": "2026-11-22T10:00:00.1Z"}
    if message is not None:
        said["message"] = {"role": "assistant", "content": "", **message}
    return json.dumps({**said, "done": False, **members}, separators=(",", ":")).encode() + end


def said(text: str, **members: Any) -> bytes:
    return line({"content": text}, **members)


def last(**members: Any) -> bytes:
    return line({}, **{**LAST, **members})


HELLO = said("Hel") + said("lo")


def row(id: str, says: str, body: bytes, **expected: Any) -> Case:  # noqa: A002
    """A case in which an answer is complete and says Hello, where nothing else is named."""
    defaults: dict[str, Any] = {"text": "Hello", "response_id": None, "usage": USAGE}
    return Case(id=id, says=says, body=body, **{**defaults, **expected})


FAILED: dict[str, Any] = {"state": "failed", "finish": None, "usage": {}}
CASES = (
    row("plain", "text, then the last line with its counts", HELLO + last()),
    row(
        "M03",
        "the limit of tokens is the reason, and what was not counted is not 0",
        HELLO + last(done_reason="length"),
        finish=("length", "length"),
    ),
    row(
        "counts and durations",
        "counts are usage, and durations are kept beside it",
        HELLO + last(prompt_eval_count=4, total_duration=9, eval_duration=5),
        usage={"input_tokens": 4, "output_tokens": 3, "total_tokens": 7},
        metadata={"total_duration": 9, "eval_duration": 5},
    ),
    row(
        "M04 at once",
        "an error line in a 200 is raised, before anything was said",
        b'{"error":"model not found"}\n',
        text="",
        model=None,
        error=e.ServerError,
        message="model not found",
        attributes={"before_first_chunk": True, "http_status": 200},
        **FAILED,
    ),
    row(
        "M04 in the middle",
        "an error line keeps what came before it",
        HELLO + b'{"error":"llama runner process has terminated: exit status 2"}\n',
        error=e.ServerError,
        message="llama runner process has terminated",
        attributes={"before_first_chunk": False},
        **FAILED,
    ),
    row(
        "M04 laid out",
        "an error over several lines is one document",
        b'{\n  "error": "model not found"\n}\n',
        text="",
        model=None,
        error=e.ServerError,
        message="model not found",
        **FAILED,
    ),
    row(
        "cut off",
        "without its last line an answer is incomplete",
        HELLO,
        state="incomplete",
        finish=None,
        error=e.IncompleteStreamError,
        usage={},
    ),
    row(
        "cut off in a line",
        "a line that broke off is no event, and not malformed either",
        HELLO + last()[:60],
        state="incomplete",
        finish=None,
        error=e.IncompleteStreamError,
        usage={},
    ),
    row(
        "the last line lacks its end",
        "the end of the body ends the line as well",
        HELLO + line({}, b"", **LAST),
    ),
    row(
        "CRLF, blank lines and a mark",
        "line ends and blanks say nothing",
        b"\xef\xbb\xbf" + (HELLO + last()).replace(b"\n", b"\r\n") + b"\r\n \n",
    ),
    row(
        "no reason",
        "an answer that is done is whole, though it does not say why",
        HELLO + last(done_reason=None),
        finish=("other", None),
        warnings=("missing_finish_reason",),
    ),
    row(
        "a reason, but not done",
        "a reason at a clean end is an end, with a warning",
        HELLO + said("", done_reason="stop"),
        warnings=("missing_done",),
        usage={},
    ),
    row(
        "another reason",
        "a reason that is no end of an answer is kept as it is",
        HELLO + last(done_reason="load"),
        finish=("other", "load"),
    ),
    row(
        "text in the last line",
        "what the last line says comes before the end",
        said("Hel") + line({"content": "lo"}, **LAST),
    ),
    row(
        "thinking",
        "thinking is reasoning, before the text, and in the same line",
        line({"thinking": "H"}) + line({"thinking": "m", "content": "Hel"}) + said("lo") + last(),
        thinking="Hm",
        kinds="stream_start reasoning_start reasoning_delta reasoning_delta reasoning_end "
        "text_start text_delta text_delta usage text_end finish",
    ),
    row(
        "a call",
        "a call is whole, and the plain reason becomes that of a call",
        line({"tool_calls": [{"id": "t1", **CALL}]}) + last(),
        text="",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "stop"),
        kinds="stream_start tool_call_start tool_call_delta tool_call_end usage finish",
    ),
    row(
        "tool_calls as the reason",
        "other servers of the wire say in OpenAI's word why they stopped",
        line({"tool_calls": [{"id": "t1", **CALL}]}) + last(done_reason="tool_calls"),
        text="",
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "tool_calls"),
    ),
    row(
        "parallel calls",
        "calls of one line or of two are calls of their own, in their order, with ids of ours",
        said("Hello") + line({"tool_calls": [CALL, CALL]}) + line({"tool_calls": [CALL]}) + last(),
        calls=tuple(Call(f"call_{n}", "f", {"a": 1}) for n in (1, 2, 3)),
        finish=("tool_calls", "stop"),
    ),
    row(
        "odd calls",
        "arguments that are no object are invalid, none are none, and text is taken as it is",
        line(
            {
                "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": [1]}},
                    {"id": "b", "function": {"name": "f"}},
                    {"id": "c", "function": {"name": "f", "arguments": '{"a": 1}'}},
                    {"id": "d"},
                    None,
                ]
            }
        )
        + last(),
        text="",
        calls=(
            Call("a", "f", raw="[1]", invalid=True),
            Call("b", "f", raw=""),
            Call("c", "f", {"a": 1}, raw='{"a": 1}'),
        ),
        finish=("tool_calls", "stop"),
    ),
    row(
        "text after a call",
        "text after a call is a block of its own",
        said("Hel") + line({"tool_calls": [{"id": "t1", **CALL}]}) + said("lo") + last(),
        calls=(Call("t1", "f", {"a": 1}),),
        finish=("tool_calls", "stop"),
    ),
    row(
        "generate",
        "the older lines have a response instead of a message",
        line(response="Hel")
        + line(response="lo", thinking="Hm")
        + line(response="", context=[1, 2], **LAST),
        thinking="Hm",
        metadata={"context": [1, 2]},
    ),
    row(
        "whole",
        "an answer that was not streamed is a stream of one line",
        line({"content": "Hello", "thinking": "Hm"}, b"", **LAST),
        thinking="Hm",
    ),
    row(
        "whole, laid out",
        "so is one that a proxy laid out over several lines",
        json.dumps(json.loads(line({"content": "Hello"}, **LAST)), indent=2).encode(),
    ),
    row(
        "after the end",
        "what comes after the last line is not read, and is told of",
        HELLO + last() + said("more"),
        warnings=("events_after_end",),
    ),
    row(
        "a sentinel of others",
        "gateways append the sentinel of another wire: it says nothing",
        HELLO + b"[DONE]\n" + last(),
    ),
    row(
        "unknown members",
        "members that are new are kept",
        line({"content": "Hello", "mood": "good"}, remote_model="r") + last(),
        metadata={"mood": "good", "remote_model": "r"},
    ),
    row(
        "no JSON",
        "a line that is no JSON fails the stream, and what came stays",
        HELLO + b"{bad\n" + last(),
        error=e.MalformedEventError,
        **FAILED,
    ),
    row(
        "no JSON, skipped",
        "or it is skipped with a warning",
        said("Hel") + b"{bad\n" + said("lo") + last(),
        options={"on_malformed": "skip"},
        warnings=("malformed_event",),
    ),
    row(
        "an odd line",
        "a line that is no object is told of",
        HELLO + b"1\n" + last(),
        warnings=("unexpected_event",),
    ),
    row(
        "halves",
        "two halves of a character are one",
        said("Hello\ud83d") + said("\ude00") + last(),
        text="Hello😀",
    ),
)
