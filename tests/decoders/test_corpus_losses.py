"""Nothing that a live provider sent is lost, and nothing of it is odd that is not known to be."""

from __future__ import annotations

import msgspec
import pytest

from reqllm.response import Response
from reqllm.stream_server import decode_stream
from reqllm.wires.openai_responses.words import RESPONSE_KEYS
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
    "openai-responses/ai-openai-responses-openai-image-generation-tool.1.chunks-699107.00": (
        "bad_base64",  # its images were shortened by hand
    ),
    "openai-responses/ai-openai-responses-openai-phase.1.chunks-b1fd9d.00": (
        "missing_events",  # most deltas were left out by hand
    ),
}
# What is of no kind that the wire knows: it is no part of an answer.
UNKNOWN = {
    "ollama-ndjson/langchaingo-llms-ollama-TestWithPullModel-60c3bc.00": {"ollama.status"},
}
# What has no chunk of its own, but is known: steps of what the provider does, and items that go
# back as they came.
KNOWN = {
    "openai-responses.code_interpreter_call.completed",
    "openai-responses.code_interpreter_call.in_progress",
    "openai-responses.code_interpreter_call.interpreting",
    "openai-responses.image_generation_call.completed",
    "openai-responses.image_generation_call.generating",
    "openai-responses.image_generation_call.in_progress",
    "openai-responses.image_generation_call.partial_image",
    "openai-responses.mcp_call.completed",
    "openai-responses.mcp_call.in_progress",
    "openai-responses.mcp_list_tools",
    "openai-responses.mcp_list_tools.completed",
    "openai-responses.mcp_list_tools.in_progress",
    "openai-responses.queued",
    "openai-responses.web_search_call.completed",
    "openai-responses.web_search_call.in_progress",
    "openai-responses.web_search_call.searching",
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
    assert unknown - KNOWN == UNKNOWN.get(capture.name, set())


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
    "openai-responses": {
        ".type": "the kind of event",
        ".sequence_number": "the number of the event, which is followed",
        ".output_index": "where the event belongs",
        ".content_index": "where the event belongs",
        ".summary_index": "where the event belongs",
        ".annotation_index": "where the event belongs",
        ".item_id": "where the event belongs",
        ".obfuscation": "filler against traffic analysis",
        ".part.type": "the kind of part",
        ".item.type": "the kind of item",
        ".item.role": "always the assistant",
        ".item.status": "in progress, then completed",
        ".item.content[].type": "the kind of part",
        ".item.summary[].type": "the kind of part",
        ".item.encrypted_content": "not whole before the item is",
        ".delta.type": "the kind of event, in the older form",
        ".delta.index": "where the event belongs, in the older form",
        ".delta.output_item.type": "the kind of item, in the older form",
        ".delta.output_item.role": "always the assistant",
        ".delta.output_item.status": "in progress",
        ".delta.content_part.type": "the kind of part, in the older form",
        ".object": "the kind of event, in the older form",
        ".created_at": "a time, which tells nothing of the answer",
    },
    "gemini-interactions": {
        ".event_type": "the kind of event",
        ".index": "the number of the step",
        ".step.type": "the kind of step",
        ".delta.type": "the kind of delta",
        ".delta.content.type": "the kind of content",
        ".status": "how far it is, until the last event says how it ended",
        ".interaction.status": "the same",
        ".interaction.object": "the kind of object",
    },
    "ollama": {
        ".created_at": "a time, which tells nothing of the answer",
        ".done": "whether it is the last line",
        ".message.role": "always the assistant",
        ".message.tool_calls[].function.index": "the number of the call",
    },
}


# A Responses answer says again what was asked for, and in the end what it consists of.
REPEATED = tuple(
    f"{of}.response.{member}"
    for of in ("", ".delta")
    for member in sorted(RESPONSE_KEYS - {"id", "model", "usage", "incomplete_details", "error"})
)


@pytest.mark.parametrize("capture", params(ALL))
def test_every_event_is_accounted_for(capture: Capture) -> None:
    """Each value of each event is found in our chunks, unless a table says that it says nothing."""
    response = decoded(capture)
    told = {value for chunk in response.chunks for _, value in leaves(chunk.as_dict())}
    # Some say in the end what they have said in pieces.
    said = [v for part in response.content for _, v in leaves(msgspec.to_builtins(part))]
    told |= set(said)
    # Code is streamed as it is, and is handed out as JSON.
    code = "".join(text for text in said if isinstance(text, str))
    if response.error is not None:
        told |= {value for _, value in leaves(getattr(response.error, "body", None))}
    nothing = SAYS_NOTHING[capture.wire]
    lost = [
        (path, value)
        for event in payloads(capture)
        if isinstance(event, dict)
        for path, value in leaves(event)
        if path not in nothing and value not in told and not path.startswith(REPEATED)
        if path != ".delta" or value not in code
    ]
    assert lost == []


def test_no_table_names_a_capture_that_is_not_there() -> None:
    """The tables of exceptions stay true when the corpus changes."""
    if not ALL:
        pytest.skip(ABSENT)
    assert {*WARNED, *UNKNOWN} <= {capture.name for capture in ALL}
