"""The rules of the wires whose bodies, blocks and endings are different ones, each broken once."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from reqllm_fixtures.checking import check_events

from .more_streams import (
    COHERE,
    COHERE_END,
    CONVERSE,
    CONVERSE_METADATA,
    GEMINI,
    INTERACTION,
    MESSAGE,
    NAME,
    OLLAMA,
    OLLAMA_DONE,
    RESPONSES,
    RESPONSES_PARTS,
    array,
    at,
    cohere,
    converse,
    frame,
    frames,
    gemini,
    interaction,
    lines,
    message,
    numbered,
    ollama,
    response,
    snapshot,
    status,
    wrapped,
)
from .shapes import SHAPES
from .streams import ANTHROPIC, DONE, Broken, Event, named, strictly, unnamed


def b(wire: str, rule: str, event: int, path: str, *events: Event, sentinel: bool = True) -> Broken:
    return Broken(rule, wire, SHAPES[wire].framed(events, sentinel=sentinel), event, path)


def responses(rule: str, event: int, path: str, *events: Event) -> Broken:
    return b("openai-responses", rule, event, path, *numbered(*events))


def invoke(rule: str, path: str, message: Event) -> Broken:
    """Put a message into a stream that is well without it."""
    body = wrapped(ANTHROPIC[:1]) + frame(message) + wrapped(ANTHROPIC[1:])
    return Broken(rule, "bedrock-invoke", body, 2, path)


PING = base64.b64encode(b'{"type": "ping"}').decode()
CREATED, *_, COMPLETED = RESPONSES_PARTS
WHOLE = frames(CONVERSE)
FIRST_SIZE = len(frame(CONVERSE[0]))
DAMAGED = WHOLE[: FIRST_SIZE - 1] + b"\x00" + WHOLE[FIRST_SIZE:]
CALL = {"tool_calls": {"function": {"arguments": '{"a"'}}}
STOPPED = converse("messageStop", stopReason="end_turn")
INTERACTION_END = interaction("interaction.completed", interaction=status("completed"))
STEP = interaction("step.start", index=0, step={"type": "model_output"})
CREATED_V1 = interaction("interaction.created", interaction=status("in_progress"))
ODD = {"type": "message_start", "message": {}}
LATE = {"functionCall": {"name": "f"}}
BROKEN = (
    # Framings.
    Broken("unfinished-event", "ollama", lines(OLLAMA)[:-1], 3),
    Broken("not-json", "ollama", b"{nope\n" + lines(OLLAMA), 1),
    Broken("unframed", "bedrock-converse", WHOLE[:-3], 8),
    Broken("unframed", "bedrock-converse", DAMAGED, 0),
    Broken("unfinished-event", "gemini", array(GEMINI).rstrip(b"]\n"), 4),
    Broken("unframed", "gemini", array(GEMINI)[:-20], 3),
    Broken("no-events", "gemini", b"[]", 0),
    # Cohere.
    b("cohere-v2", "start-missing", 1, "$.type", *COHERE[1:]),
    b("cohere-v2", "delta-before-start", 2, "$.index", COHERE[0], COHERE[2], COHERE_END),
    b("cohere-v2", "block-open", 3, "$", *COHERE[:2], COHERE_END),
    b("cohere-v2", "delta-mismatch", 3, "$.delta.message.content", *COHERE[:2],
      cohere("content-delta", {"content": {"thinking": "Hm"}}, index=0), COHERE[3], COHERE_END),
    b("cohere-v2", "arguments-not-json", 3, "$.delta.message.tool_calls.function.arguments",
      COHERE[0], COHERE[5], cohere("tool-call-delta", CALL, index=0), COHERE[7], COHERE_END),
    b("cohere-v2", "terminal-missing", 0, "$", *COHERE[:-1]),
    b("cohere-v2", "last-event-missing", 0, "$", *COHERE, sentinel=False),
    # Ollama.
    b("ollama", "id-changed", 2, "$.model", OLLAMA[0], {**OLLAMA_DONE, "model": "n"}),
    b("ollama", "after-terminal", 4, "$", *OLLAMA, ollama("!")),
    b("ollama", "terminal-missing", 0, "$", *OLLAMA[:-1]),
    b("ollama", "required-field", 1, "$.done_reason", {**OLLAMA[0], "done": True}),
    # Gemini.
    b("gemini", "id-changed", 2, "$.responseId", GEMINI[0], {**GEMINI[-1], "responseId": "r2"}),
    b("gemini", "after-finish", 5, "$.candidates[0].content.parts", *GEMINI, gemini(LATE)),
    b("gemini", "finish-repeated", 5, "$.candidates[0].finishReason", *GEMINI,
      gemini(finish="STOP", total=9)),
    b("gemini", "usage-decreased", 2, "$.usageMetadata.totalTokenCount", GEMINI[1], GEMINI[0]),
    b("gemini", "usage-inconsistent", 1, "$.usageMetadata.totalTokenCount",
      gemini(finish="STOP", usageMetadata={"promptTokenCount": 3, "totalTokenCount": 2})),
    b("gemini", "terminal-missing", 0, "$", *GEMINI[:-1]),
    b("gemini", "value", 1, "$.candidates[0].content.parts[0]", gemini({}, finish="STOP")),
    # Interactions.
    b("gemini-interactions", "id-changed", 2, "$.interaction.id", CREATED_V1,
      {**INTERACTION_END, "interaction": {**status("completed"), "id": "v2"}}),
    b("gemini-interactions", "delta-mismatch", 3, "$.delta.type", CREATED_V1, STEP,
      interaction("step.delta", index=0, delta={"type": "arguments_delta", "arguments": "{}"}),
      INTERACTION[4], INTERACTION_END),
    b("gemini-interactions", "arguments-not-json", 7, "$.delta.arguments", *INTERACTION[:6],
      interaction("step.delta", index=1, delta={"type": "arguments_delta", "arguments": "["}),
      *INTERACTION[7:]),
    b("gemini-interactions", "terminal-missing", 0, "$", *INTERACTION[:-1]),
    b("gemini-interactions", "last-event-missing", 0, "$", *INTERACTION, sentinel=False),
    # Bedrock.
    b("bedrock-converse", "unknown-event", 2, "$", CONVERSE[0], converse("news"), *CONVERSE[1:]),
    b("bedrock-converse", "delta-mismatch", 6, "$.delta", *CONVERSE[:5],
      {**CONVERSE[1], "contentBlockIndex": 1}, *CONVERSE[6:]),
    b("bedrock-converse", "arguments-not-json", 6, "$.delta.toolUse.input", *CONVERSE[:5],
      {**CONVERSE[5], "delta": {"toolUse": {"input": "{"}}}, *CONVERSE[6:]),
    b("bedrock-converse", "usage-unexplained", 3, "$.usage.totalTokens", CONVERSE[0], STOPPED,
      {**CONVERSE_METADATA, "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 3}}),
    b("bedrock-converse", "finish-missing", 2, "$", CONVERSE[0], CONVERSE_METADATA),
    b("bedrock-converse", "last-event-missing", 0, "$", *CONVERSE[:-1]),
    b("bedrock-converse", "terminal-missing", 0, "$", *CONVERSE[:-2]),
    Broken("terminal-missing", "bedrock-invoke", wrapped([{"outputText": "Hi"}]), 0),
    Broken("required-field", "bedrock-invoke", wrapped([*ANTHROPIC[:1], {}, *ANTHROPIC[1:]]), 2,
           "$.type"),
    invoke("unknown-event", "$", {NAME: "news", "bytes": "e30="}),
    invoke("required-field", "$.bytes", {NAME: "chunk", "p": "abc"}),
    invoke("type", "$.bytes", {NAME: "chunk", "bytes": None}),
    invoke("value", "$.bytes", {NAME: "chunk", "bytes": "e30"}),
    invoke("value", "$.bytes", {NAME: "chunk", "bytes": "é"}),
    invoke("unknown-field", "$.news", {NAME: "chunk", "bytes": PING, "news": 1}),
    invoke("type", "$.p", {NAME: "chunk", "bytes": PING, "p": 1}),
    invoke("not-json", "$", {NAME: "chunk", "bytes": "bm8="}),
    invoke("empty-event", "$", {NAME: "chunk", "bytes": ""}),
    invoke("type", "$", {NAME: "chunk", "bytes": "W10="}),
    invoke("type", "$.message", {NAME: "exception", "message": 1}),
    invoke("unknown-field", "$.news", {NAME: "exception", "news": 1}),
    Broken("not-json", "bedrock-invoke", wrapped(ANTHROPIC[:1]) + frame({NAME: "chunk"}, b"no"), 2),
    Broken("type", "bedrock-invoke", wrapped(ANTHROPIC[:1]) + frame({NAME: "chunk"}, b"[]"), 2),
    Broken("required-field", "bedrock-invoke", wrapped([ODD]), 1, "$.message.id"),
    # Responses.
    b("openai-responses", "sequence-number", 2, "$.sequence_number", RESPONSES[0], *RESPONSES[2:]),
    b("openai-responses", "sequence-number", 1, "$.sequence_number", *RESPONSES[3:]),
    responses("start-missing", 1, "$.type", *RESPONSES_PARTS[1:]),
    responses("start-implied", 3, "$.content_index", *RESPONSES_PARTS[:2], *RESPONSES_PARTS[3:]),
    responses("delta-before-start", 2, "$.output_index", CREATED, *RESPONSES_PARTS[9:]),
    responses("index-order", 2, "$.output_index", CREATED, *RESPONSES_PARTS[8:]),
    responses("id-changed", 4, "$.item_id", *RESPONSES_PARTS[:3],
              {**RESPONSES_PARTS[3], "item_id": "msg_2"}, *RESPONSES_PARTS[4:]),
    responses("arguments-differ", 5, "$.text", *RESPONSES_PARTS[:4], *RESPONSES_PARTS[5:]),
    responses("arguments-not-json", 10, "$.delta", *RESPONSES_PARTS[:9],
              {**RESPONSES_PARTS[9], "delta": '{"a":'}, *RESPONSES_PARTS[10:]),
    responses("block-open", 3, "$", *RESPONSES_PARTS[:2], COMPLETED),
    responses("terminal-missing", 0, "$", *RESPONSES_PARTS[:-1]),
    responses("usage-inconsistent", 2, "$.response.usage.total_tokens", CREATED,
              response("completed", response=snapshot("completed", usage={
                  **COMPLETED["response"]["usage"], "total_tokens": 1}))),
)  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: f"{each.wire}-{each.rule}")
def test_a_broken_rule_is_found_at_its_place(broken):
    """Event and path name where the rule was broken."""
    assert (broken.rule, broken.event, broken.path) in strictly(broken.wire, broken.body)


ENDINGS: dict[str, tuple[Any, ...]] = {
    "cohere-v2": (*COHERE[:2], {**COHERE_END, "delta": {**COHERE_END["delta"],
                                                       "finish_reason": "ERROR"}}),
    "gemini": (GEMINI[0], {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}),
    "gemini-interactions": (*INTERACTION[:4], interaction("error", error={"message": "no"})),
    "ollama": (OLLAMA[0], {"error": "no"}),
    "bedrock-converse": (*CONVERSE[:3], {NAME: "exception", "message": "slow down"}),
    "openai-responses": numbered(
        *RESPONSES_PARTS[:4],
        {"type": "error", "code": "x", "message": "no", "param": None},
        response("failed", response=snapshot("failed")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("wire", ENDINGS)
def test_a_failure_is_an_ending(wire):
    """What the provider tells of a failure ends a stream: nothing else is missing then."""
    body = SHAPES[wire].framed(ENDINGS[wire], sentinel=wire == "cohere-v2")
    endings = {"terminal-missing", "last-event-missing", "finish-missing"}

    assert not endings.intersection(rule for rule, *_ in strictly(wire, body))


def test_gemini_may_end_by_refusing_the_prompt():
    """A blocked prompt has no candidates and no finishReason, and is whole."""
    blocked = {**gemini(), "promptFeedback": {"blockReason": "SAFETY"}}
    del blocked["candidates"]

    assert strictly("gemini", unnamed([blocked])) == []


@pytest.mark.parametrize("frame_as", [unnamed, array])
def test_gemini_comes_in_two_framings(frame_as):
    """Server-sent events and one JSON array are read alike."""
    assert strictly("gemini", frame_as(GEMINI)) == []


def test_the_ranges_in_an_array_are_its_items():
    """A finding leads to the bytes of the item, also after text that is no ASCII."""
    odd = [gemini({"text": "grüße ☺"}), {**GEMINI[-1], "news": 1}]
    body = array(odd).decode().encode("utf-8")

    (found,) = check_events("gemini", body)

    assert b'"news": 1' in body[slice(*found.byte_range)]
    assert body[slice(*found.byte_range)].startswith(b"{")
    assert body[slice(*found.byte_range)].endswith(b"}")


def test_another_model_over_bedrock_is_only_followed_to_its_end():
    """Its events are its own; the metrics tell that it is whole."""
    metrics = {"inputTokenCount": 1, "outputTokenCount": 1, "invocationLatency": 1}
    events = [{"outputText": "Hi"}, {"amazon-bedrock-invocationMetrics": metrics}]

    assert strictly("bedrock-invoke", wrapped(events)) == []


def test_an_exception_between_wrapped_events_ends_the_stream():
    """It is one of Amazon's messages, and no event of the model's: nothing is missing after it."""
    body = wrapped(ANTHROPIC[:3]) + frame({NAME: "exception", "message": "slow down"})

    assert strictly("bedrock-invoke", body) == []
    (rule, event, path), *_ = strictly("bedrock-invoke", body + wrapped(ANTHROPIC[3:4]))
    assert (rule, event, path) == ("after-terminal", 5, "$")


@pytest.mark.parametrize(
    ("wire", "begun"),
    [("bedrock-invoke", wrapped(ANTHROPIC[:3])), ("bedrock-converse", frames(CONVERSE[:3]))],
)
def test_an_error_of_headers_alone_ends_a_stream(wire, begun):
    """A message that is an error has no payload; it is an ending as an exception is."""
    error = message(
        b"",
        (":message-type", "error"),
        (":error-code", "InternalError"),
        (":error-message", 'it "broke"'),
    )

    assert strictly(wire, begun + error) == []


def test_a_guardrail_speaks_in_the_last_event():
    """What a guardrail did to Claude's answer is told beside its end, in the place of metrics."""
    did = {
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {"guardrail": {}},
    }
    body = wrapped([*ANTHROPIC[:-1], {**ANTHROPIC[-1], **did}])

    assert strictly("bedrock-invoke", body) == []


def test_a_model_of_another_vendor_fails_by_an_error():
    """Of a text that broke off by an error nothing more is missed."""
    body = wrapped([{"text": "He"}, {"error": {"message": "Overheated"}}])

    assert check_events("bedrock-invoke", body) == ()


def test_what_wraps_events_is_held_to_less_by_compat():
    """A field that nobody knows is a warning; a message that holds no event is an error."""
    odd = frame({NAME: "chunk", "bytes": PING, "news": 1, "p": None}) + frame({NAME: "chunk"})
    body = wrapped(ANTHROPIC[:1]) + odd + wrapped(ANTHROPIC[1:])

    assert [
        (each.severity, each.rule, each.path) for each in check_events("bedrock-invoke", body)
    ] == [
        ("warning", "unknown-field", "$.news"),
        ("error", "required-field", "$.bytes"),
    ]


def test_a_stream_that_is_taken_up_again():
    """What came before is not missed, and by profile compat it is no error."""
    findings = check_events("openai-responses", named(RESPONSES[4:]))

    assert [(each.rule, each.severity) for each in findings] == [
        ("sequence-number", "warning"),
        ("arguments-differ", "warning"),
    ]


def test_a_stream_that_counts_from_one_is_not_taken_up_again():
    """It begins by its first event, and so what is missing in it is missed."""
    shifted = [{**each, "sequence_number": each["sequence_number"] + 1} for each in RESPONSES]
    del shifted[2]

    rules = {rule for rule, *_ in strictly("openai-responses", named(shifted))}
    assert {"sequence-number", "start-implied"} <= rules


def test_dialects_of_responses_are_accepted():
    """Without numbers, without names, with the sentinel: by profile compat nothing is wrong."""
    plain = [
        {key: value for key, value in event.items() if key not in ("sequence_number", "logprobs")}
        for event in RESPONSES
    ]

    assert check_events("openai-responses", unnamed(plain) + DONE) == ()


def test_items_without_places_are_accepted():
    """A server that does not number its items, as llama.cpp does not, speaks a dialect."""
    placeless = [
        {key: value for key, value in event.items() if key != "output_index"} for event in RESPONSES
    ]

    found = check_events("openai-responses", named(placeless))
    assert [str(each) for each in found if each.severity == "error"] == []


def test_an_item_has_one_id():
    """A new id on each delta is told, and is no error by profile compat."""
    odd = [{**RESPONSES[3], "item_id": f"msg_{number}"} for number in range(3)]
    body = named([*RESPONSES[:3], *odd, *RESPONSES[5:]])

    assert ("id-changed", "warning") in [
        (each.rule, each.severity) for each in check_events("openai-responses", body)
    ]


def test_items_may_stand_side_by_side():
    """Two messages that are written at the same time break no rule of order."""
    second = {**MESSAGE, "id": "msg_2"}
    events = numbered(
        CREATED,
        response("output_item.added", output_index=0, item=MESSAGE),
        response("output_item.added", output_index=1, item=second),
        response("output_item.done", output_index=0, item=MESSAGE),
        response("output_item.done", output_index=1, item=second),
        COMPLETED,
    )

    assert strictly("openai-responses", named(events)) == []


def test_what_came_before_a_summary_is_found():
    """A summary's text belongs to a summary part that was begun."""
    text = at("reasoning_summary_text.delta", "rs_1", 0, summary_index=0, delta="Hm")
    item = {"id": "rs_1", "type": "reasoning", "summary": []}
    added = response("output_item.added", output_index=0, item=item)
    body = named(numbered(CREATED, added, text, COMPLETED))

    assert ("start-implied", 3, "$.summary_index") in strictly("openai-responses", body)
