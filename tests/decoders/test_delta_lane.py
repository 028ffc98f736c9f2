"""The short way for plain deltas is never wrong: without it every stream gives the same chunks."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from reqllm.chunk import TextDelta
from reqllm.errors import EventTooLargeError, MalformedEventError
from reqllm.framing.event import WireEvent
from reqllm.stream_server import StreamServer
from reqllm.wires.common.decoding import JSONEventDecoder
from reqllm.wires.common.delta_lane import DeltaLane
from reqllm.wires.table import wire_named
from tests.corpus import ABSENT, FOLDERS, Capture, captures, params
from tests.loopback.wire_bedrock import framed

from .invariants import pieces_of

ALL = [capture for wire in FOLDERS for capture in captures(wire)]
LITERAL = re.compile(rb'"(?:[^"\\]|\\.)*"')
NASTY = (
    b'""',
    b'" "',
    b'"a"',
    b'"z"',
    b'"He said \\"no\\""',
    b'"back\\\\slash"',
    b'"ends with \\\\"',
    b'"\\n\\t\\/"',
    b'"\\u00e9"',
    b'"\xc3\xa9"',
    b'"\\ud83d\\ude00"',
    b'"\\ud83d"',
    b'"\\ude00"',
    b'"\\ud83dx"',
    b'"\xf0\x9f\x98\x80"',
    b'"\xff"',
    b'"\xed\xa0\xbd"',
    b'"\x01"',
    b'"\x7f"',
    b'"\\x"',
    b'"open',
    b'"},"finish_reason":"stop"',
    b'"\\"},\\"finish_reason\\":null"',
    b'"a","content":"b"',
    b'"a","p":"abc"',
    b'"[DONE]"',
    b'"{\\"a\\":1}"',
    b'{"a":1}',
    b'"\x7fprobe\x7f"',
    b'"\\u007fprobe\\u007f"',
    b"null",
    b"1",
    b"1e999",
    b"[]",
    b"{}",
    b'[{"type":"text","text":"b"}]',
)
FILLER = (b"", b"a", b"aB9", b"a b", b"\\u0061", b'"', b'","content":"x', b"-", b"\xc3\xa9")
BLANKS = (b" ", b"   ", b"\t", b"\n", b"\r", b"\x0b", b"\x0c", b"\x00", b"\xc2\xa0", b",", b"}")


class Event(Struct, frozen=True):
    """One event: what its data line holds, and its name. The data may well break the line."""

    data: bytes
    name: str = "message"

    def lines(self, wire: str) -> bytes:
        """Return the event as the wire's framing writes it."""
        if wire_named(wire).framing.name == "ndjson":
            return self.data + b"\n"
        named = b"" if self.name == "message" else f"event: {self.name}\n".encode()
        return named + b"data: " + self.data + b"\n\n"


@contextmanager
def no_lane() -> Iterator[None]:
    """Let every event go the long way."""
    learn = DeltaLane.learn
    DeltaLane.learn = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        DeltaLane.learn = learn  # type: ignore[method-assign]


def read(wire: str, pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return all that a stream's pieces say, also that something came after its end."""
    server = StreamServer(wire)
    chunks = []
    for piece in pieces:
        chunks += server.receive(piece)
    chunks += server.end()
    return [chunk.as_dict() for chunk in (*chunks, *server.response.warnings)]


def check_same(wire: str, events: Sequence[Event]) -> None:
    """Compare both ways for the events in one piece, one a piece, and cut elsewhere."""
    lines = [event.lines(wire) for event in events]
    body = b"".join(lines)
    for pieces in ([body], lines, list(pieces_of(700, body))):
        short = read(wire, pieces)
        with no_lane():
            assert short == read(wire, pieces)


@cache
def events_of(capture: Capture) -> tuple[Event, ...]:
    framer = wire_named(capture.wire).framing.new()
    found = [*framer.receive(capture.body), *framer.end()]
    return tuple(Event(e.data, e.event) for e in found if isinstance(e, WireEvent))


# What was captured.
@pytest.mark.untraced
@pytest.mark.parametrize("capture", params(ALL))
def test_captures_are_the_same_without_it(capture: Capture) -> None:
    """Each capture gives the same chunks with the short way and without it."""
    check_same(capture.wire, events_of(capture))


@pytest.mark.skipif(not ALL, reason=ABSENT)
def test_captures_do_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proofs here prove something: two events of three go the short way."""
    taken, sent = 0, 0
    take = JSONEventDecoder._take_event

    def counted(decoder: JSONEventDecoder, event: WireEvent) -> None:
        nonlocal taken
        taken += 1
        take(decoder, event)

    monkeypatch.setattr(JSONEventDecoder, "_take_event", counted)
    for capture in ALL:
        StreamServer(capture.wire).receive(capture.body)
        sent += len(events_of(capture))
    assert taken < sent / 3


# What was captured, changed.
@st.composite
def changed_streams(draw: st.DrawFn) -> tuple[str, list[Event]]:
    """A stretch of a capture in which events are repeated, changed, swapped and doubled."""
    capture = draw(st.sampled_from(ALL))
    events = events_of(capture)
    start = draw(st.integers(0, max(0, len(events) - 1)))
    stretch = list(events[start : start + draw(st.integers(1, 5))])
    # The same event some more times is what teaches; what is changed comes after it.
    taught = [stretch[0]] * draw(st.integers(1, 3))
    if draw(st.booleans()):
        taught = [changed_event(draw, taught[0], stretch)] * 3
        stretch = [*taught[:2], *stretch]
    changed = [changed_event(draw, draw(st.sampled_from(stretch)), stretch) for _ in range(4)]
    opening = list(events[: draw(st.sampled_from([0, 1, 2]))])
    closing = list(events[-3:]) if draw(st.booleans()) else []
    return capture.wire, [*opening, *taught, *stretch, *changed, stretch[-1], *closing]


def changed_event(draw: st.DrawFn, event: Event, others: Sequence[Event]) -> Event:
    data = event.data
    for _ in range(draw(st.integers(1, 2))):
        data = draw(st.sampled_from(CHANGES))(draw, data, others)
    names = st.sampled_from([event.name, event.name, event.name, "message", "other"])
    return Event(data, draw(names))


def _literals(data: bytes) -> list[tuple[int, int]]:
    return [match.span() for match in LITERAL.finditer(data)] or [(0, 0)]


def _replace_literal(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    begin, end = draw(st.sampled_from(_literals(data)))
    return data[:begin] + draw(st.sampled_from(NASTY)) + data[end:]


def _last_text_replaced(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    """Change the value that is most likely the delta's own."""
    keys = rb'("(?:content|text|thinking|partial_json|arguments|reasoning(?:_content)?)" ?: ?)'
    found = list(re.finditer(keys + LITERAL.pattern, data))
    if not found:
        return data
    match = draw(st.sampled_from(found))
    return data[: match.end(1)] + draw(st.sampled_from(NASTY)) + data[match.end() :]


def _copy_literal(draw: st.DrawFn, data: bytes, others: Any) -> bytes:
    """Give one string the value of another, of this event or of one beside it."""
    source = draw(st.sampled_from(others)).data
    a, b = draw(st.sampled_from(_literals(source)))
    begin, end = draw(st.sampled_from(_literals(data)))
    return data[:begin] + source[a:b] + data[end:]


def _cut_out(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + data[at + draw(st.integers(1, 12)) :]


def _put_in(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.sampled_from([*BLANKS, *NASTY, b"\\", b'"'])) + data[at:]


def _pad(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    """Put blanks of all kinds before the last brace, or after it."""
    blanks = b"".join(draw(st.lists(st.sampled_from(BLANKS), max_size=3)))
    return data[:-1] + blanks + data[-1:] if draw(st.booleans()) else data + blanks


def _fill(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    """Add filler against traffic analysis, at the end or in some object inside."""
    key = draw(st.sampled_from([b"obfuscation", b"p"]))
    filler = b'"' + key + b'":"' + draw(st.sampled_from(FILLER)) + b'"'
    if draw(st.booleans()) and data.endswith(b"}"):
        return data[:-1] + b"," + filler + b"}"
    places = [match.end() for match in re.finditer(rb"\{(?=\")", data)] or [0]
    at = draw(st.sampled_from(places))
    return data[:at] + filler + b"," + data[at:]


def _double_member(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    """Say one member of an object twice, the second time changed."""
    found = list(re.finditer(LITERAL.pattern + rb" ?: ?" + LITERAL.pattern, data))
    if not found:
        return data
    member = draw(st.sampled_from(found))
    again = _replace_literal(draw, member[0], None) if draw(st.booleans()) else member[0]
    return data[: member.end()] + b"," + again + data[member.end() :]


def _members_edited(draw: st.DrawFn, data: bytes, _: Any) -> bytes:
    """Drop, add, move or swap members of the JSON value itself."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    objects = list(_objects(value))
    if not objects:
        return data
    target = draw(st.sampled_from(objects))
    keys = list(target)
    match draw(st.sampled_from(["drop", "add", "swap", "move"])):
        case "drop" if keys:
            del target[draw(st.sampled_from(keys))]
        case "swap" if len(keys) > 1:
            one, two = draw(st.sampled_from(keys)), draw(st.sampled_from(keys))
            target[one], target[two] = target[two], target[one]
        case "move" if keys:
            key = draw(st.sampled_from(keys))
            target[key] = target.pop(key)
        case _:
            target[draw(st.sampled_from(ADDED_KEYS))] = draw(st.sampled_from(ADDED_VALUES))
    return json.dumps(value, separators=(",", ":")).encode()


ADDED_KEYS = (
    *("content", "reasoning", "reasoning_content", "reasoning_details", "refusal", "text", "p"),
    *("tool_calls", "function_call", "audio", "annotations", "citations", "usage", "x_groq"),
    *("index", "id", "model", "finish_reason", "error", "type", "delta", "message", "note"),
    *("partial_json", "thinking", "signature", "name", "logprobs", "images"),
)
ADDED_VALUES: tuple[Any, ...] = (
    *(None, "", "a", "z", "AB", 0, 1, 2, -1, "1", True, [], {}, {"p": "abc"}, {"p": "abd"}),
    [{"index": 0, "function": {"arguments": '{"a":'}}],
    [{"index": 0, "function": {"arguments": {"a": 1}}}],
    [{"index": 1, "id": "t9", "function": {"name": "f", "arguments": ""}}],
    [{"type": "text", "text": "part"}, {"type": "thinking", "thinking": "part"}],
    [{"type": "reasoning.text", "text": "r"}, {"type": "reasoning.text", "text": "s"}],
    {"data": "AB", "transcript": "hi"},
    {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    {"content": [{"token": "a", "logprob": -0.1}]},
    ["https://example.org"],
)


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from _objects(item)


CHANGES = (
    *(_replace_literal, _last_text_replaced, _last_text_replaced, _copy_literal, _cut_out),
    *(_put_in, _pad, _fill, _double_member, _members_edited, _members_edited),
)


@pytest.mark.skipif(not ALL, reason=ABSENT)
@settings(
    max_examples=800,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(stream=changed_streams())
def test_changed_captures_are_the_same_without_it(
    stream: tuple[str, list[Event]],
) -> None:
    """Whatever is changed in the events of a capture, both ways say the same."""
    check_same(*stream)


# What broke it once, with nothing but bytes.
def chat(delta: bytes, more: bytes = b"", choice: bytes = b"") -> bytes:
    head = b'{"id":"c","model":"m","choices":[{"index":0,"delta":' + delta
    return head + choice + b"}]" + more + b"}"


def said(text: bytes, more: bytes = b"") -> bytes:
    return chat(b'{"content":"' + text + b'"}', more)


def tool(arguments: bytes, more: bytes = b"", head: bytes = b"", name: bytes = b"") -> bytes:
    entry = b'{"index":0' + head + b',"function":{' + name + b'"arguments":' + arguments + b"}"
    return chat(b'{"tool_calls":[' + entry + b"}]}", more)


BROKE = {
    # The delta is made from an object, and another member is the same text.
    "arguments that are an object": (
        tool(b'{"a":1}', b',"note":"x"', b',"id":"t"', b'"name":"f",'),
        tool(b'{"a":1}', b',"note":"{\\"a\\":1}"'),
        tool(b'{"a":1}', b',"note":"q"'),
        tool(b'{"a":1}', b',"note":"r"'),
    ),
    # What is no whole byte of audio yet grows unseen beside a transcript.
    "audio": tuple(
        chat(b'{"audio":{"data":"' + data + b'","transcript":"' + text + b'"}}')
        for data, text in ((b"AB", b"a"), (b"ABC", b"b"), (b"ABC", b"c"), (b"ABC", b"d"))
    ),
    # Arguments of a call without a name grow unseen beside text.
    "a call without a name": tuple(
        chat(b'{"content":"' + text + b'","tool_calls":[{"index":0,"function":{"arguments":"x"}}]}')
        for text in (b"a", b"b", b"c", b"d", b"e")
    ),
    # Where one name of the reasoning is empty, the other speaks.
    "two names for reasoning": tuple(
        chat(b'{"reasoning_content":"' + text + b'","reasoning":"b"}')
        for text in (b"a", b"q", b"", b"d")
    ),
    # A character joined of two halves is no text of the event, but may be another member's.
    "a joined character": (
        said(b"z"),
        said(b"\\ud83d"),
        said(b"\\ude00x", ',"note":"😀x"'.encode()),
        said(b"\\ude00x", b',"note":"y"'),
    ),
}


@pytest.mark.parametrize("datas", [pytest.param(BROKE[name], id=name) for name in BROKE])
def test_what_broke_it_once_does_not(datas: tuple[bytes, ...]) -> None:
    """An event whose likes mean more than a delta is never learned from."""
    check_same("openai-chat", [Event(data) for data in datas])


NO_FILLER = {
    "blanks that are none of JSON's": (said(b"a"), said(b"b"), said(b"c")[:-1] + b"\x0b}"),
    "blanks that break the line": (said(b"a"), said(b"b"), said(b"c")[:-1] + b"\r}"),
    "filler inside a member": tuple(
        said(text, b',"meta":{"p":"' + filler + b'"}')
        for text, filler in ((b"a", b"1"), (b"b", b"1"), (b"c", b"2"))
    ),
    "filler inside the usage": tuple(
        said(text, b',"usage":{"prompt_tokens":1,"p":"' + filler + b'"}')
        for text, filler in ((b"a", b"1"), (b"b", b"1"), (b"c", b"2"))
    ),
}


@pytest.mark.parametrize("blank", [b"\n", b"\r", b"\r\n", b"\t", b" "])
@pytest.mark.parametrize("form", [b'%b"x"', b'"x"%b'])
def test_blanks_around_the_text_may_end_its_line(blank: bytes, form: bytes) -> None:
    """JSON has blanks around a string; in an event one of them is the end of its line."""
    odd = said(b"x").replace(b'"x"', form % blank)
    assert odd != said(b"x")
    check_same("openai-chat", [Event(data) for data in (said(b"z"), said(b"y"), odd, said(b"w"))])


@pytest.mark.parametrize("datas", [pytest.param(NO_FILLER[name], id=name) for name in NO_FILLER])
def test_only_true_filler_may_differ(datas: tuple[bytes, ...]) -> None:
    """Filler is a member of the event itself, and blanks are spaces; all else counts."""
    check_same("openai-chat", [Event(data) for data in datas])


# Pieces that are one event, as it seems.
BETWEEN = {
    "nothing": b"",
    "half a line": b"data: ",
    "a line": b'data: {"x":1}\n',
    "a comment": b": yes\n",
    "a name": b"event: other\n",
    "half an end of line": b"\r",
    "more blank lines": b"\n\n",
    "blank lines of another kind": b"\r\n\r\n",
}


@pytest.mark.parametrize("mark", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("between", [pytest.param(BETWEEN[name], id=name) for name in BETWEEN])
def test_a_piece_is_an_event_only_where_one_begins(between: bytes, mark: bytes) -> None:
    """What came before a piece says what it is, also if it looks like the events before."""
    events = [b"data: " + said(text) + mark for text in (b"a", b"b", b"c", b"d", b"e")]
    pieces = [*events[:4], between, events[4], events[4]]
    by_pieces = read("openai-chat", pieces)
    assert by_pieces == read("openai-chat", [b"".join(pieces)])
    with no_lane():
        assert by_pieces == read("openai-chat", pieces)


@pytest.mark.parametrize("size", [1, 16, 70, 700])
def test_an_event_that_pieces_share_takes_the_short_way(size: int) -> None:
    """Wherever an event is cut, also between its lines, it is known once it is whole."""
    events = [numbered(number, f"t{number}") for number in range(5, 45)]
    body = b"".join(
        Event(event.data, "response.output_text.delta").lines("openai-responses")
        for event in events
    )
    server = StreamServer("openai-responses")
    for piece in pieces_of(size, body):
        server.receive(piece)
    assert server._decoder.lane.recognised == 38  # type: ignore[union-attr]
    assert server.response.text == "".join(f"t{number}" for number in range(5, 45))


@pytest.mark.parametrize("wire", ["openai-chat", "bedrock-invoke"])
def test_a_long_answer_is_kept_whole(wire: str) -> None:
    """Of thousands of deltas none is lost or told twice, whenever somebody asks; all count."""
    texts = [f"{number} " for number in range(3000)]
    server, chunks = StreamServer(wire), []
    for number, text in enumerate(texts):
        event = said(text.encode())
        if wire == "bedrock-invoke":
            piece = framed("chunk", {"bytes": b64encode(event).decode()})
        else:
            piece = Event(event).lines(wire)
        chunks += server.receive(piece)
        if number % 700 == 699:
            assert server.response.text == "".join(texts[: number + 1])
    assert [chunk.text for chunk in chunks if isinstance(chunk, TextDelta)] == texts
    assert server.response.text == "".join(texts)
    assert server._decoder.lane.recognised > 2990  # type: ignore[union-attr]
    if wire == "openai-chat":
        server.receive(b"data: oops\n\n")
        assert isinstance(server.error, MalformedEventError)
        assert server.error.event_number == 3001


def test_what_lacks_its_end_comes_last() -> None:
    """An event that the body's end completes follows those that went the short way."""
    server = StreamServer("openai-chat", on_incomplete="return")
    for text in (b"a", b"b", b"c", b"d"):
        server.receive(Event(said(text)).lines("openai-chat"))
    server.receive(b"data: " + said(b"e"))
    server.end()
    assert server.response.text == "abcde"


def test_an_event_over_the_limit_is_none_of_those_before() -> None:
    """However much like others it is, one that is too large ends the stream."""
    events = [Event(said(text)).lines("openai-chat") for text in (b"a", b"b", b"c", b"d" * 100)]
    server = StreamServer("openai-chat", max_event_bytes=len(events[0]) + 50)
    for event in events:
        server.receive(event)
    assert isinstance(server.error, EventTooLargeError)
    assert server.response.text == "abc"


# Events that are numbered.
def numbered(number: object, text: str = "a", *, at: str = "start", filler: str = "") -> Event:
    """Return a delta whose number stands before the text, after it, or after the filler."""
    count = "" if number is None else f'"sequence_number":{number},'
    begin, middle, end = (count if at == place else "" for place in ("start", "middle", "end"))
    return Event(
        (
            f'{{"type":"response.output_text.delta",{begin}"output_index":0,"delta":"{text}",'
            f'{middle}"obfuscation":"{filler}",{end}"content_index":0}}'
        ).encode()
    )


NUMBERED = {
    "in order": [(n, "a", at) for at in ("start", "middle", "end") for n in range(5, 13)],
    "over tens": [(n, "a", "start") for n in range(7, 103)],
    "gap": [(5, "a", "start"), (6, "b", "start"), (8, "c", "start"), (9, "d", "start")],
    "back": [(5, "a", "end"), (6, "b", "end"), (4, "c", "end"), (5, "d", "end"), (6, "e", "end")],
    "repeated": [(n, "a", "start") for n in (5, 6, 7, 7, 8, 8, 8, 9)],
    "repeated with other words": [(n, t, "end") for n, t in zip((5, 6, 6, 7), "abcd", strict=True)],
    "no numbers": [(None, "a", "start")] * 5,
    "no more numbers": [(5, "a", "start"), (6, "b", "start"), *[(None, "c", "start")] * 3],
    "numbers that are none": [(n, "a", "start") for n in ("5", '"6"', "7.0", "8e0", "09", "-1")],
    "numbers in the text": [
        (n, f'\\"sequence_number\\":{n},', at) for at in ("start", "end") for n in range(5, 9)
    ],
}


@pytest.mark.parametrize("rows", [pytest.param(NUMBERED[name], id=name) for name in NUMBERED])
def test_numbered_events_are_followed_by_their_numbers(rows: list[tuple[Any, str, str]]) -> None:
    """What is missing, comes twice or is out of order is told as it is without the short way."""
    filler = ("", "x", "Xy9")
    check_same(
        "openai-responses",
        [
            numbered(number, text, at=at, filler=filler[place % 3])
            for place, (number, text, at) in enumerate(rows)
        ],
    )


@pytest.mark.parametrize("at", ["start", "end"])
def test_numbered_events_take_the_short_way(at: str) -> None:
    """Once one is known, all that follow by one are, on whichever side the number stands."""
    server = StreamServer("openai-responses")
    for number in range(95, 105):
        server.receive(
            numbered(number, f"t{number}", at=at, filler="x" * (number % 5)).lines(
                "openai-responses"
            )
        )
    decoder: Any = server._decoder
    assert decoder._lane.recognised == 8  # the first opens the block, the second teaches
    assert server.response.text == "".join(f"t{number}" for number in range(95, 105))


# What stands before the text.
def line(time: bytes, text: bytes, more: bytes = b"") -> Event:
    """Return a line of Ollama's: what may differ stands before the text."""
    said = b'"message":{"role":"assistant","content":"' + text + b'"},"done":false}'
    return Event(b'{"model":"m","created_at":' + time + b"," + more + said)


LEADS = {
    "a member between": line(b'"2026-11-22T10:00:03Z","error":"boom"', b"d"),
    "a member in the time": line(b'"2026-11-22T10:00:03Z","thinking":"x","y":""', b"d"),
    "no time": line(b"null", b"d"),
    "a number": line(b"3", b"d"),
    "half a character in it": line(b'"\\ud83d"', b"d"),
    "no JSON in it": line(b'"\x01"', b"d"),
    "no UTF-8 in it": line(b'"\xff"', b"d"),
    "the rest again in it": line(b'"x","message":{"role":"assistant","content":"q"', b"d"),
}


@pytest.mark.parametrize("odd", [pytest.param(LEADS[name], id=name) for name in LEADS])
def test_what_stands_before_the_text_must_be_filler_alone(odd: Event) -> None:
    """A time may differ before the text; whatever is more than a time counts."""
    times = (b'"2026-11-22T10:00:0%dZ"' % second for second in (1, 2, 3, 4))
    plain = [line(time, text) for time, text in zip(times, (b"a", b"b", b"c", b"e"), strict=True)]
    check_same("ollama", [*plain[:3], odd, plain[3]])


FILLED = {"at": rb"[0-9]*", "pad": rb"[0-9A-Za-z]*"}


@pytest.mark.parametrize(
    ("learned", "met", "known"),
    [
        (b'{"at":"5","d":"a"}', b'{"at":"61","d":"b"}', True),
        (b'{"at":"5","d":"a"}', b'{"at":"x","d":"b"}', False),
        (b'{"at":"5","d":"a"}', b'{"at":6,"d":"b"}', False),
        (b'{"at":"5","d":"a"}', b'{"at":"5","x":1,"d":"b"}', False),
        (b'{"d":"a","at":"5"}', b'{"d":"b","at":"6"}', True),
        (b'{"d":"a","at":"5"}', b'{"d":"b","at":"6-"}', False),
        (b'{"d":"a","at":"5","e":1}', b'{"d":"b","at":"6","e":1}', True),
        (b'{"d":"a","at":"5","e":1}', b'{"d":"b","at":"6","e":2}', False),
        (b'{"at":"5","d":"a","pad":"x"}', b'{"at":"6","d":"b","pad":"yz"}', True),
        (b'{"at":"5","d":"a","pad":"x"}', b'{"at":"6","d":"b","pad":""}', True),
        (b'{"at":"5","d":"a","pad":"x"}', b'{"at":"6","d":"b","pad":"y-z"}', False),
        (b'{"pad":"x","at":"5","d":"a"}', b'{"pad":"","at":"6","d":"b"}', True),
        (b'{"pad":"x","at":"5","d":"a"}', b'{"pad":"","at":"y","d":"b"}', False),
        (b'{"d":"a","pad": "x","e":1,"at": "5"}', b'{"d":"b","pad": "","e":1,"at": "6"}', True),
        (b'{"d":"a","pad":"x","e":1,"at":"5"}', b'{"d":"b","pad":"x","e":2,"at":"5"}', False),
        (b'{"d":"a"  }', b'{"d":"b"}', True),
        (b'{"d":"a"  }', b'{"d":"b"\n}', False),
        (b'{"in":{"at":"5"},"d":"a"}', b'{"in":{"at":"6"},"d":"b"}', False),
        (b'{"d":"a","in":{"pad":""}}', b'{"d":"b","in":{"pad":"x"}}', False),
    ],
)
def test_declared_filler_may_differ(learned: bytes, met: bytes, known: bool) -> None:
    """Declared members before the text and after it may differ, and must be well formed."""
    lane = DeltaLane(FILLED)
    lane.learn(WireEvent(learned, head=b"", marks=(b"",)), TextDelta("a"), None)
    assert lane.more(met) == (TextDelta("b") if known else None)
    lane.take_texts()
    assert lane.recognise(learned + met * 3, len(learned)) == len(learned + met * 3 * known)
    assert lane.out == [TextDelta("b")] * 3 * known
