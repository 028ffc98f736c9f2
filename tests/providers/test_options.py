"""The vocabulary of options, and what is said of a wrong one."""

import inspect
import math

import pytest

from reqllm import Client
from reqllm.calling import StreamOptions, Timeouts
from reqllm.content import Tool
from reqllm.errors import InvalidInputError, InvalidToolError
from reqllm.wires.common.options import (
    CLIENT_OPTION_NAMES,
    OPTION_NAMES,
    STREAM_OPTION_NAMES,
    Options,
)
from reqllm.wires.common.request_body import Warnings, merged, nearest, to_json

TOOL = Tool(name="t", parameters={})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_tokens", 1),
        ("temperature", 0),
        ("temperature", 2.0),
        ("top_p", 0.0),
        ("top_p", 1),
        ("top_k", 1),
        ("seed", -5),
        ("seed", 2**63 - 1),
        ("tool_choice", "none"),
        ("tool_choice", {"name": "x"}),
        ("response_schema", {}),
        ("reasoning_effort", "xhigh"),
        ("reasoning_budget", 1),
        ("n", 1),
        ("logprobs", False),
        ("top_logprobs", 0),
        ("top_logprobs", 20),
        ("parallel_tool_calls", False),
        ("user", "u"),
        ("metadata", {"a": 1}),
        ("provider_options", {"stream": True}),
        ("on_unsupported", "ignore"),
    ],
)
def test_good_values(option, value):
    """A value in its range is kept as it is."""
    kept = getattr(Options.of({option: value}), option)
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 1.0),
        ("max_tokens", True),
        ("max_tokens", "5"),
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", math.nan),
        ("temperature", True),
        ("temperature", "hot"),
        ("top_p", 1.01),
        ("top_p", math.inf),
        ("top_k", 0),
        ("stop", ""),
        ("stop", ["a", ""]),
        ("stop", [1]),
        ("stop", {"a"}),
        ("seed", 2**63),
        ("seed", 1.5),
        ("tools", 7),
        ("tool_choice", "any"),
        ("tool_choice", {"type": "tool", "name": "x"}),
        ("tool_choice", {"name": 1}),
        ("tool_choice", ["auto"]),
        ("response_schema", [1]),
        ("response_schema", {1: 2}),
        ("reasoning_effort", "huge"),
        ("reasoning_effort", 3),
        ("reasoning_budget", 0),
        ("n", 0),
        ("logprobs", 1),
        ("top_logprobs", 21),
        ("parallel_tool_calls", "yes"),
        ("user", ""),
        ("user", 3),
        ("metadata", "x"),
        ("provider_options", ["x"]),
        ("on_unsupported", "raise"),
    ],
)
def test_bad_values(option, value):
    """A value out of its range is refused: what was expected, and what came."""
    with pytest.raises(InvalidInputError, match=f"^expected {option} to be .*, got "):
        Options.of({option: value})


def test_long_values_are_cut():
    """A message does not repeat a value of a million characters."""
    with pytest.raises(InvalidInputError) as caught:
        Options.of({"max_tokens": "x" * 1_000_000})
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("max_token", "max_tokens"),
        ("maxTokens", "max_tokens"),
        ("Temperature", "temperature"),
        ("tool_choices", "tool_choice"),
        ("stops", "stop"),
        ("on_incomplet", "on_incomplete"),
        ("firsttoken", "first_token"),
        ("frequency_penalty", None),
    ],
)
def test_unknown_options(name, near):
    """An unknown option names the nearest known one, and where the provider's own go."""
    with pytest.raises(InvalidInputError) as caught:
        Options.of({name: 1})
    message = str(caught.value)
    assert f"there is no option {name!r}" in message
    assert f"provider_options={{{name!r}: ...}}" in message
    assert (f"Did you mean {near!r}?" in message) is (near is not None)


@pytest.mark.parametrize("name", CLIENT_OPTION_NAMES)
def test_options_of_the_client(name):
    """What is an argument of the client is no field of the provider's: the error says whose."""
    with pytest.raises(InvalidInputError, match=rf"to the client, Client\({name}=") as caught:
        Options.of({name: "x"})
    assert "provider_options" not in str(caught.value)


def test_options_that_are_no_wires():
    """The names that are told are those that the client, the timeouts and the stream have."""
    of_client = inspect.signature(Client).parameters.values()
    assert set(CLIENT_OPTION_NAMES) == {p.name for p in of_client if p.kind is not p.VAR_KEYWORD}
    ours = (*Timeouts.__struct_fields__, *StreamOptions.__struct_fields__)
    assert set(STREAM_OPTION_NAMES) == set(ours)


def test_stream_cannot_be_turned_off():
    """The provider's fields cannot make the answer something else than a stream."""
    with pytest.raises(InvalidInputError, match="every answer is streamed"):
        Options.of({"provider_options": {"stream": False}})


def test_none_is_not_given():
    """An option that is None counts as not given, whichever it is."""
    assert Options.of(dict.fromkeys(OPTION_NAMES)) == Options()


def test_lists_are_taken_once():
    """Iterators of tools and single stops become what the wires read."""
    options = Options.of({"tools": iter([TOOL]), "stop": "x"})
    assert (options.tools, options.stop) == ((TOOL,), ["x"])


def test_a_tool_that_is_none():
    """A tool in the provider's own form goes elsewhere, and the error says where."""
    with pytest.raises(InvalidToolError, match=r"provider_options=\{'tools'"):
        Options.of({"tools": [{"type": "web_search"}]})


def test_taken_leaves_the_rest():
    """Taking options away warns of each that was given and keeps the others."""
    warnings = Warnings()
    options = Options.of({"seed": 0, "n": 1, "tools": [TOOL], "top_k": 3})
    left = options.taken("a-wire", frozenset({"seed", "n", "tools"}), warnings)
    assert left == Options(top_k=3)
    said = [chunk.message for chunk in warnings.chunks()]
    assert len(said) == 1
    assert "tools, seed" in said[0] or "seed, tools" in said[0]


def test_warnings_are_said_once():
    """The same warning is one, however often it was given; the order is kept."""
    warnings = Warnings()
    for code in ("a", "b", "a"):
        warnings.add(code, "m")
    assert [chunk.code for chunk in warnings.chunks()] == ["a", "b"]


def test_merged():
    """Maps merge at every depth into new ones, all else is replaced."""
    under = {"a": {"b": {"c": 1}, "d": [1]}, "e": 1}
    over = {"a": {"b": {"x": 2}, "d": [2]}, "e": {"f": 1}}
    assert merged(under, over) == {"a": {"b": {"c": 1, "x": 2}, "d": [2]}, "e": {"f": 1}}
    assert under == {"a": {"b": {"c": 1}, "d": [1]}, "e": 1}
    assert over == {"a": {"b": {"x": 2}, "d": [2]}, "e": {"f": 1}}


def test_nearest():
    """Only what is near is suggested."""
    assert nearest("opnai", ["anthropic", "openai"]) == " Did you mean 'openai'?"
    assert nearest("zzz", ["anthropic", "openai"]) == ""


@pytest.mark.parametrize("value", [object(), {1j: 1}, "\ud800"])
def test_what_json_cannot_hold(value):
    """What cannot be written as JSON is the caller's error, naming where."""
    with pytest.raises(InvalidInputError, match="expected the thing to hold plain JSON"):
        to_json({"x": value}, "the thing")


def test_endless_values():
    """A value that holds itself is refused, not followed."""
    loop: dict[str, object] = {}
    loop["x"] = loop
    with pytest.raises(InvalidInputError, match="expected the thing"):
        to_json(loop, "the thing")


def test_no_thinking_with_a_budget_is_refused():
    """Two options that contradict each other are an error that names both, whatever the wire."""
    with pytest.raises(InvalidInputError, match=r"'none' and a reasoning_budget of 9 contradict"):
        Options.of({"reasoning_effort": "none", "reasoning_budget": 9})
    assert Options.of({"reasoning_effort": "low", "reasoning_budget": 9}).reasoning_budget == 9
