"""The Gemini decoder reads what Google's servers really send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reqllm import chunk as c
from reqllm.content import (
    CustomPart,
    FilePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResultPart,
)
from reqllm.stream_server import StreamServer, decode_stream

from .cases import Case, check_case
from .gemini_cases import (
    ANSWERS,
    CALLS,
    ENDED,
    FAILURES,
    HELLO,
    PNG,
    SIGNATURE,
    STOP,
    answer,
    array,
    bare,
    call,
    inline,
    partial,
    sse,
    text,
    thought,
    usage,
)
from .invariants import check_stream

WIRE = "gemini"


@pytest.mark.parametrize(
    "case", [pytest.param(row, id=row.id) for row in (*ANSWERS, *FAILURES, *CALLS)]
)
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


# Signatures.
@pytest.mark.parametrize(
    ("parts", "content"),
    [
        (
            [text("Hello"), text("", thoughtSignature="S")],
            (TextPart("Hello"), TextPart("", signature="S")),
        ),
        (
            [text("Hello"), {"thoughtSignature": "S"}],
            (TextPart("Hello"), TextPart("", signature="S")),
        ),
        (
            [text("He"), text("llo", thoughtSignature="S"), text("!")],
            (TextPart("He"), TextPart("llo", signature="S"), TextPart("!")),
        ),
        (
            [thought("Hm"), thought("m.", thoughtSignature="S"), text("Hello")],
            (
                ReasoningPart("Hm", provider_metadata={"thought": True}),
                ReasoningPart("m.", signature="S", provider_metadata={"thought": True}),
                TextPart("Hello"),
            ),
        ),
        (
            [call("f", id="t1", args={"a": 1}) | {"thoughtSignature": "S"}, call("g", id="t2")],
            (
                ToolCall("t1", "f", {"a": 1}, '{"a":1}', signature="S"),
                ToolCall("t2", "g", {}, ""),
            ),
        ),
        (
            [inline(PNG, thoughtSignature="S")],
            (FilePart(PNG, media_type="image/png", provider_metadata={"thoughtSignature": "S"}),),
        ),
    ],
)
def test_a_signature_stays_with_its_part(parts: list[Any], content: tuple[Any, ...]) -> None:
    """G08: a signature is kept on the part it came with, and moves to no other, empty or not."""
    assert check_stream(WIRE, sse(*map(answer, parts), STOP)).content == content
    assert check_stream(WIRE, sse(answer(*parts, finish="STOP"))).content == content


def test_a_signature_on_a_growing_call() -> None:
    """G08: a call whose arguments come one by one keeps the signature of its first part."""
    body = sse(
        answer(call("f", id="t1", willContinue=True) | {"thoughtSignature": SIGNATURE}),
        answer(partial("$.a", numberValue=1)),
        STOP,
    )
    (found,) = check_stream(WIRE, body).tool_calls
    assert (found.signature, found.arguments) == (SIGNATURE, {"a": 1})


def test_arguments_are_handed_out_as_they_come() -> None:
    """What is known of a call's arguments is a delta at once, and the deltas join to the JSON."""
    events = [
        answer(call("f", id="t1", willContinue=True)),
        answer(partial("$.a.b", more=True, stringValue="x")),
        answer(partial("$.a.b", more=True, stringValue='"y')),
        answer(partial("$.a.c[0]", numberValue=1)),
        answer(call()),
    ]
    server = StreamServer(WIRE)
    told = [
        [c for c in server.receive(sse(event)) if c.kind == "tool_call_delta"] for event in events
    ]
    assert ["".join(chunk.arguments_delta for chunk in batch) for batch in told] == [
        "",
        '{"a":{"b":"x',
        '\\"y',
        '","c":[1',
        "]}}",
    ]


@pytest.mark.untraced
def test_a_long_text_among_arguments_is_read_in_one_pass() -> None:
    """A hundred thousand pieces of one text, and as many places out of turn, take no time."""
    pieces = [partial("$.a", more=True, stringValue="xy")] * 100_000
    back = [partial(f"$.{'ab'[n % 2]}.k{n}", numberValue=n) for n in range(20_000)]
    for parts, size in ((pieces, 200_000), (back, 10_000)):
        body = sse(answer(call("f", willContinue=True), *parts, call()), STOP)
        (found,) = decode_stream(WIRE, body).tool_calls
        assert not found.invalid
        assert len(found.arguments["a"]) == size


# What Google runs itself.
def test_code_that_google_ran_is_a_call_and_its_result() -> None:
    """Code and what it printed are a call of the provider's own, tied by id or by order."""
    code = {"language": "PYTHON", "code": "print(1)"}
    for identity in ({"id": "x1"}, {}):
        ran = {"executableCode": {**code, **identity}, "thoughtSignature": "S"}
        result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", **identity}}
        response = check_stream(WIRE, sse(answer(ran), answer(result), *ENDED))
        call_part, result_part, said = response.content
        assert isinstance(call_part, ToolCall)
        assert isinstance(result_part, ToolResultPart)
        assert (call_part.name, call_part.arguments) == ("code_execution", code)
        assert (call_part.provider_executed, call_part.signature) == (True, "S")
        assert call_part.synthetic_id is not bool(identity)
        assert result_part.tool_call_id == call_part.id
        assert (result_part.result, result_part.is_error) == (result, False)
        assert said == TextPart("Hello")
        assert response.finish_reason is not None
        assert response.finish_reason.reason == "stop"  # nothing is left to the caller


def test_code_that_failed_is_an_error_result() -> None:
    """A run that failed or took too long says so."""
    result = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "Error"}}
    (part,) = check_stream(WIRE, sse(answer(result, finish="STOP"))).content
    assert isinstance(part, ToolResultPart)
    assert part.is_error


def test_a_tool_that_google_ran() -> None:
    """Calls of Google's tools and their answers are kept, each under its own id."""
    ran = {"toolCall": {"id": "s1", "toolType": "GOOGLE_SEARCH", "args": {"queries": ["x"]}}}
    result = {"toolResponse": {"id": "s1", "toolType": "GOOGLE_SEARCH", "response": {"a": 1}}}
    call_part, result_part, _ = check_stream(WIRE, sse(answer(ran, result), *ENDED)).content
    assert isinstance(call_part, ToolCall)
    assert (call_part.id, call_part.name) == ("s1", "GOOGLE_SEARCH")
    assert (call_part.arguments, call_part.provider_executed) == ({"queries": ["x"]}, True)
    assert result_part == ToolResultPart("s1", result, name="GOOGLE_SEARCH", provider_executed=True)


# Files.
def test_images_and_files_at_an_address() -> None:
    """G13: bytes come decoded with their type, an address stays one; both in their place."""
    at = {"fileData": {"fileUri": "gs://b/a.png", "mimeType": "image/png"}}
    big = PNG * 200_000
    body = sse(answer(text("Look:"), inline(big)), answer(at), answer(text("Nice."), finish="STOP"))
    assert check_stream(WIRE, body).content == (
        TextPart("Look:"),
        FilePart(big, media_type="image/png"),
        FilePart(media_type="image/png", url="gs://b/a.png"),
        TextPart("Nice."),
    )


def test_a_thought_in_pictures_says_so() -> None:
    """A picture that is a thought is marked, so that nobody takes it for the answer."""
    body = sse(answer(inline(PNG, thought=True)), STOP)
    (part,) = check_stream(WIRE, body).files
    assert part.provider_metadata == {"thought": True}


def test_raw_sound_is_one_file() -> None:
    """Pieces of sound without a head join to one; another kind, or text between, begins anew."""
    kind = "audio/L16;codec=pcm;rate=24000"
    body = sse(
        answer(inline(b"ab", kind)),
        answer(inline(b"cd", kind)),
        answer(inline(b"ef", "audio/pcm")),
        answer(text("x")),
        answer(inline(b"gh", "audio/pcm")),
        answer(inline(b"RIFF", "audio/wav"), inline(b"RIFF", "audio/wav"), finish="STOP"),
    )
    files = check_stream(WIRE, body).files
    assert [part.data for part in files] == [b"abcd", b"ef", b"gh", b"RIFF", b"RIFF"]
    assert files[0].media_type == kind


def test_data_that_is_no_base64_is_kept() -> None:
    """A file that cannot be decoded is handed out as it came, with a warning."""
    part = {"inlineData": {"mimeType": "image/png", "data": "?"}}
    response = check_stream(WIRE, sse(answer(part, finish="STOP")))
    assert response.content == (CustomPart("gemini.inlineData", part),)
    assert [warning.code for warning in response.warnings] == ["bad_base64"]


def test_a_part_of_an_unknown_kind_is_kept() -> None:
    """What is newer than we are is a part in its place, and can be sent back."""
    part = {"hologram": {"light": 1}, "thoughtSignature": "S"}
    response = check_stream(WIRE, sse(answer(text("a")), answer(part), STOP))
    assert response.content == (TextPart("a"), CustomPart("gemini.hologram", part))


# Sources.
def grounded(*supports: Any, said: tuple[str, ...] = ("Pâté ", "is nice. So."), **more: Any) -> Any:
    metadata = {
        "groundingChunks": [
            {"web": {"uri": "https://a.example", "title": "A"}},
            {"retrievedContext": {"uri": "gs://b", "title": "B", "text": "b"}},
        ],
        "groundingSupports": list(supports),
        "webSearchQueries": ["pâté"],
    }
    events = [answer(text(piece)) for piece in said]
    return (*events, answer(text("", **more), finish="STOP", groundingMetadata=metadata))


def test_grounding_becomes_citations_in_characters() -> None:
    """G14: Google counts bytes; a citation counts the characters of its text."""
    segment = {"startIndex": 7, "endIndex": 15, "text": "is nice."}
    support = {"segment": segment, "groundingChunkIndices": [0, 1], "confidenceScores": [1, 0.5]}
    response = check_stream(WIRE, sse(*grounded(support)))
    assert [(x.kind, x.url, x.title, x.source_index) for x in response.citations] == [
        ("url", "https://a.example", "A", 0),
        ("document", "gs://b", "B", 1),
    ]
    for citation in response.citations:
        assert response.text[citation.start : citation.end] == "is nice." == citation.cited_text
        assert citation.raw["groundingSupport"] == support
    assert response.finish_reason is not None
    details = response.finish_reason.details["groundingMetadata"]
    assert details["webSearchQueries"] == ["pâté"]


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ({"endIndex": 6, "text": "Pâté"}, (0, 4)),
        ({"startIndex": 2, "endIndex": 6, "text": "té"}, (2, 4)),  # byte 2 is inside the â
        ({"startIndex": 900, "endIndex": 999, "text": "So."}, (14, 17)),
        ({"startIndex": 0, "endIndex": 4, "text": "nowhere"}, (None, None)),
        ({"text": "is"}, (None, None)),
        ({"startIndex": 7, "endIndex": 15}, (5, 13)),
        ({"startIndex": 7, "endIndex": 10**12}, (None, None)),
        ({"startIndex": -4, "endIndex": -1}, (None, None)),
    ],
)
def test_a_place_is_right_or_none(segment: Any, expected: Any) -> None:
    """A place that the text does not bear out is looked for, and if it is nowhere, not given."""
    support = {"segment": segment, "groundingChunkIndices": [0]}
    first = check_stream(WIRE, sse(*grounded(support))).citations[0]
    assert (first.start, first.end) == expected


def test_citations_lie_in_the_block_that_they_are_of() -> None:
    """The places count from the whole answer; a citation counts from its own block."""
    segment = {"startIndex": 7, "endIndex": 15, "text": "is nice."}
    support = {"segment": segment, "groundingChunkIndices": [0]}
    events = grounded(support, thoughtSignature="S")
    ran = answer({"codeExecutionResult": {"outcome": "OUTCOME_OK"}})
    response = check_stream(WIRE, sse(events[0], ran, *events[1:]))
    first, _, second, last = response.content
    assert isinstance(second, TextPart)
    assert (first, last.content) == (TextPart("Pâté "), "")
    assert [(x.start, x.end) for x in second.citations] == [(0, 8)]


def test_the_same_sources_again_are_no_new_ones() -> None:
    """Sources that are told in every event are handed out once; those of no stretch too."""
    *_, last = grounded()
    response = check_stream(WIRE, sse(*HELLO, last, last))
    assert [x.url for x in response.citations] == ["https://a.example", "gs://b"]


@pytest.mark.parametrize("name", ["citationSources", "citations"])
def test_what_was_recited_is_cited(name: str) -> None:
    """Both servers' lists of recited sources are citations with their places."""
    source = {"startIndex": 2, "endIndex": 5, "uri": "https://a.example", "license": "MIT"}
    last = answer(finish="RECITATION", citationMetadata={name: [source]})
    response = check_stream(WIRE, sse(*HELLO, last))
    assert response.citations == (
        c.Citation(kind="url", url="https://a.example", start=2, end=5, source_index=0, raw=source),
    )


def test_sources_without_any_text_are_kept() -> None:
    """An answer of which only the sources came has them, on an empty text."""
    *_, last = grounded()
    assert len(check_stream(WIRE, sse(last)).citations) == 2


# Several answers, and the rest.
def test_several_answers_end_when_all_have_ended() -> None:
    """Candidates are told apart, with and without numbers; one that is done ends not the others."""
    one = {"content": {"parts": [text("a")]}, "finishReason": "STOP"}
    two = {"content": {"parts": [text("b"), call("f", id="t1")]}, "index": 1}
    first = bare(candidates=[one, two])
    assert check_stream(WIRE, sse(first)).state == "incomplete"
    response = check_stream(
        WIRE, sse(first, bare(candidates=[{"index": 1, "finishReason": "STOP"}]))
    )
    assert [choice.content for choice in response.choices] == [
        (TextPart("a"),),
        (TextPart("b"), ToolCall("t1", "f", {}, "")),
    ]
    assert [
        choice.finish_reason and choice.finish_reason.reason for choice in response.choices
    ] == [
        "stop",
        "tool_calls",
    ]


def test_log_probabilities_are_an_entry_a_token() -> None:
    """The chosen token and those beside it are one entry; what does not pair is kept whole."""
    chosen = [{"token": "He", "logProbability": -0.1}]
    top = [{"candidates": [{"token": "He", "logProbability": -0.1}]}]
    paired = {"chosenCandidates": chosen, "topCandidates": top}
    odd = {"chosenCandidates": chosen}
    body = sse(answer(text("He"), logprobsResult=paired), answer(logprobsResult=odd), STOP)
    assert check_stream(WIRE, body).logprobs == ({**chosen[0], "topCandidates": top[0]}, odd)


def test_usage_is_known_where_the_stream_broke() -> None:
    """Usage that was last told and not handed out yet is on the error's partial answer."""
    body = sse(answer(text("He")) | usage(5, 1), answer(text("llo")) | usage(5, 2))
    response = check_stream(WIRE, body)
    assert response.state == "incomplete"
    assert response.error is not None
    assert response.error.partial is not None
    assert response.error.partial.usage is not None
    assert response.error.partial.usage.output_tokens == 2


@pytest.mark.parametrize("indent", [None, 2])
def test_a_whole_answer_is_read_with_a_warning(indent: int | None) -> None:
    """What generateContent answers is read as well, where a server did not stream."""
    whole = answer(thought("Hm"), text("Hello"), finish="STOP") | usage(1, 2)
    response = decode_stream(WIRE, json.dumps(whole, indent=indent).encode())
    assert (response.state, response.text, response.thinking) == ("complete", "Hello", "Hm")
    assert [warning.code for warning in response.warnings] == ["server_ignored_stream"]
    assert response.usage is not None
    assert response.usage.total_tokens == 3


def test_a_blocked_prompt_may_be_the_whole_body() -> None:
    """A whole answer that says only that the prompt was blocked is no error of the server."""
    body = json.dumps(bare(promptFeedback={"blockReason": "SAFETY"})).encode()
    response = decode_stream(WIRE, body)
    assert response.state == "complete"
    assert response.finish_reason is not None
    assert response.finish_reason.reason == "content_filter"


def test_an_array_ends_with_its_bracket() -> None:
    """After the closing bracket the answer is complete, though the body is still open."""
    server = StreamServer(WIRE)
    body = array(*ENDED)
    server.receive(body[:-1])
    assert server.state == "open"
    server.receive(body[-1:])
    assert server.state == "complete"


def test_audio_is_counted_apart() -> None:
    """Tokens of sound, in and out, are where the details say so."""
    details = {
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 1},
            {"modality": "AUDIO", "tokenCount": 32},
        ],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}],
    }
    found = check_stream(WIRE, sse(STOP | usage(33, 7, **details))).usage  # type: ignore[arg-type]
    assert found is not None
    assert (found.input_audio_tokens, found.output_audio_tokens) == (32, 7)
