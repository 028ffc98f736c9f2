"""What the wire's words mean in ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqllm import chunk as c
from reqllm.wires.common.fields import as_list, as_object, as_string
from reqllm.wires.common.usage import count, first, total

WIRE = "bedrock-converse"
HIDDEN = "redactedContent"

REASONS: dict[str, c.FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
EVENTS = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    }
)


def converse_usage(raw: Mapping[str, Any]) -> c.Usage:
    """Read the usage object, whose input excludes what the cache gave and took.

    Amazon's own models, asked without Converse, call the numbers of the cache `...TokenCount`.
    """
    read = first(raw, ("cacheReadInputTokens",), ("cacheReadInputTokenCount",))
    written = first(raw, ("cacheWriteInputTokens",), ("cacheWriteInputTokenCount",))
    prompt = total(count(raw, "inputTokens"), read, written)
    completion = count(raw, "outputTokens")
    hours = [
        count(detail, "inputTokens")
        for detail in map(as_object, as_list(raw.get("cacheDetails")))
        if detail.get("ttl") == "1h"
    ]
    tools = as_object(raw.get("serverToolUsage")).items()
    return c.Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=total(prompt, completion),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation_1h_input_tokens=total(*hours),
        server_tool_use={name: number for name, number in tools if isinstance(number, int)},
        raw=raw,
    )


def citation_of(citation: dict[str, Any]) -> c.Citation:
    """Return a source: a page of the web, or one of the documents that were sent along."""
    location = as_object(citation.get("location"))
    kind, place = next(((k, as_object(v)) for k, v in location.items()), ("", {}))
    source = place.get("documentIndex", place.get("searchResultIndex"))
    cited = as_list(citation.get("sourceContent"))
    return c.Citation(
        kind="url" if kind in ("web", "searchResultLocation") else "document",
        url=_filled(place.get("url")) or _filled(citation.get("source")),
        title=_filled(citation.get("title")),
        cited_text="".join(as_string(as_object(part).get("text")) for part in cited) or None,
        source_index=source if isinstance(source, int) else None,
        raw=citation,
    )


def _filled(value: Any) -> str | None:
    return as_string(value) or None
