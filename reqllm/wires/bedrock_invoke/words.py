"""What the events of models without a wire of their own say. Pure.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html: the text models of
Amazon (Titan), Meta, Mistral and Cohere send a piece of text an event, each under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.fields import as_list, as_object, filled
from reqllm.wires.common.usage import count, first, total

WIRE = "bedrock-invoke"
METRICS = "amazon-bedrock-invocationMetrics"

# Where an event holds text and why it stopped: itself, or the members of a list in it.
TEXTS = ("outputText", "generation", "text", "completion")
STOPS = ("completionReason", "stop_reason", "finish_reason")
LISTS = ("outputs", "generations", "results")
REASONS: dict[str, c.FinishReason] = {
    "finish": "stop",
    "stop": "stop",
    "complete": "stop",
    "stop_sequence": "stop",
    "stop_criteria_met": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "error_toxic": "content_filter",
    "error": "error",
}
# Where an event counts tokens itself.
_PROMPT = (("inputTextTokenCount",), ("prompt_token_count",))
_COMPLETION = (("totalOutputTextTokenCount",), ("generation_token_count",))
COUNTS = frozenset((*(name for (name,) in _PROMPT + _COMPLETION), METRICS))


def parts_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects of an event that may hold text: the members of its lists, and itself."""
    inner = (as_object(part) for name in LISTS for part in as_list(event.get(name)))
    return [*inner, event]


def text_of(part: Mapping[str, Any]) -> str | None:
    return next((part[name] for name in TEXTS if isinstance(part.get(name), str)), None)


def stop_of(part: Mapping[str, Any]) -> str | None:
    return next((part[name] for name in STOPS if filled(part.get(name))), None)


def text_usage(raw: Mapping[str, Any]) -> c.Usage:
    """Read a model's own counts, and Bedrock's metrics for those it does not give."""
    prompt = first(raw, *_PROMPT, (METRICS, "inputTokenCount"))
    completion = first(raw, *_COMPLETION, (METRICS, "outputTokenCount"))
    return c.Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=total(prompt, completion),
        cache_read_input_tokens=count(raw, METRICS, "cacheReadInputTokenCount"),
        cache_creation_input_tokens=count(raw, METRICS, "cacheWriteInputTokenCount"),
        raw=raw,
    )
