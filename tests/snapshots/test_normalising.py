"""What is new in every answer, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from reqllm_fixtures.matching.normalising import VARIES, Normalised


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("created", 1762103513),
        ("expires_at", "2026-03-03T19:38:14Z"),
        ("signature", "ErACCkYICRgC"),
        ("system_fingerprint", "fp_1"),
        ("encrypted_content", "gAAAAAB"),
        ("seed", 15092511270073158000),
        ("total_duration", 5_043_500_667),
        ("queue_time", 0.25),
        ("predicted_ms", 139.1),
        ("tokens_per_second", 129.3),
        ("endTime", 323988.4),
    ],
)
def test_what_always_varies(key: str, value: Any):
    """Moments, seals, seeds and durations are blanked, at any depth; what is absent stays so."""
    assert Normalised().value({"a": [{key: value}]}) == {"a": [{key: VARIES}]}
    assert Normalised().value({key: None}) == {key: None}


@pytest.mark.parametrize("key", ["id", "tool_call_id", "item_id", "toolUseId", "generationId"])
def test_ids(key: str):
    """They are numbered in the order in which they come, by whatever name they go."""
    found = Normalised().value([{key: "first"}, {key: "second"}, {"id": "first"}, {key: ""}])
    assert found == [{key: "(id 1)"}, {key: "(id 2)"}, {"id": "(id 1)"}, {key: ""}]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_id", "m"),
        ("modelId", "m"),
        ("originalModelId", "m"),
        ("queue_time", "noon"),
        ("format", "date"),
        ("valid", True),
        ("data", "read me"),
        ("input_tokens", 14),
        ("id", 7),
    ],
)
def test_what_is_kept(key: str, value: Any):
    """Models, words, counts and positions mean something."""
    assert Normalised().value({key: value}) == {key: value}


@pytest.mark.parametrize("key", ["arguments", "input", "args", "text"])
def test_what_was_said_is_kept(key: str):
    """Whatever it looks like."""
    said = {"order_id": "A1", "created_at": 1, "message": "req_011CYyo4bryBiaWH"}
    assert Normalised().value({key: said}) == {key: said}


def test_an_id_by_another_name():
    """One that was met is known again; a short text that only is the same is none."""
    met = [{"id": "call_abc"}, {"id": "c1"}, {"for": "call_abc", "also": "c1"}]
    assert Normalised().value(met)[2] == {"for": "(id 1)", "also": "c1"}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("busy, req_011CYyo4bryBiaWH.", "busy, (id 1)."),
        ("busy, gen-1758283839-XyZ", "busy, (id 1)"),
        ("busy (bfb39741-3748-4def-9886-a93fc9c64a90)", "busy ((id 1))"),
        ("no tool get_something_by_name", "no tool get_something_by_name"),
        ("no model claude-haiku-4-5-20251001", "no model claude-haiku-4-5-20251001"),
    ],
)
def test_ids_in_sentences(message: str, said: str):
    """What was drawn at random is found; names of tools and models are not taken for it."""
    assert Normalised().value({"message": message}) == {"message": said}
