"""Conversations and options to write: every part and every option occurs in one of them."""

from __future__ import annotations

from reqllm.chunk import Citation
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message

PDF = b"%PDF-1.4 made up"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool(name="get_weather", description="Weather of a city.", parameters=CITY)
STRICT = Tool(name="add", parameters={"type": "object", "properties": {}}, strict=True)
CALL = ToolCall("call_1", "get_weather", {"city": "Oslo"}, '{"city": "Oslo"}')
SECOND = ToolCall("call_2", "get_weather", {"city": "Rome"})

CONTEXTS: dict[str, Context] = {
    "text": Context.new("Hello!"),
    "system": Context.new("Hello!", system="Be terse."),
    "two systems": Context([Message.system("A"), Message.user("x"), Message.system("B")]),
    "turns": Context([Message.user("a"), Message.assistant("b"), Message.user("c")]),
    "neighbours": Context([Message.user("a"), Message.user("b"), Message.user("c")]),
    "named": Context([Message("user", "a", name="Ada")]),
    "images": Context(
        [
            Message.user(
                [
                    "Compare.",
                    ContentPart.image(b"png"),
                    ContentPart.image_url("https://example.org/cat.jpg"),
                    ContentPart.image_url("data:image/gif;base64,R0lG"),
                    ImagePart(b"webp", "image/webp"),
                ]
            )
        ]
    ),
    "files": Context(
        [
            Message.user(
                [
                    ContentPart.file(PDF, "a.pdf"),
                    ContentPart.file(b"notes", "a.txt", "text/plain"),
                    ContentPart.file(b"gif", "a.gif", "image/gif"),
                    FilePart(id="file_1"),
                ]
            )
        ]
    ),
    "tools": Context.new("Weather?", tools=[WEATHER, STRICT]),
    "tool round trip": Context(
        [
            Message.user("Weather in Oslo and Rome?"),
            Message.assistant("Let me look.", [CALL, SECOND]),
            Message.tool("call_1", {"celsius": 3}),
            Message.tool("call_2", "no such city", is_error=True),
            Message.user("And?"),
        ],
        [WEATHER],
    ),
    "results as content": Context(
        [
            Message.user("Look."),
            Message.assistant([], [CALL]),
            Message.tool("call_1", [TextPart("one"), TextPart("two")]),
        ]
    ),
    "refusal": Context(
        [Message.user("a"), Message.assistant([RefusalPart("No.")]), Message.user("b")]
    ),
    "reasoning": Context(
        [
            Message.user("a"),
            Message.assistant(
                [
                    ReasoningPart("Hm.", signature="EqQB"),
                    ReasoningPart(redacted=True, data="opaque"),
                    ReasoningPart("unsigned"),
                    ReasoningPart("cut", signature="x", complete=False),
                    "So.",
                ]
            ),
            Message.user("b"),
        ]
    ),
    "citations": Context(
        [
            Message.user([TextPart("Says who?", (Citation(url="https://example.org"),))]),
            Message.assistant(
                [
                    TextPart(
                        "They.",
                        (
                            Citation(
                                kind="url",
                                raw={
                                    "type": "web_search_result_location",
                                    "url": "https://example.org",
                                    "title": "T",
                                    "cited_text": "They.",
                                    "encrypted_index": "E",
                                },
                            ),
                            Citation(kind="url", raw={"type": "url_citation"}),
                        ),
                    )
                ]
            ),
            Message.user("Thanks."),
        ]
    ),
    "server tools": Context(
        [
            Message.user("Search."),
            Message.assistant(
                [
                    ToolCall(
                        "srvtoolu_1",
                        "web_search",
                        {"query": "x"},
                        provider_executed=True,
                        provider_metadata={"type": "server_tool_use"},
                    ),
                    ToolResultPart(
                        "srvtoolu_1",
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
                        provider_executed=True,
                    ),
                    "Found.",
                ]
            ),
            Message.user("More."),
        ]
    ),
    "calls gone wrong": Context(
        [
            Message.user("a"),
            Message.assistant(
                [
                    ToolCall("bad", "get_weather", arguments_raw='{"city', invalid=True),
                    ToolCall("cut", "get_weather", arguments_raw="{", invalid=True, complete=False),
                ]
            ),
            Message.tool("bad", "no JSON", is_error=True),
        ]
    ),
    "empty answer": Context([Message.user("a"), Message.assistant(), Message.user("b")]),
    "odd text": Context.new('quotes " \\ \n tab\t é 漢 😀 \u2028'),
}

OPTIONS: dict[str, dict[str, object]] = {
    "none": {},
    "limits": {"max_tokens": 100, "stop": ["a", "b"]},
    "one stop": {"stop": "END"},
    "sampling": {"temperature": 0, "top_p": 0.9, "top_k": 40, "seed": 7},
    "answers": {"n": 2, "logprobs": True, "top_logprobs": 3},
    "effort": {"reasoning_effort": "high"},
    "no effort": {"reasoning_effort": "none"},
    "minimal effort": {"reasoning_effort": "minimal"},
    "budget": {"reasoning_budget": 2048},
    "schema": {"response_schema": CITY},
    "tools": {"tools": [Tool(name="more", parameters={})], "parallel_tool_calls": False},
    "tool auto": {"tools": [WEATHER], "tool_choice": "auto"},
    "tool none": {"tools": [WEATHER], "tool_choice": "none"},
    "tool required": {"tools": [WEATHER], "tool_choice": "required", "parallel_tool_calls": True},
    "tool named": {"tools": [WEATHER], "tool_choice": {"name": "get_weather"}},
    "choice without tools": {"tool_choice": "auto", "parallel_tool_calls": True},
    "user": {"user": "u1", "metadata": {"team": "a"}},
    "provider": {"provider_options": {"service_tier": "auto"}},
}

# Parts that neither of Google's wires has a form for, and what to do about each.
NOT_GOOGLES = [
    (ContentPart.file(b"\x00", "a.bin"), "media_type"),
    (FilePart(filename="a"), "neither bytes"),
    (ImagePart(), "neither bytes"),
    (ImagePart(url="data:image/svg+xml,<svg/>"), "base64"),
    (CustomPart("openai-chat.x", {}), "give text"),
]
