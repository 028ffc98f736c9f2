"""Requests of the wire gemini, member by member; what cannot be said is said to the caller."""

import json

import pytest

from reqllm import decode_stream
from reqllm.content import (
    ContentPart,
    CustomPart,
    FilePart,
    ImagePart,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCall,
    ToolResultPart,
)
from reqllm.context import Context, Message
from reqllm.errors import InvalidContextError, InvalidInputError
from reqllm.model import Model
from reqllm.providers.registry import provider_named
from reqllm.wires.gemini.encode import encode
from tests.corpus import captures, params
from tests.decoders.accounts import payloads
from tests.decoders.gemini_cases import answer, call, inline, sse, text, thought

from .conversations import CITY, NOT_GOOGLES, PDF, WEATHER

HELLO = Context.new("Hello!")
HELLO_SENT = [{"role": "user", "parts": [{"text": "Hello!"}]}]


def body_of(context=HELLO, model="gemini-3-pro", **options):
    body, warnings = encode(model, context, options)
    return body, [warning.code for warning in warnings]


def sent(context, **options):
    """Return the contents, which nothing was left out of."""
    body, warnings = body_of(context, **options)
    assert warnings == []
    return body["contents"]


def test_where_it_goes_and_with_what_key(monkeypatch):
    """The address names the model and asks for events; the key is in Google's own header."""
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    made = provider_named("google").encode(Model("google", "gemini-2.5-flash"), HELLO, {})
    assert made.url == (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
        ":streamGenerateContent?alt=sse"
    )
    assert made.headers["x-goog-api-key"] == "k"
    assert "authorization" not in made.headers
    assert json.loads(made.body) == {"contents": HELLO_SENT}


def test_a_base_url_of_another_version():
    """A base that ends in a version is taken as it is, also where it is another one."""
    made = provider_named("google").encode(
        Model("google", "g"), HELLO, {}, api_key="k", base_url="https://proxy.test/v1beta"
    )
    assert made.url == "https://proxy.test/v1beta/models/g:streamGenerateContent?alt=sse"


def test_options_are_the_generation_config():
    """Every option that the wire has is there under its name; zero and False are values."""
    body, warnings = body_of(
        max_tokens=100,
        temperature=0,
        top_p=0.5,
        top_k=40,
        stop=["a", "b"],
        seed=7,
        n=2,
        top_logprobs=3,
        response_schema=CITY,
        provider_options={"safetySettings": [], "generationConfig": {"topP": 1}},
    )
    assert warnings == []
    assert body == {
        "contents": HELLO_SENT,
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0,
            "topP": 1,
            "topK": 40,
            "stopSequences": ["a", "b"],
            "seed": 7,
            "candidateCount": 2,
            "logprobs": 3,
            "responseLogprobs": True,
            "responseMimeType": "application/json",
            "responseJsonSchema": CITY,
        },
        "safetySettings": [],
    }


def test_what_the_wire_does_not_take():
    """A user, labels and one call at a time are not Google's: said, not dropped."""
    body, warnings = body_of(user="u", metadata={"a": "b"}, parallel_tool_calls=False)
    assert (body, warnings) == ({"contents": HELLO_SENT}, ["unsupported_option"])
    # Several calls at once is what it does anyway.
    assert body_of(parallel_tool_calls=True) == ({"contents": HELLO_SENT}, [])


@pytest.mark.parametrize(
    ("model", "asked", "config", "warned"),
    [
        ("gemini-3-pro", {"reasoning_effort": "high"}, {"thinkingLevel": "HIGH"}, []),
        ("gemini-3.5-flash", {"reasoning_effort": "minimal"}, {"thinkingLevel": "MINIMAL"}, []),
        ("gemini-3-pro", {"reasoning_effort": "xhigh"}, {"thinkingLevel": "XHIGH"}, []),
        ("gemini-flash-latest", {"reasoning_effort": "low"}, {"thinkingLevel": "LOW"}, []),
        (
            "gemini-3-pro",
            {"reasoning_effort": "max"},
            {"thinkingLevel": "XHIGH"},
            ["option_adjusted"],
        ),
        ("gemini-2.5-flash", {"reasoning_effort": "low"}, {"thinkingBudget": 1024}, []),
        (
            "gemini-2.5-pro-preview-05-06",
            {"reasoning_effort": "high"},
            {"thinkingBudget": 24576},
            [],
        ),
        (
            "gemini-2.5-flash",
            {"reasoning_effort": "max"},
            {"thinkingBudget": 24576},
            ["option_adjusted"],
        ),
        ("gemini-2.5-flash", {"reasoning_budget": 5}, {"thinkingBudget": 5}, []),
        ("gemini-3-pro", {"reasoning_budget": 5}, {"thinkingBudget": 5}, []),
        (
            "gemini-3-pro",
            {"reasoning_budget": 5, "reasoning_effort": "low"},
            {"thinkingBudget": 5},
            ["option_adjusted"],
        ),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(model, asked, config, warned):
    """Newer models take a level, those of 2.5 tokens, never both; thoughts are asked for too."""
    body, warnings = body_of(model=model, **asked)
    assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, **config}
    assert warnings == warned


@pytest.mark.parametrize(
    ("model", "config", "warned"),
    [
        ("gemini-2.5-flash-lite", {"thinkingBudget": 0}, []),
        ("gemini-2.5-pro", {"thinkingBudget": 128}, ["option_adjusted"]),
        ("gemini-3-flash", {"thinkingLevel": "MINIMAL"}, ["option_adjusted"]),
    ],
)
def test_not_to_think(model, config, warned):
    """As little thinking as the model can do; that it does think is said."""
    body, warnings = body_of(model=model, reasoning_effort="none")
    assert (body["generationConfig"]["thinkingConfig"], warnings) == (config, warned)


def test_thinking_that_cannot_be_asked_for():
    """Models before 2.5 do not think; nobody thinks and does not."""
    body, warnings = body_of(model="gemini-2.0-flash", reasoning_effort="high")
    assert (body, warnings) == ({"contents": HELLO_SENT}, ["unsupported_option"])
    with pytest.raises(InvalidInputError, match=r"gemini-2\.0-flash"):
        body_of(model="gemini-2.0-flash", reasoning_budget=9, on_unsupported="error")
    with pytest.raises(InvalidInputError, match="contradict"):
        body_of(reasoning_effort="none", reasoning_budget=9)


def test_tools():
    """A schema goes as it is, one of nothing is left out; a strict tool asks for a strict mode."""
    loose = [{"name": "get_weather", "description": "Weather of a city."}]
    loose[0]["parametersJsonSchema"] = CITY
    body, warnings = body_of(tools=[WEATHER])
    assert (body["tools"], warnings) == ([{"functionDeclarations": loose}], [])
    assert "toolConfig" not in body
    strict = Tool(name="now", parameters={"type": "object", "properties": {}}, strict=True)
    body, _ = body_of(tools=[strict])
    assert body["tools"] == [{"functionDeclarations": [{"name": "now"}]}]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"name": "get_weather"}, {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
    ],
)
def test_tool_choice(choice, config):
    """Each choice is the mode that means it."""
    body, _ = body_of(tools=[WEATHER], tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": config}


def test_system_prompts_have_their_own_place():
    """All of them, each a part; one that came later is sent before, with a warning."""
    body, warnings = body_of(Context.new("Hello!", system="Be terse."))
    assert body["systemInstruction"] == {"parts": [{"text": "Be terse."}]}
    assert (body["contents"], warnings) == (HELLO_SENT, [])
    moved = Context([Message.system("A"), Message.user("x"), Message.system("B")])
    body, warnings = body_of(moved)
    assert body["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert warnings == ["system_moved"]


def test_attachments():
    """Bytes are inline with their type, addresses stay addresses, with a type where it is known."""
    parts = [
        "Look.",
        ContentPart.image(b"png"),
        ContentPart.image_url("https://a.example/cat.JPG?x=1"),
        ContentPart.image_url("https://a.example/cat"),
        ContentPart.image_url("data:image/gif;base64,R0lG"),
        ImagePart(url="gs://b/c", media_type="image/webp"),
        ContentPart.file(PDF, "a.pdf"),
        ContentPart.file(b"RIFF", "a.wav", "audio/wav"),
        FilePart(url="https://youtu.be/x", media_type="video/*"),
        FilePart(id="https://generativelanguage.googleapis.com/v1beta/files/f1"),
    ]
    (content,) = sent(Context([Message.user(parts)]))
    assert content["parts"] == [
        {"text": "Look."},
        {"inlineData": {"mimeType": "image/png", "data": "cG5n"}},
        {"fileData": {"fileUri": "https://a.example/cat.JPG?x=1", "mimeType": "image/jpeg"}},
        {"fileData": {"fileUri": "https://a.example/cat"}},
        {"inlineData": {"mimeType": "image/gif", "data": "R0lG"}},
        {"fileData": {"fileUri": "gs://b/c", "mimeType": "image/webp"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjQgbWFkZSB1cA=="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {"fileData": {"fileUri": "https://youtu.be/x", "mimeType": "video/*"}},
        {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/f1"}},
    ]


@pytest.mark.parametrize(("part", "hint"), NOT_GOOGLES)
def test_what_cannot_be_sent_says_how(part, hint):
    """A part that the wire has no form for is an error that names it and what to give."""
    with pytest.raises(InvalidContextError, match=hint):
        body_of(Context([Message.user([part])]))


def test_results():
    """Results of one turn go together, with name and id; text is the output, a failure an error."""
    image = ContentPart.image(b"png")
    context = Context(
        [
            Message.user("a"),
            Message.assistant(
                [],
                [
                    ToolCall("t1", "f", {"a": 1}),
                    ToolCall("t2", "g", synthetic_id=True),
                    ToolCall("t3", "h"),
                    ToolCall("t4", "h"),
                    ToolCall("t5", "h"),
                ],
            ),
            Message.tool("t1", {"celsius": 3}),
            Message.tool("t2", "warm"),
            Message.tool("t3", {"why": 1}, is_error=True),
            Message.tool("t4", [TextPart("one "), image, TextPart("two")]),
            Message.tool("t5", [1, 2]),
        ]
    )
    said, results = sent(context)[1:]
    assert said["role"] == "model"
    assert said["parts"][:2] == [
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "t1"}},
        {"functionCall": {"name": "g", "args": {}}},
    ]
    assert results["role"] == "user"
    written = [part["functionResponse"] for part in results["parts"]]
    assert written == [
        {"name": "f", "id": "t1", "response": {"celsius": 3}},
        {"name": "g", "response": {"output": "warm"}},
        {"name": "h", "id": "t3", "response": {"error": {"why": 1}}},
        {
            "name": "h",
            "id": "t4",
            "response": {"output": "one two"},
            "parts": [{"inlineData": {"mimeType": "image/png", "data": "cG5n"}}],
        },
        {"name": "h", "id": "t5", "response": {"output": [1, 2]}},
    ]


def test_ids_of_ours_that_come_again_are_of_the_last_call():
    """Two turns may both have a call that we named call_0: each result is of its own."""
    turns = [
        Message.user("a"),
        Message.assistant([], [ToolCall("call_0", "f", synthetic_id=True)]),
        Message.tool("call_0", "1"),
        Message.assistant([], [ToolCall("call_0", "g", synthetic_id=True)]),
        Message.tool("call_0", "2"),
    ]
    contents = sent(Context(turns))
    names = [contents[at]["parts"][0]["functionResponse"]["name"] for at in (2, 4)]
    assert names == ["f", "g"]


def test_a_result_needs_a_name():
    """A result without its call and without a name is an error that says what is missing."""
    context = Context([Message.user("a"), Message.tool("t1", "x")])
    with pytest.raises(InvalidContextError, match="'t1'"):
        body_of(context)
    named = Context([Message.user("a"), Message.tool("t1", "x", name="f")])
    response = {"name": "f", "id": "t1", "response": {"output": "x"}}
    assert sent(named)[0]["parts"][1] == {"functionResponse": response}


def test_what_others_said_is_left_out_with_a_warning():
    """Reasoning, tools and parts of other providers mean nothing to Google: not sent, and said."""
    own = {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}
    parts = [
        "So.",
        ReasoningPart("Hm.", signature="EqQB"),
        ReasoningPart("Hm", provider_metadata={"thought": True}, complete=False),
        ToolCall("s1", "web_search", provider_executed=True),
        ToolResultPart("s1", {"type": "web_search_tool_result"}, provider_executed=True),
        CustomPart("anthropic-messages.x", {}),
        ToolCall("t1", "f", arguments_raw="{", invalid=True, complete=False),
        ToolResultPart("s2", own, provider_executed=True),
        FilePart(b"png", media_type="image/png", provider_metadata={"resolution": "low"}),
    ]
    body, warnings = body_of(Context([Message.user("a"), Message.assistant(parts)]))
    assert body["contents"][1]["parts"] == [{"text": "So."}, own, inline(b"png")]
    assert warnings == [
        "reasoning_not_sent",
        *["content_not_sent"] * 3,
        "tool_call_not_sent",
    ]


def test_arguments_that_are_no_object_are_wrapped():
    """The model sees what it wrote, not an empty object."""
    bad = ToolCall("t1", "f", arguments_raw='{"a', invalid=True)
    context = Context([Message.user("a"), Message.assistant([], [bad]), Message.tool("t1", "no")])
    body, warnings = body_of(context)
    assert body["contents"][1]["parts"][0]["functionCall"]["args"] == {"INVALID_JSON": '{"a'}
    assert warnings == ["invalid_arguments_wrapped"]


# Answers go back as they came.
SAID = [
    thought("Let me think."),
    thought("", thoughtSignature="S0"),
    text("Looking."),
    text("", thoughtSignature="S1"),
    {
        "executableCode": {"language": "PYTHON", "code": "print(1)", "id": "x"},
        "thoughtSignature": "S2",
    },
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", "id": "x"}},
    {"toolCall": {"toolType": "GOOGLE_SEARCH", "args": {"q": "x"}, "id": "y"}},
    {"toolResponse": {"toolType": "GOOGLE_SEARCH", "response": {}, "id": "y"}},
    inline(b"png", thoughtSignature="S3"),
    {"fileData": {"fileUri": "gs://b/a", "mimeType": "image/png"}},
    {"hologram": {"light": 1}, "thoughtSignature": "S4"},
    text("Signed", thoughtSignature="S5"),
    text("."),
    {**call("f", args={"a": [1.5, None]}, id="t1"), "thoughtSignature": "S6"},
    call("f", args={"a": []}),
    call("g"),
]


def test_an_answer_goes_back_as_it_came():
    """Every kind of part that Google sends goes back unchanged, in its order and signed."""
    for events in ([answer(*SAID, finish="STOP")], [*map(answer, SAID), answer(finish="STOP")]):
        response = decode_stream("gemini", sse(*events))
        assert response.state == "complete"
        contents = sent(Context([Message.user("q"), response.message]))
        assert contents[1] == {"role": "model", "parts": SAID}


def test_an_answer_that_was_cut_off():
    """Of an answer that was cut off goes back what can stand alone."""
    events = [*map(answer, SAID[:4]), answer(call("f", willContinue=True))]
    response = decode_stream("gemini", sse(*events))
    assert response.state == "incomplete"
    body, warnings = body_of(Context([Message.user("q"), response.message]))
    assert body["contents"][1]["parts"] == SAID[:4]
    assert warnings == ["tool_call_not_sent"]


@pytest.mark.parametrize("capture", params(captures("gemini")))
def test_captured_answers_go_back_as_they_came(capture):
    """What a live model said is what it gets back: only plain texts in a row are joined."""
    came = []
    for event in payloads(capture):
        for candidate in event.get("candidates", ()) if isinstance(event, dict) else ():
            for part in candidate.get("content", {}).get("parts", ()):
                _join(came, part)
    response = decode_stream("gemini", capture.body)
    context = Context([Message.user("q"), response.message])
    contents = sent(context)
    assert contents[1:] == ([{"role": "model", "parts": came}] if came else [])


def _join(came, part):
    plain = part.keys() <= {"text", "thought"}
    if plain and not part["text"]:
        return
    last = came[-1] if came else {}
    if plain and last.keys() == part.keys():
        came[-1] = {**last, "text": last["text"] + part["text"]}
    elif "inlineData" in part and last.keys() == part.keys():
        assert part["inlineData"]["mimeType"].startswith("audio/L16")
        raise AssertionError("no capture has sound in pieces; join them here if one comes")
    else:
        came.append(part)
