"""Every rule is broken once, and found at its place; a clean stream breaks none."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from reqllm.errors import UnknownWireError
from reqllm_fixtures.checking import check_events
from reqllm_fixtures.checking.rules import RULES

from .shapes import SHAPES
from .streams import (
    ANTHROPIC,
    DONE,
    MESSAGE_START,
    MESSAGE_STOP,
    OPENAI_TEXT,
    TEXT_BLOCK,
    TOOL_BLOCK,
    Broken,
    bare,
    call,
    chunk,
    delta,
    finish,
    named,
    openai,
    start,
    stop,
    strictly,
    unnamed,
    usage,
)
from .test_chunks import BROKEN as BROKEN_CHUNKS
from .test_other_wires import BROKEN as BROKEN_ELSEWHERE


def changed(event: dict[str, Any], *path: str | int, to: Any = None) -> dict[str, Any]:
    """Copy an event with another value at a place."""
    copy = deepcopy(event)
    at: Any = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return copy


def a(rule: str, event: int, path: str, *events: dict[str, Any]) -> Broken:
    return Broken(rule, "anthropic-messages", named(events), event, path)


def o(rule: str, event: int, path: str, *events: dict[str, Any]) -> Broken:
    return Broken(rule, "openai-chat", openai(events), event, path)


HELLO, WORLD, STOP = OPENAI_TEXT[0], OPENAI_TEXT[1], chunk({}, "stop")
FIRST = {"role": "assistant"}
HE = delta(0, "text_delta", text="He")
END = (finish(), MESSAGE_STOP)
ARGUMENTS = "$.choices[0].delta.tool_calls[0]"

BROKEN = (
    Broken("no-events", "openai-chat", b": nothing\n\n", 0),
    Broken("not-json", "openai-chat", b"data: {nope\n\n" + openai(OPENAI_TEXT), 1),
    Broken("not-json", "openai-chat", b'data: {"a": NaN}\n\n' + openai(OPENAI_TEXT), 1),
    Broken("not-json", "openai-chat", b'data: {"a": "\xf0"}\n\n' + openai(OPENAI_TEXT), 1),
    Broken("empty-event", "openai-chat", b"data:\n\n" + openai(OPENAI_TEXT), 1),
    Broken("unframed", "openai-chat", openai(OPENAI_TEXT) + b'{"error": 1}', 6),
    Broken("unfinished-event", "openai-chat", openai(OPENAI_TEXT)[:-1], 6),
    Broken(
        "event-name",
        "anthropic-messages",
        named(ANTHROPIC).replace(b"event: ping", b"event: pong"),
        3,
    ),
    Broken("event-name-missing", "anthropic-messages", unnamed(ANTHROPIC), 1),
    a("unknown-event", 2, "$.type", MESSAGE_START, {"type": "news"}, *END),
    o("error-form", 2, "$", HELLO, {"detail": "no"}),
    a("unknown-variant", 2, "$.content_block.type", MESSAGE_START, start(0, {"type": "new"}),
      stop(0), *END),
    o("unknown-field", 1, "$.choices[0].delta.new", chunk({**FIRST, "new": 1}), STOP),
    o("unknown-value", 2, "$.choices[0].finish_reason", HELLO, chunk({}, "eos")),
    o("required-field", 1, "$.created", {k: v for k, v in HELLO.items() if k != "created"}, STOP),
    a("required-field", 1, "$.type", {"message": {}}, *ANTHROPIC),
    a("type", 1, "$.type", {"type": 1}, *ANTHROPIC),
    o("type", 1, "$.choices[0].delta.content", chunk({**FIRST, "content": 1}), STOP),
    Broken("type", "openai-chat", b"data: []\n\n" + openai(OPENAI_TEXT), 1),
    o("value", 1, "$.choices[0].index", chunk(FIRST, choice=-1), chunk({}, "stop", choice=-1)),
    a("start-missing", 1, "$.type", start(0, TEXT_BLOCK), HE, stop(0), *END),
    a("start-repeated", 2, "$.type", MESSAGE_START, *ANTHROPIC),
    o("role-missing", 1, "$.choices[0].delta.role", WORLD, STOP),
    a("delta-before-start", 2, "$.index", MESSAGE_START, HE, *END),
    a("delta-after-stop", 4, "$.index", MESSAGE_START, start(0, TEXT_BLOCK), stop(0), HE, *END),
    a("delta-mismatch", 3, "$.delta.type", MESSAGE_START, start(0, TOOL_BLOCK), HE, stop(0), *END),
    a("delta-mismatch", 6, "$.delta.type", *ANTHROPIC[:5], ANTHROPIC[3], stop(0), *END),
    a("block-repeated", 4, "$.index", MESSAGE_START, *(start(0, TEXT_BLOCK), stop(0)) * 2, *END),
    o("index-order", 3, f"{ARGUMENTS}.index", HELLO, chunk(call(0, "{}", id="t", name="f")),
      chunk(call(0, "{}", id="u", name="g")), STOP),
    a("block-open", 3, "$.index", MESSAGE_START, start(0, TEXT_BLOCK), start(1, TEXT_BLOCK),
      stop(0), stop(1), *END),
    a("block-open", 3, "$", MESSAGE_START, start(0, TEXT_BLOCK), *END),
    a("stop-without-start", 2, "$.index", MESSAGE_START, stop(0), *END),
    a("index-order", 2, "$.index", MESSAGE_START, start(1, TEXT_BLOCK), stop(1), *END),
    o("index-order", 2, f"{ARGUMENTS}.index", HELLO, chunk(call(1, "{}", id="t", name="f")), STOP),
    a("arguments-not-json", 3, "$.delta.partial_json", MESSAGE_START, start(0, TOOL_BLOCK),
      delta(0, "input_json_delta", partial_json='{"a"'), stop(0), *END),
    o("arguments-not-json", 3, f"{ARGUMENTS}.function.arguments", HELLO,
      chunk(call(0, "", id="t", name="f")), chunk(call(0, "[1]")), STOP),
    o("tool-call-unnamed", 2, f"{ARGUMENTS}.function.name", HELLO, chunk(call(0, "{}", id="t")),
      STOP),
    o("tool-call-without-id", 2, f"{ARGUMENTS}.id", HELLO, chunk(call(0, "{}", name="f")), STOP),
    o("id-changed", 2, "$.id", HELLO, changed(STOP, "id", to="c2")),
    o("id-changed", 2, "$.model", HELLO, changed(STOP, "model", to="n")),
    o("created-changed", 2, "$.created", HELLO, changed(STOP, "created", to=2)),
    a("usage-decreased", 3, "$.usage.output_tokens", MESSAGE_START, finish(output=9),
      finish(output=8), MESSAGE_STOP),
    o("usage-inconsistent", 3, "$.usage.total_tokens", HELLO, STOP, bare(usage=usage(3, 4, 6))),
    o("usage-unexplained", 3, "$.usage.total_tokens", HELLO, STOP, bare(usage=usage(3, 4, 9))),
    o("usage-before-finish", 2, "$.usage", HELLO, bare(usage=usage()), STOP),
    o("finish-missing", 0, "$", HELLO, WORLD),
    a("finish-missing", 2, "$", MESSAGE_START, MESSAGE_STOP),
    o("finish-repeated", 3, "$.choices[0].finish_reason", HELLO, STOP, STOP),
    o("after-finish", 3, "$.choices[0].delta.content", HELLO, STOP, WORLD),
    a("terminal-missing", 0, "$", *ANTHROPIC[:-2]),
    a("last-event-missing", 0, "$", *ANTHROPIC[:-1]),
    Broken("terminal-missing", "openai-chat", unnamed(OPENAI_TEXT[:2]), 0),
    Broken("last-event-missing", "openai-chat", unnamed(OPENAI_TEXT), 0),
    Broken("sentinel-unexpected", "anthropic-messages", named(ANTHROPIC) + DONE, 18),
    Broken("after-terminal", "openai-chat", openai(OPENAI_TEXT) + unnamed([WORLD]), 7),
    Broken("after-terminal", "openai-chat", openai(OPENAI_TEXT) + DONE, 7),
    a("after-terminal", 18, "$", *ANTHROPIC, {"type": "ping"}),
)  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: f"{each.wire}-{each.rule}")
def test_a_broken_rule_is_found_at_its_place(broken):
    """Event and path name where the rule was broken."""
    assert (broken.rule, broken.event, broken.path) in strictly(broken.wire, broken.body)


def test_every_rule_is_broken_by_a_test():
    """No rule is in the table that no stream, of events or of chunks, breaks."""
    broken = {each.rule for each in (*BROKEN, *BROKEN_ELSEWHERE)}

    assert broken | set(BROKEN_CHUNKS) == set(RULES)


@pytest.mark.parametrize(
    ("wire", "events"), [(wire, each) for wire, shape in SHAPES.items() for each in shape.clean]
)
def test_a_clean_stream_is_clean(wire, events):
    """What the provider documents breaks no rule of either profile."""
    body = SHAPES[wire].framed(events)

    assert check_events(wire, body, profile="strict") == ()
    assert check_events(wire, body, profile="compat") == ()


def test_an_error_ends_a_stream():
    """A failure that the provider tells is an ending: neither terminal nor sentinel is missing."""
    error = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}

    assert strictly("openai-chat", unnamed([HELLO, error])) == []
    assert strictly("anthropic-messages", named([overloaded])) == []
    assert strictly("anthropic-messages", named([*ANTHROPIC[:8], overloaded])) == []


@pytest.mark.parametrize("halves", [("\ud83d", "\ude00"), ("\ud83d", "x")])
def test_arguments_may_be_cut_inside_a_character(halves):
    """Pieces that each hold half of a character join to it; a half alone is none, and no error."""
    pieces = ['{"a":"', *halves, '"}']
    deltas = [delta(0, "input_json_delta", partial_json=piece) for piece in pieces]
    events = [MESSAGE_START, start(0, TOOL_BLOCK), *deltas, stop(0), *END]

    assert check_events("anthropic-messages", named(events)) == ()


@pytest.mark.parametrize("reason", ["max_tokens", "refusal"])
def test_arguments_may_be_cut_off_with_the_answer(reason):
    """A model that was stopped inside its arguments sends no whole JSON, and that is no fault."""
    body = named((*ANTHROPIC[:-4], stop(2), finish(reason), MESSAGE_STOP))

    assert strictly("anthropic-messages", body) == []


def test_dialects_of_tool_calls_are_read():
    """Every call numbered 0, or not at all, or named on every piece: none of it is an error."""
    one, other = call(0, "{}", id="t", name="f"), call(0, "{}", id="u", name="g")
    unnumbered = [
        {"tool_calls": [{key: each[key] for key in each if key != "index"}]}
        for each in (one["tool_calls"][0], other["tool_calls"][0])
    ]
    pieces = [call(0, '{"a":', id="t", name="f"), call(0, "1}", id="t", name="f")]
    for deltas in ([one, other], unnumbered, pieces):
        body = openai([HELLO, *map(chunk, deltas), STOP])

        assert [
            str(each) for each in check_events("openai-chat", body) if each.severity == "error"
        ] == []


def test_a_choice_may_finish_without_a_delta():
    """Its finish_reason counts all the same."""
    last = bare(choices=[{"index": 0, "finish_reason": "stop"}])

    assert check_events("openai-chat", openai([HELLO, last])) == ()


def test_pieces_are_joined():
    """A body may come in pieces, cut anywhere."""
    body = named(ANTHROPIC[:-1])
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))

    found = check_events("anthropic-messages", body)
    assert check_events("anthropic-messages", pieces) == found
    assert check_events("anthropic-messages", memoryview(body)) == found


def test_a_text_is_no_body():
    """What was decoded is told of: it is not what was sent."""
    with pytest.raises(TypeError, match="got str; encode it"):
        check_events("openai-chat", "data: {}")


def test_the_range_is_the_event_in_the_body():
    """A finding leads to the bytes."""
    body = named([MESSAGE_START, {"type": "news"}, *END])

    (found,) = check_events("anthropic-messages", body, profile="compat")

    assert body[slice(*found.byte_range)] == named([{"type": "news"}])
    assert str(found) == (
        "warning: event 2 $.type: unknown-event: "
        'expected a type that is known, came the string "news"'
    )


def test_the_same_again_is_counted():
    """What breaks a rule in the same place of many events is told once."""
    odd = [chunk({**FIRST, "new": 1}), *[chunk({"content": "a", "new": 1})] * 5, STOP]

    (found,) = check_events("openai-chat", openai(odd))

    assert (found.event, found.repeats) == (1, 5)
    assert str(found).endswith("(and 5 more like it)")


def test_an_unknown_wire_is_refused():
    """The error lists the wires that there are."""
    with pytest.raises(UnknownWireError, match="anthropic-messages"):
        check_events("telegraph", b"")


def test_an_unknown_profile_is_refused():
    """The error lists the profiles that there are."""
    with pytest.raises(ValueError, match="strict, compat"):
        check_events("openai-chat", b"", profile="loose")
