"""Why real streams deviate from what is documented: every strict finding over the corpus.

A path may end in `*`, for all that begin so.
"""

from __future__ import annotations

from msgspec import Struct


class Deviation(Struct, frozen=True):
    """One way in which providers deviate from what a wire documents."""

    wire: str
    rule: str
    paths: tuple[str, ...]
    why: str

    def explains(self, wire: str, rule: str, path: str) -> bool:
        """Tell whether a finding is one of these; `path` has `[*]` for every index."""
        if (wire, rule) != (self.wire, self.rule):
            return False
        return any(
            path.startswith(each[:-1]) if each.endswith("*") else path == each
            for each in self.paths
        )


def _openai(rule: str, why: str, *paths: str) -> Deviation:
    return Deviation("openai-chat", rule, paths or ("$",), why)


_CHOICE = "$.choices[*]"
_DELTA = f"{_CHOICE}.delta"

DEVIATIONS = (
    Deviation(
        "anthropic-messages",
        "last-event-missing",
        ("$",),
        "captures that lack their last network read: their recorder lost it",
    ),
    Deviation(
        "anthropic-messages",
        "unfinished-event",
        ("$",),
        "a capture whose recorder cut off the last blank line",
    ),
    # What is not there.
    _openai("required-field", "audio chunks of OpenAI's own have no choices", "$.choices"),
    _openai("required-field", "ids and times that a dialect leaves out", "$.id", "$.created",
            "$.model", "$.object"),
    _openai("required-field", "the asynchronous content filter sends a choice without a delta",
            _DELTA),
    _openai("required-field", "finish_reason comes only with its value",
            f"{_CHOICE}.finish_reason"),
    _openai("required-field", "whole tool calls come without a number",
            f"{_DELTA}.tool_calls[*].index"),
    _openai("required-field", "logprobs in the form of the older completions",
            f"{_CHOICE}.logprobs.*"),
    _openai("role-missing", "the role is never said, or only in an empty string", f"{_DELTA}.role"),
    _openai("tool-call-without-id", "the id of a tool call is an empty string",
            f"{_DELTA}.tool_calls[*].id"),
    _openai("last-event-missing",
            "the provider sends no [DONE], or its recorder lost the last read"),
    _openai("terminal-missing", "a server that failed wrote its error as text and stopped"),
    _openai("unframed-text", "a server that failed wrote its error as text and stopped"),
    _openai("finish-missing", "proxies that lose it, and an answer that says nothing at all"),
    # What is of another kind.
    _openai("type", "explicit nulls where OpenAI leaves a field out", f"{_DELTA}.role",
            f"{_DELTA}.tool_calls", f"{_DELTA}.tool_calls[*].id",
            f"{_DELTA}.tool_calls[*].function.name", "$.usage.completion_tokens",
            "$.usage.total_tokens"),
    _openai("type", "content is a list of parts, thinking among them", f"{_DELTA}.content"),
    _openai("unknown-value", "an empty object in Azure's first chunk, Together's own word later",
            "$.object"),
    _openai("unknown-value", "Together's word for stop is eos", f"{_CHOICE}.finish_reason"),
    _openai("unknown-value", "Groq's tiers have names of their own", "$.service_tier"),
    # What is not as OpenAI orders it.
    _openai("created-changed", "each chunk has a time of its own", "$.created"),
    _openai("finish-repeated", "the chunk with the usage repeats the finish_reason",
            f"{_CHOICE}.finish_reason"),
    _openai("usage-before-finish", "usage comes on every chunk, or where no choice finishes",
            "$.usage"),
    _openai("usage-unexplained", "reasoning is in the total and in no part",
            "$.usage.total_tokens"),
    # What is more.
    _openai("unknown-field", "what Azure's content filter says of prompt and answer",
            "$.prompt_filter_results", f"{_CHOICE}.content_filter_results"),
    _openai("unknown-field", "reasoning, which each names as it likes", f"{_DELTA}.reasoning",
            f"{_DELTA}.reasoning_content", f"{_DELTA}.reasoning_details", f"{_DELTA}.channel"),
    _openai("unknown-field", "how the model's own provider said it", "$.provider",
            f"{_CHOICE}.native_finish_reason", f"{_DELTA}.provider_metadata", "$.generationId"),
    _openai("unknown-field", "tokens and texts of the engine behind", f"{_CHOICE}.text",
            f"{_CHOICE}.seed", f"{_CHOICE}.token_ids", f"{_CHOICE}.stop_reason",
            f"{_CHOICE}.matched_stop", f"{_CHOICE}.logprobs.*", f"{_DELTA}.token_id",
            "$.prompt_text", "$.prompt_token_ids"),
    _openai("unknown-field", "usage has more: costs, times, caches, kinds of token", "$.usage.*"),
    _openai("unknown-field", "costs and times beside the usage", "$.x_groq", "$.copilot_usage",
            "$.cost", "$.time_info", "$.timings"),
    _openai("unknown-field", "MiniMax's moderation, and its name on every delta", "$.base_resp",
            "$.input_sensitive*", "$.output_sensitive*", f"{_DELTA}.audio_content",
            f"{_DELTA}.name"),
    _openai("unknown-field", "Groq's errors tell the status and the call that failed",
            "$.error.status_code", "$.error.failed_generation"),
    _openai("unknown-field", "padding of random length", "$.p"),
    _openai("unknown-field", "a proxy repeats what was asked", "$.stream_options"),
)  # fmt: skip
