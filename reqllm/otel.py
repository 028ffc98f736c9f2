"""Spans and metrics of calls, by OpenTelemetry's conventions for generative AI. The extra `otel`.

    client = Client(**otel.hooks())

https://opentelemetry.io/docs/specs/semconv/gen-ai/: a span `chat {model}` for each call, from its
first request to its end, whatever the end is; no content of it unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from reqllm.chunk import StreamChunk
from reqllm.errors import MissingDependencyError
from reqllm.hooks import AttemptStart, StreamEnd
from reqllm.otel_content import input_messages, output_messages

try:
    from opentelemetry import metrics, trace
except ImportError as error:
    raise MissingDependencyError(
        "expected the package opentelemetry-api, which is not installed: pip install 'reqllm[otel]'"
    ) from error

Attributes = dict[str, Any]

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))
# What the conventions call whom we call otherwise.
_PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
# Options of a call, and the attribute that tells of each.
_ASKED = {
    "frequency_penalty": float,
    "max_tokens": int,
    "presence_penalty": float,
    "seed": int,
    "temperature": float,
    "top_k": float,
    "top_p": float,
}
_USED = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_output_tokens",
)
_USED_AS = {
    "cache_read_input_tokens": "cache_read.input_tokens",
    "cache_creation_input_tokens": "cache_creation.input_tokens",
    "reasoning_output_tokens": "reasoning.output_tokens",
}


def hooks(
    *,
    tracer_provider: Any = None,
    meter_provider: Any = None,
    capture_content: bool = False,
    on_attempt: Callable[[AttemptStart], Any] | None = None,
    on_event: Callable[[StreamChunk], Any] | None = None,
    on_end: Callable[[StreamEnd], Any] | None = None,
) -> dict[str, Any]:
    """Return the hooks for a client, as arguments of it.

    tracer_provider, meter_provider: in place of the program's global ones.
    capture_content: put what was asked and answered on the span, too.
    on_attempt, on_event, on_end: your own, which are called as well.
    """
    tracing = _Tracing(
        trace.get_tracer("reqllm", tracer_provider=tracer_provider),
        metrics.get_meter("reqllm", meter_provider=meter_provider),
        capture_content=capture_content,
    )

    def attempt(start: AttemptStart) -> None:
        if on_attempt is not None:
            on_attempt(start)  # first: a call that it refuses has no end
        tracing.start(start)

    def end(end: StreamEnd) -> None:
        tracing.end(end)
        if on_end is not None:
            on_end(end)

    return {"on_attempt": attempt, "on_event": on_event, "on_end": end}


class _Tracing:
    """The calls that are under way, each with its span."""

    def __init__(self, tracer: Any, meter: Any, *, capture_content: bool) -> None:
        self._tracer = tracer
        self._with_content = capture_content
        self._open: dict[Any, tuple[Any, Attributes]] = {}

        def histogram(name: str, unit: str, said: str, edges: tuple[float, ...]) -> Any:
            return meter.create_histogram(
                f"gen_ai.client.{name}",
                unit=unit,
                description=said,
                explicit_bucket_boundaries_advisory=edges,
            )

        self._duration = histogram("operation.duration", "s", "GenAI operation duration.", _SECONDS)
        self._first_chunk = histogram(
            "operation.time_to_first_chunk", "s", "Time to receive the first chunk.", _SECONDS
        )
        self._per_chunk = histogram(
            "operation.time_per_output_chunk",
            "s",
            "Time from one chunk of the output to the next.",
            _SECONDS,
        )
        self._tokens = histogram(
            "token.usage", "{token}", "Number of input and output tokens used.", _TOKENS
        )

    def start(self, start: AttemptStart) -> None:
        """Begin the span of a call, or note on it that there is another try."""
        if start.call in self._open:
            span, _ = self._open[start.call]
            failed = type(start.failed).__name__
            span.add_event("reqllm.retry", {"reqllm.attempt": start.number, "error.type": failed})
            return
        common = _common(start)
        asked = _asked(start.options)
        if self._with_content:
            asked["gen_ai.input.messages"] = input_messages(start.context)
        span = self._tracer.start_span(
            f"chat {start.model}", kind=trace.SpanKind.CLIENT, attributes={**common, **asked}
        )
        self._open[start.call] = span, common

    def end(self, end: StreamEnd) -> None:
        """End the span of a call, and measure it."""
        span, common = self._open.pop(end.call, (trace.INVALID_SPAN, {}))
        metadata = end.metadata
        if metadata.model:
            common["gen_ai.response.model"] = metadata.model
        failed = {} if end.error is None else {"error.type": type(end.error).__name__}
        if span.is_recording():
            span.set_attributes({**common, **failed, **_answered(end)})
            if self._with_content and end.response is not None:
                span.set_attribute("gen_ai.output.messages", output_messages(end.response))
        if end.error is not None:
            span.set_status(trace.Status(trace.StatusCode.ERROR, end.error.message))
        span.end()
        self._duration.record(end.seconds, {**common, **failed})
        if end.first_token is not None:
            self._first_chunk.record(end.first_token, common)
        for gap in end.gaps:
            self._per_chunk.record(gap, common)
        for kind in ("input", "output"):
            count = getattr(metadata.usage, f"{kind}_tokens", None)
            if count is not None:
                self._tokens.record(count, {**common, "gen_ai.token.type": kind})


def _common(start: AttemptStart) -> Attributes:
    """What is on the span and on every metric."""
    url = urlsplit(start.url)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(start.provider, start.provider),
        "gen_ai.request.model": start.model,
        "server.address": url.hostname or "",
        "server.port": url.port or (80 if url.scheme == "http" else 443),
    }


def _asked(options: Mapping[str, Any]) -> Attributes:
    asked: Attributes = {"gen_ai.request.stream": True}
    for name, kind in _ASKED.items():
        if isinstance(options.get(name), int | float):
            asked[f"gen_ai.request.{name}"] = kind(options[name])
    if isinstance(options.get("n"), int) and options["n"] != 1:
        asked["gen_ai.request.choice.count"] = options["n"]
    stop = options.get("stop")
    if stop:
        asked["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if options.get("response_schema") is not None:
        asked["gen_ai.output.type"] = "json"
    return asked


def _answered(end: StreamEnd) -> Attributes:
    metadata = end.metadata
    answered: Attributes = {"reqllm.state": metadata.state}
    if metadata.response_id:
        answered["gen_ai.response.id"] = metadata.response_id
    if metadata.finish_reason is not None and metadata.state == "complete":
        answered["gen_ai.response.finish_reasons"] = [metadata.finish_reason.reason]
    if end.first_token is not None:
        answered["gen_ai.response.time_to_first_chunk"] = end.first_token
    for name in _USED:
        count = getattr(metadata.usage, name, None)
        if count is not None:
            answered[f"gen_ai.usage.{_USED_AS.get(name, name)}"] = count
    return answered
