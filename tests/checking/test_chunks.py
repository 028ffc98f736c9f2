"""Chunks are checked as events are: by their schema and by their order."""

from __future__ import annotations

from typing import Any

import pytest

from reqllm import decode_stream
from reqllm.chunk import StreamChunk
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures.checking import check_chunks
from reqllm_fixtures.checking.finding import PROFILES
from reqllm_fixtures.checking.schemas import schema
from tests.corpus import captures
from tests.test_docs import members

from .shapes import SHAPES
from .streams import ANTHROPIC, named, told

CLEAN_CHUNKS = [
    each.as_dict() for each in decode_stream("anthropic-messages", named(ANTHROPIC)).chunks
]
START, *_, FINISH = CLEAN_CHUNKS
TEXT = [{"kind": "text_start"}, {"kind": "text_delta", "text": "a"}, {"kind": "text_end"}]
CALL = {"id": "t1", "name": "f"}
BEGUN = {"kind": "tool_call_start", **CALL}
PIECE = {"kind": "tool_call_delta", "id": "t1", "arguments_delta": "{}"}
WHOLE = {"kind": "tool_call_end", **CALL, "arguments_raw": "{}"}


def usage(**tokens: int) -> dict[str, Any]:
    return {"kind": "usage", "usage": tokens}


BROKEN = {
    "start-missing": ((1, "$.kind"), [*TEXT, FINISH]),
    "start-repeated": ((2, "$.kind"), [START, START, FINISH]),
    "terminal-missing": ((0, "$"), [START, *TEXT]),
    "after-terminal": ((3, "$"), [START, FINISH, START]),
    "delta-before-start": ((2, "$.index"), [START, TEXT[1], FINISH]),
    "delta-after-stop": ((5, "$.index"), [START, *TEXT, TEXT[1], FINISH]),
    "delta-mismatch": ((3, "$.kind"), [START, TEXT[0], {**PIECE}, TEXT[2], FINISH]),
    "block-repeated": ((5, "$.index"), [START, *TEXT, *TEXT, FINISH]),
    "block-open": ((3, "$"), [START, TEXT[0], FINISH]),
    "stop-without-start": ((2, "$.index"), [START, TEXT[2], FINISH]),
    "index-order": ((2, "$.index"), [START, {**TEXT[0], "index": 1}, FINISH]),
    "id-changed": ((3, "$.id"), [START, BEGUN, {**PIECE, "id": "t2"}, WHOLE, FINISH]),
    "arguments-differ": ((3, "$.arguments_raw"), [START, BEGUN, WHOLE, FINISH]),
    "usage-inconsistent": (
        (2, "$.usage.total_tokens"),
        [START, usage(input_tokens=1, output_tokens=3, total_tokens=3), FINISH],
    ),
    "unknown-event": ((2, "$.kind"), [START, {"kind": "news"}, FINISH]),
    "unknown-field": ((1, "$.news"), [{**START, "news": 1}, FINISH]),
    "required-field": ((3, "$.text"), [START, TEXT[0], {"kind": "text_delta"}, TEXT[2], FINISH]),
    "type": ((2, "$.kind"), [START, {"kind": 1}, FINISH]),
    "unknown-value": (
        (2, "$.finish.reason"),
        [START, {"kind": "finish", "finish": {"reason": "tired"}}],
    ),
    "no-events": ((0, "$"), []),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found_at_its_place(rule):
    """The finding names the chunk by its number, and the place in it."""
    place, chunks = BROKEN[rule]

    assert (rule, *place) in told(check_chunks(chunks, profile="strict"))


def test_a_chunk_without_a_kind_is_told():
    """The place is the field that is not there."""
    assert told(check_chunks([START, {}, FINISH])) == [("required-field", 2, "$.kind")]


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_what_the_client_hands_out_is_clean(wire):
    """The chunks of clean streams and of every real one break no rule, as objects or as values."""
    bodies = [SHAPES[wire].framed(events) for events in SHAPES[wire].clean]
    for body in (*bodies, *(capture.body for capture in captures(wire))):
        chunks = decode_stream(wire, body).chunks

        assert check_chunks(chunks, profile="strict") == ()
        assert check_chunks([each.as_dict() for each in chunks], profile="strict") == ()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_kind_of_chunk_has_its_schema(profile):
    """The schemas know the chunks that there are, with all their fields, and no others.

    Else: add them to both of reqllm_fixtures/schemas/chunks.*.json.
    """
    whole = schema("chunks", profile)
    kinds = {each["$ref"].rpartition("/")[2] for each in whole["anyOf"] if "$ref" in each}

    assert kinds == {each.kind for each in members(StreamChunk)}
    fields = {each.kind: {"kind", *each.__struct_fields__} for each in members(StreamChunk)}
    assert {kind: set(whole["$defs"][kind]["properties"]) for kind in kinds} == fields


def test_what_a_newer_release_added_is_a_warning():
    """Kept chunks that know more are told of by profile compat, and no error."""
    chunks = [{**START, "news": 1}, {"kind": "news"}, FINISH]

    assert [(each.severity, each.rule) for each in check_chunks(chunks)] == [
        ("warning", "unknown-field"),
        ("warning", "unknown-event"),
    ]


def test_what_is_no_chunk_is_refused():
    """A text or a number among the chunks is a mistake of the caller's, and told as one."""
    for wrong in ("text", 7, None):
        with pytest.raises(TypeError, match=f"expected chunks.*got {type(wrong).__name__}"):
            check_chunks([START, wrong])
