"""The captures of Cohere, Ollama, Mistral and Groq are to us what they are to their own SDKs.

Where the two differ on purpose, a table below names the capture and says why.
"""

from __future__ import annotations

import json

import groq
import pytest

from reqllm.stream_server import decode_stream
from tests.conftest import COMPARED
from tests.corpus import Capture, captures, params

from .answers import Said, ToolUse, our_chat_answer
from .more_sdks import cohere_answer, groq_chunks, mistral_answer, ollama_answer
from .sdks import sdk_chat_answer, without_nulls

COHERE, OLLAMA = captures("cohere-v2"), captures("ollama")
CHAT = captures("openai-chat")
MISTRAL = [capture for capture in CHAT if capture.name.startswith("mistral-chat/")]
GROQ = [capture for capture in CHAT if capture.name.startswith("groq-chat/")]
# The stream reports a failure.
FAILED = {
    "groq-chat/pydantic-ai-test_groq-test_tool_use_failed_error_streaming-c6bef8.00",
    "groq-chat/req_llm-groq-meta_llama_llama_4_scout_17b_16e_instruct-object_streaming-e3c93a.00",
}
# The progress of a download: it is no answer, and none of the SDK's answers has its members.
NO_ANSWER = {"ollama-ndjson/langchaingo-llms-ollama-TestWithPullModel-60c3bc.00"}


@pytest.mark.parametrize("capture", params(COHERE))
def test_a_cohere_stream_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, thinking, plan, calls, citations, finish, usage and id are those of its events."""
    response = decode_stream("cohere-v2", capture.body)
    sdk, citations = cohere_answer(capture)
    ours = our_chat_answer(response)
    assert ours.choices == sdk.choices
    assert (ours.id, without_nulls(ours.usage)) == (sdk.id, sdk.usage)
    assert [citation.raw for citation in response.citations] == citations
    tokens = sdk.usage["tokens"]
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (
        tokens["input_tokens"],
        tokens["output_tokens"],
    )
    assert response.usage.cache_read_input_tokens == sdk.usage.get("cached_tokens")
    for citation in response.citations:
        # Offsets are of the text that they are found in.
        assert response.text[citation.start : citation.end] == citation.cited_text
    record_property(COMPARED, "cohere-v2")


@pytest.mark.parametrize("capture", params(c for c in OLLAMA if c.name not in NO_ANSWER))
def test_an_ollama_stream_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, thinking, calls, reason, counts, durations and model are those of the SDK's lines."""
    response = decode_stream("ollama", capture.body)
    sdk = ollama_answer(capture)
    ours = our_chat_answer(response)
    said = ours.choices[0]
    said.tools = [ToolUse(None, tool.name, json.loads(tool.arguments)) for tool in said.tools]
    assert said == sdk.choices[0]
    assert (ours.model, dict(ours.usage)) == (sdk.model, sdk.usage)
    assert response.usage is not None
    assert response.usage.input_tokens == sdk.usage.get("prompt_eval_count")
    assert response.usage.output_tokens == sdk.usage.get("eval_count")
    record_property(COMPARED, "ollama")


@pytest.mark.parametrize("name", sorted(NO_ANSWER))
def test_what_is_no_answer_is_never_complete(name: str) -> None:
    """The progress of a download is kept, line by line, and is not taken for a whole answer."""
    found = [capture for capture in OLLAMA if capture.name == name]
    if not found:
        pytest.skip("no corpus")
    response = decode_stream("ollama", found[0].body)
    assert response.state == "incomplete"
    kept = [chunk.data for chunk in response.chunks if chunk.kind == "custom"]
    assert kept == [json.loads(line) for line in found[0].body.splitlines()]


@pytest.mark.parametrize("capture", params(MISTRAL))
def test_a_mistral_stream_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, thinking, calls, finish, usage, id and model are those of the SDK's chunks."""
    ours = our_chat_answer(decode_stream("openai-chat", capture.body))
    sdk = mistral_answer(capture)
    assert ours.choices == sdk.choices
    assert (ours.id, ours.model) == (sdk.id, sdk.model)
    assert without_nulls(ours.usage) == sdk.usage
    record_property(COMPARED, "openai-chat (mistral)")


@pytest.mark.parametrize("capture", params(c for c in GROQ if c.name not in FAILED))
def test_a_groq_stream_is_what_its_sdk_reads(capture: Capture, record_property) -> None:
    """Text, reasoning, calls, finish, usage, id and model are those of the SDK's chunks."""
    ours = our_chat_answer(decode_stream("openai-chat", capture.body))
    sdk = sdk_chat_answer(groq_chunks(capture))
    assert (ours.id, ours.model) == (sdk.id, sdk.model)
    assert without_nulls(ours.usage) == sdk.usage
    for number, said in sdk.choices.items():
        assert ours.choices.get(number, Said()) == said
    record_property(COMPARED, "openai-chat (groq)")


@pytest.mark.parametrize("capture", params(c for c in GROQ if c.name in FAILED))
def test_a_failed_groq_stream_fails_as_its_sdk_says(capture: Capture, record_property) -> None:
    """An error inside a stream of status 200 carries the message that the SDK raises."""
    response = decode_stream("openai-chat", capture.body)
    with pytest.raises(groq.APIError) as raised:
        groq_chunks(capture)
    assert response.error is not None
    assert response.error.message.startswith(raised.value.message)
    record_property(COMPARED, "openai-chat (groq)")
