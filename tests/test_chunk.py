"""Chunks are values with two names: the field's and ReqLLM's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from reqllm import chunk as c
from reqllm.errors import IncompleteStreamError, ServerError

CITATION = c.Citation(kind="url", url="https://a.example", start=0, end=2)
USAGE = c.Usage(input_tokens=3, raw={"prompt_tokens": 3})
MEMBERS: tuple[c.StreamChunk, ...] = (
    c.StreamStart("c1", "m"),
    c.ResponseMetadata("c1", "m", {"seed": 1}),
    c.TextStart(0),
    c.TextDelta("He", 0),
    c.TextEnd(0),
    c.ReasoningStart(0),
    c.ReasoningDelta("Hm", 0),
    c.ReasoningEnd(0, signature="abc"),
    c.ToolCallStart("t1", "f", 1),
    c.ToolCallDelta('{"a":', "t1", 1),
    c.ToolCallEnd("t1", "f", {"a": 1}, '{"a":1}'),
    c.ToolResult("t1", {"ok": True}),
    c.ToolApprovalRequest("a1", "t1"),
    c.RefusalDelta("no"),
    c.CitationChunk(CITATION),
    c.FileChunk(media_type="image/png", data=b"\x00\x01"),
    c.FileDelta(b"\x00\x01"),
    c.LogprobsChunk([{"token": "He"}]),
    c.UsageChunk(USAGE),
    c.WarningChunk("odd", "something was odd"),
    c.CustomChunk("openai-chat.hologram", {"x": 1}),
    c.RawChunk("message", "{}"),
    c.KeepaliveChunk("ping"),
    c.FinishChunk(c.Finish("stop", "stop")),
    c.ErrorChunk(ServerError("Gone (500)", status=500)),
)
# The members that ReqLLM has no chunk for: they begin and end blocks.
SILENT = {"stream_start", "text_start", "text_end", "reasoning_start", "tool_call_end"}
each_member = pytest.mark.parametrize("member", [pytest.param(m, id=m.kind) for m in MEMBERS])


def subclasses(kind: type[c.StreamChunk]) -> Iterator[type[c.StreamChunk]]:
    for found in kind.__subclasses__():
        yield found
        yield from subclasses(found)


def test_every_member_is_tested_here() -> None:
    """A member that is added to the module is added to this table."""
    known = {kind for kind in subclasses(c.StreamChunk) if kind.kind}
    assert known == {type(member) for member in MEMBERS}
    assert len({member.kind for member in MEMBERS}) == len(MEMBERS)


@each_member
def test_a_member_has_its_two_names(member: c.StreamChunk) -> None:
    """`kind` is the tag that is written, `type` is one of ReqLLM's four families."""
    assert member.kind == member.__struct_config__.tag
    assert member.type in ("content", "thinking", "tool_call", "meta")


@each_member
def test_a_member_is_a_value(member: c.StreamChunk) -> None:
    """Chunks are equal by what they hold and cannot be changed."""
    assert msgspec.structs.replace(member) == member
    with pytest.raises(AttributeError):
        member.kind = "other"  # type: ignore[misc]
    for name in member.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(member, name, None)


@each_member
def test_as_dict_is_plain_json_with_the_kind(member: c.StreamChunk) -> None:
    """`as_dict` can be written as JSON, names the kind first and leaves out what is empty."""
    plain = member.as_dict()
    assert next(iter(plain)) == "kind"
    assert plain["kind"] == member.kind
    assert None not in plain.values()
    assert {} not in plain.values()
    assert json.loads(json.dumps(plain)) == json.loads(msgspec.json.encode(plain))


@each_member
def test_as_reqllm_is_a_chunk_of_reqllms(member: c.StreamChunk) -> None:
    """ReqLLM's map has its five keys, and what its type asks for; starts and ends have none."""
    mapped = member.as_reqllm()
    if member.kind in SILENT:
        assert mapped is None
        return
    assert mapped is not None
    assert list(mapped) == ["type", "text", "name", "arguments", "metadata"]
    check_reqllm(mapped)


def check_reqllm(mapped: dict[str, Any]) -> None:
    assert isinstance(mapped["metadata"], dict)
    match mapped["type"]:
        case "content" | "thinking":
            assert isinstance(mapped["text"], str)
        case "tool_call":
            assert isinstance(mapped["name"], str)
            assert isinstance(mapped["arguments"], Mapping)
        case "meta":
            assert (mapped["name"], mapped["arguments"]) == (None, None)
        case other:
            raise AssertionError(f"no type of ReqLLM's: {other!r}")


def mapped(member: c.StreamChunk) -> dict[str, Any]:
    found = member.as_reqllm()
    assert found is not None
    return found


def test_text_and_thinking_are_reqllms_content() -> None:
    """Deltas carry their text in ReqLLM's field for it."""
    assert mapped(c.TextDelta("He"))["text"] == "He"
    assert mapped(c.ReasoningDelta("Hm"))["type"] == "thinking"


def test_a_tool_call_is_one_chunk_and_its_arguments_are_fragments() -> None:
    """ReqLLM names a call at its start and sends its arguments as meta chunks."""
    start = mapped(c.ToolCallStart("t1", "f", 2))
    assert (start["type"], start["name"], start["arguments"]) == ("tool_call", "f", {})
    assert start["metadata"] == {"id": "t1", "index": 2, "expects_arg_fragments": True}
    delta = mapped(c.ToolCallDelta('{"a":', "t1", 2))
    assert delta["type"] == "meta"
    assert delta["metadata"] == {"tool_call_args": {"index": 2, "fragment": '{"a":'}}


def test_a_call_that_the_provider_runs_is_builtin() -> None:
    """ReqLLM marks calls that are not for us to run."""
    start = mapped(c.ToolCallStart("t1", "f", provider_executed=True))
    assert start["metadata"]["builtin?"] is True


def test_a_refusal_is_no_content() -> None:
    """Who reads content never takes a refusal for the answer."""
    refusal = mapped(c.RefusalDelta("no"))
    assert (refusal["type"], refusal["metadata"]) == ("meta", {"refusal": "no"})


def test_the_end_of_reasoning_is_told_where_it_is_signed() -> None:
    """ReqLLM hears of the end only if something must go back to the provider."""
    assert c.ReasoningEnd(0).as_reqllm() is None
    assert mapped(c.ReasoningEnd(0, signature="abc"))["metadata"]["signature"] == "abc"
    assert mapped(c.ReasoningEnd(0, data="xyz"))["metadata"]["encrypted"] == "xyz"


def test_the_end_says_why() -> None:
    """The finish reason and the mark of the last chunk are in ReqLLM's metadata."""
    ended = mapped(c.FinishChunk(c.Finish("length", "max_tokens")))
    assert ended["metadata"] == {"finish_reason": "length", "terminal?": True}
    failed = mapped(c.ErrorChunk(ServerError("Gone (500)")))
    assert failed["metadata"] == {
        "error": "Gone (500)",
        "finish_reason": "error",
        "terminal?": True,
    }


def test_an_error_that_has_no_state_yet_is_an_error() -> None:
    """Only a stream that is known to be cut off finishes as incomplete."""
    error = IncompleteStreamError("cut off")
    assert mapped(c.ErrorChunk(error))["metadata"]["finish_reason"] == "error"


def test_usage_of_reqllm_has_every_number() -> None:
    """What is not reported is there as null and not as 0."""
    usage = mapped(c.UsageChunk(USAGE))["metadata"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (3, None)


def test_an_error_is_written_by_its_class_and_message() -> None:
    """`as_dict` of an error says what it is, in words."""
    assert c.ErrorChunk(ServerError("Gone (500)")).as_dict() == {
        "kind": "error",
        "error": {"error": "ServerError", "message": "Gone (500)"},
    }


def test_a_finish_reads_as_its_reason() -> None:
    """A finish printed is the field's common word."""
    assert str(c.Finish("content_filter", "refusal")) == "content_filter"


def test_what_json_has_no_form_for_is_refused() -> None:
    """A chunk that holds what is no JSON says so where it is written."""
    with pytest.raises(TypeError, match="a chunk holds a object"):
        c.CustomChunk("x", object()).as_dict()


def test_several_finishes_are_a_list() -> None:
    """What is written is what is read back, also where the value holds a tuple."""
    plain = c.FinishChunk(c.Finish("stop"), (c.Finish("stop"), c.Finish("length"))).as_dict()
    assert json.loads(json.dumps(plain)) == plain
