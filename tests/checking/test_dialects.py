"""What gateways and other servers make of a wire passes as a dialect, and is read to its end."""

from __future__ import annotations

import pytest

from reqllm.stream_server import decode_stream
from reqllm_fixtures.checking import check_events
from tests.decoders.gateway_cases import FAILURES, GATEWAYS, NUMBERED
from tests.decoders.openai_chat_tool_cases import TOOLS

from .more_streams import GEMINI, INTERACTION, OLLAMA, RESPONSES_PARTS, lines, numbered, wrapped
from .shapes import SHAPES
from .streams import (
    ANTHROPIC,
    DONE,
    MESSAGE_START,
    MESSAGE_STOP,
    OPENAI_TEXT,
    bare,
    chunk,
    finish,
    named,
    openai,
    start,
    stop,
    strictly,
    unnamed,
    usage,
)

NO_SSE = ("ollama", "bedrock-converse", "bedrock-invoke")
WHOLE = [each for each in GATEWAYS if each.state == "complete" and not each.warnings]
# J10: others than us cannot read a call that does not begin by its name.
CALLED = [
    each
    for each in (*TOOLS, *NUMBERED)
    if each.state == "complete"
    and each.calls
    and not any(call.invalid for call in each.calls)
    and not each.id.startswith("J10")
]


def rules(wire: str, body: bytes) -> list[tuple[str, str]]:
    """Return what the looser profile finds: severities and rules."""
    return [(each.severity, each.rule) for each in check_events(wire, body)]


@pytest.mark.parametrize("case", WHOLE, ids=lambda each: each.id)
def test_what_is_read_without_a_warning_passes(case):
    """Where the decoder finds nothing odd, neither does the check that is for dialects."""
    assert rules("openai-chat", case.body) == []


@pytest.mark.parametrize("case", CALLED, ids=lambda each: each.id)
def test_calls_that_can_be_read_are_no_error(case):
    """Where the decoder puts the calls together, the check may warn, and finds no error."""
    found = check_events("openai-chat", case.body)

    assert [str(each) for each in found if each.severity == "error"] == []


@pytest.mark.parametrize("case", FAILURES, ids=lambda each: each.id)
def test_an_error_of_any_shape_is_an_ending(case):
    """Told in a gateway's own shape, a failure is the end, and no event of it is wrong."""
    assert rules("openai-chat", case.body.removesuffix(b"data: [DONE]\n\n")) == []


@pytest.mark.parametrize("sentinel", [b"data:  [DONE]\n\n", b"data: [DONE] \n\n"])
def test_the_sentinel_may_have_blanks(sentinel):
    """Blanks around the sentinel make it no other event."""
    assert rules("openai-chat", unnamed(OPENAI_TEXT) + sentinel) == []


def assert_understood(wire, body, odd, warning):
    """Hold a body that is framed oddly to say what the other does, and it to be told of."""
    meant, got = decode_stream(wire, body), decode_stream(wire, odd)
    assert (got.state, got.content, got.usage, got.finish_reason) == (
        meant.state,
        meant.content,
        meant.usage,
        meant.finish_reason,
    )
    assert warning in [each.code for each in got.warnings]
    assert {severity for severity, _ in rules(wire, odd)} == {"warning"}


@pytest.mark.parametrize("wire", [wire for wire in SHAPES if wire not in NO_SSE])
def test_events_without_blank_lines_between(wire):
    """A server that ends its events by one line end is read line by line, and told of it."""
    body = SHAPES[wire].framed(SHAPES[wire].clean[0])
    joined = body.replace(b"\n\n", b"\n")
    assert_understood(wire, body, joined, "unseparated_events")


FRAMINGS = {
    "each event, with its end": lambda event: (event + b"\n\n").replace(b"\n", b"\ndata: "),
    "each event": lambda event: event.replace(b"\n", b"\ndata: "),
    "each line": lambda event: event.replace(b"\n", b"\n\ndata: "),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("wire", [wire for wire in SHAPES if wire not in NO_SSE])
def test_events_that_are_framed_twice(wire, framing):
    """A server that puts whole frames into its frames, or lines of them, is understood and told of.

    Whoever passes a stream on by a library that frames by itself comes to that.
    """
    body = SHAPES[wire].framed(SHAPES[wire].clean[0])
    events = [FRAMINGS[framing](event) for event in body.split(b"\n\n") if event]
    twice = b"".join(b"data: %s\n\n" % event for event in events)
    assert_understood(wire, body, twice, "nested_events")


def test_an_object_of_nothing_may_be_a_list_of_nothing():
    """A gateway in a language that knows no difference writes `[]` for `{}`."""
    last = bare(choices=[{"index": 0, "delta": [], "finish_reason": "stop"}], usage=[])
    tool = {"type": "tool_use", "id": "t", "name": "f", "input": []}
    called = [MESSAGE_START, start(0, tool), stop(0), finish("tool_use"), MESSAGE_STOP]

    assert rules("openai-chat", openai([OPENAI_TEXT[0], last])) == []
    assert rules("anthropic-messages", named(called)) == []
    assert decode_stream("anthropic-messages", named(called)).tool_calls[0].arguments == {}


def test_the_last_line_may_hold_no_message():
    """Older Ollama ends an answer by what it counted alone."""
    last = {key: value for key, value in OLLAMA[-1].items() if key != "message"}

    assert rules("ollama", lines([*OLLAMA[:-1], last])) == []


def test_a_quoted_sentinel_is_one():
    """Some spell the sentinel as a string of JSON: that is told, and the stream has its end."""
    found = check_events("openai-chat", unnamed(OPENAI_TEXT) + b'data: "[DONE]"\n\n')

    assert [(each.severity, each.rule) for each in found] == [("warning", "unknown-event")]


def test_a_stream_without_choices_says_nothing():
    """A stream that has its sentinel and no choice is warned of: it answered nobody."""
    assert rules("openai-chat", unnamed([bare()]) + DONE) == [("warning", "finish-missing")]


def test_an_event_of_null_is_a_sign_of_life():
    """An event that holds nothing but null says nothing, and harms nothing."""
    body = unnamed(OPENAI_TEXT[:1]) + b"data: null\n\n" + openai(OPENAI_TEXT[1:])

    assert rules("openai-chat", body) == []


def test_usage_in_a_choice():
    """Moonshot reports its usage inside the choice that finishes."""
    last = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage()}

    assert rules("openai-chat", openai([OPENAI_TEXT[0], bare(choices=[last])])) == []


def test_a_tool_of_free_text_has_its_name_elsewhere():
    """A custom tool is named, and its input is no JSON."""
    call = {"index": 0, "id": "t", "type": "custom", "custom": {"name": "f", "input": "ls -l"}}
    body = openai([OPENAI_TEXT[0], chunk({"tool_calls": [call]}), chunk({}, "tool_calls")])

    assert rules("openai-chat", body) == []


def test_a_sign_of_life_is_known():
    """OpenAI sends them, and documents them nowhere."""
    shape = SHAPES["openai-responses"]
    first, *rest = shape.clean[0]
    events = [first, {"type": "keepalive"}, *rest]
    events = [{**event, "sequence_number": number} for number, event in enumerate(events)]

    assert rules("openai-responses", shape.framed(events)) == []
    assert ("unknown-event", 2, "$.type") in strictly("openai-responses", shape.framed(events))


def test_a_stream_that_was_taken_up_again_has_no_beginning():
    """The rest of an interaction is no stream that lacks its start; one from step 0 is."""
    shape = SHAPES["gemini-interactions"]
    for resumed in INTERACTION[3:], INTERACTION[4:], INTERACTION[5:]:
        assert rules("gemini-interactions", shape.framed(resumed)) == []
    assert ("error", "start-missing") in rules("gemini-interactions", shape.framed(INTERACTION[2:]))


def test_usage_of_the_last_iteration_may_fall():
    """Where there were iterations, the last report is of the last one, and says so."""
    last = finish(output=1)
    last["usage"]["iterations"] = [{"type": "compaction"}, {"type": "message"}]
    found = strictly("anthropic-messages", named([*ANTHROPIC[:-2], last, MESSAGE_STOP]))

    assert "usage-decreased" not in [rule for rule, _, _ in found]


def test_a_reason_at_the_start_is_one():
    """A message may say in its first event why it stopped."""
    start = {**MESSAGE_START, "message": {**MESSAGE_START["message"], "stop_reason": "end_turn"}}

    assert rules("anthropic-messages", named([start, MESSAGE_STOP])) == []


def test_a_part_may_begin_by_its_text():
    """Perplexity leaves out where a part of a message begins; a client can do without."""
    events = [each for each in RESPONSES_PARTS if ".content_part." not in each["type"]]

    found = rules("openai-responses", SHAPES["openai-responses"].framed(numbered(*events)))

    assert set(found) == {("warning", "start-implied")}


def test_a_response_may_be_cancelled():
    """It is an ending, of which OpenAI's own documents know nothing."""
    cancelled = {"type": "response.cancelled", "response": RESPONSES_PARTS[-1]["response"]}
    events = numbered(*RESPONSES_PARTS[:-1], cancelled)

    found = rules("openai-responses", SHAPES["openai-responses"].framed(events))

    assert found == [("warning", "unknown-event")]


def test_parts_of_reasoning_have_a_name_of_vllms_own():
    """Its streams begin and end such a part by it, and are otherwise as OpenAI's are."""
    shape = SHAPES["openai-responses"]
    at_0 = {"item_id": "rs_1", "output_index": 0, "content_index": 0}
    part = {"type": "reasoning_text", "text": "Hm"}
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "content": None}
    events = numbered(
        RESPONSES_PARTS[0],
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.reasoning_part.added", **at_0, "part": {**part, "text": ""}},
        {"type": "response.reasoning_text.delta", **at_0, "delta": "Hm"},
        {"type": "response.reasoning_text.done", **at_0, "text": "Hm"},
        {"type": "response.reasoning_part.done", **at_0, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        RESPONSES_PARTS[-1],
    )
    body = shape.framed(events)

    assert rules("openai-responses", body) == []
    assert decode_stream("openai-responses", body).thinking == "Hm"


def test_an_event_of_gemini_may_lie_in_another_object():
    """A gateway of Google's own puts it beside a trace; strictly, that is none of its events."""
    body = unnamed([{"response": each, "traceId": "t"} for each in GEMINI])

    assert rules("gemini", body) == []
    assert strictly("gemini", body) != []


def test_a_reason_that_is_not_specified_is_no_ending():
    """Google's word for none may stand on every event before the last."""
    none = {"finishReason": "FINISH_REASON_UNSPECIFIED"}
    events = [{**each, "candidates": [{**none, **each["candidates"][0]}]} for each in GEMINI]

    assert rules("gemini", unnamed(events)) == []
    assert ("error", "terminal-missing") in rules("gemini", unnamed(events[:-1]))


def test_claude_before_its_messages_ends_by_its_metrics():
    """Over Bedrock, the older completions are text, as other models' is."""
    metrics = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 1, "outputTokenCount": 1}}
    said = {"type": "completion", "completion": "Hi", "stop_reason": None}
    last = {"type": "completion", "completion": "", "stop_reason": "stop_sequence", **metrics}

    assert rules("bedrock-invoke", wrapped([said, last])) == []


def test_other_servers_of_a_wire_are_less_strict_with_types():
    """A time as text, arguments as text, a last line without a message, a call without an id."""
    iso = {**OPENAI_TEXT[0], "created": "2026-01-01T00:00:00Z"}
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = {"model": "m", "message": {"role": "assistant", "tool_calls": [call]}, "done": False}
    ended = {"model": "m", "message": None, "done": True, "done_reason": "tool_calls"}
    tool = {"type": "tool_use", "name": "f", "input": "{}"}

    assert "type" not in [rule for _, rule in rules("openai-chat", openai([iso, OPENAI_TEXT[-1]]))]
    assert rules("ollama", lines([said, ended])) == []
    assert (
        rules(
            "anthropic-messages",
            named([MESSAGE_START, start(0, tool), stop(0), finish("tool_use"), MESSAGE_STOP]),
        )
        == []
    )
