"""The line that sums an answer up."""

from __future__ import annotations

from itertools import count

import pytest

from reqllm import chunk as c
from reqllm.cli.summary import Stopwatch, Times, summary, what_arrived
from reqllm.content import ReasoningPart, TextPart, ToolCall
from reqllm.response import Choice, Response


def answer(usage: c.Usage | None = None, finish: c.Finish | None = None, **fields) -> Response:
    parts = fields.pop("content", ())
    state = fields.pop("state", "complete")
    return Response(state=state, usage=usage, finish_reason=finish, choices=(Choice(parts),))


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (None, "usage not reported"),
        (c.Usage(), "usage not reported"),
        (c.Usage(input_tokens=1234, output_tokens=0), "tokens 1,234 in, 0 out"),
        (c.Usage(output_tokens=5), "tokens ? in, 5 out"),
        (
            c.Usage(
                input_tokens=9,
                output_tokens=5,
                cache_read_input_tokens=4,
                cache_creation_input_tokens=3,
                reasoning_output_tokens=2,
            ),
            "tokens 9 in (4 cached, 3 newly cached), 5 out (2 reasoning)",
        ),
        (
            c.Usage(input_tokens=9, output_tokens=5, cache_read_input_tokens=0),
            "tokens 9 in, 5 out",
        ),
    ],
)
def test_usage_is_told_as_reported(usage: c.Usage | None, said: str):
    """What was not reported is not called 0, and shares are told where there are any."""
    assert summary(answer(usage, c.Finish("stop")), Times()) == f"{said} · finish stop"


def test_the_providers_own_word_is_told_where_it_differs():
    """The raw finish reason stands beside ours unless it is the same word."""
    assert "finish stop (end_turn)" in summary(answer(None, c.Finish("stop", "end_turn")), Times())
    assert summary(answer(None, c.Finish("stop", "stop")), Times()).endswith("finish stop")
    assert summary(answer(state="incomplete"), Times()).endswith("incomplete")


def test_speed_is_from_the_first_token_to_the_end():
    """The rate leaves out the wait for the first token, which is told beside it."""
    usage = c.Usage(input_tokens=1, output_tokens=30)
    said = summary(answer(usage, c.Finish("stop")), Times(0.5, 2.0))
    assert said.endswith("first token 500 ms · 20.0 tokens/s")
    said = summary(answer(usage, c.Finish("stop")), Times(1.5, 3.0, "as recorded"))
    assert said.endswith("first token 1.50 s · 20.0 tokens/s as recorded")


def test_hidden_reasoning_does_not_count_as_speed():
    """Reasoning tokens nobody saw were over before the first token."""
    usage = c.Usage(output_tokens=30, reasoning_output_tokens=20)
    hidden = answer(usage, c.Finish("stop"), content=(TextPart("a"),))
    seen = answer(usage, c.Finish("stop"), content=(ReasoningPart("a"),))
    assert "10.0 tokens/s" in summary(hidden, Times(0.0, 1.0))
    assert "30.0 tokens/s" in summary(seen, Times(0.0, 1.0))


@pytest.mark.parametrize("times", [Times(), Times(0.1, 0.1), Times(0.1, 0.11), Times(0.1, None)])
def test_no_rate_is_made_up(times: Times):
    """Where all came at once, or times are not known, there is no rate."""
    assert "tokens/s" not in summary(answer(c.Usage(output_tokens=9)), times)


def test_the_watch_starts_when_it_is_made():
    """The first chunk that a reader sees is the first token; keep-alives are not."""
    watch = Stopwatch(count(10.0, 1.0).__next__)
    for chunk in (
        c.StreamStart(),
        c.TextStart(),
        c.TextDelta("a"),
        c.FinishChunk(c.Finish("stop")),
    ):
        watch.note(chunk)
    assert watch.times == Times(3.0, 4.0)


def test_what_arrived_is_counted():
    """A broken answer is told by what there is of it and by its state."""
    calls = (ToolCall("1", "a"), ToolCall("2", "b"))
    parts = (TextPart("abc"), ReasoningPart("de"))
    broken = answer(c.Usage(output_tokens=7), content=(*parts, *calls), state="interrupted")
    assert what_arrived(broken) == (
        "3 characters of text, 2 characters of reasoning, 2 tool calls had arrived, "
        "7 tokens out as last reported; state interrupted"
    )
    assert what_arrived(answer(state="failed")) == "nothing had arrived; state failed"
