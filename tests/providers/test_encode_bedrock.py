"""Requests of Bedrock's two wires: what botocore would write, and nothing lost on the way back."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from reqllm import decode_stream
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
from reqllm.errors import InvalidContextError, InvalidInputError
from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm.wires.bedrock_converse.encode import encode
from reqllm.wires.bedrock_invoke.encode import encode as encode_invoke
from reqllm.wires.common.options import Dialect
from tests.decoders.bedrock_cases import (
    MS,
    TOOL_END,
    arguments,
    chunks,
    delta,
    reasoning,
    start,
    stop,
    text,
    tool_start,
)

from . import vendor_types
from .botocore_types import problems
from .conversations import CALL, CITY, CONTEXTS, OPTIONS, PDF, WEATHER

CLAUDE, NOVA = "us.anthropic.claude-sonnet-4-5-v1:0", "amazon.nova-lite-v1:0"
HELLO = Context.new("Hello!")
# Addresses of images and files, other than S3's, have no form on the wire.
CANNOT = {"images", "files"}
OWN: dict[str, dict[str, Any]] = {
    "provider": {"provider_options": {"serviceTier": {"type": "flex"}}},
}
ATTACHED = Context(
    [
        Message.user(
            [
                "Compare.",
                ImagePart(b"png"),
                ImagePart(b"jpg", "image/jpg"),
                ImagePart(url="data:image/webp;base64,UklG"),
                ImagePart(url="s3://bucket/cat.gif", media_type="image/gif"),
                FilePart(PDF, "quarter's report (1).pdf"),
                FilePart(PDF, "quarter's report (1).pdf", "application/pdf"),
                FilePart(PDF),
                FilePart(b"a,b", "a.csv"),
                FilePart(b"{}", None, "application/json"),
                FilePart(b"notes", "notes.md", "text/markdown; charset=utf-8"),
                FilePart(b"gif", "a.gif", "image/gif"),
                FilePart(url="s3://bucket/talk.mov", media_type="video/quicktime"),
                FilePart(b"sound", media_type="audio/mpeg"),
                CustomPart("bedrock-converse.guardContent", {"text": {"text": "x"}}),
            ]
        ),
        Message.assistant([], [CALL]),
        Message.tool("call_1", [TextPart("one"), ImagePart(b"png"), FilePart(PDF, "a.pdf")]),
    ],
    [WEATHER],
)


def body_of(
    context: Context, options: dict[str, Any] | None = None, model: str = CLAUDE
) -> tuple[dict[str, Any], list[str]]:
    """Return the body and the codes of the warnings."""
    body, warnings = encode(model, context, options or {})
    return msgspec.json.decode(msgspec.json.encode(body)), [w.code for w in warnings]


# Converse.
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("context", [name for name in CONTEXTS if name not in CANNOT])
def test_fits_botocore(context: str, options: str, model: str) -> None:
    """Whatever is said with whatever options, the body is one that botocore could write."""
    body, _ = body_of(CONTEXTS[context], OWN.get(options, OPTIONS[options]), model)
    assert problems(body) == ""


def test_attachments_fit_botocore() -> None:
    """Images, documents, videos and sound have each their own form; no two documents one name."""
    body, warnings = body_of(ATTACHED)
    assert problems(body) == ""
    assert warnings == []
    content = body["messages"][0]["content"]
    assert [next(iter(block)) for block in content] == [
        "text",
        *["image"] * 4,
        *["document"] * 6,
        "image",
        "video",
        "audio",
        "guardContent",
    ]
    assert [block["document"]["name"] for block in content if "document" in block] == [
        "quarter s report (1)",
        "quarter s report (1) 2",
        "document",
        "a",
        "document 2",
        "notes",
    ]
    assert [block["document"]["format"] for block in content if "document" in block] == [
        *("pdf", "pdf", "pdf", "csv", "txt", "md"),
    ]
    assert content[1]["image"] == {
        "format": "png",
        "source": {"bytes": b64encode(b"png").decode()},
    }
    assert content[4]["image"]["source"] == {"s3Location": {"uri": "s3://bucket/cat.gif"}}
    assert content[12]["video"]["format"] == "mov"
    assert body["messages"][2]["content"][0]["toolResult"]["content"][2]["document"]["format"] == (
        "pdf"
    )


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ImagePart(url="https://example.org/a.png"), "an address that is not s3://: give"),
        (ImagePart(url="data:image/png,x"), "expected its data URL in base64"),
        (ImagePart(b"x", "image/tiff"), "expected PNG, JPEG, GIF or WebP, got 'tiff'"),
        (ImagePart(), "it has neither bytes nor an address"),
        (FilePart(id="file_1"), "it has no files of its own: give the bytes"),
        (FilePart(b"x", "a.zip", "application/zip"), "got 'application/zip'; give the media_type"),
        (FilePart(b"x"), "got 'no media type'"),
        (CustomPart("openai-chat.x", {}), "give text, an image, a file or a tool's result"),
    ],
)
def test_what_the_wire_has_no_form_for(part: ContentPart, words: str) -> None:
    """A part of the user's that cannot be sent is refused, with what to do."""
    with pytest.raises(InvalidContextError, match="bedrock-converse cannot take a") as caught:
        body_of(Context([Message.user([part])]))
    assert words in str(caught.value)


def test_a_whole_request() -> None:
    """System, turns, tools and limits stand where the service looks for them."""
    context = Context(
        [
            Message.system("Be terse."),
            Message.user("Weather in Oslo?"),
            Message.assistant("Let me look.", [CALL]),
            Message.user("And?"),
            Message.tool("call_1", {"celsius": 3}, is_error=True),
        ],
        [WEATHER],
    )
    options = {"max_tokens": 9, "temperature": 0, "top_p": 0.5, "stop": "END", "top_k": 4}
    body, warnings = body_of(context, {**options, "tool_choice": {"name": "get_weather"}})
    assert warnings == []
    assert body == {
        "system": [{"text": "Be terse."}],
        "messages": [
            {"role": "user", "content": [{"text": "Weather in Oslo?"}]},
            {
                "role": "assistant",
                "content": [
                    {"text": "Let me look."},
                    {
                        "toolUse": {
                            "toolUseId": "call_1",
                            "name": "get_weather",
                            "input": {"city": "Oslo"},
                        }
                    },
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "toolResult": {
                            "toolUseId": "call_1",
                            "content": [{"json": {"celsius": 3}}],
                            "status": "error",
                        }
                    },
                    {"text": "And?"},
                ],
            },
        ],
        "inferenceConfig": {
            "maxTokens": 9,
            "temperature": 0,
            "topP": 0.5,
            "stopSequences": ["END"],
        },
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "get_weather",
                        "description": "Weather of a city.",
                        "inputSchema": {"json": CITY},
                    }
                }
            ],
            "toolChoice": {"tool": {"name": "get_weather"}},
        },
        "additionalModelRequestFields": {"top_k": 4},
    }


@pytest.mark.parametrize(
    ("model", "options", "fields", "warnings"),
    [
        (
            CLAUDE,
            {"reasoning_budget": 2048},
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            0,
        ),
        (CLAUDE, {"reasoning_effort": "high"}, {"thinking": {"type": "adaptive"}}, 0),
        (CLAUDE, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}, 0),
        (NOVA, {"top_k": 4}, {"inferenceConfig": {"topK": 4}}, 0),
        (NOVA, {"reasoning_budget": 2048}, None, 1),
        (NOVA, {"reasoning_effort": "none"}, None, 1),
        ("meta.llama3-8b", {"top_k": 4}, None, 1),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "low"}, None, 0),
    ],
)
def test_fields_of_the_models_own(
    model: str, options: dict[str, Any], fields: dict[str, Any] | None, warnings: int
) -> None:
    """What only some models take has the form of their vendor, or is warned of."""
    body, codes = body_of(HELLO, options, model)
    assert body.get("additionalModelRequestFields") == fields
    assert codes == ["unsupported_option"] * warnings
    assert problems(body) == ""
    effort = options.get("reasoning_effort")
    sent = body.get("outputConfig", {}).get("effort")
    assert sent == (None if effort == "none" else effort)


def test_effort_and_budget_may_not_contradict() -> None:
    """No thinking, and so many tokens of it, cannot both be asked for."""
    with pytest.raises(InvalidInputError, match="contradict each other"):
        body_of(HELLO, {"reasoning_effort": "none", "reasoning_budget": 2048})


def test_a_schema_is_text_in_the_request() -> None:
    """The service takes the schema of an answer as JSON in a text."""
    body, _ = body_of(HELLO, {"response_schema": CITY})
    written = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]
    assert json.loads(written) == CITY


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        (NOVA, {"tool": {"name": "structured_output"}}),
        ("us.anthropic.claude-3-7-sonnet-v1:0", {"tool": {"name": "structured_output"}}),
        ("meta.llama3-8b-instruct-v1:0", None),
    ],
)
def test_a_schema_is_a_tool_where_a_model_takes_none(model: str, choice: Any) -> None:
    """Models that know no schemas give the object as arguments of a tool, forced if they can be."""
    body, warnings = body_of(HELLO, {"response_schema": CITY}, model)
    assert "outputConfig" not in body
    (tool,) = body["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"]["json"] == CITY
    assert body["toolConfig"].get("toolChoice") == choice
    assert warnings == []
    assert problems(body) == ""


@pytest.mark.parametrize(
    "options",
    [{"reasoning_budget": 1023}, {"reasoning_budget": 2048, "max_tokens": 2048}],
)
def test_a_budget_must_leave_room_for_an_answer(options: dict[str, Any]) -> None:
    """Thinking has a least budget, and counts towards the limit of the answer."""
    with pytest.raises(InvalidInputError, match="from 1024 up and below max_tokens"):
        body_of(HELLO, options)


def test_the_least_effort_of_claude_is_low() -> None:
    """An effort that Claude does not know is the nearest that it does, with a warning."""
    body, warnings = body_of(HELLO, {"reasoning_effort": "minimal"})
    assert body["outputConfig"] == {"effort": "low"}
    assert warnings == ["option_adjusted"]


def test_a_dialect_may_take_more() -> None:
    """What a service of the same wire takes besides goes to the model, by the name it has there."""
    dialect = Dialect(also_takes=frozenset({"seed", "user"}), rename={"seed": "random_seed"})
    body, warnings = encode(NOVA, HELLO, {"seed": 7, "n": 2}, dialect)
    assert body["additionalModelRequestFields"] == {"random_seed": 7}
    assert [warning.code for warning in warnings] == ["unsupported_option"]


def test_no_tool_is_to_be_called() -> None:
    """The wire cannot forbid calls: the tools stay out, or are warned of where calls were made."""
    body, warnings = body_of(Context.new("Hi", tools=[WEATHER]), {"tool_choice": "none"})
    assert "toolConfig" not in body
    assert warnings == []
    body, warnings = body_of(CONTEXTS["tool round trip"], {"tool_choice": "none"})
    assert "toolChoice" not in body["toolConfig"]
    assert warnings == ["unsupported_option"]


def test_calls_without_tools_are_warned_of() -> None:
    """The service refuses calls in a request that has no tools; the caller learns it before."""
    context = Context([Message.user("a"), Message.assistant([], [CALL]), Message.tool("call_1", 1)])
    assert body_of(context)[1] == ["tools_missing"]
    config = {"tools": [{"toolSpec": {"name": "x", "inputSchema": {"json": {}}}}]}
    assert body_of(context, {"provider_options": {"toolConfig": config}})[1] == []


def test_cache_points() -> None:
    """A prompt may be kept up to the end of its tools, its system and its messages."""
    context = Context.new("Hi", system="Be terse.", tools=[WEATHER])
    points = {"tools": True, "system": {"type": "default", "ttl": "1h"}, "messages": True}
    body, _ = body_of(context, {"provider_options": {"cachePoint": points}})
    assert problems(body) == ""
    default = {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["tools"][-1] == default
    assert body["system"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert body["messages"][-1]["content"][-1] == default
    assert "cachePoint" not in body


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"system": True}, "expected system to put a cache point after, got none"),
        ({"tools": True}, "expected tools to put a cache point after, got none"),
        ({"prompt": True}, "expected cachePoint as a map from tools, system, messages"),
        ({"messages": False}, "expected cachePoint as a map"),
        (True, "expected cachePoint as a map"),
    ],
)
def test_cache_points_that_cannot_be(points: Any, words: str) -> None:
    """A point where nothing is, or in no known place, is refused."""
    with pytest.raises(InvalidInputError, match=words):
        body_of(HELLO, {"provider_options": {"cachePoint": points}})


@pytest.mark.parametrize("context", [name for name in CONTEXTS if name not in CANNOT])
def test_writing_changes_nothing(context: str) -> None:
    """Writing twice gives equal bodies, and the caller's values are as they were."""
    options = {
        **OPTIONS["tool named"],
        "provider_options": {
            "cachePoint": {"tools": True, "messages": {"type": "default"}},
            "inferenceConfig": {"maxTokens": 5},
            "guardrailConfig": {"guardrailIdentifier": "g"},
        },
    }
    before = copy.deepcopy((CONTEXTS[context], options))
    assert body_of(CONTEXTS[context], options) == body_of(CONTEXTS[context], options)
    assert (CONTEXTS[context], options) == before


def test_metadata_is_text() -> None:
    """What a request is tagged with is text on this wire."""
    body, warnings = body_of(HELLO, {"metadata": {"team": "a", "n": 1}, "user": "u"})
    assert body["requestMetadata"] == {"team": "a", "n": "1"}
    assert warnings == ["unsupported_option"]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "robot"}]},
        {"messages": [{"role": "user", "content": [{"text": "x", "type": "text"}]}]},
        {"messages": [], "stream": True},
        {"messages": [], "inferenceConfig": {"maxTokens": "9"}},
    ],
)
def test_the_judge_judges(body: dict[str, Any]) -> None:
    """A body that botocore could not write is found out."""
    assert problems(body)


# What does not go back.
def test_what_another_provider_made_is_told() -> None:
    """Parts that the service would refuse are left out of the model's turns, with a warning."""
    parts: tuple[ContentPart, ...] = (
        ReasoningPart("unsigned"),
        ReasoningPart("cut", signature="x", complete=False),
        ReasoningPart("x", signature="y", provider_metadata={"reasoning_details": []}),
        ToolCall("s1", "search", {}, provider_executed=True),
        ToolResultPart("s1", "found", provider_executed=True),
        FilePart(b"png", None, "image/png"),
        CustomPart("anthropic-messages.x", {}),
        TextPart("  "),
        RefusalPart("No."),
    )
    context = Context([Message.user("a"), Message("assistant", parts), Message.user("b")])
    body, warnings = body_of(context)
    assert body["messages"][1]["content"] == [{"text": "No."}]
    assert set(warnings) == {"reasoning_not_sent", "content_not_sent"}
    assert problems(body) == ""


def test_nothing_is_left() -> None:
    """A conversation of which nothing can be sent is refused."""
    with pytest.raises(InvalidContextError, match="nothing is left"):
        body_of(Context([Message.user(" ")]))


# Round trips.
CITATION = {
    "title": "policy",
    "sourceContent": [{"text": "20 days."}],
    "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 8}},
}
SERVER_RESULT = {"toolUseId": "s1", "type": "code", "status": "success", "content": [{"text": "1"}]}


def test_an_answer_goes_back_as_it_came() -> None:
    """Reasoning, hidden reasoning, citations, calls and results: every block, in its order."""
    redacted = b64encode(b"opaque").decode()
    body = b"".join(
        (
            MS,
            reasoning(0, text="Hm"),
            reasoning(0, signature="EqQ"),
            stop(0),
            reasoning(1, redactedContent=redacted),
            stop(1),
            reasoning(9, redactedContent="/w=="),
            stop(9),
            text("Let me ", 2),
            text("see.", 2),
            stop(2),
            delta({"citation": CITATION}, 3),
            text("20 days", 3),
            stop(3),
            tool_start(4, toolUseId="s1", name="code", type="server_tool_use"),
            arguments("{}", 4),
            stop(4),
            start({"toolResult": {k: v for k, v in SERVER_RESULT.items() if k != "content"}}, 5),
            delta({"toolResult": SERVER_RESULT["content"]}, 5),
            stop(5),
            start({"hologram": {"light": "a"}}, 6),
            stop(6),
            tool_start(7, type="tool_use"),
            arguments('{"a": 1}', 7),
            stop(7),
            tool_start(8, toolUseId="t2", name="g"),
            stop(8),
            TOOL_END,
        )
    )
    response = decode_stream("bedrock-converse", body)
    assert response.state == "complete"
    context = Context([Message.user("q"), response.message], [Tool(name="f", parameters={})])
    written, warnings = body_of(context)
    assert written["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "EqQ"}}},
        {"reasoningContent": {"redactedContent": redacted}},
        {"reasoningContent": {"redactedContent": "/w=="}},  # of no text
        {"text": "Let me see."},
        {"citationsContent": {"content": [{"text": "20 days"}], "citations": [CITATION]}},
        {"toolUse": {"toolUseId": "s1", "name": "code", "input": {}, "type": "server_tool_use"}},
        {"toolResult": SERVER_RESULT},
        {"hologram": {"light": "a"}},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
        {"toolUse": {"toolUseId": "t2", "name": "g", "input": {}}},
    ]
    assert warnings == []
    del written["messages"][1]["content"][7]  # what nobody knows botocore does not know either
    assert problems(written) == ""


def test_of_an_answer_that_was_cut_only_what_is_whole_goes_back() -> None:
    """Reasoning without its signature and a call without its end stay out."""
    body = MS + text("Let me see.") + stop() + tool_start(1) + arguments('{"a', 1)
    response = decode_stream("bedrock-converse", body)
    assert response.state == "incomplete"
    written, warnings = body_of(Context([Message.user("q"), response.message]))
    assert written["messages"][1]["content"] == [{"text": "Let me see."}]
    assert warnings == ["tool_call_not_sent"]


# InvokeModel.
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_invoke_fits_anthropics_types(context: str, options: str) -> None:
    """Claude's body is Anthropic's own, but for the version, the model and the stream."""
    body, _ = encode_invoke(CLAUDE, CONTEXTS[context], OPTIONS[options])
    assert body.pop("anthropic_version") == "bedrock-2023-05-31"
    assert not {"model", "stream"} & body.keys()
    for field in ("temperature", "top_p", "top_k"):
        body.pop(field, None)  # the SDK speaks a version that has forgotten these
    plain = msgspec.json.decode(msgspec.json.encode({**body, "model": "m", "stream": True}))
    assert vendor_types.problems("anthropic-messages", plain) == []


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("amazon.nova-lite-v1:0", ", not one of 'amazon'"),
        ("us.meta.llama3-1-8b-instruct-v1:0", ", not one of 'meta'"),
        ("something", "got 'something';"),
    ],
)
def test_invoke_takes_anthropics_models_only(model: str, named: str) -> None:
    """Other vendors' models take other bodies: the error names the wire that takes them all."""
    with pytest.raises(InvalidInputError, match='use wire="bedrock-converse"') as caught:
        encode_invoke(model, HELLO, {})
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "model", [CLAUDE, "arn:aws:bedrock:us-east-1:1:application-inference-profile/x"]
)
def test_invoke_takes_what_may_be_anthropics(model: str) -> None:
    """An ARN does not tell whose model it is: the service will."""
    request = provider_named("amazon_bedrock").encode(
        Model("amazon_bedrock", model),
        HELLO,
        {"region": "us-east-1", "provider_options": {"anthropic_beta": ["x"]}},
        wire="bedrock-invoke",
        api_key="k",
    )
    assert json.loads(request.body)["anthropic_beta"] == ["x"]
    assert request.headers["accept"] == "application/vnd.amazon.eventstream"


def test_what_claude_said_through_invoke_goes_back_through_it() -> None:
    """A wrapped answer, appended and written again, is the blocks that Claude sent."""
    thought = {"type": "thinking", "thinking": "Hm", "signature": "EqQ"}
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    body = chunks(
        {"type": "message_start", "message": {"id": "m1", "model": "m", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": thought},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": call},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    )
    response = decode_stream("bedrock-invoke", body)
    written, warnings = encode_invoke(CLAUDE, Context([Message.user("q"), response.message]), {})
    assert written["messages"][1]["content"] == [thought, call]
    assert warnings == []


def test_claudes_reasoning_goes_back_through_either_wire() -> None:
    """What was read as Anthropic's can be continued on Converse: a signature is a signature."""
    hidden = ReasoningPart(redacted=True, data="opaque")
    said = Message.assistant([ReasoningPart("Hm", signature="EqQ"), hidden, "So."])
    body, warnings = body_of(Context([Message.user("a"), said, Message.user("b")]))
    assert body["messages"][1]["content"][:2] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "EqQ"}}},
        {"reasoningContent": {"redactedContent": b64encode(b"opaque").decode()}},
    ]
    assert warnings == []
