"""What requests of Mistral and Groq hold where they leave OpenAI's shape."""

import json

import pytest

from reqllm import decode_stream
from reqllm.content import ContentPart, CustomPart, FilePart, ReasoningPart, RefusalPart, TextPart
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError
from reqllm.model import Model
from reqllm.providers.registry import provider_named

from .conversations import CALL, CITY, CONTEXTS, PDF, WEATHER

HELLO = Context.new("Hello!")


def asked(provider, context=HELLO, **options):
    """Return the body of a request, and the codes of its warnings."""
    request = provider_named(provider).encode(Model(provider, "m"), context, options, api_key="k")
    return json.loads(request.body), [warning.code for warning in request.warnings]


def answered(*parts, provider="mistral"):
    """Return the message that is written of an answer, and the codes of the warnings."""
    body, warned = asked(provider, Context([Message.user("q"), Message.assistant(parts)]))
    return body["messages"][1:], warned


def test_mistrals_words():
    """Seed, limit and choice go by Mistral's words, and usage comes unasked."""
    body, warned = asked(
        "mistral", max_tokens=9, seed=7, top_k=3, tools=[WEATHER], tool_choice="required"
    )
    assert (body["max_tokens"], body["random_seed"], body["top_k"]) == (9, 7, 3)
    assert body["tool_choice"] == "any"
    assert "stream_options" not in body
    assert warned == []
    assert asked("mistral", user="u")[1] == ["unsupported_option"]
    assert asked("mistral", response_schema=CITY)[0]["response_format"]["json_schema"] == {
        "name": "response",
        "strict": True,
        "schema": CITY,
    }
    own = {"prompt_mode": "reasoning"}
    assert asked("mistral", provider_options=own)[0]["prompt_mode"] == "reasoning"


def test_ids_are_as_mistral_wants_them():
    """An id of nine letters and digits stays; any other becomes one, alike in call and result."""
    context = Context(
        [
            Message.user("q"),
            Message.assistant([], [CALL, type(CALL)("D9WYdiHxV", "get_weather")]),
            Message.tool("call_1", "3"),
            Message.tool("D9WYdiHxV", "4"),
        ]
    )
    messages = asked("mistral", context)[0]["messages"]
    made, kept = (call["id"] for call in messages[1]["tool_calls"])
    assert (len(made), made.isalnum()) == (9, True)
    assert kept == "D9WYdiHxV"
    assert [message["tool_call_id"] for message in messages[2:]] == [made, kept]
    assert asked("openai", context)[0]["messages"][2]["tool_call_id"] == "call_1"


def test_names_are_not_sent_to_mistral():
    """It refuses a name beside a message; who spoke is warned of."""
    body, warned = asked("mistral", CONTEXTS["named"])
    assert body["messages"] == [{"role": "user", "content": "a"}]
    assert warned == ["name_not_sent"]


def test_files_go_as_documents():
    """Documents go by address or as data, uploaded files by id, audio as it is."""
    parts = [
        "x",
        ContentPart.file(PDF, "a.pdf"),
        FilePart(url="https://a.example/b.pdf"),
        FilePart(id="file_1"),
        ContentPart.file(b"wav", "a.wav", "audio/wav"),
        ContentPart.file(b"gif", "a.gif", "image/gif"),
    ]
    body, _ = asked("mistral", Context.new(Message.user(parts)))
    pdf = "data:application/pdf;base64,JVBERi0xLjQgbWFkZSB1cA=="
    assert body["messages"][0]["content"][1:] == [
        {"type": "document_url", "document_url": pdf, "document_name": "a.pdf"},
        {"type": "document_url", "document_url": "https://a.example/b.pdf"},
        {"type": "file", "file_id": "file_1"},
        {"type": "input_audio", "input_audio": "d2F2"},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,Z2lm"}},
    ]
    with pytest.raises(InvalidContextError, match="neither bytes, an address nor an id"):
        asked("mistral", Context.new(Message.user([FilePart()])))


CONTENT = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}], "signature": "S"},
    {"type": "text", "text": "One"},
    {"type": "reference", "reference_ids": [2]},
    {"type": "text", "text": " two"},
    {"type": "reference", "reference_ids": ["tool:1"]},
    {"type": "document_url", "document_url": "https://a.example"},
]


def test_an_answer_goes_back_as_it_came():
    """Signed thinking, text, references and other parts are written as they were read."""
    deltas = [{"content": [part]} for part in CONTENT]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    stream = b"".join(
        f"data: {json.dumps({'id': 'c', 'model': 'm', 'choices': [choice]})}\n\n".encode()
        for choice in choices
    )
    response = decode_stream("openai-chat", stream + b"data: [DONE]\n\n")
    assert response.state == "complete"
    messages, warned = answered(*response.content)
    assert messages == [{"role": "assistant", "content": CONTENT}]
    assert warned == []
    # Nobody else can read the signature.
    for provider in ("openai", "anthropic"):
        assert "reasoning_not_sent" in answered(*response.content, provider=provider)[1]


def test_what_else_an_answer_holds():
    """Plain text is a text, a refusal is said, what others signed or made is warned of."""
    assert answered("a", "b") == ([{"role": "assistant", "content": "ab"}], [])
    assert answered(RefusalPart("No."))[0] == [{"role": "assistant", "content": "No."}]
    foreign = (
        ReasoningPart("x", signature="E"),
        ReasoningPart("y", complete=False),
        CustomPart("anthropic-messages.hologram", {"type": "hologram"}),
    )
    messages, warned = answered(*foreign, ReasoningPart("Hm"), TextPart("Hi"))
    assert messages[0]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
        {"type": "text", "text": "Hi"},
    ]
    assert warned == ["reasoning_not_sent", "content_not_sent"]
    assert answered() == answered(TextPart("")) == ([], [])


def test_groqs_ways():
    """Groq takes no files and no refusals, three efforts, and gives usage unasked."""
    body, warned = asked("groq", reasoning_effort="xhigh", max_tokens=9)
    assert (body["reasoning_effort"], body["max_completion_tokens"]) == ("high", 9)
    assert "stream_options" not in body
    assert warned == ["option_adjusted"]
    assert asked("groq", reasoning_effort="none")[0]["reasoning_effort"] == "none"
    assert answered("a", RefusalPart("b"), provider="groq")[0] == [
        {"role": "assistant", "content": "ab"}
    ]
    with pytest.raises(InvalidContextError, match="text and images only"):
        asked("groq", Context.new(Message.user([FilePart(b"x", "a.txt", "text/plain")])))
