"""Scenarios as data, and their checks as functions: on answers that are made here."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

import pytest

import reqllm
from reqllm import Client, Context, InvalidInputError
from reqllm.chunk import FinishChunk, StreamStart, TextDelta
from reqllm.errors import AuthenticationError, InvalidRequestError, ReqLLMError
from reqllm.wires.table import WIRE_NAMES
from reqllm_fixtures import ConformanceError, FixtureError, UnknownScenarioError
from reqllm_fixtures.conformance import (
    SCENARIOS,
    Cell,
    Expect,
    Remark,
    Scenario,
    Taken,
    Turn,
    check_stream,
    run_scenario,
    scenario,
    verify,
)
from reqllm_fixtures.conformance.every_stream import OF_A_REQUEST
from reqllm_fixtures.conformance.pictures import red_square
from reqllm_fixtures.conformance.scenarios import GET_WEATHER, REFUSED
from reqllm_fixtures.conformance.tool_checks import calls
from tests.corpus import ABSENT, FOLDERS, captures, index
from tests.loopback.asked.readers import READERS
from tests.loopback.asking import request, sent
from tests.loopback.conformance import LoopbackConformance

CHUNK = '{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{}]}}'


def chat(*deltas: str, finish: str = "stop") -> bytes:
    """A stream of openai-chat that says these deltas, given as JSON."""
    said = [CHUNK.format(f'{{"index":0,"delta":{delta},"finish_reason":null}}') for delta in deltas]
    said.append(CHUNK.format(f'{{"index":0,"delta":{{}},"finish_reason":"{finish}"}}'))
    return b"".join(f"data: {event}\n\n".encode() for event in [*said, "[DONE]"])


def checked(asked: Scenario, body: bytes, error: ReqLLMError | None = None) -> Expect:
    """What the scenario's own check says of an answer."""
    answer = reqllm.decode_stream("openai-chat", body) if body else reqllm.Response()
    expect = Expect()
    asked.check(Taken(wire="openai-chat", turns=(Turn(answer=answer, error=error),)), expect)
    return expect


def rules(expect: Expect) -> list[str]:
    return [remark.rule for remark in expect.remarks]


def test_names_are_unique_and_each_has_a_title():
    """They name files, tests and columns."""
    names = [each.name for each in SCENARIOS]
    assert len({*names}) == len(names) == 20
    assert all(re.fullmatch("[a-z_]+", name) for name in names)
    assert all(each.title and each.capability for each in SCENARIOS)
    assert [scenario(name) for name in names] == [*SCENARIOS]


def test_a_scenario_that_there_is_not():
    """The message names those there are."""
    with pytest.raises(UnknownScenarioError, match=r"no scenario 'nonsense'.*text, system"):
        scenario("nonsense")


def test_every_wire_can_be_asked_wrongly():
    """A new wire needs a request that its servers must refuse."""
    assert set(REFUSED) == set(WIRE_NAMES)


def test_the_picture_is_red():
    """A PNG whose checksums are right, of one colour, the same bytes everywhere."""
    png = red_square()
    assert zlib.crc32(png) == 3569159497
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + data) == int.from_bytes(png[at + 8 + size : at + 12 + size])
        chunks[kind] = data
        at += 12 + size
    assert chunks[b"PLTE"] == b"\xff\x00\x00"
    assert zlib.decompress(chunks[b"IDAT"]) == bytes(64 * 9)


@pytest.mark.parametrize("name", [each.name for each in SCENARIOS])
def test_no_scenario_passes_on_nothing(name):
    """Neither on an answer that says nothing, nor by asserting nothing."""
    expect = checked(scenario(name), chat("{}"))
    assert expect.asserted > 0
    assert not expect.holds


def test_a_text_with_the_word_passes():
    """In any case, among others."""
    good = chat('{"content":"Pine"}', '{"content":"apple."}')
    assert rules(checked(scenario("system"), good)) == []
    assert rules(checked(scenario("system"), chat('{"content":"Paris"}'))) == ["text-differs"]


def test_a_call_that_is_none_of_the_tools():
    """All that is wrong with it is told, not the first thing alone."""
    call = '{"tool_calls":[{"index":0,"id":"a","type":"function","function":%s}]}'
    body = chat(call % '{"name":"get_time","arguments":"{\\"city\\":7}"}', finish="tool_calls")
    asked = Scenario(
        name="x", title="", context=Context.new("?"), check=calls(GET_WEATHER, ["Oslo"])
    )
    assert rules(checked(asked, body)) == ["call-name", "arguments-invalid", "arguments-differ"]


def test_an_object_that_is_taken_back():
    """An object may only grow: what was shown must stay."""
    pieces = ('{"name":"Os', 'lo","country":"No', 'rway","population":7', "00000}")
    deltas = [f'{{"content":{reqllm_json(piece)}}}' for piece in pieces]
    asked = scenario("streaming_structured_output")
    assert rules(checked(asked, chat(*deltas))) == []
    twice = [
        *deltas[:2],
        '{"content":"x\\",\\"name\\":\\"Bergen\\",\\"country\\":\\"No"}',
        *deltas[2:],
    ]
    assert "object-taken-back" in rules(checked(asked, chat(*twice)))


def reqllm_json(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_a_refusal_of_another_kind():
    """Of the key, where the request is at fault; in an answer of status 200; without any words."""
    asked = scenario("invalid_request")
    good = InvalidRequestError("no", status=400, body={"error": "no"})
    assert rules(checked(asked, b"", good)) == []
    other = AuthenticationError("no", status=401, body="no")
    assert rules(checked(asked, b"", other)) == ["refused-otherwise"]
    hidden = InvalidRequestError("no", status=400, http_status=200, body="no")
    assert rules(checked(asked, b"", hidden)) == ["refusal-status"]
    silent = InvalidRequestError("no", status=400)
    assert rules(checked(asked, b"", silent)) == ["refusal-without-reason"]


# Of every stream.
@pytest.mark.parametrize("wire", READERS)
def test_a_sound_stream_of_any_wire(wire):
    """As a response with its chunks and its bytes, and as chunks alone."""
    body = sent(LoopbackConformance(silence=0)(request(wire, "text")))
    answer = reqllm.decode_stream(wire, body)
    assert check_stream(answer, wire=wire, body=body) == ()
    assert check_stream(answer.chunks, wire=wire) == ()


@pytest.mark.skipif(not index(), reason=ABSENT)
@pytest.mark.parametrize("wire", FOLDERS)
def test_no_answer_of_a_real_provider_fails(wire):
    """What is odd about a whole one is a remark: some of each wire, which others recorded."""
    genuine = [each for each in captures(wire) if each.fidelity in ("bytes", "text")]
    for capture in genuine[:: max(1, len(genuine) // 15)]:
        answer = reqllm.decode_stream(wire, capture.body)
        if answer.state == "complete":
            found = check_stream(answer, wire=wire, body=capture.body)
            assert not any(map(is_error, found)), capture.name


def is_error(remark: Remark) -> bool:
    return remark.severity == "error"


def test_a_stream_that_is_cut_off():
    """It is an error, in its chunks and in its bytes."""
    body = chat('{"content":"Hi"}').split(b"data: [DONE]")[0].rsplit(b"data: ", 1)[0]
    answer = reqllm.decode_stream("openai-chat", body)
    found = check_stream(answer, wire="openai-chat", body=body)
    assert {"not-complete", "terminal-missing"} <= {each.rule for each in found if is_error(each)}


def test_what_is_said_of_a_request_is_no_fault_of_the_stream():
    """The codes of such warnings are all known: those with which requests are written."""
    sources = Path(reqllm.__file__).parent.joinpath("wires").rglob("*.py")
    written = (re.findall(r"warnings\.add\(\s*\"(\w+)\"", each.read_text()) for each in sources)
    assert {code for codes in written for code in codes} == OF_A_REQUEST


def test_chunks_alone():
    """What is missing in them is told: the end, usage, a model."""
    open_ended = [StreamStart(), TextDelta("Hi")]
    assert "not-complete" in {each.rule for each in check_stream(open_ended)}
    told = check_stream([*open_ended[:1], FinishChunk(reqllm.Finish("stop"))])
    assert {"usage-missing", "model-missing", "empty-answer"} <= {each.rule for each in told}


def test_what_only_the_vendor_promises_is_a_warning():
    """The strict profile makes it an error."""
    odd = chat('{"content":"Hi"}').replace(b'"created":1', b'"created":"now"')
    answer = reqllm.decode_stream("openai-chat", odd)
    for profile, severity in (("compat", "warning"), ("strict", "error")):
        found = check_stream(answer, wire="openai-chat", body=odd, profile=profile)
        assert {each.severity for each in found if each.path == "$.created"} == {severity}


# Of cells.
def cell(status: str, **known: Any) -> Cell:
    return Cell(scenario="text", capability="text", status=status, message="why", **known)


def test_what_verify_raises_for():
    """For what failed, could not be judged or is not proved: an assertion, and an error of ours."""
    for status in ("passed", "unsupported", "not_claimed", "remarks"):
        verify(cell(status))
    for status in ("failed", "error", "not_proved"):
        with pytest.raises(ConformanceError, match=f"text: {status.replace('_', ' ')}: why"):
            verify(cell(status))
    with pytest.raises(ConformanceError):
        verify(cell("remarks"), strict=True)
    assert issubclass(ConformanceError, AssertionError)
    assert issubclass(ConformanceError, FixtureError)


def test_verify_tells_each_remark():
    """As far as somebody would read on."""
    remarks = [
        Remark(severity="error", rule="text-differs", message=f"no {n}", turn=2) for n in range(30)
    ]
    with pytest.raises(ConformanceError) as caught:
        verify(cell("failed", remarks=tuple(remarks)))
    lines = str(caught.value).splitlines()
    assert lines[1] == "  error: call 2: text-differs: no 0"
    assert lines[-1] == "  and 10 more"


def test_an_async_client_is_refused():
    """With what to do for its streams."""
    with pytest.raises(InvalidInputError, match=r"expected a Client.*check_stream"):
        run_scenario(SCENARIOS[0], reqllm.AsyncClient(), "openai:x")  # type: ignore[arg-type]


def test_a_check_that_raises_is_an_error_of_the_scenario():
    """The others go on, and it is told which exception it was."""

    def broken(taken: Taken, expect: Expect) -> None:
        raise KeyError("oops")

    httpx = pytest.importorskip("httpx")
    sse = {"content-type": "text/event-stream"}
    replies = httpx.MockTransport(
        lambda _: httpx.Response(200, headers=sse, content=chat('{"content":"Hi"}'))
    )
    asked = Scenario(name="mine", title="", context=Context.new("Hi"), check=broken)
    with Client(api_key="k", transport=replies) as client:
        found = run_scenario(asked, client, "openai:x")
    assert (found.status, found.message) == ("error", "KeyError: 'oops'")
    assert (found.capability, found.proof.kind) == ("mine", "none")  # a mock proves nothing
