"""Anthropic's own SDK accepts the anthropic-messages wire and finds in it what was planted."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from . import catalogue
from .catalogue import SCENARIOS
from .scenario import Reasoning, RedactedReasoning, Refusal, Scenario, Text, ToolCall
from .wire_anthropic import STOP_REASON

ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 1024}
TABLE = SCENARIOS["anthropic-messages"]
COMPLETE = [name for name, s in TABLE.items() if s.ending in ("complete", "no_terminator")]
CUT = [name for name, s in TABLE.items() if s.ending in ("truncated", "no_finish")]


def listen(messages: anthropic.Anthropic, model: str) -> Any:
    """Read a whole stream with the SDK's accumulating helper."""
    with messages.messages.stream(model=model, **ASK) as stream:
        return stream.get_final_message()


def planted(scenario: Scenario, kind: type) -> list[Any]:
    """The parts of that kind."""
    return [part for part in scenario.parts if isinstance(part, kind)]


def blocks(message: Any, kind: str) -> list[Any]:
    """The blocks of that type."""
    return [block for block in message.content if block.type == kind]


def check_content(message: Any, scenario: Scenario) -> None:
    """Compare what the SDK put together with what was planted."""
    assert [b.text for b in blocks(message, "text")] == [p.text for p in planted(scenario, Text)]
    thoughts = [(b.thinking, b.signature) for b in blocks(message, "thinking")]
    assert thoughts == [(p.text, p.signature) for p in planted(scenario, Reasoning)]
    hidden = [block.data for block in blocks(message, "redacted_thinking")]
    assert hidden == [part.data for part in planted(scenario, RedactedReasoning)]


@pytest.mark.parametrize("name", COMPLETE)
def test_what_was_planted_is_heard(messages: anthropic.Anthropic, name: str) -> None:
    """Text, thinking, stop reason and usage must come out of the SDK as planted."""
    scenario = TABLE[name]
    message = listen(messages, name)
    check_content(message, scenario)
    assert message.stop_reason == STOP_REASON[scenario.finish]
    used, usage = message.usage, scenario.usage
    assert used.output_tokens == usage.output
    read = used.input_tokens + used.cache_read_input_tokens + used.cache_creation_input_tokens
    assert (read, used.cache_read_input_tokens) == (usage.input, usage.cached)
    details = used.output_tokens_details
    assert (details.thinking_tokens if details else 0) == usage.reasoning


@pytest.mark.parametrize("name", ["tools", "parallel_tools", "reasoning_tools", "text_and_tools"])
def test_tool_calls(messages: anthropic.Anthropic, name: str) -> None:
    """Every call must have its name, its arguments and an id of its own."""
    calls = blocks(listen(messages, name), "tool_use")
    expected = [(part.name, part.arguments) for part in planted(TABLE[name], ToolCall)]
    assert [(call.name, call.input) for call in calls] == expected
    assert len({call.id for call in calls}) == len(calls)


def test_tool_call_without_arguments(messages: anthropic.Anthropic) -> None:
    """A call that sends no arguments at all must be an empty object."""
    (call,) = blocks(listen(messages, "tool_no_arguments"), "tool_use")
    assert (call.name, call.input) == ("list_cities", {})


def test_search_of_the_provider(messages: anthropic.Anthropic) -> None:
    """A server tool must show its query, its results and the citations, and raise the input."""
    with messages.messages.stream(model="server_tool", **ASK) as stream:
        first = next(event for event in stream if event.type == "message_start")
        at_start = first.message.usage.input_tokens
        message: Any = stream.get_final_message()
    (use,), (result,) = (
        blocks(message, "server_tool_use"),
        blocks(message, "web_search_tool_result"),
    )
    assert (use.input, result.tool_use_id) == ({"query": "tide tables tonight"}, use.id)
    sources = [catalogue.ALMANAC.url, catalogue.HARBOUR.url]
    assert [found.url for found in result.content] == sources
    assert [cited.url for cited in blocks(message, "text")[-1].citations] == sources
    assert at_start < message.usage.input_tokens
    assert message.usage.server_tool_use.web_search_requests == 1


def test_refusal_has_no_blocks(messages: anthropic.Anthropic) -> None:
    """A refusal must come with zero blocks and its explanation in stop_details."""
    message = listen(messages, "refusal")
    (part,) = planted(TABLE["refusal"], Refusal)
    assert (message.content, message.stop_details.explanation) == ([], part.text)


@pytest.mark.parametrize("name", CUT)
def test_cut_streams(messages: anthropic.Anthropic, name: str) -> None:
    """A stream without its end must still give its text, and no stop reason."""
    message = listen(messages, name)
    check_content(message, TABLE[name])
    assert message.stop_reason is None


@pytest.mark.parametrize("name", ["error_first", "error_mid"])
def test_error_in_the_stream(messages: anthropic.Anthropic, name: str) -> None:
    """An error event must raise, after what came before it."""
    heard: list[str] = []
    with (
        messages.messages.stream(model=name, **ASK) as stream,
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
    ):
        heard.extend(stream.text_stream)
    assert "".join(heard) == "".join(part.text for part in planted(TABLE[name], Text))


@pytest.mark.parametrize("name", COMPLETE + CUT)
def test_without_stream(messages: anthropic.Anthropic, name: str) -> None:
    """The whole answer must say the same as the stream."""
    message = messages.messages.create(model=name, **ASK)
    check_content(message, TABLE[name])
    assert message.stop_reason == STOP_REASON[TABLE[name].finish]
    assert message.usage.output_tokens == TABLE[name].usage.output


@pytest.mark.parametrize(
    ("model", "error", "status"),
    [
        ("error-400", anthropic.BadRequestError, 400),
        ("error-401", anthropic.AuthenticationError, 401),
        ("error-403", anthropic.PermissionDeniedError, 403),
        ("error-404", anthropic.NotFoundError, 404),
        ("error-413", anthropic.APIStatusError, 413),
        ("error-422", anthropic.UnprocessableEntityError, 422),
        ("error-429", anthropic.RateLimitError, 429),
        ("error-500", anthropic.InternalServerError, 500),
        ("error-503", anthropic.APIStatusError, 503),
        ("error-529", anthropic.APIStatusError, 529),
        ("no-such-model", anthropic.NotFoundError, 404),
        ("audio", anthropic.NotFoundError, 404),  # only the other wire knows it
    ],
)
def test_http_errors(
    messages: anthropic.Anthropic, model: str, error: type[anthropic.APIStatusError], status: int
) -> None:
    """Each status must raise the SDK's own class, with the provider's body and request id."""
    with pytest.raises(error) as raised:
        messages.messages.create(model=model, stream=True, **ASK)
    assert raised.value.status_code == status
    body: Any = raised.value.body
    assert (body["type"], body["request_id"]) == ("error", raised.value.request_id)


def test_rate_limit_says_when_to_come_back(messages: anthropic.Anthropic) -> None:
    """A 429 must carry retry-after."""
    with pytest.raises(anthropic.RateLimitError) as raised:
        messages.messages.create(model="error-429", **ASK)
    assert raised.value.response.headers["retry-after"] == "1"
