"""The chat completions decoder reads what servers of the wire really send."""

from __future__ import annotations

import json

import pytest

from reqllm import chunk as c
from reqllm.stream_server import decode_stream

from .cases import Case, check_case
from .gateway_cases import FAILURES, GATEWAYS, NUMBERED
from .invariants import check_stream
from .openai_chat_cases import CHUNKS, DONE, END, ERRORS, HE, LLO, chunk, text
from .openai_chat_part_cases import CHOICES, MEDIA, REASONING, USAGES, answer, details
from .openai_chat_tool_cases import TOOLS

WIRE = "openai-chat"
OTHERS = (*GATEWAYS, *NUMBERED, *FAILURES)
ROWS = (*CHUNKS, *ERRORS, *TOOLS, *REASONING, *USAGES, *CHOICES, *MEDIA, *OTHERS)


@pytest.mark.parametrize("case", [pytest.param(row, id=row.id) for row in ROWS])
def test_a_case_is_read_as_its_row_says(case: Case) -> None:
    """Text, calls, finish, warnings, error and state are those of the row, however it is cut."""
    check_case(WIRE, case)


@pytest.mark.parametrize("name", ["Copilot", "LiteLLM", "Databricks"])
def test_a_signature_beside_reasoning_is_kept(name: str) -> None:
    """It is of the reasoning that it came with, whatever field it came in."""
    (row,) = (row for row in GATEWAYS if row.id == name)
    reasoning, _ = check_stream(WIRE, row.body).content
    assert reasoning.signature == "xyz"


def test_a_stream_without_choices_is_told() -> None:
    """What ends as a stream of this wire and answers in no way that it knows is warned of."""
    response = check_stream(WIRE, b'data: {"response":"Hello"}\n\n' + DONE)
    assert (response.state, response.text) == ("complete", "")
    assert [warning.code for warning in response.warnings] == ["missing_finish_reason"]


def test_several_answers_are_kept_apart() -> None:
    """P23: choices that come in turns, with a gap in their numbers, each keep their own."""
    body = (
        answer(0, {"content": "He"})
        + answer(2, {"content": "Ho"})
        + answer(0, {"content": "llo"})
        + answer(2, {"content": "ho"}, "length")
        + answer(0, {}, "stop")
        + DONE
    )
    response = check_stream(WIRE, body)
    said = ["".join(part.content for part in choice.content) for choice in response.choices]
    assert said == ["Hello", "", "Hoho"]
    assert [choice.finish_reason for choice in response.choices] == [
        c.Finish("stop", "stop"),
        c.Finish("other"),
        c.Finish("length", "length"),
    ]
    assert response.state == "complete"
    assert response.warnings == ()


def test_a_lone_second_answer_finishes_as_it_says() -> None:
    """P23: where only choice 1 speaks, its finish is the stream's."""
    response = check_stream(WIRE, answer(1, {"content": "He"}) + answer(1, {}, "stop") + DONE)
    assert response.finish_reason == c.Finish("stop", "stop")
    assert [part.content for part in response.choices[1].content] == ["He"]


def test_one_of_two_answers_done_is_not_the_end() -> None:
    """A stream that stops while one of its choices still speaks is incomplete."""
    begun = answer(0, {"content": "He"}) + answer(1, {"content": "Ho"}) + answer(0, {}, "stop")
    assert check_stream(WIRE, begun).state == "incomplete"
    assert check_stream(WIRE, begun + answer(1, {}, "stop")).state == "complete"
    assert check_stream(WIRE, begun + DONE).state == "complete"


def test_reasoning_details_go_back_as_they_came() -> None:
    """P19: every entry is kept in its order, also those without text, and the last signature."""
    sent = [
        {"type": "reasoning.text", "text": "H", "index": 0},
        {"type": "reasoning.text", "text": "m", "index": 0},
        {"type": "reasoning.text", "text": "m", "index": 0},
        {"type": "reasoning.text", "signature": "abc", "index": 0},
        {"type": "reasoning.encrypted", "data": "xyz", "index": 1},
    ]
    response = check_stream(WIRE, b"".join(details(entry) for entry in sent) + HE + END)
    reasoning = response.content[0]
    assert reasoning.content == "Hmm"
    assert reasoning.provider_metadata["reasoning_details"] == sent
    assert reasoning.signature == "abc"


def test_a_signature_of_googles_stays_with_its_call() -> None:
    """A thought signature beside a call is the call's, and its envelope is kept."""
    entry = {
        "index": 0,
        "id": "t1",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "sig"}},
    }
    response = check_stream(WIRE, chunk(json.dumps({"tool_calls": [entry]})) + END)
    assert response.tool_calls[0].signature == "sig"
    assert response.tool_calls[0].provider_metadata == entry["extra_content"]


def test_log_probabilities_are_joined() -> None:
    """P29: those of all chunks make one list."""
    body = b"".join(
        text(word, choice=f',"logprobs":{{"content":[{{"token":"{word}"}}],"refusal":null}}')
        for word in ("He", "llo")
    )
    assert check_stream(WIRE, body + END).logprobs == ({"token": "He"}, {"token": "llo"})


def test_audio_is_joined() -> None:
    """P30: the bytes of all deltas make one file."""
    body = chunk('{"audio":{"id":"a1","data":"AAE"}}') + chunk('{"audio":{"data":"CAwQF"}}') + END
    (file,) = check_stream(WIRE, body).files
    assert (file.data, file.id) == (bytes(range(6)), "a1")


def test_citations_say_where() -> None:
    """P31: an annotation gives address, title and place; a bare address gives its number."""
    annotation = {
        "type": "url_citation",
        "url_citation": {
            "url": "https://a.example",
            "title": "A",
            "start_index": 0,
            "end_index": 2,
        },
    }
    body = chunk(json.dumps({"content": "He", "annotations": [annotation]}))
    first, second = check_stream(
        WIRE, body + text("llo", more=',"citations":["https://b.example"]') + END
    ).citations
    assert first == c.Citation(
        kind="url", url="https://a.example", title="A", start=0, end=2, raw=annotation
    )
    assert (second.url, second.source_index) == ("https://b.example", 0)


def test_images_are_files() -> None:
    """P32: a data URL is decoded, an address is kept."""
    urls = ("data:image/png;base64,AAEC", "https://a.example/x.png", "data:,no%base64")
    body = b"".join(
        chunk(json.dumps({"images": [{"type": "image_url", "image_url": {"url": url}}]}))
        for url in urls
    )
    files = check_stream(WIRE, body + END).files
    assert [(file.media_type, file.data, file.url) for file in files] == [
        ("image/png", b"\x00\x01\x02", None),
        (None, None, urls[1]),
        (None, None, urls[2]),
    ]


def test_a_large_image_is_one_file() -> None:
    """P32: five megabytes in one event are a file like any other."""
    url = "data:image/png;base64," + "A" * 7_000_000
    body = chunk(json.dumps({"images": [{"image_url": {"url": url}}]}))
    (file,) = decode_stream(WIRE, body + END).files
    assert len(file.data) == 5_250_000


def test_parts_of_unknown_kinds_are_kept() -> None:
    """P18: a part of content that we do not know is handed out as it came, in its place."""
    part = {"type": "hologram", "data": "x"}
    response = check_stream(
        WIRE, HE + chunk(json.dumps({"content": [part, {"type": "text", "text": "!"}]})) + END
    )
    custom = next(chunk for chunk in response.chunks if isinstance(chunk, c.CustomChunk))
    assert (custom.custom_kind, custom.data) == ("openai-chat.hologram", part)


def test_events_after_the_end_are_told() -> None:
    """What follows the sentinel is not read; a warning says that it came."""
    response = check_stream(WIRE, HE + END + LLO)
    assert response.text == "He"
    assert [warning.code for warning in response.warnings] == ["events_after_end"]


def test_many_small_fragments_are_linear() -> None:
    """J23: a hundred thousand fragments of one call are as cheap each as a hundred."""
    fragment = chunk('{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}')
    start = chunk('{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":""}}]}')
    response = decode_stream(WIRE, start + fragment * 100_000 + END)
    assert len(response.tool_calls[0].arguments_raw) == 100_000
