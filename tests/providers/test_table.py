"""The table of providers: what each row must keep, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reqllm import (
    Context,
    InvalidInputError,
    Message,
    MissingKeyError,
    Model,
    Tool,
    UnknownWireError,
    openai_compatible,
)
from reqllm.cli.providers_table import as_markdown
from reqllm.content import ReasoningPart, TextPart, ToolCall
from reqllm.providers.provider import HostedProvider
from reqllm.providers.registry import PROVIDERS
from reqllm.providers.table import ROWS
from reqllm.wires.common.options import OPTION_NAMES
from reqllm_fixtures.secrets import credentials
from tests.commands.running import run

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
HELLO = Context.new("Hello!")
WEATHER = Tool(name="weather", parameters={"type": "object"})
ASKED: dict[str, Any] = {
    "max_tokens": 5000,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "stop": ["END"],
    "seed": 7,
    "tools": [WEATHER],
    "tool_choice": "required",
    "response_schema": {"type": "object", "properties": {}},
    "reasoning_effort": "high",
    "reasoning_budget": 2048,
    "n": 2,
    "logprobs": True,
    "top_logprobs": 3,
    "parallel_tool_calls": False,
    "user": "u",
    "metadata": {"user_id": "u"},
    "provider_options": {"own": 1},
}
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.test/")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def encoded(row: HostedProvider, context: Context = HELLO, **options: Any) -> tuple[Any, Any]:
    request = row.encode(Model(row.name, "m"), context, options, api_key="k")
    return json.loads(request.body), request.warnings


def test_every_option_is_asked_here():
    """The matrix below has every option that there is."""
    assert set(ASKED) == set(OPTION_NAMES) - {"on_unsupported"}


@each_row
@pytest.mark.parametrize("name", ASKED)
def test_no_option_is_dropped(row: HostedProvider, name: str):
    """An option is in the body, or a warning says that it is not: never neither."""
    tools = {} if name == "tools" else {"tools": [WEATHER]}
    without, _ = encoded(row, **tools)
    body, warnings = encoded(row, **tools, **{name: ASKED[name]})
    assert body != without or any(warning.code == "unsupported_option" for warning in warnings)


@each_row
def test_what_a_row_refuses_is_not_sent(row: HostedProvider):
    """What a provider would answer with 400 stays out, and on_unsupported="error" says so."""
    for name in sorted(row.dialect.refuses & set(ASKED)):
        tools = {} if name == "tools" else {"tools": [WEATHER]}
        without, _ = encoded(row, **tools)
        assert encoded(row, **tools, **{name: ASKED[name]})[0] == without
        with pytest.raises(InvalidInputError, match=name):
            encoded(row, **tools, **{name: ASKED[name]}, on_unsupported="error")


@each_row
def test_its_keys_are_known_to_the_harness(row: HostedProvider):
    """The value of each variable that may hold its key is kept out of recordings."""
    for variable in row.key_variables:
        assert credentials.in_environment({variable: "value"}) == {"value"}


@each_row
def test_its_key(row: HostedProvider, monkeypatch: pytest.MonkeyPatch):
    """Without its key it is not asked, but where it needs none."""
    for variable in row.key_variables:
        monkeypatch.delenv(variable, raising=False)
    if row.key_optional or row.signed_for:
        request = row.encode(Model(row.name, "m"), HELLO, {})
        assert "authorization" not in request.headers
        assert (request.signing is not None) is bool(row.signed_for)
    else:
        with pytest.raises(MissingKeyError, match=row.key_variables[0]):
            row.encode(Model(row.name, "m"), HELLO, {})


def test_names_are_there_once():
    """No row hides another."""
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def row_named(name: str) -> HostedProvider:
    return next(row for row in ROWS if row.name == name)


def test_azure_needs_an_address(monkeypatch: pytest.MonkeyPatch):
    """Its address is the user's own: from the variable, or given; else it is asked for."""
    azure, model = row_named("azure"), Model("azure", "d")
    request = azure.encode(model, HELLO, {}, api_key="k")
    assert request.url == "https://mine.openai.test/openai/v1/chat/completions"
    assert request.headers["api-key"] == "k"
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    with pytest.raises(InvalidInputError, match="AZURE_OPENAI_ENDPOINT"):
        azure.encode(model, HELLO, {}, api_key="k")
    for given, path in {
        "https://a.test": "/openai/v1/chat/completions",
        "https://a.test/openai/deployments/d?api-version=2025-01-01": (
            "/openai/deployments/d/chat/completions?api-version=2025-01-01"
        ),
    }.items():
        request = azure.encode(model, HELLO, {}, api_key="k", base_url=given)
        assert request.url == f"https://a.test{path}"


@pytest.mark.parametrize(
    ("name", "options", "fields"),
    [
        ("openrouter", {"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        ("openrouter", {"reasoning_budget": 2000}, {"reasoning": {"max_tokens": 2000}}),
        ("openrouter", {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}),
        ("zai", {"reasoning_effort": "high"}, {"thinking": {"type": "enabled"}}),
        ("zai", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            "alibaba",
            {"reasoning_budget": 2000},
            {"enable_thinking": True, "thinking_budget": 2000},
        ),
        ("minimax", {}, {"reasoning_split": True}),
        ("minimax", {"provider_options": {"reasoning_split": False}}, {"reasoning_split": False}),
        ("openai", {"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_how_each_is_told_to_think(name: str, options: dict[str, Any], fields: dict[str, Any]):
    """Effort and budget go in the fields that the provider has for them, and in no other."""
    plain, _ = encoded(row_named(name))
    body, _ = encoded(row_named(name), **options)
    assert {key: body[key] for key in body if body.get(key) != plain.get(key)} | {
        key: body[key] for key in fields
    } == fields


THOUGHT = ReasoningPart("Let me see.")
CALLS = Context.new(
    [
        Message.user("Weather?"),
        Message("assistant", (THOUGHT, TextPart("I look."), ToolCall("c", "weather"))),
        Message.tool("c", "Rain"),
    ]
)
SAYS = Context.new(
    [Message.user("Hi"), Message("assistant", (THOUGHT, TextPart("Hi!"))), Message.user("Bye")]
)


@pytest.mark.parametrize(
    ("name", "with_calls", "without"),
    [
        ("moonshot", "reasoning_content", "reasoning_content"),
        ("deepseek", "reasoning_content", None),
        ("vllm", "reasoning", None),
        ("openai", None, None),
    ],
)
def test_reasoning_goes_back(name: str, with_calls: str | None, without: str | None):
    """Plain reasoning goes back to those who want it, when they want it, and else is warned of."""
    for context, field in ((CALLS, with_calls), (SAYS, without)):
        body, warnings = encoded(row_named(name), context)
        assistant = body["messages"][1]
        sent = {key: assistant[key] for key in assistant if key.startswith("reasoning")}
        assert sent == ({} if field is None else {field: "Let me see."})
        assert (field is None) == any(w.code == "reasoning_not_sent" for w in warnings)


def test_any_server():
    """A server that the table does not have is asked like one that it has."""
    mine = openai_compatible("http://127.0.0.1:9000/api", headers={"X-Team": "a"})
    request = mine.encode(Model("mine", "m"), HELLO, {"max_tokens": 5, "top_k": 2})
    assert request.url == "http://127.0.0.1:9000/api/chat/completions"
    assert request.headers["x-team"] == "a"
    assert "authorization" not in request.headers
    assert json.loads(request.body)["max_tokens"] == 5
    assert not request.warnings
    keyed = openai_compatible("http://127.0.0.1:9000/v1", key_variables=["NO_SUCH_KEY"])
    with pytest.raises(MissingKeyError, match="NO_SUCH_KEY"):
        keyed.encode(Model("mine", "m"), HELLO, {})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"base_url": "nowhere"}, InvalidInputError),
        ({"base_url": "http://a", "wire": "none"}, UnknownWireError),
        ({"base_url": "http://a", "key_variables": "KEY"}, InvalidInputError),
    ],
)
def test_what_is_no_server(arguments: dict[str, Any], error: type[Exception]):
    """A wrong address, wire or list of variables is told at once."""
    with pytest.raises(error):
        openai_compatible(**arguments)


# The command and the page.
def test_the_command_lists_them():
    """Each provider is on a line of its own, in all three forms."""
    text, as_json, markdown = (
        run("reqllm", "providers", *flags).output for flags in ([], ["--json"], ["--markdown"])
    )
    names = sorted(PROVIDERS)
    assert [line.split()[0] for line in text.splitlines()[1:]] == names
    assert [row["name"] for row in json.loads(as_json)] == names
    assert [line.split("`")[1] for line in markdown.splitlines()[2:]] == names
    assert run("reqllm", "providers", "--json", "--markdown").exit_code == 2


def test_the_page_is_up_to_date():
    """Else: put in what `reqllm providers --markdown` prints."""
    assert as_markdown([PROVIDERS[name] for name in sorted(PROVIDERS)]) in PAGE.read_text(
        encoding="utf-8"
    )


def test_somebody_elses_provider_is_listed():
    """Of a provider that only keeps the Protocol, what the Protocol says is shown."""

    class Mine:
        name, wire = "mine", "openai-chat"

        def encode(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("nobody asks it")

    assert "| `mine` | `openai-chat` |" in as_markdown([Mine()])
