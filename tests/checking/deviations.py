"""Why real streams deviate from what is documented: every strict finding over the corpus.

A path may end in `*`, for all that begin so.
"""

from __future__ import annotations

from collections.abc import Callable

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


def _of(wire: str) -> Callable[..., Deviation]:
    def deviation(rule: str, why: str, *paths: str) -> Deviation:
        return Deviation(wire, rule, paths or ("$",), why)

    return deviation


_anthropic, _cohere, _gemini = _of("anthropic-messages"), _of("cohere-v2"), _of("gemini")
_converse = _of("bedrock-converse")
_ollama, _openai, _responses = _of("ollama"), _of("openai-chat"), _of("openai-responses")
_CHOICE = "$.choices[*]"
_DELTA = f"{_CHOICE}.delta"

DEVIATIONS = (
    _anthropic("last-event-missing", "captures whose recorder lost the last network read"),
    _anthropic("unfinished-event", "a capture whose recorder cut off the last blank line"),
    _converse("unknown-value", "a tool of the client's with a type, which only a server's has",
              "$.start.toolUse.type"),
    _cohere("unknown-field", "newer models count reasoning", "$.delta.usage.tokens.*"),
    _gemini("required-field", "a capture of before responses had ids and usage", "$.modelVersion",
            "$.responseId", "$.usageMetadata"),
    _gemini("type", "a recorder wrote the numbers of names that were sent",
            "$.candidates[*].finishReason", "$.candidates[*].safetyRatings[*].*",
            "$.usageMetadata.*"),
    _gemini("usage-decreased", "late chunks count fewer tokens, some of them anew",
            "$.usageMetadata.*"),
    _ollama("required-field", "no answer: the progress of a model that is being pulled",
            "$.created_at", "$.done", "$.message", "$.model"),
    _ollama("unknown-field", "no answer: the progress of a model that is being pulled",
            "$.completed", "$.digest", "$.status", "$.total"),
    _ollama("terminal-missing", "no answer: the progress of a model that is being pulled"),
    _responses("arguments-differ", "a capture that its project shortened", "$.text"),
    _responses("index-order", "a capture that its project shortened", "$.output_index"),
    _responses("required-field", "a capture that its project shortened", "$.response.*"),
    _responses("block-open", "a list of MCP tools completes, and is never done"),
    _responses("event-name-missing", "OpenRouter and a proxy do not name their events"),
    _responses("sentinel-unexpected", "OpenRouter ends by [DONE]"),
    _responses("required-field", "captures of before events were numbered and had logprobs",
               "$.sequence_number", "$.logprobs"),
    _responses("sequence-number", "the rest of a stream that was taken up again",
               "$.sequence_number"),
    _responses("unknown-event", "an older form of events, which a proxy still sends", "$.type"),
    _responses("unknown-field", "what Azure's content filter says", "$.response.content_filters"),
    _responses("unknown-field", "usage has more: costs, tools, sources", "$.response.usage.*"),
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
    _openai("role-missing", "the role is never said, or not where a choice begins",
            f"{_DELTA}.role"),
    _openai("tool-call-without-id", "the id of a tool call is an empty string",
            f"{_DELTA}.tool_calls[*].id"),
    _openai("last-event-missing",
            "the provider sends no [DONE], or its recorder lost the last read"),
    _openai("unframed", "a server that failed wrote its error as a field of its own and stopped"),
    _openai("finish-missing",
            "a proxy loses it, answers in audio have none, one says nothing at all"),
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
