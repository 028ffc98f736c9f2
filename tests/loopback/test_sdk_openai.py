"""OpenAI's own SDK accepts the openai-chat wire and finds in it what was planted."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest

from . import catalogue
from .catalogue import CHAT_ONLY, SCENARIOS
from .scenario import Audio, Reasoning, Refusal, Scenario, Text, ToolCall
from .wire_openai import FINISH, usage_object
from .wording import arguments_text

ASK: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Hello!"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
TABLE = SCENARIOS["openai-chat"]
ANSWERED = [name for name, scenario in TABLE.items() if scenario.ending != "error"]


@dataclass
class Heard:
    """What an application that reads the SDK's chunks has at the end."""

    said: dict[str, str] = field(default_factory=dict)
    calls: dict[int, list[str]] = field(default_factory=dict)
    finish: list[str] = field(default_factory=list)
    usage: list[dict[str, Any]] = field(default_factory=list)
    citations: list[str] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)
    sound: bytes = b""

    def hear(self, chunk: Any) -> None:
        """Take in one chunk."""
        if chunk.usage:
            self.usage.append(chunk.usage.model_dump(exclude_none=True))
        for choice in chunk.choices:
            self.hear_delta(choice.delta)
            if choice.finish_reason:
                self.finish.append(choice.finish_reason)
            if choice.logprobs:
                self.logprobs += choice.logprobs.content

    def hear_delta(self, delta: Any) -> None:
        """Take in what is new."""
        for name in ("content", "refusal", "reasoning_content"):
            if piece := getattr(delta, name, None):
                self.said[name] = self.said.get(name, "") + piece
        for call in delta.tool_calls or ():
            if call.id:
                self.calls[call.index] = [call.function.name, ""]
            self.calls[call.index][1] += call.function.arguments
        for note in getattr(delta, "annotations", ()):
            self.citations.append(note["url_citation"]["url"])
        if delta.audio:
            piece = delta.audio.transcript or ""
            self.said["transcript"] = self.said.get("transcript", "") + piece
            self.sound += base64.b64decode(delta.audio.data or "")


def listen(chat: openai.OpenAI, model: str) -> Heard:
    """Read a whole stream."""
    heard = Heard()
    listen_into(heard, chat, model)
    return heard


def listen_into(heard: Heard, chat: openai.OpenAI, model: str) -> None:
    """The same, where what was heard must outlive an error."""
    for chunk in chat.chat.completions.create(model=model, **ASK):
        heard.hear(chunk)


def planted(scenario: Scenario, kind: type[Text | Reasoning | Refusal]) -> str:
    """The text of all parts of that kind."""
    return "".join(part.text for part in scenario.parts if isinstance(part, kind))


@pytest.mark.parametrize("name", ANSWERED)
def test_what_was_planted_is_heard(chat: openai.OpenAI, name: str) -> None:
    """Text, refusal, tool calls, finish and usage must come out of the SDK as planted."""
    scenario = TABLE[name]
    heard = listen(chat, name)
    calls = [part for part in scenario.parts if isinstance(part, ToolCall)]
    assert heard.said.get("content", "") == planted(scenario, Text)
    assert heard.said.get("refusal", "") == planted(scenario, Refusal)
    expected = [[call.name, arguments_text(call, spaced=False)] for call in calls]
    assert [heard.calls[index] for index in sorted(heard.calls)] == expected
    finished = scenario.ending in ("complete", "no_terminator")
    assert heard.finish == ([FINISH[scenario.finish]] if finished else [])
    told = scenario.ending != "truncated"
    assert heard.usage == ([usage_object(scenario.usage)] if told else [])


def test_citations(chat: openai.OpenAI) -> None:
    """Citations must come as annotations that point into the text."""
    assert listen(chat, "citations").citations == [
        catalogue.ALMANAC.url,
        catalogue.HARBOUR.url,
    ]


def test_log_probabilities(chat: openai.OpenAI) -> None:
    """Each token must bring its log probability, and their bytes must be the text."""
    heard = listen(chat, "logprobs")
    assert (
        b"".join(bytes(score.bytes) for score in heard.logprobs).decode() == heard.said["content"]
    )
    assert all(score.logprob <= 0 for score in heard.logprobs)


def test_audio(chat: openai.OpenAI) -> None:
    """The transcript and the sound must be whole."""
    heard = listen(chat, "audio")
    (part,) = CHAT_ONLY["audio"].parts
    assert isinstance(part, Audio)
    assert (heard.said["transcript"], heard.sound) == (part.transcript, part.data)


def test_reasoning_of_compatible_servers(chat: openai.OpenAI) -> None:
    """The field that other servers invented must carry the thoughts; OpenAI's own must not."""
    thoughts = planted(CHAT_ONLY["reasoning_content"], Reasoning)
    assert listen(chat, "reasoning_content").said["reasoning_content"] == thoughts
    assert "reasoning_content" not in listen(chat, "reasoning").said


@pytest.mark.parametrize("name", ["error_first", "error_mid"])
def test_error_in_the_stream(chat: openai.OpenAI, name: str) -> None:
    """An error event must raise, after what came before it."""
    heard = Heard()
    with pytest.raises(openai.APIError, match="while generating") as raised:
        listen_into(heard, chat, name)
    assert heard.said.get("content", "") == planted(TABLE[name], Text)
    assert raised.value.type == "server_error"


@pytest.mark.parametrize("name", ANSWERED)
def test_without_stream(chat: openai.OpenAI, name: str) -> None:
    """The whole answer must say the same as the stream."""
    scenario = TABLE[name]
    answer: Any = chat.chat.completions.create(model=name, messages=ASK["messages"])
    (choice,) = answer.choices
    assert (choice.message.content or "") == planted(scenario, Text)
    assert (choice.message.refusal or "") == planted(scenario, Refusal)
    calls = [call.function.arguments for call in choice.message.tool_calls or ()]
    parts = [part for part in scenario.parts if isinstance(part, ToolCall)]
    assert calls == [arguments_text(part, spaced=False) for part in parts]
    assert answer.usage.total_tokens == scenario.usage.input + scenario.usage.output


@pytest.mark.parametrize(
    ("model", "error", "status"),
    [
        ("error-400", openai.BadRequestError, 400),
        ("error-401", openai.AuthenticationError, 401),
        ("error-403", openai.PermissionDeniedError, 403),
        ("error-404", openai.NotFoundError, 404),
        ("error-413", openai.APIStatusError, 413),
        ("error-422", openai.UnprocessableEntityError, 422),
        ("error-429", openai.RateLimitError, 429),
        ("error-429-quota", openai.RateLimitError, 429),
        ("error-500", openai.InternalServerError, 500),
        ("error-503", openai.InternalServerError, 503),
        ("error-529", openai.InternalServerError, 529),
        ("no-such-model", openai.NotFoundError, 404),
        ("redacted", openai.NotFoundError, 404),  # only the other wire knows it
    ],
)
def test_http_errors(
    chat: openai.OpenAI, model: str, error: type[openai.APIStatusError], status: int
) -> None:
    """Each status must raise the SDK's own class, with the provider's body and request id."""
    with pytest.raises(error) as raised:
        chat.chat.completions.create(model=model, **ASK)
    assert raised.value.status_code == status
    assert raised.value.request_id
    assert set(raised.value.body) == {"message", "type", "param", "code"}  # type: ignore[call-overload]


def test_quota_and_rate_limit_differ(chat: openai.OpenAI) -> None:
    """Two causes of 429 must differ by code, and only one say when to come back."""
    with pytest.raises(openai.RateLimitError) as rate:
        chat.chat.completions.create(model="error-429", **ASK)
    with pytest.raises(openai.RateLimitError) as quota:
        chat.chat.completions.create(model="error-429-quota", **ASK)
    assert (rate.value.code, quota.value.code) == ("rate_limit_exceeded", "insufficient_quota")
    assert rate.value.response.headers["retry-after-ms"] == "25"
    assert "retry-after" not in quota.value.response.headers


def test_flaky_model_recovers(chat: openai.OpenAI) -> None:
    """An SDK that retries must get the answer at the second attempt."""
    answer = chat.with_options(max_retries=1).chat.completions.create(
        model="flaky-429", messages=ASK["messages"]
    )
    assert answer.choices[0].message.content == planted(TABLE["text"], Text)
