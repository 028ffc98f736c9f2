"""`Model`: what names a model, and what does not."""

import pytest

from reqllm.errors import InvalidModelError
from reqllm.model import Model, is_provider_name


@pytest.mark.parametrize(
    ("spec", "provider", "name"),
    [
        ("openai:gpt-4.1-mini", "openai", "gpt-4.1-mini"),
        ("ollama:llama3:8b", "ollama", "llama3:8b"),
        (" openai : gpt ", "openai", "gpt"),
        ("openrouter:anthropic/claude-x:beta", "openrouter", "anthropic/claude-x:beta"),
        ("my.own_provider-2:m", "my.own_provider-2", "m"),
    ],
)
def test_parse(spec, provider, name):
    """The first colon divides provider and model; the model's name is kept as it is."""
    model = Model.parse(spec)
    assert (model.provider, model.name) == (provider, name)


def test_parse_takes_a_model():
    """A Model is its own parse."""
    model = Model("openai", "gpt")
    assert Model.parse(model) is model


def test_str_reads_back():
    """The text of a model parses to the same model."""
    model = Model("ollama", "llama3:8b")
    assert Model.parse(str(model)) == model


@pytest.mark.parametrize(
    "spec",
    ["", "gpt-4", ":", "openai:", ":gpt", "openai:  ", "1ai:m", "a b:m", "a/b:m", None, 7, b"a:b"],
)
def test_bad_specs(spec):
    """What is no "provider:model" is refused, showing what came."""
    with pytest.raises(InvalidModelError, match="expected"):
        Model.parse(spec)


@pytest.mark.parametrize(("provider", "name"), [("", "m"), ("a\n", "m"), ("a", ""), (None, "m")])
def test_bad_parts(provider, name):
    """A Model made by hand is checked like a parsed one."""
    with pytest.raises(InvalidModelError):
        Model(provider, name)


def test_an_example_is_shown():
    """The error for a missing colon shows how it is written."""
    with pytest.raises(InvalidModelError, match=r"openai:gpt-4\.1-mini.*got 'gpt-4'"):
        Model.parse("gpt-4")


@pytest.mark.parametrize(
    ("name", "holds"),
    [("openai", True), ("a.b_c-1", True), ("9a", False), ("é", False), (3, False)],
)
def test_is_provider_name(name, holds):
    """A provider's name is ASCII and begins with a letter."""
    assert is_provider_name(name) is holds
