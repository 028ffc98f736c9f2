"""Usage as it comes, in pieces and repeats, made into one `Usage`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reqllm.chunk import Usage


class UsageMeter:
    """Keeps the last value of every field that was reported; never adds up."""

    def __init__(self, convert: Callable[[Mapping[str, Any]], Usage]) -> None:
        self._convert = convert
        self.raw: dict[str, Any] = {}

    def update(self, usage: Mapping[str, Any]) -> bool:
        """Take what an event reported; return whether anything changed by it."""
        return _overwrite(self.raw, usage)

    def usage(self) -> Usage:
        return self._convert(_copy(self.raw))


def _overwrite(known: dict[str, Any], news: Mapping[str, Any]) -> bool:
    changed = False
    for key, value in news.items():
        if value is None:
            continue
        old = known.get(key)
        if isinstance(value, dict):
            if not isinstance(old, dict):
                known[key] = _copy(value)
                changed = True
            else:
                changed |= _overwrite(old, value)
        elif old != value:
            known[key] = value
            changed = True
    return changed


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return value


def count(usage: Mapping[str, Any], *path: str) -> int | None:
    """Return the number at a path, `None` where there is none."""
    value: Any = usage
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def first(usage: Mapping[str, Any], *paths: tuple[str, ...]) -> int | None:
    """Return the number at the first of the paths that has one."""
    numbers = (count(usage, *path) for path in paths)
    return next((number for number in numbers if number is not None), None)


def total(*parts: int | None) -> int | None:
    """Return the sum of what was reported, `None` if nothing was."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def both(prompt: int | None, completion: int | None) -> int | None:
    """Return the sum of the two, `None` where one of them was not reported."""
    return None if prompt is None or completion is None else prompt + completion


def told_or_total(told: int | None, *parts: int | None) -> int | None:
    """Return the total that a provider tells, or that of what was reported where it tells none."""
    return told if told is not None else total(*parts)


def openai_usage(raw: Mapping[str, Any]) -> Usage:
    """Read OpenAI's usage object and its dialects.

    Some (xAI) leave reasoning out of the completion tokens; their own total gives them away.
    """
    prompt = first(raw, ("prompt_tokens",), ("input_tokens",))
    completion = first(raw, ("completion_tokens",), ("output_tokens",))
    all_tokens = count(raw, "total_tokens")
    reasoning = first(raw, ("completion_tokens_details", "reasoning_tokens"), ("reasoning_tokens",))
    if (
        reasoning
        and completion is not None
        and prompt is not None
        and all_tokens == prompt + completion + reasoning
    ):
        completion += reasoning
    cached = first(
        raw,
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),
        ("cached_tokens",),
        ("num_cached_tokens",),
        ("cache_read_input_tokens",),
    )
    written = first(
        raw,
        ("prompt_tokens_details", "cache_write_tokens"),
        ("prompt_tokens_details", "cache_creation_tokens"),
        ("cache_creation_input_tokens",),
    )
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=told_or_total(all_tokens, prompt, completion),
        cache_read_input_tokens=cached,
        cache_creation_input_tokens=written,
        reasoning_output_tokens=reasoning,
        input_audio_tokens=count(raw, "prompt_tokens_details", "audio_tokens"),
        output_audio_tokens=count(raw, "completion_tokens_details", "audio_tokens"),
        raw=raw,
    )


def gemini_usage(raw: Mapping[str, Any]) -> Usage:
    """Read Google's usage object: thoughts and what tools read are counted apart there."""
    prompt = total(count(raw, "promptTokenCount"), count(raw, "toolUsePromptTokenCount"))
    thoughts = count(raw, "thoughtsTokenCount")
    answer = total(count(raw, "candidatesTokenCount"), thoughts)
    return Usage(
        input_tokens=prompt,
        output_tokens=answer,
        total_tokens=told_or_total(count(raw, "totalTokenCount"), prompt, answer),
        cache_read_input_tokens=count(raw, "cachedContentTokenCount"),
        reasoning_output_tokens=thoughts,
        input_audio_tokens=_of_modality(raw.get("promptTokensDetails"), "AUDIO"),
        output_audio_tokens=_of_modality(raw.get("candidatesTokensDetails"), "AUDIO"),
        raw=raw,
    )


def responses_usage(raw: Mapping[str, Any]) -> Usage:
    """Read the usage object of OpenAI's Responses and its dialects."""
    if "input_tokens" not in raw and "prompt_tokens" in raw:
        return openai_usage(raw)  # a gateway's, which hands on that of chat completions
    prompt, completion = count(raw, "input_tokens"), count(raw, "output_tokens")
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=told_or_total(count(raw, "total_tokens"), prompt, completion),
        cache_read_input_tokens=count(raw, "input_tokens_details", "cached_tokens"),
        cache_creation_input_tokens=count(raw, "input_tokens_details", "cache_write_tokens"),
        reasoning_output_tokens=count(raw, "output_tokens_details", "reasoning_tokens"),
        input_audio_tokens=count(raw, "input_tokens_details", "audio_tokens"),
        output_audio_tokens=count(raw, "output_tokens_details", "audio_tokens"),
        raw=raw,
    )


def interactions_usage(raw: Mapping[str, Any]) -> Usage:
    """Read the usage object of Google's interactions, which counts as its other wire does."""
    prompt = total(count(raw, "total_input_tokens"), count(raw, "total_tool_use_tokens"))
    thoughts = count(raw, "total_thought_tokens")
    answer = total(count(raw, "total_output_tokens"), thoughts)
    return Usage(
        input_tokens=prompt,
        output_tokens=answer,
        total_tokens=told_or_total(count(raw, "total_tokens"), prompt, answer),
        cache_read_input_tokens=count(raw, "total_cached_tokens"),
        reasoning_output_tokens=thoughts,
        input_audio_tokens=_of_modality(raw.get("input_tokens_by_modality"), "audio", "tokens"),
        output_audio_tokens=_of_modality(raw.get("output_tokens_by_modality"), "audio", "tokens"),
        raw=raw,
    )


def _of_modality(details: Any, modality: str, tokens: str = "tokenCount") -> int | None:
    for entry in details if isinstance(details, list) else ():
        if isinstance(entry, dict) and entry.get("modality") == modality:
            return count(entry, tokens)
    return None


def anthropic_usage(raw: Mapping[str, Any]) -> Usage:
    """Read Anthropic's usage object, whose input excludes what the cache gave and took."""
    read = count(raw, "cache_read_input_tokens")
    written = count(raw, "cache_creation_input_tokens")
    prompt = total(count(raw, "input_tokens"), read, written)
    completion = count(raw, "output_tokens")
    tools = raw.get("server_tool_use")
    tool_counts = tools.items() if isinstance(tools, dict) else ()
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=total(prompt, completion),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation_1h_input_tokens=count(raw, "cache_creation", "ephemeral_1h_input_tokens"),
        reasoning_output_tokens=count(raw, "output_tokens_details", "thinking_tokens"),
        server_tool_use={name: n for name, n in tool_counts if isinstance(n, int)},
        raw=raw,
    )


def ollama_usage(raw: Mapping[str, Any]) -> Usage:
    """Read the counts of Ollama's last line, which leaves those out that are 0."""
    prompt = count(raw, "prompt_eval_count")
    completion = count(raw, "eval_count")
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=both(prompt, completion),
        raw=raw,
    )


def cohere_usage(raw: Mapping[str, Any]) -> Usage:
    """Read Cohere's usage object; what is billed is less than what was read and written."""
    tokens = raw.get("tokens")
    of = "tokens" if isinstance(tokens, dict) else "billed_units"
    prompt = count(raw, of, "input_tokens")
    completion = count(raw, of, "output_tokens")
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        total_tokens=both(prompt, completion),
        cache_read_input_tokens=count(raw, "cached_tokens"),
        reasoning_output_tokens=count(raw, of, "reasoning_tokens"),
        raw=raw,
    )
