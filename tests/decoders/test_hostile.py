"""Whatever a server sends, nothing is raised, and what every stream promises is kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus import ABSENT, FOLDERS, captures

from .accounts import payloads
from .gemini_cases import answer, bare, inline, partial
from .invariants import check_stream, fed_in_pieces, pieces_of, plain
from .responses_rich import RESPONSES_RICH

ALL = [capture for wire in FOLDERS for capture in captures(wire)]
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 3, 10**9, 2**64, 0.5, -1e300),
        *("", " ", "a", "1", "[DONE]", "stop", "tool_calls", "error", "text", "thinking"),
        *("\ud83d", "\ude00", "\ud83d\ude00", "a\ud83d", "\ude00b", "\x00", "\ufffd", '{"a":1}'),
        *("content-delta", "content-start", "tool-call-delta", "citation-start", "message-end"),
        *("COMPLETE", "ERROR", "TEXT_CONTENT", "PLAN"),
        *("response.created", "response.output_item.added", "response.output_item.done"),
        *("response.output_text.delta", "response.output_text.done", "response.completed"),
        *("response.function_call_arguments.delta", "response.content_part.added", "output_text"),
        *("function_call", "shell_call", "mcp_call", "completed", "incomplete", "failed"),
        *("text_delta", "input_json_delta", "message_start", "message_stop", "content_block_stop"),
        *(
            "content_block_start",
            "tool_use",
            "redacted_thinking",
            "hologram",
            "message",
            "reasoning",
        ),
    ]
)
KEYS = st.sampled_from(
    [
        *("id", "index", "type", "delta", "content", "text", "choices", "usage", "error", "name"),
        *("function", "arguments", "tool_calls", "message", "content_block", "citation", "\ud83d"),
        *("reasoning", "reasoning_details", "thinking", "signature", "audio", "data", "transcript"),
        *("images", "image_url", "url", "annotations", "logprobs", "refusal", "finish_reason"),
        *("citations", "input", "stop_reason", "partial_json", "x_groq", "extra_content", "google"),
        *("thought_signature", "custom", "function_call", "prompt_tokens", "executed_tools"),
        *("done", "done_reason", "response", "images", "created_at", "tool_plan", "content_index"),
        *("sources", "document", "start", "eval_count", "tokens", "cached_tokens", "logprobs"),
        *(
            "candidates",
            "parts",
            "thought",
            "thoughtSignature",
            "functionCall",
            "args",
            "inlineData",
        ),
        *("partialArgs", "jsonPath", "stringValue", "willContinue", "mimeType", "executableCode"),
        *("codeExecutionResult", "groundingMetadata", "groundingChunks", "groundingSupports"),
        *("finishReason", "promptFeedback", "blockReason", "usageMetadata", "responseId"),
        *("output_index", "item", "item_id", "part", "output", "summary", "summary_index"),
        *("sequence_number", "call_id", "arguments", "action", "encrypted_content", "annotation"),
        *("event_type", "step", "interaction", "status", "steps"),
        *("code", "detail", "container", "server_tool_use", "tool_use_id", "is_error", "model"),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


DROPPED = object()


# What stands around an event's JSON, where that is not server-sent events.
FRAMES = {"ollama": b"%b\n"}


def stream_of(wire: str, events: list[Any]) -> bytes:
    """Return events as a body; half characters are escaped, as JSON does."""
    frame = FRAMES.get(wire, b"data: %b\n\n")
    return b"".join(frame % json.dumps(event).encode() for event in events)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of everything inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


@pytest.mark.untraced
@pytest.mark.skipif(not ALL, reason=ABSENT)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    """Events of a live provider with anything put in anywhere, dropped or doubled."""
    capture = data.draw(st.sampled_from(ALL))
    events = [event for event in payloads(capture) if isinstance(event, dict)]
    start = data.draw(st.integers(0, max(0, len(events) - 6)))
    events = copy.deepcopy([*events[:2], *events[start : start + 6], *events[-3:]])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(events) - 1))
        container, key = data.draw(st.sampled_from(list(places(events[at])) or [(events, at)]))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(KEYS)] = data.draw(VALUES)
        else:
            container[key] = data.draw(VALUES)
    check_both(capture.wire, stream_of(capture.wire, events))


# One stream of each wire that has every member the decoder looks at.
RICH: dict[str, list[Any]] = {
    "openai-chat": [
        {
            "id": "c1",
            "model": "m",
            "object": "chat.completion.chunk",
            "citations": ["https://a.example"],
            "x_groq": {"id": "r", "usage": {"prompt_tokens": 1}, "error": None},
            "choices": [
                {
                    "index": 0,
                    "delta": {
                        "role": "assistant",
                        "content": [
                            {"type": "text", "text": "He"},
                            {
                                "type": "thinking",
                                "thinking": [{"type": "text", "text": "Hm"}],
                                "signature": "s",
                            },
                            {"type": "reference", "reference_ids": [1, "a"]},
                            {"type": "hologram"},
                        ],
                        "reasoning_content": "a",
                        "reasoning": "a",
                        "reasoning_details": [{"text": "a", "signature": "s", "summary": "b"}],
                        "refusal": "no",
                        "audio": {"id": "a1", "data": "AAEC", "transcript": "t", "expires_at": 1},
                        "images": [{"image_url": {"url": "data:image/png;base64,AAEC"}}],
                        "annotations": [
                            {
                                "type": "url_citation",
                                "url_citation": {
                                    "url": "u",
                                    "title": "t",
                                    "start_index": 0,
                                    "end_index": 1,
                                },
                            }
                        ],
                        "executed_tools": [{"name": "x"}],
                        "brand_new": {"a": 1},
                    },
                    "logprobs": {"content": [{"token": "a"}], "refusal": [{"token": "b"}]},
                    "finish_reason": None,
                    "error": None,
                }
            ],
        },
        {
            "choices": [
                {
                    "index": 0,
                    "delta": {
                        "tool_calls": [
                            {
                                "index": 0,
                                "id": "t1",
                                "type": "function",
                                "function": {"name": "f", "arguments": "{"},
                                "extra_content": {"google": {"thought_signature": "sig"}},
                            },
                            {"index": 1, "id": "t2", "custom": {"name": "g", "input": "x"}},
                        ],
                        "function_call": {"name": "h", "arguments": "{}"},
                    },
                }
            ]
        },
        {"choices": [{"index": 0, "message": {"content": "x"}, "text": "y", "usage": {"n": 1}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "matched_stop": 1}]},
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "total_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        },
    ],
    "anthropic-messages": [
        {
            "type": "message_start",
            "message": {
                "id": "c1",
                "type": "message",
                "model": "m",
                "content": [{"type": "text", "text": "x", "citations": []}],
                "usage": {
                    "input_tokens": 1,
                    "cache_creation": {"ephemeral_1h_input_tokens": 1},
                    "server_tool_use": {"web_search_requests": 1},
                    "output_tokens_details": {"thinking_tokens": 1},
                },
                "container": {"id": "x"},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "a", "citations": [{"type": "x"}]},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {
                "type": "citations_delta",
                "citation": {
                    "type": "char_location",
                    "cited_text": "x",
                    "url": "u",
                    "title": "t",
                    "document_index": 0,
                },
            },
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "thinking", "thinking": "a", "signature": ""},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "thinking_delta", "thinking": "b"},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "signature_delta", "signature": "s"},
        },
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "redacted_thinking", "data": "xyz"},
        },
        {
            "type": "content_block_start",
            "index": 3,
            "content_block": {
                "type": "server_tool_use",
                "id": "s1",
                "name": "f",
                "input": {"a": 1},
                "caller": {"type": "direct"},
            },
        },
        {
            "type": "content_block_delta",
            "index": 3,
            "delta": {"type": "input_json_delta", "partial_json": "{}"},
        },
        {
            "type": "content_block_start",
            "index": 4,
            "content_block": {
                "type": "web_search_tool_result",
                "tool_use_id": "s1",
                "content": {"error_code": "x"},
                "is_error": True,
            },
        },
        {
            "type": "content_block_start",
            "index": 5,
            "content_block": {"type": "hologram", "light": "a"},
        },
        {
            "type": "content_block_delta",
            "index": 5,
            "delta": {"type": "hologram_delta", "light": "b"},
        },
        {
            "type": "message_delta",
            "delta": {
                "stop_reason": "end_turn",
                "stop_sequence": "x",
                "stop_details": {"a": 1},
                "container": {"id": "y"},
            },
            "usage": {"output_tokens": 2},
            "context_management": {"applied_edits": []},
        },
        {"type": "message_stop", "metrics": {"a": 1}},
    ],
    "cohere-v2": [
        {
            "type": "message-start",
            "id": "c1",
            "delta": {
                "message": {
                    "role": "assistant",
                    "content": [],
                    "tool_plan": "a",
                    "tool_calls": [{"id": "t0", "function": {"name": "f", "arguments": {}}}],
                    "citations": [],
                    "brand_new": 1,
                }
            },
        },
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "a"}}},
        {
            "type": "content-start",
            "index": 0,
            "delta": {"message": {"content": {"type": "thinking", "thinking": "a"}}},
        },
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "b"}}}},
        {"type": "content-end", "index": 0},
        {
            "type": "content-start",
            "index": 1,
            "delta": {"message": {"content": {"type": "text", "text": "a"}}},
        },
        {
            "type": "content-delta",
            "index": 1,
            "delta": {"message": {"content": {"text": "b"}}},
            "logprobs": {"text": "b", "token_ids": [1], "logprobs": [-0.1]},
        },
        {
            "type": "citation-start",
            "index": 0,
            "delta": {
                "message": {
                    "citations": {
                        "start": 0,
                        "end": 1,
                        "text": "a",
                        "sources": [
                            {"type": "document", "id": "d", "document": {"title": "t", "url": "u"}},
                            {"type": "tool", "id": "e", "tool_output": {"a": 1}},
                        ],
                        "type": "TEXT_CONTENT",
                        "content_index": 1,
                    }
                }
            },
        },
        {"type": "citation-end", "index": 0},
        {"type": "content-end", "index": 1},
        {"type": "content-start", "index": 2, "delta": {"message": {"content": {"type": "x"}}}},
        {
            "type": "tool-call-start",
            "index": 0,
            "delta": {
                "message": {
                    "tool_calls": {
                        "id": "t1",
                        "type": "function",
                        "function": {"name": "f", "arguments": ""},
                    }
                }
            },
        },
        {
            "type": "tool-call-delta",
            "index": 0,
            "delta": {"message": {"tool_calls": {"function": {"arguments": "{}"}}}},
        },
        {"type": "tool-call-end", "index": 0},
        {"type": "debug", "prompt": "a"},
        {
            "type": "message-end",
            "delta": {
                "finish_reason": "COMPLETE",
                "error": None,
                "usage": {
                    "billed_units": {"input_tokens": 1, "output_tokens": 2},
                    "tokens": {"input_tokens": 3, "output_tokens": 4, "reasoning_tokens": 1},
                    "cached_tokens": 1,
                },
            },
        },
    ],
    "gemini": [
        bare(promptFeedback={"safetyRatings": [{"category": "A"}]}, createTime="x"),
        answer({"text": "Hm", "thought": True}, {"text": "", "thoughtSignature": "S"}),
        answer({"text": "Pâté", "partMetadata": {"a": 1}}, inline(b"ab", "audio/pcm")),
        answer(
            {"functionCall": {"id": "t1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "S"},
            {"functionCall": {"name": "g", "willContinue": True}},
            partial("$.a.b[0]", more=True, stringValue="x"),
            partial("$.a.c", numberValue=1),
            partial("$.a.b[0]", nullValue=None, boolValue=True),
            {"functionCall": {}},
        ),
        answer(
            {"executableCode": {"id": "x", "language": "PYTHON", "code": "1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "1"}},
            {"toolCall": {"id": "y", "toolType": "T", "args": {"a": 1}}},
            {"toolResponse": {"id": "y", "toolType": "T", "response": {"a": 1}}},
            {"fileData": {"fileUri": "gs://a", "mimeType": "image/png"}},
            {"hologram": {"a": 1}, "videoMetadata": {"fps": 1}},
        ),
        {
            **answer(
                {"text": ""},
                finish="STOP",
                finishMessage="x",
                avgLogprobs=-0.1,
                safetyRatings=[{"category": "A"}],
                logprobsResult={
                    "chosenCandidates": [{"token": "a"}],
                    "topCandidates": [{"candidates": []}],
                },
                citationMetadata={"citationSources": [{"startIndex": 1, "endIndex": 2}]},
                groundingMetadata={
                    "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
                    "groundingSupports": [
                        {
                            "segment": {"startIndex": 0, "endIndex": 2, "text": "Pâ"},
                            "groundingChunkIndices": [0],
                        }
                    ],
                },
            ),
            "usageMetadata": {
                "promptTokenCount": 1,
                "candidatesTokenCount": 2,
                "totalTokenCount": 3,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
            },
        },
    ],
    "gemini-interactions": [
        {
            "event_type": "interaction.created",
            "interaction": {"id": "c1", "model": "m", "status": "in_progress", "object": "x"},
            "metadata": {"usage": {"total_tokens": 1}, "glow": 1},
        },
        {"event_type": "interaction.status_update", "interaction_id": "c1", "status": "queued"},
        {"event_type": "step.start", "index": 0, "step": {"type": "thought", "signature": "S"}},
        {
            "event_type": "step.delta",
            "index": 0,
            "delta": {"type": "thought_summary", "content": {"type": "text", "text": "Hm"}},
        },
        {"event_type": "step.start", "index": 1, "step": {"type": "model_output", "content": []}},
        {
            "event_type": "step.delta",
            "index": 1,
            "delta": {
                "type": "text",
                "text": "Pâté",
                "annotations": [
                    {
                        "type": "url_citation",
                        "url": "u",
                        "title": "t",
                        "start_index": 0,
                        "end_index": 1,
                    }
                ],
            },
        },
        {
            "event_type": "step.delta",
            "index": 1,
            "delta": {"type": "audio", "data": "AAEC", "mime_type": "audio/l16", "uri": None},
        },
        {
            "event_type": "step.start",
            "index": 2,
            "step": {"type": "function_call", "id": "t1", "name": "f", "arguments": {"a": 1}},
        },
        {
            "event_type": "step.delta",
            "index": 2,
            "delta": {"type": "arguments_delta", "arguments": "{}"},
        },
        {
            "event_type": "step.start",
            "index": 3,
            "step": {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["x"]}},
        },
        {
            "event_type": "step.start",
            "index": 4,
            "step": {
                "type": "google_search_result",
                "call_id": "s1",
                "result": [{"title": "T"}],
                "is_error": True,
            },
        },
        {"event_type": "step.stop", "index": 4, "usage": {"total_tokens": 2}},
        {
            "event_type": "interaction.completed",
            "interaction": {
                "id": "c1",
                "status": "completed",
                "steps": [{"type": "model_output", "content": [{"type": "text", "text": "x"}]}],
                "usage": {
                    "total_input_tokens": 1,
                    "input_tokens_by_modality": [{"modality": "audio", "tokens": 1}],
                },
            },
        },
    ],
    "ollama": [
        {
            "model": "m",
            "created_at": "2026-11-22T10:00:00Z",
            "message": {"role": "assistant", "content": "", "thinking": "a", "brand_new": {"a": 1}},
            "done": False,
        },
        {
            "model": "m",
            "message": {"content": "a", "images": ["AAEC"]},
            "logprobs": [{"token": "a", "logprob": -0.1}],
            "remote_model": "r",
        },
        {
            "model": "m",
            "message": {
                "content": "",
                "tool_calls": [
                    {"id": "t1", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}
                ],
            },
            "done": False,
        },
        {"model": "m", "response": "a", "thinking": "b", "image": "AAEC", "done": False},
        {"status": "pulling", "total": 1},
        {"error": ""},
        {
            "model": "m",
            "message": {"content": ""},
            "done": True,
            "done_reason": "stop",
            "total_duration": 1,
            "prompt_eval_count": 1,
            "eval_count": 2,
        },
    ],
}
WIRES = (*RICH, "openai-responses")
STREAMS = list(RICH.items())
STREAMS += [("openai-responses", events) for events in RESPONSES_RICH]
ODD = (None, True, 1, -1.5, "", "x", "\ud83d", [], [1], ["x"], [None], {}, {"x": 1}, {"type": 1})


@pytest.mark.parametrize(("wire", "rich"), STREAMS)
def test_every_member_may_be_of_any_type(wire: str, rich: list[Any]) -> None:
    """Each member of each event, in turn replaced by a value of each kind, or left out."""
    for number, event in enumerate(rich):
        for step in range(len(list(places(event)))):
            for value in (*ODD, DROPPED):
                events = copy.deepcopy(rich)
                container, key = list(places(events[number]))[step]
                if value is DROPPED:
                    del container[key]
                else:
                    container[key] = value
                check_stream(wire, stream_of(wire, events))


@pytest.mark.untraced
@settings(max_examples=250, deadline=None)
@given(
    wire=st.sampled_from(WIRES),
    events=st.lists(st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=6),
)
def test_any_json(wire: str, events: list[Any]) -> None:
    """Events of any JSON at all, also of none that the wire knows."""
    check_both(wire, stream_of(wire, events))


@pytest.mark.untraced
@settings(max_examples=200, deadline=None)
@given(wire=st.sampled_from(WIRES), body=st.binary(max_size=200))
def test_any_bytes(wire: str, body: bytes) -> None:
    """Bytes that are no stream at all."""
    check_both(wire, body)
    check_both(wire, b"data: " + body + b"\n\n")


@pytest.mark.untraced
@pytest.mark.parametrize("wire", WIRES)
def test_an_event_may_begin_with_any_byte(wire: str) -> None:
    """At the start and in the middle of a stream, also with a byte that no text has."""
    usual = stream_of(wire, RICH.get(wire, RESPONSES_RICH[0])[:2])
    for first in range(256):
        for rest in (b"", b'x": "y"}'):
            line = bytes([first]) + rest + b"\n\n"
            check_stream(wire, line + usual)
            check_stream(wire, usual + line + usual)


def check_both(wire: str, body: bytes) -> None:
    response = check_stream(wire, body)
    assert plain(fed_in_pieces(wire, pieces_of(1, body))) == plain(response)
    check_stream(wire, body, on_malformed="skip", on_incomplete="return")
