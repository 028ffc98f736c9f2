"""Spans and metrics by OpenTelemetry's conventions: one end a call, and no content by itself."""

from __future__ import annotations

import gc
import itertools
import json
import subprocess
import sys
import warnings
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import reqllm
from reqllm import StreamServer, otel
from reqllm_fixtures import load, overlay, use_cassette, virtual_time
from tests.loopback.server import LoopbackServer

from .answers import First, always
from .test_asking_again import tries
from .ways import Way, everywhere, on_each_loop


class Telemetry:
    """An SDK whose exporters keep what they are given."""

    def __init__(self, **options: Any) -> None:
        self._spans = InMemorySpanExporter()
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self._metering = MeterProvider([self._reader])
        self.hooks = otel.hooks(
            tracer_provider=self.tracing, meter_provider=self._metering, **options
        )

    @property
    def spans(self) -> Any:
        return self._spans.get_finished_spans()

    @property
    def measured(self) -> dict[str, list[Any]]:
        """The points of each metric."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        assert scope.scope.name == "reqllm"
        return {metric.name: list(metric.data.data_points) for metric in scope.metrics}


COMMON = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}


@everywhere
async def test_a_call_that_ends_well(way: Way, server: LoopbackServer) -> None:
    """One span with what was asked and answered, inside the caller's; and the metrics."""
    telemetry = Telemetry()
    tracer = telemetry.tracing.get_tracer("the program")
    async with way.client(server, **telemetry.hooks) as client:
        with tracer.start_as_current_span("the program's") as outer:
            options = {"temperature": 0.5, "max_tokens": 100, "stop": "END", "seed": 7}
            async with client.stream("openai:reasoning", "Hi", **options) as response:
                await response.text()
                metadata = await response.metadata()
    span, _ = telemetry.spans
    assert (span.name, span.kind) == ("chat reasoning", SpanKind.CLIENT)
    assert span.parent.span_id == outer.get_span_context().span_id
    assert span.status.status_code is StatusCode.UNSET
    attributes = dict(span.attributes)
    port = int(server.url.rpartition(":")[2])
    first = attributes.pop("gen_ai.response.time_to_first_chunk")
    assert attributes == {
        **COMMON,
        "gen_ai.request.model": "reasoning",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.id": metadata.response_id,
        "gen_ai.response.model": metadata.model,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 25,
        "gen_ai.usage.output_tokens": 15,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 9,
        "server.address": "127.0.0.1",
        "server.port": port,
        "reqllm.state": "complete",
    }
    measured = telemetry.measured
    (took,) = measured["gen_ai.client.operation.duration"]
    assert (took.count, took.explicit_bounds[0]) == (1, 0.01)
    assert 0 < first <= took.sum
    assert {**COMMON, "gen_ai.request.model": "reasoning"}.items() <= took.attributes.items()
    (to_first,) = measured["gen_ai.client.operation.time_to_first_chunk"]
    assert to_first.sum == first
    tokens = measured["gen_ai.client.token.usage"]
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in tokens} == {
        "input": 25,
        "output": 15,
    }


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("openai:fault-reset", "InterruptedStreamError"),
        ("openai:error_mid", "ServerError"),
        ("openai:error-401", "AuthenticationError"),
    ],
)
@on_each_loop
async def test_a_call_that_ends_badly(
    way: Way, server: LoopbackServer, model: str, kind: str
) -> None:
    """A call that fails, before or in its answer, has one span, with the error's name."""
    telemetry = Telemetry()
    async with way.client(server, **telemetry.hooks) as client:
        with pytest.raises(reqllm.ReqLLMError):
            async with client.stream(model, "Hi") as response:
                await response.text()
    (span,) = telemetry.spans
    assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, kind)
    assert "gen_ai.response.finish_reasons" not in span.attributes
    (took,) = telemetry.measured["gen_ai.client.operation.duration"]
    assert took.attributes["error.type"] == kind


@everywhere
async def test_calls_that_are_left(way: Way, server: LoopbackServer) -> None:
    """A call that is cancelled, left or dropped has one end, which is no error."""
    telemetry = Telemetry()
    async with way.client(server, **telemetry.hooks) as client:
        async with client.stream("openai:fault-words", "Hi") as response:
            await response.cancel()
            await response.cancel()
        async with client.stream("openai:fault-words", "Hi") as response:
            await anext(aiter(response))
        dropped = await way.start(client, "openai:fault-words")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del dropped
            gc.collect()
        await way.until(lambda: server.open_connections == 0)
    assert [span.attributes["reqllm.state"] for span in telemetry.spans] == ["interrupted"] * 3
    assert {span.status.status_code for span in telemetry.spans} == {StatusCode.UNSET}
    took = telemetry.measured["gen_ai.client.operation.duration"]
    assert sum(point.count for point in took) == 3


@on_each_loop
async def test_calls_at_the_same_time(way: Way, server: LoopbackServer) -> None:
    """Each of many calls on one client has its own span, ended by its own end."""
    telemetry = Telemetry()
    async with way.client(server, **telemetry.hooks) as client:

        async def ask(model: str) -> None:
            async with client.stream(f"openai:{model}", "Hi") as response:
                await response.text()

        await way.together(*[lambda m=m: ask(m) for m in ("text", "sky", "unicode") * 3])
    named = [(span.name, span.attributes["gen_ai.response.model"]) for span in telemetry.spans]
    assert sorted(named) == sorted((f"chat {m}", m) for m in ("text", "sky", "unicode") * 3)


@on_each_loop
async def test_tries(way: Way) -> None:
    """What is tried again is one call: an event on its span for each further try."""
    telemetry = Telemetry()
    overloaded = always(b"{}", "application/json", status=529, reason="Overloaded")
    with LoopbackServer(First(overloaded, times=2)) as server:
        async with (
            way.client(server, max_retries=tries(3), **telemetry.hooks) as client,
            client.stream("openai:text", "Hi") as response,
        ):
            await response.text()
    (span,) = telemetry.spans
    assert [(event.name, dict(event.attributes)) for event in span.events] == [
        ("reqllm.retry", {"reqllm.attempt": n, "error.type": "OverloadedError"}) for n in (2, 3)
    ]


@on_each_loop
async def test_content(way: Way, server: LoopbackServer) -> None:
    """What was said is on no span, unless it was asked for; then in the conventions' form."""
    for captured in (False, True):
        telemetry = Telemetry(capture_content=captured)
        async with (
            way.client(server, **telemetry.hooks) as client,
            client.stream("openai:text_and_tools", "a secret question") as response,
        ):
            await response.text()
        (span,) = telemetry.spans
        assert ("secret question" in span.to_json()) == captured
        assert ("Oslo" in span.to_json()) == captured
    (asked,) = json.loads(span.attributes["gen_ai.input.messages"])
    assert asked == {"role": "user", "parts": [{"type": "text", "content": "a secret question"}]}
    (answered,) = json.loads(span.attributes["gen_ai.output.messages"])
    assert (answered["role"], answered["finish_reason"]) == ("assistant", "tool_calls")
    assert [part["type"] for part in answered["parts"]] == ["text", "tool_call", "tool_call"]
    assert answered["parts"][1]["arguments"] == {"city": "Oslo", "unit": "celsius"}


OUTPUT = {"text_delta", "reasoning_delta", "refusal_delta", "tool_call_start", "tool_call_delta"}


@pytest.mark.parametrize("backend", virtual_time.BACKENDS)
@pytest.mark.parametrize("cut", ["recut:events", "recut:120", "recut:blob"])
def test_the_time_between_chunks(backend: str, cut: str) -> None:
    """Each chunk of the output but the first is as long after the one before as it came."""
    rhythm = f"{cut} | rhythm:ttft=2,rate=4"
    recorded = load("cassettes/demo.yaml").interactions[0].response
    server = StreamServer("anthropic-messages")
    (played,) = overlay.apply(overlay.parse(rhythm), recorded)
    came = [
        piece.at_ms / 1000
        for piece in played.pieces
        for chunk in server.receive(piece.data)
        if chunk.kind in OUTPUT
    ]
    ends: list[reqllm.StreamEnd] = []
    telemetry = Telemetry(on_end=ends.append)

    async def main() -> None:
        with use_cassette("cassettes/demo.yaml", overlay=rhythm) as cassette:
            transport = cassette.async_transport()
            async with reqllm.AsyncClient(transport=transport, **telemetry.hooks) as client:
                question = "anthropic:claude-haiku-4-5", "Why is the sky blue?"
                async with client.stream(*question) as response:
                    await response.text()

    virtual_time.run(main, backend=backend)
    (end,) = ends
    expected = [late - early for early, late in itertools.pairwise(came)]
    assert len(expected) > 20
    assert list(end.gaps) == pytest.approx(expected, abs=1e-6)
    (point,) = telemetry.measured["gen_ai.client.operation.time_per_output_chunk"]
    assert point.count == len(expected)
    assert point.sum == pytest.approx(came[-1] - came[0])
    (to_first,) = telemetry.measured["gen_ai.client.operation.time_to_first_chunk"]
    assert point.attributes == to_first.attributes


@on_each_loop
async def test_hooks_beside_it(way: Way, server: LoopbackServer) -> None:
    """A program's own hooks are called as well; one that refuses a call leaves no span open."""
    told: list[Any] = []
    telemetry = Telemetry(on_attempt=told.append, on_event=told.append, on_end=told.append)
    async with (
        way.client(server, **telemetry.hooks) as client,
        client.stream("openai:text", "Hi") as response,
    ):
        chunks = [chunk async for chunk in response]
    assert told[1:-1] == chunks
    assert (told[0].call, told[-1].response.text) == (told[-1].call, await response.text())
    assert len(telemetry.spans) == 1


def test_it_is_loaded_where_it_is_asked_for() -> None:
    """The client alone loads nothing of OpenTelemetry; without it, the error names the extra."""
    program = """
import sys, reqllm
assert not any(name.startswith("opentelemetry") for name in sys.modules)
sys.modules["opentelemetry"] = None
try:
    import reqllm.otel
except reqllm.MissingDependencyError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'reqllm[otel]'" in done.stdout, done.stderr
