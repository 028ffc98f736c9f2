"""The conformance scenarios as our client asks them, without a network: one request a wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from reqllm.context import Context
from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm_fixtures.conformance.scenarios import (
    NO_SUCH_KEY,
    NO_SUCH_MODEL,
    REFUSED,
    SCENARIOS,
    Scenario,
)

from .messages import Answer, Request
from .provider import KEY
from .wires import Wire

MODELS: dict[Wire, str] = {
    "openai-chat": "openai:gpt-5-mini",
    "openai-responses": "openai:gpt-5-mini",
    "anthropic-messages": "anthropic:claude-haiku-4-5",
    "gemini": "google:gemini-3-flash",
    "gemini-interactions": "google:gemini-3-flash",
    "cohere-v2": "cohere:command-a-03-2025",
    "ollama": "ollama:qwen3:8b",
    "bedrock-converse": "amazon_bedrock:anthropic.claude-haiku-4-5",
    "bedrock-invoke": "amazon_bedrock:anthropic.claude-haiku-4-5",
}
"""A real model of each wire's."""
REGION = {"region": "us-east-1"}
BY_NAME: dict[str, Scenario] = {scenario.name: scenario for scenario in SCENARIOS}


def request(wire: Wire, name: str) -> Request:
    """The first request of a scenario."""
    scenario = BY_NAME[name]
    options = dict(scenario.options)
    model = Model.parse(MODELS[wire])
    key = NO_SUCH_KEY if name == "unauthenticated" else KEY
    if name == "unknown_model":
        # The client itself refuses to ask Amazon's service for others than Claude this way.
        vendor = "anthropic." if wire == "bedrock-invoke" else ""
        model = Model(model.provider, vendor + NO_SUCH_MODEL)
    if name == "invalid_request":
        options["provider_options"] = REFUSED[wire]
    return asked(wire, scenario.context, options, model=model, key=key)


def asked(
    wire: Wire,
    context: Context,
    options: dict[str, Any] | None = None,
    *,
    model: Model | None = None,
    key: str = KEY,
) -> Request:
    """Any request, as our client makes it."""
    model = model or Model.parse(MODELS[wire])
    more = REGION if model.provider == "amazon_bedrock" else {}
    made = provider_named(model.provider).encode(
        model, context, {**more, **(options or {})}, wire=wire, api_key=key
    )
    address = urlsplit(made.url)
    target = f"{address.path}?{address.query}" if address.query else address.path
    headers = tuple(made.headers.items())
    return Request(method="POST", target=target, headers=headers, body=made.body, connection=1)


def sent(answer: Answer) -> bytes:
    """The body of an answer."""
    return b"".join(write.data for write in answer.body)
