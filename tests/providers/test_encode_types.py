"""Every request is one that the vendor's own SDK could have written."""

import copy

import msgspec
import pytest

from reqllm.errors import InvalidContextError
from reqllm.model import Model
from reqllm.providers.registry import provider_named

from . import vendor_types
from .conversations import CONTEXTS, OPTIONS

MODELS = {
    "openai": Model("openai", "gpt-x"),
    "responses": Model("openai", "gpt-5-pro"),
    "anthropic": Model("anthropic", "claude-x"),
    "mistral": Model("mistral", "mistral-x"),
    "groq": Model("groq", "groq-x"),
    "cohere": Model("cohere", "command-x"),
    "ollama": Model("ollama", "llama-x"),
    "google": Model("google", "gemini-x"),
}
# Fields of the provider's own, where the usual one is none of its.
OWN = {
    "mistral": {"safe_prompt": True},
    "cohere": {"priority": 1},
    "ollama": {"keep_alive": "5m"},
    "google": {"cachedContent": "cachedContents/1"},
}
# What a wire has no form for is refused, with a hint: addresses of images, files that are no text.
CANNOT = {
    ("cohere", "files"),
    ("ollama", "files"),
    ("ollama", "images"),
    ("groq", "files"),
}


def request(name, context, options):
    model = MODELS[name]
    return provider_named(model.provider).encode(model, context, options, api_key="k")


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_fits_the_sdk(provider, context):
    """Whatever is said with whatever options, the body fits the types of the SDK."""
    if (provider, context) in CANNOT:
        for given in every_option(provider).values():
            with pytest.raises(InvalidContextError, match="cannot take a"):
                request(provider, CONTEXTS[context], given)
        return
    found = {
        options: problems(provider, request(provider, CONTEXTS[context], given))
        for options, given in every_option(provider).items()
    }
    assert {options: told for options, told in found.items() if told} == {}


def every_option(provider):
    own = {"provider": {"provider_options": OWN[provider]}} if provider in OWN else {}
    return {**OPTIONS, **own}


def problems(provider, made):
    judge = provider if provider in vendor_types.SCHEMAS else made.wire
    body = msgspec.json.decode(made.body)
    if made.headers.get("anthropic-version") == "2023-06-01":
        # The SDK speaks the newer version only, and has forgotten these.
        given = [body.pop(field, None) for field in ("temperature", "top_p", "top_k")]
        assert given == [0, 0.9, 40]
    return vendor_types.problems(judge, body)


@pytest.mark.parametrize(
    ("provider", "context"),
    [(name, context) for name in MODELS for context in CONTEXTS if (name, context) not in CANNOT],
)
def test_writing_changes_nothing(provider, context):
    """Writing twice gives equal bytes, and the caller's values are as they were."""
    options = {
        **OPTIONS["tool named"],
        "provider_options": {"metadata": {"a": {"b": 1}}, "tool_choice": {"x": 1}},
        "metadata": {"c": "d"},
        "response_schema": {"type": "object"},
    }
    before = copy.deepcopy((CONTEXTS[context], options))
    first = request(provider, CONTEXTS[context], options)
    second = request(provider, copy.deepcopy(CONTEXTS[context]), copy.deepcopy(options))
    assert first.body == second.body
    assert (CONTEXTS[context], options) == before


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ("openai-chat", {}),
        ("openai-chat", {"model": "m", "stream": False, "messages": []}),
        ("openai-chat", {"model": "m", "stream": True, "messages": [], "top_k": 1}),
        ("openai-chat", {"model": "m", "stream": True, "messages": [{"role": "user"}]}),
        (
            "openai-chat",
            {"model": "m", "stream": True, "messages": [{"role": "user", "content": [{}]}]},
        ),
        ("gemini", {}),
        ("gemini", {"contents": [{"role": "user", "parts": [{"txt": "x"}]}]}),
        ("gemini", {"contents": [], "generationConfig": {"thinkingConfig": {"level": "LOW"}}}),
        (
            "gemini",
            {"contents": [], "generationConfig": {"thinkingConfig": {"thinkingLevel": "A"}}},
        ),
        ("openai-responses", {"model": "m", "input": "x", "stream": True, "stop": "y"}),
        ("openai-responses", {"model": "m", "input": [{"type": "reasoning"}], "stream": True}),
        ("anthropic-messages", {"model": "m", "stream": True, "messages": []}),
        ("anthropic-messages", {"model": "m", "max_tokens": 1, "stream": True, "messages": [{}]}),
        (
            "anthropic-messages",
            {
                "model": "m",
                "max_tokens": 1,
                "stream": True,
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "x", "extra": 1}]}
                ],
            },
        ),
        ("mistral", {"model": "m", "messages": [{"role": "user", "content": "x", "name": "y"}]}),
        ("mistral", {"model": "m", "messages": [], "seed": 1}),
        ("groq", {"model": "m", "messages": [{"role": "assistant", "refusal": "x"}]}),
        ("cohere-v2", {"model": "m", "messages": [{"role": "user"}], "stream": True}),
        ("cohere-v2", {"model": "m", "messages": [], "stream": True, "top_p": 1}),
        ("ollama", {"model": "m", "messages": [{"role": "user", "name": "x"}]}),
        ("ollama", {"model": "m", "messages": [], "options": {"max_tokens": 1}}),
    ],
)
def test_the_judge_judges(wire, body):
    """A body that the SDK could not write is found out."""
    assert vendor_types.problems(wire, body)
