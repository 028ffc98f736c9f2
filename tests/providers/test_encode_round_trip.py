"""What a model said goes back to it as it came: a stream is read, and its answer written."""

import json

from reqllm import decode_stream
from reqllm.context import Context, Message
from reqllm.wires.anthropic_messages import encode as anthropic_messages_encode
from reqllm.wires.openai_chat import encode as openai_chat_encode

SAID = [
    {"type": "thinking", "thinking": "Need to look.", "signature": "EqQB"},
    {"type": "redacted_thinking", "data": "opaque"},
    {"type": "text", "text": "Looking."},
    {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "é"},
        "caller": {"type": "direct"},
    },
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [
            {
                "type": "web_search_result",
                "url": "https://example.org",
                "title": "T",
                "encrypted_content": "E",
                "page_age": None,
            }
        ],
    },
    {
        "type": "code_execution_tool_result",
        "tool_use_id": "srvtoolu_2",
        "content": {"type": "code_execution_tool_result_error", "error_code": "unavailable"},
    },
    {
        "type": "text",
        "text": "Found.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://example.org",
                "title": "T",
                "cited_text": "Found.",
                "encrypted_index": "I",
            }
        ],
    },
    {"type": "container_upload", "file_id": "file_1"},
    {"type": "thinking", "thinking": "", "signature": "Zzz"},
    {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
]


def sse(event):
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def anthropic_stream(blocks):
    """Return a stream of blocks, each whole at its start but for text and arguments."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    yield sse({"type": "message_start", "message": {**message, "usage": {"input_tokens": 1}}})
    for index, block in enumerate(blocks):
        start, deltas = dict(block), []
        if "input" in block:
            start["input"] = {}
            text = json.dumps(block["input"]) if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": text}]
        if block["type"] == "thinking":
            start |= {"thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        yield sse({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            yield sse({"type": "content_block_delta", "index": index, "delta": delta})
        yield sse({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    yield sse({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}})
    yield sse({"type": "message_stop"})


def written(module, response):
    context = Context([Message.user("q"), response.message])
    body, warnings = module.encode("m", context, {})
    return body["messages"][1:], [warning.code for warning in warnings]


def test_anthropic_blocks():
    """Every kind of block that Anthropic sent goes back unchanged, in its order."""
    response = decode_stream("anthropic-messages", anthropic_stream(SAID))
    assert response.state == "complete"
    messages, warnings = written(anthropic_messages_encode, response)
    assert messages == [{"role": "assistant", "content": SAID}]
    assert warnings == []


def test_anthropic_cut_off():
    """Of an answer that was cut off, only what can stand alone goes back."""
    pieces = list(anthropic_stream(SAID[:3] + SAID[-2:]))
    cut = b"".join(pieces)[: b"".join(pieces).index(b'"Oslo')]
    response = decode_stream("anthropic-messages", cut)
    assert response.state == "incomplete"
    (message,), warnings = written(anthropic_messages_encode, response)
    assert message["content"] == SAID[:3]
    assert warnings == ["tool_call_not_sent"]


def chat_stream(*deltas, finish="stop"):
    for delta in deltas:
        yield _chunk({"index": 0, "delta": delta, "finish_reason": None})
    yield _chunk({"index": 0, "delta": {}, "finish_reason": finish})
    yield b"data: [DONE]\n\n"


def _chunk(choice):
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()


def test_chat_answer():
    """Text, calls and OpenRouter's reasoning details go back as the message they were."""
    details = [
        {"type": "reasoning.text", "text": "Hm", "index": 0, "format": "f"},
        {"type": "reasoning.text", "text": "m.", "index": 0, "format": "f"},
        {"type": "reasoning.text", "signature": "S", "index": 0, "format": "f"},
    ]
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    response = decode_stream(
        "openai-chat",
        chat_stream(
            {"role": "assistant", "content": "", "reasoning_details": details[:1]},
            {"reasoning_details": details[1:2]},
            {"reasoning_details": details[2:]},
            {"content": "Let me "},
            {"content": "see."},
            {"tool_calls": [call]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '{ "a":1 }'}}]},
            finish="tool_calls",
        ),
    )
    assert response.state == "complete"
    messages, warnings = written(openai_chat_encode, response)
    assert messages == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "Hmm.",
                    "index": 0,
                    "format": "f",
                    "signature": "S",
                }
            ],
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{ "a":1 }'},
                }
            ],
        }
    ]
    assert warnings == []


def test_chat_refusal():
    """A refusal goes back as a refusal."""
    response = decode_stream("openai-chat", chat_stream({"refusal": "No"}, {"refusal": "."}))
    messages, warnings = written(openai_chat_encode, response)
    assert messages == [{"role": "assistant", "content": None, "refusal": "No."}]
    assert warnings == []


def test_a_custom_tools_call_goes_back_as_one():
    """A call whose input is free text is no function call when it goes back."""
    call = {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "run", "input": "ls "}}
    more = {"index": 0, "custom": {"input": "-l"}}
    response = decode_stream(
        "openai-chat",
        chat_stream({"tool_calls": [call]}, {"tool_calls": [more]}, finish="tool_calls"),
    )
    assert response.choices[0].finish_reason == response.finish_reason
    messages, warnings = written(openai_chat_encode, response)
    assert not warnings
    assert messages[0]["tool_calls"] == [
        {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    ]
