"""What Google's Interactions send, as bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from reqllm import errors as e

from .cases import Call, Case

USAGE = {
    "total_input_tokens": 7,
    "total_output_tokens": 26,
    "total_thought_tokens": 115,
    "total_tokens": 148,
}
COUNTED = {
    "input_tokens": 7,
    "output_tokens": 141,
    "total_tokens": 148,
    "reasoning_output_tokens": 115,
}


def event(kind: str, **members: Any) -> bytes:
    value = {**members, "event_type": kind}
    return f"event: {kind}\ndata: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def start(step: dict[str, Any], index: int = 0) -> bytes:
    return event("step.start", index=index, step=step)


def delta(kind: str, index: int = 0, **members: Any) -> bytes:
    return event("step.delta", index=index, delta={**members, "type": kind})


def stop(index: int = 0) -> bytes:
    return event("step.stop", index=index)


def text(said: str, index: int = 0) -> bytes:
    return delta("text", index, text=said)


def completed(status: str = "completed", **more: Any) -> bytes:
    interaction = {"id": "c1", "status": status, "object": "interaction", "usage": USAGE, **more}
    return event("interaction.completed", interaction=interaction)


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


CREATED = event(
    "interaction.created",
    interaction={"id": "c1", "status": "in_progress", "object": "interaction", "model": "m"},
)
OUTPUT = start({"type": "model_output"})
HELLO = OUTPUT + text("He") + text("llo") + stop()
DONE = b"event: done\ndata: [DONE]\n\n"
END = completed() + DONE
CALL_START = start({"type": "function_call", "id": "t1", "name": "f", "arguments": {}})
CALL_END = completed("requires_action") + DONE
CALLED = ("tool_calls", "requires_action")


def case(key: str, says: str, body: bytes, **more: Any) -> Case:
    """Return the case of an interaction that ends as it should, unless said otherwise."""
    more.setdefault("finish", ("stop", "completed"))
    more.setdefault("usage", COUNTED)
    return Case(id=key, says=says, body=CREATED + body, **more)


def failed(key: str, says: str, body: bytes, kind: type[e.ReqLLMError], **more: Any) -> Case:
    return case(key, says, body, **{"state": "failed", "error": kind, "usage": {}, **more})


CASES = (
    case("I01", "steps until the sentinel", HELLO + END, text="Hello"),
    case("I01-crlf", "CRLF", (HELLO + END).replace(b"\n", b"\r\n"), text="Hello"),
    case("I02", "no sentinel", HELLO + completed(), text="Hello", warnings=("missing_done",)),
    failed("I03", "cut off after text", HELLO, e.IncompleteStreamError, state="incomplete",
           text="Hello"),
    failed("I03-done", "a sentinel makes no interaction whole", HELLO + DONE,
           e.IncompleteStreamError, state="incomplete", text="Hello"),
    case("I04", "no room", HELLO + completed("incomplete") + DONE, text="Hello",
         finish=("length", "incomplete")),
    case("I05", "goes on later", HELLO + completed("requires_continuation") + DONE, text="Hello",
         finish=("pause", "requires_continuation")),
    case("I06", "a status that is newer than we are", HELLO + completed("dreaming") + DONE,
         text="Hello", finish=("other", "dreaming")),
    failed("I07", "failed", HELLO + completed("failed") + DONE, e.ServerError, text="Hello",
           message="the interaction ended as failed", usage=COUNTED),
    failed("I07-why", "failed, and why", HELLO + completed(
               "failed", error={"code": 8, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}),
           e.RateLimitError, text="Hello", message="Quota", usage=COUNTED),
    failed("I08", "an error event", HELLO + event(
               "error", error={"code": "unavailable", "message": "Overloaded"}),
           e.OverloadedError, text="Hello", message="Overloaded",
           attributes={"code": "unavailable", "retryable": True}),
    failed("I08-empty", "an error event that says nothing", HELLO + event("error"),
           e.ServerError, text="Hello"),
    failed("I08-step", "a step that begins with an error", start(
               {"type": "model_output", "error": {"code": 13, "message": "Broke"}}),
           e.ServerError, message="Broke"),
    case("I09", "summaries and a signature",
         start({"type": "thought"})
         + delta("thought_summary", content={"type": "text", "text": "Hm"})
         + delta("thought_signature", signature="")
         + delta("thought_summary", content={"type": "text", "text": "m."})
         + delta("thought_signature", signature="Sig") + stop() + HELLO + END,
         thinking="Hmm.", text="Hello"),
    case("I10", "a call in pieces",
         CALL_START + delta("arguments_delta", arguments='{"a":')
         + delta("arguments_delta", arguments="1}") + stop() + CALL_END,
         calls=(Call("t1", "f", {"a": 1}),), finish=CALLED,
         kinds="stream_start tool_call_start tool_call_delta tool_call_delta tool_call_end usage "
         "finish"),
    case("I10-whole", "a call that comes whole, and one without arguments",
         start({"type": "function_call", "id": "t1", "name": "f", "arguments": {"a": 1}}) + stop()
         + start({"type": "function_call", "id": "t2", "name": "g"}, 1) + stop(1) + CALL_END,
         calls=(Call("t1", "f", {"a": 1}), Call("t2", "g", raw="")), finish=CALLED),
    case("I10-two", "two calls at once, and a plain end",
         CALL_START
         + start({"type": "function_call", "id": "t2", "name": "g", "arguments": {}}, 1)
         + delta("arguments_delta", 0, arguments='{"a":')
         + delta("arguments_delta", 1, arguments='{"b":2}')
         + delta("arguments_delta", 0, arguments="1}") + stop(0) + stop(1) + END,
         calls=(Call("t1", "f", {"a": 1}), Call("t2", "g", {"b": 2})),
         finish=("tool_calls", "completed")),
    failed("I10-cut", "cut off inside the arguments",
           CALL_START + delta("arguments_delta", arguments='{"a":'), e.IncompleteStreamError,
           state="incomplete", calls=(Call("t1", "f", raw='{"a":', invalid=True),)),
    case("I11", "a delta without a start", text("Hello") + END, text="Hello",
         warnings=("missing_step_start",)),
    case("I12", "steps only in the last event",
         completed(steps=[
             {"type": "thought", "signature": "S", "summary": [{"type": "text", "text": "Hm"}]},
             {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]},
         ]) + DONE,
         text="Hello", thinking="Hm"),
    case("I12-again", "steps once more in the last event",
         HELLO + completed(steps=[{"type": "model_output", "content": [
             {"type": "text", "text": "Hello"}]}]) + DONE, text="Hello"),
    case("I13", "usage so far beside a delta",
         OUTPUT + event("step.delta", index=0, delta={"type": "text", "text": "Hello"},
                        metadata={"usage": {"total_input_tokens": 7}}) + stop() + END,
         text="Hello"),
    case("I14", "names of events from when it was new",
         event("interaction.start", interaction={"id": "c1", "model": "m"})
         + event("content.start", index=0, content={"type": "text"})
         + event("content.delta", index=0, delta={"type": "text", "text": "Hello"})
         + event("content.stop", index=0)
         + event("interaction.complete", interaction={"status": "completed", "usage": USAGE})
         + DONE, text="Hello"),
    case("I15", "no names of events but in the JSON",
         b"\n".join(line for line in (HELLO + END).split(b"\n") if not line.startswith(b"event:")),
         text="Hello"),
    case("I16", "where to go on, and members newer than we are",
         event("step.start", index=0, step={"type": "model_output"}, event_id="e1")
         + event("step.delta", index=0, delta={"type": "text", "text": "Hello"}, event_id="e2",
                 glow=1) + stop() + END,
         text="Hello", metadata={"glow": 1}),
)  # fmt: skip
