"""What a snapshot of an answer is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.filters import props
from syrupy.matchers import path_type

from reqllm import AsyncClient, Client, decode_stream
from reqllm import chunk as c
from reqllm_fixtures import load, use_cassette
from reqllm_fixtures.snapshot import DeltaSnapshotExtension, StreamSnapshotExtension
from reqllm_fixtures.snapshot_chunks import chunks_of
from reqllm_fixtures.snapshot_joining import joined
from tests.corpus import Capture, captures, params

ROOT = Path(__file__).parents[2]
CASSETTES = {
    "anthropic_reasoning_tools": "anthropic:m",
    "demo": "anthropic:m",
    "openai_tools": "openai:m",
}
CHAT = "openai-chat"


def event(value: Any) -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def chat(*deltas: dict[str, Any], finish: str | None = "stop", **members: Any) -> bytes:
    """Give a stream of chat completions; `members` stand in every event."""
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if finish is not None:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    members = {"id": "c1", "model": "m", **members}
    return b"".join(event({**members, "choices": [each]}) for each in choices) + event("[DONE]")


def call(call_id: str, arguments: str) -> dict[str, Any]:
    function = {"name": "look", "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": call_id, "type": "function", "function": function}]}


def written(data: Any, **filters: Any) -> str:
    return StreamSnapshotExtension().serialize(data, **filters)


def lines(data: Any, **filters: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(data, **filters).splitlines()]


def test_a_line_a_chunk():
    """Each line is one chunk as `as_dict()` gives it, deltas joined, ids numbered."""
    answer = decode_stream(CHAT, chat({"content": "Hel"}, {"content": "lo"}))
    assert written(answer).splitlines() == [
        '{"kind": "stream_start", "id": "(id 1)", "model": "m"}',
        '{"kind": "text_start", "index": 0, "choice": 0}',
        '{"kind": "text_delta", "text": "Hello", "index": 0, "choice": 0}',
        '{"kind": "text_end", "index": 0, "choice": 0}',
        (
            '{"kind": "finish", "finish": {"reason": "stop", "raw": "stop", "details": {}}, '
            '"choices": []}'
        ),
    ]


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_how_an_answer_was_cut_does_not_count(texts: list[str], data: st.DataObject):
    """The same text and the same arguments in other deltas make the same snapshot."""
    text = "".join(texts)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(text) - 1, 1)), max_size=4)))
    recut = [text[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True) if text[a:b]]

    def made(pieces: list[str]) -> list[c.StreamChunk]:
        # Two blocks grow at the same time, and usage is told with each delta.
        return [
            c.StreamStart("r1", "m"),
            *(
                chunk
                for n, piece in enumerate(pieces)
                for chunk in (
                    c.TextDelta(piece, 0),
                    c.ToolCallDelta(piece, "call_1", 1),
                    c.UsageChunk(c.Usage(output_tokens=len(text) if n else 0)),
                    c.ResponseMetadata(provider_metadata={"fingerprint": text}),
                    c.KeepaliveChunk(),
                )
            ),
            c.ResponseMetadata(provider_metadata={"tier": "x"}),
            c.UsageChunk(c.Usage(output_tokens=len(text))),
            c.FinishChunk(c.Finish("stop")),
        ]

    assert written(made(texts)) == written(made(recut))
    assert f'"text": {json.dumps(text)}' in json.dumps(lines(made(texts)))


def test_what_is_new_in_every_answer_does_not_count():
    """Ids, dates, fingerprints, padding and durations of another recording change no line."""

    def recording(name: str, at: int, seconds: float) -> bytes:
        usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        return chat(
            {"content": "Look: "},
            call(f"call_{name}", '{"at": "here"}'),
            finish="tool_calls",
            id=f"chatcmpl-{name}",
            created=at,
            system_fingerprint=f"fp_{at}",
            obfuscation="x" * (at % 7),
            usage={**usage, "total_time": seconds},
        )

    one, other = recording("abc", 1, 0.25), recording("defgh", 345, 1.5)
    assert written(decode_stream(CHAT, one)) == written(decode_stream(CHAT, other))
    assert "0.25" not in written(decode_stream(CHAT, one))


def test_a_call_and_its_result_still_belong_together():
    """Equal ids get equal names, wherever they stand, and other ids others."""

    def made(asked: str, answered: str) -> list[c.StreamChunk]:
        return [c.ToolCallStart(asked, "look"), c.ToolResult(answered, {"tool_use_id": answered})]

    assert written(made("call_aaa", "call_aaa")) == written(made("call_bbb", "call_bbb"))
    assert written(made("call_aaa", "call_aaa")) != written(made("call_aaa", "call_bbb"))
    start, result = lines(made("call_aaa", "call_aaa"))
    assert start["id"] == result["tool_call_id"] == result["result"]["tool_use_id"] == "(id 1)"


def test_an_id_in_an_error_does_not_count():
    """The request's id stands in what many providers say of a failure."""

    def failed(name: str) -> list[c.StreamChunk]:
        body = event({"error": {"message": f"Overloaded (request req_{name})", "code": "busy"}})
        return list(decode_stream(CHAT, body).chunks)

    assert written(failed("011CYyo4bryBiaWH")) == written(failed("8b5d0bc7c06b4330"))
    assert "Overloaded (request (id 1))" in written(failed("011CYyo4bryBiaWH"))


@pytest.mark.parametrize("other", ['{"order_id": "B2", "created_at": 1}', '{"order_id": "A1"}'])
def test_what_the_model_said_counts(other: str):
    """Arguments are content: an id in them, or a date, is not blanked."""
    said = '{"order_id": "A1", "created_at": 1}'
    one, two = (decode_stream(CHAT, chat(call("call_1", each))) for each in (said, other))
    assert written(one) != written(two)
    assert '"order_id": "A1"' in written(one)


def test_details_of_reasoning_are_joined():
    """The deltas that some providers repeat in the metadata of reasoning are joined, too."""

    def made(*texts: str) -> list[c.StreamChunk]:
        kept = [{"type": "reasoning.text", "index": 0, "text": text} for text in texts]
        sealed = {"type": "reasoning.encrypted", "data": f"new {len(texts)}"}
        metadata = {"reasoning_details": [*kept, sealed]}
        return [c.ReasoningEnd(provider_metadata=metadata)]

    assert written(made("a", "bc")) == written(made("abc"))
    (line,) = lines(made("a", "bc"))
    details = line["provider_metadata"]["reasoning_details"]
    assert [each.get("text", each.get("data")) for each in details] == ["abc", "(varies)"]


def test_long_bytes_are_told_by_their_sum():
    """A file would be a line that nobody can review; another file still is another line."""
    short, one, other = b"\x00\x01", b"a" * 5000, b"b" * 5000
    assert lines([c.FileChunk(data=short)])[0]["data"] == "AAE="
    assert lines([c.FileDelta(one[:9]), c.FileDelta(one[9:])])[0]["data"].startswith("(5000 bytes")
    assert written([c.FileChunk(data=one)]) != written([c.FileChunk(data=other)])


def test_lines_stay_lines():
    """What would break a line, or cannot be written as UTF-8, is escaped, and nothing is lost."""
    text = "a\nb\u2028c\x85d\ud800e"
    (line,) = written([c.TextDelta(text)]).split("\n")[:-1]
    assert len(line.splitlines()) == 1
    assert line.encode()
    assert json.loads(line)["text"] == text


def test_an_event_as_sent_is_read():
    """A raw chunk is normalised like any other."""
    raw = c.RawChunk("message", '{"id": "c1", "created": 5, "delta": "Hi"}')
    assert lines([raw])[0]["data"] == {"id": "(id 1)", "created": "(varies)", "delta": "Hi"}
    assert lines([c.RawChunk("message", "[DONE]")])[0]["data"] == "[DONE]"


def test_syrupys_filters_hold():
    """`exclude`, `include` and `matcher` see each chunk, before anything is normalised."""
    answer = decode_stream(CHAT, chat({"content": "Hi"}))
    assert not any("index" in line for line in lines(answer, exclude=props("index")))
    assert lines(answer, matcher=path_type({"model": (str,)}))[0]["model"] == "str"
    assert lines(answer)[0]["model"] == "m"


def test_deltas_are_kept_apart_on_request():
    """The other extension shows how the provider cut its answer."""
    answer = decode_stream(CHAT, chat({"content": "Hel"}, {"content": "lo"}))
    kept = DeltaSnapshotExtension().serialize(answer).splitlines()
    assert len(kept) == len(answer.chunks) == len(lines(answer)) + 1


def test_a_stream_that_broke_says_so():
    """The error is the last line of the snapshot."""
    answer = decode_stream(CHAT, chat({"content": "Hel"}, finish=None).replace(b"[DONE]", b""))
    assert answer.state != "complete"
    assert lines(answer)[-1]["kind"] == "error"
    assert written(answer.with_chunks(())) == written(answer)


@pytest.mark.parametrize("data", ["text", 5, None, [c.TextDelta("a"), "b"], {"a": 1}])
def test_anything_else_is_refused(data: Any):
    """The error says what was expected, what came, and what to use for it."""
    with pytest.raises(TypeError, match=r"Expected a Response.* Came: .*syrupy's own"):
        written(data)


def test_deltas_of_an_answer_that_kept_none_are_refused():
    """A whole answer has no deltas: the error says how to keep them."""
    answer = decode_stream(CHAT, chat({"content": "Hi"})).with_chunks(())
    with pytest.raises(TypeError, match="keep them"):
        DeltaSnapshotExtension().serialize(answer)


@pytest.mark.parametrize("name", CASSETTES)
def test_a_response_and_its_chunks_make_the_same_snapshot(name: str):
    """A sync response after its end, `to_response()` and the list of its chunks agree."""
    path = ROOT / "cassettes" / f"{name}.yaml"
    cassette = load(path)
    with (
        use_cassette(path, match_on=["host"]) as used,
        Client(transport=used.transport(), api_key="k") as client,
    ):
        for _ in cassette.interactions:
            with client.stream(CASSETTES[name], "Hello") as response:
                with pytest.raises(ValueError, match="still open"):
                    written(response)
                chunks = list(response)
            assert written(response) == written(chunks) == written(response.to_response())


@pytest.mark.anyio
async def test_an_async_response_is_one_too():
    """The async twin after its end is written like the list of its chunks."""
    with use_cassette(ROOT / "cassettes" / "demo.yaml") as used:
        async with (
            AsyncClient(transport=used.async_transport(), api_key="k") as client,
            client.stream("anthropic:claude-haiku-4-5", "Why is the sky blue?") as response,
        ):
            chunks = [chunk async for chunk in response]
    assert written(response) == written(chunks)
    assert len(written(chunks).splitlines()) < len(chunks)


@pytest.mark.parametrize(
    "capture", params((*captures(CHAT)[::5], *captures("anthropic-messages")[::3]))
)
def test_real_answers_are_told_by_their_response_as_by_their_chunks(capture: Capture):
    """What a whole answer tells is what its chunks said, but for what only a chunk has."""
    answer = decode_stream(capture.wire, capture.body)

    def told(chunks: list[c.StreamChunk]) -> list[dict[str, Any]]:
        beside = (c.StreamStart, c.ResponseMetadata, c.WarningChunk, c.FileDelta, c.FileChunk)
        plain = [each.as_dict() for each in chunks if not isinstance(each, beside)]
        return [{**each, "synthetic_id": None} for each in plain]

    assert told(joined(answer.chunks)) == told(joined(chunks_of(answer)))
