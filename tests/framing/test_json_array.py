"""A JSON array is cut into its elements wherever its bytes are cut, and in one pass."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reqllm.errors import EventTooLargeError
from reqllm.framing.event import WireEvent
from reqllm.framing.json_array import JSONArrayDecoder
from reqllm.framing.sse_or_array import SSE_OR_ARRAY

from .reading import cut, in_pieces_of

TEXTS = st.text(alphabet='ab{}[]",:\\\n\r\t é😀\x00', max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
STYLES = st.sampled_from(
    [
        {"indent": 2},
        {"separators": (",", ":")},
        {},
        {"ensure_ascii": False},
        {"indent": 0},
        {"indent": "\r\n\t"},
    ]
)
GAPS = st.sampled_from([b",", b"\n,\r\n", b" , ", b",\n\n"])


def events(pieces, new=JSONArrayDecoder, **options):
    """Return the payloads that come out, those begun at the end with a mark."""
    framer = new(**options)
    found = [event for piece in pieces for event in framer.receive(piece)]
    found += framer.end()
    assert framer.error is None
    return [(event.data, event.flushed) for event in found if isinstance(event, WireEvent)]


@st.composite
def arrays(draw):
    """An array as anybody may write it, and its elements as they are written in it."""
    style = draw(STYLES)
    elements = [json.dumps(value, **style).encode() for value in draw(st.lists(VALUES, max_size=5))]
    body = b"[" + draw(st.sampled_from([b"", b"\n", b" "]))
    for number, element in enumerate(elements):
        body += (draw(GAPS) if number else b"") + element
    return body + draw(st.sampled_from([b"]", b"\n]\n", b" ] "])), elements


@pytest.mark.untraced
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_elements_come_out_as_they_were_written(data):
    """Each element is an event between the two brackets, wherever the array was cut."""
    body, elements = data.draw(arrays())
    expected = [(b"[", False), *((element, False) for element in elements), (b"]", False)]
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    for pieces in ([body], list(in_pieces_of(1, body)), cut(body, places)):
        assert [(data.strip(), flushed) for data, flushed in events(pieces)] == expected
        assert events(pieces, SSE_OR_ARRAY.new) == events(pieces)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | TEXTS.map(str.encode), start=st.sampled_from([b"", b"["]))
@example(body=b"\xef\xbb\xbf", start=b"")
@example(body=b"\xef\xbb\xbf[1]", start=b"")
@example(body=b"\xef\xbb", start=b"")
@example(body=b" \xef\xbb\xbf[1]", start=b"")
def test_any_bytes_are_the_same_however_they_are_cut(body, start):
    """What is no array at all still gives the same events whole and byte by byte."""
    body = start + body
    for new in (JSONArrayDecoder, SSE_OR_ARRAY.new):
        whole = events([body], new)
        assert events(in_pieces_of(1, body), new) == whole
        assert events(in_pieces_of(3, body), new) == whole


def test_an_element_comes_with_its_last_bracket():
    """Nobody waits for the comma after an element: the next one may be seconds away."""
    framer = JSONArrayDecoder()
    assert framer.receive(b'[{"a": "}"') == [WireEvent(b"[")]
    assert framer.receive(b"}") == [WireEvent(b'{"a": "}"}')]
    assert framer.receive(b"\n,\r\n") == []
    assert framer.receive(b'{\n  "b": [\n{\n}\n]\n}') == [WireEvent(b'{\n  "b": [\n{\n}\n]\n}')]
    assert framer.receive(b"\n]") == [WireEvent(b"]")]


def test_what_was_begun_at_the_end_is_marked():
    """A body that stops inside an element gives what it has, marked as cut off."""
    assert events([b'[{"a":1},{"b"']) == [
        (b"[", False),
        (b'{"a":1}', False),
        (b'{"b"', True),
    ]


def test_a_byte_order_mark_and_blanks_may_come_first():
    """What may stand before JSON anywhere may stand before the array."""
    body = b"\xef\xbb\xbf \r\n[{}]"
    expected = [(b"[", False), (b"{}", False), (b"]", False)]
    for pieces in ([body], in_pieces_of(1, body)):
        assert events(pieces, SSE_OR_ARRAY.new) == expected


@pytest.mark.parametrize(
    "element",
    [
        b'{"a":"' + b"x" * 16_000_000 + b'"}',
        b'{"a":"' + rb"\"\\" * 4_000_000 + b'"}',
        b'"' + b"x" * 16_000_000 + b'"',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":[' + b'"b",' * 1_000_000 + b"1]}",
    ],
    ids=["long text", "escapes", "no object", "deep", "many texts"],
)
def test_one_huge_element_is_read_in_one_pass(element):
    """Many megabytes in small pieces take a part of a second: no byte is looked at twice."""
    body = b"[" + element + b"]"
    begun = time.process_time()
    assert len(events(in_pieces_of(1400, body))) == 3
    assert time.process_time() - begun < 2


@pytest.mark.untraced
def test_many_small_elements_are_read_in_one_pass():
    """Many elements in one piece: looking for the end of one is no search of all."""
    for element in (b'{"a":1}', b"1", b'{\n"a": 1 }'):
        body = b"[" + b",".join([element] * 200_000) + b"]"
        begun = time.process_time()
        assert len(events([body])) == 200_002
        assert time.process_time() - begun < 4


@pytest.mark.parametrize("size", [1400, 1_000_000])
@pytest.mark.parametrize("element", [b'{"a":"', b'"', b"[", b"1"])
def test_an_element_past_the_limit_ends_the_reading(size, element):
    """No more is kept than the limit; what comes after it is not looked at."""
    framer = JSONArrayDecoder(max_event_bytes=10_000)
    body = b"[" + element + b"1" * 1_000_000 + b'"}]'
    tracemalloc.start()
    for piece in in_pieces_of(size, body):
        framer.receive(piece)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert isinstance(framer.error, EventTooLargeError)
    assert framer.error.limit == 10_000
    assert kept < 100_000
    assert framer.receive(b"{}") == framer.end() == []


# Among server-sent events.
HELLO = b'data: {"a": 1}\r\n\r\n'
FAILURE = b'{\n  "error": {\n    "code": 503,\n\n    "message": "a } and a \\" b"\n  }\n}'


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_bare_document_among_events_is_an_event(end, line_end, size):
    """A failure without `data:` is not dropped, as the specification of event streams has it."""
    failure = FAILURE.replace(b"\n", line_end)
    found = events(in_pieces_of(size, HELLO + failure + end), SSE_OR_ARRAY.new)
    assert [json.loads(data) for data, _ in found] == [{"a": 1}, json.loads(FAILURE)]
    assert not any(flushed for _, flushed in found)


def test_a_document_right_after_an_event_does_not_overtake_it():
    """Where the blank line is lacking, what came first comes out first."""
    found = events([b'data: {"a": 1}\n{"error": 1}\n'], SSE_OR_ARRAY.new)
    assert found == [(b'{"a": 1}', False), (b'{"error": 1}', False)]


def test_events_go_on_beside_a_document_that_never_ends():
    """A stray bracket is no reason to lose the events after it."""
    found = events([HELLO + b"{oops\n\n" + HELLO], SSE_OR_ARRAY.new)
    assert found == [(b'{"a": 1}', False), (b'{"a": 1}', False), (b"{oops\n", True)]


def test_a_document_past_the_limit_ends_the_reading():
    """The limit of an event holds for documents too."""
    framer = SSE_OR_ARRAY.new(max_event_bytes=1000)
    framer.receive(HELLO + b"{\n" + b"x\n" * 1000)
    assert isinstance(framer.error, EventTooLargeError)
    assert framer.end() == []
