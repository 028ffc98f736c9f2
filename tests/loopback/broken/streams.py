"""What can be wrong with how an answer is sent: its events, its end, its pieces, its counts."""

from __future__ import annotations

from dataclasses import replace

from tests.loopback import spoiling as to
from tests.loopback.defect import ALL, Defect, but
from tests.loopback.rewriting import mapped, without

FINISHES = ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason")
TOTALS = ("total_tokens", "totalTokenCount", "totalTokens")
COUNTS = (
    "usage",
    "usageMetadata",
    "amazon-bedrock-invocationMetrics",
    "prompt_eval_count",
    "eval_count",
)


ENDINGS = (
    Defect(
        name="no_end",
        why="who reads cannot tell a whole answer from one that was cut off",
        caught_by="text",
        wires=ALL,
        events=to.of_events(lambda events, spoken: events[: spoken[-1] + 1]),
    ),
    Defect(
        name="no_sentinel",
        why="clients that wait for [DONE] wait until a timeout",
        caught_by="text",
        wires=("openai-chat", "gemini-interactions", "cohere-v2"),
        events=lambda _, events: events[:-1],
    ),
    Defect(
        name="words_after_the_end",
        why="who stops reading at the end loses them, who does not has an answer that grew",
        caught_by="text",
        wires=ALL,
        events=to.of_events(lambda events, spoken: [*events, events[spoken[-1]]]),
    ),
    Defect(
        name="late_words",
        why="a part is closed, or the answer finished, before its last words come",
        caught_by="text",
        wires=ALL,
        events=to.of_events(lambda events, spoken: to.swapped(events, spoken[-1])),
    ),
    Defect(
        name="starts_twice",
        why="a client that builds up the answer starts it anew",
        caught_by="text",
        wires=but("openai-chat", "gemini", "ollama"),
        events=lambda _, events: [events[0], *events],
    ),
    Defect(
        name="breaks_off",
        why="the connection ends in the middle of an answer",
        caught_by="text",
        wires=ALL,
        sends=to.broken_off,
    ),
    Defect(
        name="unknown_finish",
        why="a reason to stop that the wire does not know says nothing",
        caught_by="text",
        wires=but("openai-responses", "gemini-interactions"),
        events=to.of_payloads(mapped(FINISHES, lambda _: "because")),
    ),
    Defect(
        name="stop_at_the_limit",
        why="an answer that was cut off looks whole",
        caught_by="token_limit",
        wires=ALL,
        says=lambda _, said: replace(said, finish="stop"),
    ),
    Defect(
        name="limit_at_a_stop",
        why="an answer that ended as asked looks cut off",
        caught_by="stop_sequence",
        wires=but("openai-responses"),
        says=lambda _, said: replace(said, finish="length") if said.stop_sequence else said,
    ),
)
IDENTITY = (
    Defect(
        name="no_model",
        why="nobody knows which model answered",
        caught_by="text",
        wires=but("cohere-v2", "bedrock-converse"),
        events=to.of_payloads(without("model", "modelVersion")),
    ),
    Defect(
        name="another_id",
        why="pieces of one answer look like pieces of two",
        caught_by="text",
        wires=("openai-chat", "gemini"),
        events=to.id_changed(("id", "responseId")),
    ),
    Defect(
        name="wrong_content_type",
        why="clients that go by it take the stream for a mere text",
        caught_by="text",
        wires=ALL,
        sends=to.as_type("text/plain"),
    ),
    Defect(
        name="nothing_said",
        why="an answer without words is none",
        caught_by="text",
        wires=ALL,
        says=to.of_text(lambda _: ""),
    ),
)
STREAMING = (
    Defect(
        name="text_at_once",
        why="the user waits for the whole answer before the first word",
        caught_by="long_output",
        wires=ALL,
        writes=lambda options: replace(options, in_one_piece=True),
    ),
    Defect(
        name="buffered",
        why="a proxy holds the stream back and passes it on at its end",
        caught_by="long_output",
        # Elsewhere a long answer is too long to be read at once, however it was sent.
        wires=("cohere-v2", "ollama"),
        sends=to.in_one_write,
    ),
    Defect(
        name="drops_a_delta",
        why="a word is missing, and nobody notices",
        caught_by="long_output",
        wires=ALL,
        events=to.of_events(
            lambda events, spoken: [
                event for at, event in enumerate(events) if at != spoken[len(spoken) // 2]
            ]
        ),
    ),
    Defect(
        name="doubles_a_delta",
        why="a word is there twice, and nobody notices",
        caught_by="long_output",
        wires=ALL,
        events=to.of_events(
            lambda events, spoken: [
                *events[: spoken[len(spoken) // 2]],
                *events[spoken[len(spoken) // 2] :][:1],
                *events[spoken[len(spoken) // 2] :],
            ]
        ),
    ),
    Defect(
        name="gives_up",
        why="half an answer ends as if it were whole",
        caught_by="long_output",
        wires=ALL,
        says=to.of_text(to.half),
    ),
    Defect(
        name="cannot_be_cancelled",
        why="whoever cancels pays for the whole answer: it was there with the first word",
        caught_by="cancel",
        wires=ALL,
        writes=lambda options: replace(options, in_one_piece=True),
        sends=to.in_one_write,
    ),
)
USAGE = (
    Defect(
        name="no_usage",
        why="nobody can tell what an answer costs",
        caught_by="usage",
        wires=ALL,
        events=to.of_payloads(without(*COUNTS)),
    ),
    Defect(
        name="wrong_total",
        why="a total that is no sum makes every bill wrong",
        caught_by="usage",
        wires=(
            "openai-chat",
            "openai-responses",
            "gemini",
            "gemini-interactions",
            "bedrock-converse",
        ),
        events=to.of_payloads(mapped(TOTALS, lambda total: total + 7)),
    ),
    Defect(
        name="counts_no_output",
        why="what was said is not counted",
        caught_by="usage",
        wires=ALL,
        says=to.of_usage(lambda *_: {"output": 0}),
    ),
    Defect(
        name="counts_no_input",
        why="what was read is not counted",
        caught_by="usage",
        wires=ALL,
        says=to.of_usage(lambda *_: {"input": 0}),
    ),
    Defect(
        name="thinks_more_than_it_says",
        why="a part that is greater than its whole makes the rest negative",
        caught_by="usage",
        wires=("openai-chat", "openai-responses", "anthropic-messages", "bedrock-invoke"),
        says=to.of_usage(lambda _, said: {"reasoning": said.usage.output + 50}),
    ),
    Defect(
        name="counts_past_the_limit",
        why="more is charged than was allowed",
        caught_by="token_limit",
        wires=ALL,
        says=to.of_usage(lambda ask, said: {"output": said.usage.output + (ask.max_tokens or 0)}),
    ),
)
