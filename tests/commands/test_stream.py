"""`reqllm stream`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from reqllm.wires.table import WIRE_NAMES
from tests.loopback.provider import KEY, LoopbackProvider
from tests.loopback.server import LoopbackServer

from .making import cassette, event, recorded
from .running import DEMO, MODEL, PROMPT, TOOLS, run

WEATHER = {
    "name": "get_weather",
    "description": "Current weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
}


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackServer]:
    with LoopbackServer(LoopbackProvider(beat=0.02)) as server:
        yield server


def ask(provider: LoopbackServer, model: str, *args: str, key: str = KEY, **options: Any) -> Result:
    """Ask a live provider."""
    address = ("--base-url", f"{provider.url}/v1")
    return run("reqllm", "stream", model, "Hi", *address, *args, OPENAI_API_KEY=key, **options)


def sent(provider: LoopbackServer) -> dict[str, Any]:
    body: dict[str, Any] = provider.requests[-1].json
    return body


def play(*args: str, **options: Any) -> Result:
    """Ask the recording of the demo."""
    return run("reqllm", "stream", MODEL, PROMPT, "--cassette", DEMO, *args, **options)


# What is printed.
def test_a_recording_answers_without_key_or_network():
    """Reasoning, answer and the line that sums up come from the recording alone."""
    result = play()
    assert result.exit_code == 0
    assert result.stderr == ""
    reasoning, answer, last = result.stdout.removesuffix("\n").split("\n\n")
    assert reasoning.startswith("[reasoning] They want a short everyday explanation.")
    assert answer.startswith("Sunlight looks white, but it is a mixture of every colour.")
    assert last == (
        "tokens 14 in, 149 out (37 reasoning) · finish stop (end_turn) · "
        "first token 693 ms · 24.0 tokens/s as recorded"
    )


def test_json_is_one_chunk_a_line_and_nothing_else():
    """Every line is a chunk; the first starts the stream, the last finishes it."""
    result = play("--json")
    chunks = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert result.stderr == ""
    assert chunks[0]["kind"] == "stream_start"
    assert chunks[-1]["finish"] == {"reason": "stop", "raw": "end_turn", "details": {}}
    text = "".join(chunk["text"] for chunk in chunks if chunk["kind"] == "text_delta")
    assert text.endswith("the colour of rosé.")


def test_tools_are_given_and_their_calls_shown(tmp_path: Path):
    """A tool from a file matches the recorded request, and its calls are lines."""
    file = tmp_path / "weather.json"
    file.write_text(json.dumps(WEATHER))
    result = run(
        *("reqllm", "stream", "openai:gpt-5-mini", "Compare the weather in Oslo and Zürich."),
        *("--tool", str(file), "--cassette", TOOLS),
    )
    assert result.exit_code == 0, result.stderr
    assert '\n→ get_weather {"city":"Oslo","unit":"celsius"}\n' in result.stdout
    assert '\n→ get_weather {"city":"Zürich","unit":"celsius"}\n' in result.stdout
    assert "finish tool_calls" in result.stdout


def test_a_live_provider_is_timed(provider: LoopbackServer):
    """The first token's time is measured, and not called recorded."""
    result = ask(provider, "openai:text")
    assert result.exit_code == 0
    assert result.stdout.startswith("Hello! How can I help you today?\n\ntokens ")
    assert "first token" in result.stdout
    assert "as recorded" not in result.stdout


# What is sent.
def test_everything_typed_is_sent(provider: LoopbackServer):
    """System prompt, prompt from the standard input and options reach the provider."""
    result = run(
        *("reqllm", "stream", "openai:text", "-", "--system", "Be brief."),
        *("--option", "temperature=0.5", "--option", 'stop=["x"]', "--option", "user=ann"),
        *("--base-url", f"{provider.url}/v1"),
        stdin="Grüß\ndich",
        OPENAI_API_KEY=KEY,
    )
    assert result.exit_code == 0, result.stderr
    body = sent(provider)
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "Grüß\ndich"]
    assert (body["temperature"], body["stop"], body["user"]) == (0.5, ["x"], "ann")


@pytest.mark.parametrize(
    "given",
    [
        WEATHER,
        {"type": "function", "function": WEATHER},
        {"name": "get_weather", "input_schema": WEATHER["parameters"]},
        {"name": "get_weather", "inputSchema": WEATHER["parameters"]},
        [WEATHER],
    ],
    ids=["ours", "openai", "anthropic", "mcp", "list"],
)
def test_a_tool_may_be_written_as_others_do(provider: LoopbackServer, given: Any):
    """JSON of a tool is taken in the form of each who writes one."""
    assert ask(provider, "openai:tools", "--tool", json.dumps(given)).exit_code == 0
    (tool,) = sent(provider)["tools"]
    assert tool["function"]["name"] == "get_weather"
    assert tool["function"]["parameters"] == WEATHER["parameters"]


def test_a_tool_without_parameters_takes_none(provider: LoopbackServer):
    """A tool that says nothing of parameters has an empty schema."""
    assert ask(provider, "openai:tools", "--tool", '{"name": "get_time"}').exit_code == 0
    (tool,) = sent(provider)["tools"]
    assert tool["function"]["parameters"]["type"] == "object"


def test_a_wire_must_be_one_that_the_provider_speaks(provider: LoopbackServer):
    """--wire may name the provider's usual wire; another is told from those it speaks."""
    assert ask(provider, "openai:text", "--wire", "openai-chat").exit_code == 0
    other = ask(provider, "openai:text", "--wire", "anthropic-messages")
    assert other.exit_code == 2
    assert "UnknownWireError: openai speaks openai-chat" in other.stderr


# How it fails.
@pytest.mark.parametrize(
    ("model", "said", "advice"),
    [
        ("error-401", "AuthenticationError: ", "Check the key"),
        ("error-403", "PermissionDeniedError: ", "Use a key that may do this"),
        ("error-404", "NotFoundError: ", "Check the model's name"),
        ("error-429", "RateLimitError: ", "Try again in 0.025 s."),
        ("error-429-quota", "QuotaExceededError: ", "Add credit"),
        ("fault-json_error", "RateLimitError: ", "Wait, then try again."),
        ("fault-html", "NotAStreamError: ", "check the address"),
        ("fault-redirect", "redirects are not followed", "Check the address and --base-url."),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(
    provider: LoopbackServer, model: str, said: str, advice: str
):
    """The error's class, the provider's words and advice are one line; nothing is printed."""
    result = ask(provider, f"openai:{model}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("reqllm: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert advice in result.stderr


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("fault-reset", "InterruptedStreamError: "),
        ("fault-uncounted", "IncompleteStreamError: "),
        ("fault-stall_mid", "StreamTimeoutError: no byte came for 0.2 s"),
    ],
)
def test_a_broken_stream_shows_what_came_first(provider: LoopbackServer, model: str, said: str):
    """What arrived stands on the output, why there is no more on the error stream."""
    result = ask(provider, f"openai:{model}", "--timeout", "0.2")
    assert result.exit_code == 1
    assert result.stdout == "Hello! How\n"
    assert said in result.stderr
    assert "10 characters of text had arrived" in result.stderr
    assert ".partial" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_broken_stream_ends_its_json_with_the_error(provider: LoopbackServer):
    """The last line of JSON is the error, as the last chunk of a stream is."""
    result = ask(provider, "openai:error_mid", "--json")
    last = json.loads(result.stdout.splitlines()[-1])
    assert result.exit_code == 1
    assert (last["kind"], last["error"]["error"]) == ("error", "ServerError")
    assert "reqllm: ServerError: " in result.stderr


def test_an_unreachable_provider_is_told():
    """A refused connection names the address and what to check."""
    result = run(
        *("reqllm", "stream", "openai:x", "Hi", "--base-url", "http://127.0.0.1:9/v1"),
        *("--option", "max_tokens=3"),
        OPENAI_API_KEY="k",
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("reqllm: TransportError: could not reach http://127.0.0.1:9")
    assert "--base-url" in result.stderr


def test_a_prompt_that_was_not_recorded_shows_the_difference():
    """A miss tells where the request departs from the recording."""
    result = run("reqllm", "stream", MODEL, "Why is the sea blue?", "--cassette", DEMO)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "UnmatchedRequestError: No recording in" in result.stderr
    assert "$.messages[0].content" in result.stderr


def test_a_missing_cassette_is_told():
    """A file that is not there is an error of the harness, in one line."""
    result = run("reqllm", "stream", MODEL, PROMPT, "--cassette", "absent.yaml")
    assert result.exit_code == 1
    assert result.stderr.startswith("reqllm: CassetteNotFoundError: There is no cassette at absent")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["gpt-5-mini", "Hi"], "InvalidModelError: "),
        (["nobody:x", "Hi"], "UnknownProviderError: "),
        (["openai:x", "Hi"], "MissingKeyError: openai needs an API key: set OPENAI_API_KEY"),
        (["openai:x", ""], "InvalidContextError: "),
        (["openai:x", "Hi", "--option", "=1"], "expected --option NAME=VALUE"),
        (["openai:x", "Hi", "--option", "temperature"], "expected --option NAME=VALUE"),
        (["openai:x", "Hi", "--option", "temperatur=1"], "temperature"),
        (["openai:x", "Hi", "--tool", "{"], "InvalidToolError: --tool is not JSON"),
        (["openai:x", "Hi", "--tool", "absent.json"], "cannot read --tool absent.json"),
        (["openai:x", "Hi", "--tool", "[1]"], "InvalidToolError: --tool: expected a tool"),
        (["openai:x", "Hi", "--tool", '{"name": ""}'], "InvalidToolError: "),
        (["openai:x", "Hi", "--timeout", "-1"], "InvalidInputError: expected timeout"),
        (["openai:x", "Hi", "--wire", "morse"], ", ".join(WIRE_NAMES)),
        (["openai:x", "Hi", "--pace", "1"], "--cassette"),
        (["openai:x", "Hi", "--cassette", "x", "--pace", "-1"], "0 is at once"),
        (["openai:x", "Hi", "--cassette", "x", "--pace", "nan"], "0 is at once"),
        (["openai:x"], "Missing argument 'PROMPT'"),
    ],
)
def test_what_cannot_be_sent_exits_with_2(args: list[str], said: str):
    """Bad usage is told before anything is sent, with exit status 2."""
    result = run("reqllm", "stream", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_input_that_is_no_text_is_refused():
    """Bytes that are no UTF-8 are not sent as something else."""
    result = run("reqllm", "stream", MODEL, "-", "--cassette", DEMO, stdin=b"a\xff")
    assert result.exit_code == 2
    assert "no UTF-8 text, at byte 1" in result.stderr


def test_a_whole_prompt_comes_from_the_standard_input():
    """The prompt `-` is what the standard input holds, and nothing is added to it."""
    result = run("reqllm", "stream", MODEL, "-", "--cassette", DEMO, stdin=PROMPT)
    assert result.exit_code == 0


# What a provider says is not trusted.
def test_nothing_raw_from_the_provider_is_printed(tmp_path: Path):
    """Escape sequences in text, names, arguments, warnings and errors are shown, not sent."""
    evil = "\x1b]0;x\x07\x9b2J"
    call = {"index": 0, "id": evil, "function": {"name": f"f{evil}", "arguments": f'{{"{evil}'}}
    pieces = (
        event({"id": evil, "model": evil, "choices": [{"index": 0, "delta": {"content": evil}}]}),
        event({"choices": [{"index": 0, "delta": {"reasoning_content": evil}}]}),
        event({"choices": [{"index": 0, "delta": {"refusal": evil}}]}),
        event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}),
        event({"error": {"message": f"failed{evil}", "code": evil, "type": evil}}),
    )
    request = {"model": "m", "stream": True, "stream_options": {"include_usage": True}}
    request["messages"] = [{"role": "user", "content": "Hi"}]
    file = cassette(tmp_path / "evil.yaml", recorded(*pieces, asked=request))
    for extra in ((), ("--json",)):
        result = run("reqllm", "stream", "openai:m", "Hi", "--cassette", file, *extra)
        assert result.exit_code == 1, result.output
        assert "failed" in result.stderr
        assert not {"\x1b", "\x07", "\x9b"} & set(result.output)


# Help.
def test_help_teaches():
    """Help has a first line on what it does, and ends in examples and exit statuses."""
    result = run("reqllm", "stream", "--help")
    assert result.exit_code == 0
    assert "Ask MODEL (provider:name) the PROMPT" in result.stdout
    assert 'reqllm stream openai:gpt-5-mini "Why is the sky blue?"' in result.stdout
    assert "Exit status:" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_version_is_told():
    """--version names the command and the version of the package."""
    import reqllm

    result = run("reqllm", "--version")
    assert (result.exit_code, result.stdout) == (0, f"reqllm, version {reqllm.__version__}\n")
