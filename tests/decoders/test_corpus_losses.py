"""Nothing that a live provider sent is lost, and nothing of it is odd that is not known to be."""

from __future__ import annotations

import pytest

from reqllm.response import Response
from reqllm.stream_server import decode_stream
from tests.corpus import ABSENT, FOLDERS, Capture, captures, params

from .accounts import leaves, payloads

ALL = [capture for wire in FOLDERS for capture in captures(wire)]

# Warnings that a capture gives besides the one for a missing last event.
WARNED = {
    "openai-chat/dd-trace-py-litellm-completion_stream_multiple_choices_proxy-ee54fa.00": (
        "missing_finish_reason",  # of two choices one never finishes
    ),
    "openai-chat/openai-dotnet-ChatTests-ChatWithBasicAudioOutputAsync-5bc7b8.00": (
        "missing_finish_reason",
    ),
    "openai-chat-compat/req_llm-openrouter-minimax_minimax_m1-object_streaming-780928.00": (
        "missing_finish_reason",  # says nothing at all, and is done
    ),
}
# What is of no kind that the wire knows: it is no part of an answer.
UNKNOWN = {
    "ollama-ndjson/langchaingo-llms-ollama-TestWithPullModel-60c3bc.00": {"ollama.status"},
}
ENDINGS = {"missing_done", "missing_message_stop"}


def decoded(capture: Capture) -> Response:
    return decode_stream(capture.wire, capture.body)


@pytest.mark.parametrize("capture", params(ALL))
def test_only_what_is_listed_gives_warnings_and_nothing_is_unknown(capture: Capture) -> None:
    """No event of a live provider is unknown to us, and none is odd that a table does not name."""
    response = decoded(capture)
    codes = tuple(w.code for w in response.warnings if w.code not in ENDINGS)
    assert codes == WARNED.get(capture.name, ())
    unknown = {chunk.custom_kind for chunk in response.chunks if chunk.kind == "custom"}
    assert unknown == UNKNOWN.get(capture.name, set())


# Members of events that say nothing, or say again what another says.
SAYS_NOTHING = {
    "openai-chat": {
        ".object": "the kind of event",
        ".created": "a time, which tells nothing of the answer",
        ".obfuscation": "filler against traffic analysis",
        ".p": "filler against traffic analysis",
        ".choices[].index": "the number of the choice",
        ".choices[].delta.role": "always the assistant",
        ".choices[].delta.name": "the name of the assistant",
        ".choices[].delta.channel": "Groq: whether it is reasoning or content, as the key says",
        ".choices[].delta.token_id": "Together: the token's number",
        ".choices[].delta.tool_calls[].type": "the kind of call",
        ".choices[].delta.content[].type": "the kind of part",
        ".choices[].delta.content[].closed": "Mistral: the part is whole",
        ".choices[].delta.content[].thinking[].type": "the kind of part",
    },
    "anthropic-messages": {
        ".type": "the kind of event",
        ".index": "the number of the block",
        ".delta.type": "the kind of delta",
        ".content_block.type": "the kind of block",
        ".message.type": "the kind of object",
        ".message.role": "always the assistant",
    },
    "cohere-v2": {
        ".type": "the kind of event",
        ".index": "the number of the content, call or citation",
        ".delta.message.role": "always the assistant",
        ".delta.message.content.type": "the kind of content",
        ".delta.message.tool_calls.type": "the kind of call",
    },
    "gemini": {
        ".candidates[].index": "the number of the candidate",
        ".candidates[].content.role": "always the model",
        ".candidates[].finishReason": "a reason, as a number if the client asked for numbers",
        **{
            f".usageMetadata.{count}": "a count so far, which the next event's takes the place of"
            for count in (
                "promptTokenCount",
                "candidatesTokenCount",
                "thoughtsTokenCount",
                "totalTokenCount",
                "promptTokensDetails[].tokenCount",
                "candidatesTokensDetails[].tokenCount",
            )
        },
    },
    "ollama": {
        ".created_at": "a time, which tells nothing of the answer",
        ".done": "whether it is the last line",
        ".message.role": "always the assistant",
        ".message.tool_calls[].function.index": "the number of the call",
    },
}


@pytest.mark.parametrize("capture", params(ALL))
def test_every_event_is_accounted_for(capture: Capture) -> None:
    """Each value of each event is found in our chunks, unless a table says that it says nothing."""
    response = decoded(capture)
    told = {value for chunk in response.chunks for _, value in leaves(chunk.as_dict())}
    if response.error is not None:
        told |= {value for _, value in leaves(getattr(response.error, "body", None))}
    nothing = SAYS_NOTHING[capture.wire]
    lost = [
        (path, value)
        for event in payloads(capture)
        if isinstance(event, dict)
        for path, value in leaves(event)
        if path not in nothing and value not in told
    ]
    assert lost == []


def test_no_table_names_a_capture_that_is_not_there() -> None:
    """The tables of exceptions stay true when the corpus changes."""
    if not ALL:
        pytest.skip(ABSENT)
    assert {*WARNED, *UNKNOWN} <= {capture.name for capture in ALL}
