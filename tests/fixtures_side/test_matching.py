"""Which recording answers a request, and what is said when none does."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqllm_fixtures import Difference, RecordedRequest, UnmatchedRequestError
from reqllm_fixtures.errors import ABSENT
from reqllm_fixtures.matching.comparing import without_boundary
from reqllm_fixtures.matching.matchers import strict
from tests.fixtures_side.making import (
    URL,
    asked,
    bodies,
    cassette,
    interaction,
    patiently,
    requests,
)

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def same(one: RecordedRequest, other: RecordedRequest) -> bool:
    return strict.key(one) == strict.key(other)


def differing(one: RecordedRequest, other: RecordedRequest) -> list[str]:
    return [each.path for each in strict.differences(one, other)]


def shuffled(value):
    if isinstance(value, dict):
        return {key: shuffled(each) for key, each in reversed(value.items())}
    return [shuffled(each) for each in value] if isinstance(value, list) else value


@patiently
@given(documents)
def test_layout_of_json_does_not_count(document):
    """Key order, blanks and escapes are no difference."""
    one = asked(json.dumps(document).encode())
    other = asked(
        json.dumps(shuffled(document), indent=1, ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    )

    assert same(one, other)
    assert differing(one, other) == []


@patiently
@given(documents, documents)
def test_bodies_match_when_there_is_no_difference(one, other):
    """Two requests match exactly if no difference is found between them."""
    left, right = asked(json.dumps(one).encode()), asked(json.dumps(other).encode())

    assert same(left, right) == (differing(left, right) == [])


@patiently
@given(requests, requests)
def test_requests_match_when_there_is_no_difference(one, other):
    """The same holds for whole requests of any kind."""
    assert same(one, other) == (differing(one, other) == [])
    assert same(one, one)


@patiently
@given(bodies.filter(lambda body: body[:1] not in b'"[{-0123456789 \t\r\nntfIN'))
def test_other_bodies_are_compared_by_their_bytes(body):
    """A body that is no JSON matches itself and nothing else."""
    assert same(asked(body), asked(body))
    assert differing(asked(body), asked(body + b" ")) == ["body"]


def form(content: bytes) -> RecordedRequest:
    """Upload a file as httpx does: divided by a random word."""
    sent = httpx.Request("POST", URL, data={"model": "m"}, files={"file": ("a.wav", content)})
    return asked(sent.read())


def test_the_word_that_divides_a_form_does_not_count():
    """The same upload asked again is the same, though its parts are divided by another word."""
    one, other = form(b"RIFF\x00"), form(b"RIFF\x00")

    assert one.body != other.body
    assert same(one, other)
    assert differing(one, other) == []


def test_parts_of_a_form_count():
    """Another file is a difference, and it is shown, not the words between."""
    (found,) = strict.differences(form(b"one"), form(b"two"))

    assert found.path == "body"
    assert found.recorded.replace("one", "two") == found.asked


@pytest.mark.parametrize("body", [b"--a\r\nx", b"--a\r\nx\r\n--b--", b"--", b"--a--\r\n", b"-\r\n"])
def test_what_only_begins_like_a_form_is_compared_by_its_bytes(body):
    """Without its end it is no form, and nothing in it may vary."""
    assert without_boundary(body) == body


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1}', '{"a": 1.0}'),
        ('{"a": "é"}', '{"a": "\\u00e9"}'),
        ("[NaN]", "[NaN]"),
        ("[1e3]", "[1000]"),
    ],
)
def test_equal_values_match(one, other):
    """A value is what it says, not how it is spelt."""
    assert same(asked(one.encode()), asked(other.encode()))


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ('{"a": 1}', '{"a": true}', "$.a"),
        ('{"a": 1}', '{"a": "1"}', "$.a"),
        ('{"a": null}', "{}", "$.a"),
        ('{"a": 0}', '{"a": false}', "$.a"),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', "$.a[0]"),
        ('{"a": {"b c": [{"d": 1}]}}', '{"a": {"b c": [{"d": 2}]}}', '$.a["b c"][0].d'),
        ("[9007199254740993]", "[9007199254740992]", "$[0]"),
        ("{}", "[]", "$"),
        ("{}", "", "body"),
        ("{}", "{", "body"),
    ],
)
def test_other_values_differ_at_their_path(one, other, path):
    """A difference is told by the path at which it is."""
    assert differing(asked(one.encode()), asked(other.encode()))[0] == path


def test_differences_hold_both_values():
    """Each differing path comes with what was recorded and what was asked."""
    recorded = asked(b'{"messages": [{"content": "Hello"}], "seed": 1}')
    changed = asked(b'{"messages": [{"content": "Hi"}, {"content": "?"}]}')

    assert strict.differences(recorded, changed) == [
        Difference("$.messages[0].content", "Hello", "Hi"),
        Difference("$.messages[1]", ABSENT, {"content": "?"}),
        Difference("$.seed", 1, ABSENT),
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "HTTPS://API.example.test/v1/models/m:0?alt=sse&b=2",
        "https://api.example.test:443/v1/models/m%3A0?b=2&alt=sse",
        "https://api.example.test/v1/models/m:0?b=2&alt=sse&key=SECRET#there",
        "https://api.example.test/v1/models/m:0?b=2&alt=sse&API_KEY=OTHER",
        "https://user:password@api.example.test/v1/models/m:0?b=2&alt=sse",
    ],
)
def test_spelling_of_an_address_and_its_key_do_not_count(uri):
    """Case, default port, quoting, order of the query and a key are no difference."""
    recorded = asked(uri="https://api.example.test/v1/models/m:0?alt=sse&b=2")

    assert same(recorded, asked(uri=uri))
    assert differing(recorded, asked(uri=uri)) == []


@pytest.mark.parametrize(
    ("uri", "difference"),
    [
        ("http://a.test/p?x=1", Difference("url.scheme", "https", "http")),
        ("https://b.test/p?x=1", Difference("url.host", "a.test", "b.test")),
        ("https://a.test:8443/p?x=1", Difference("url.port", 443, 8443)),
        ("https://a.test/P?x=1", Difference("url.path", "/p", "/P")),
        ("https://a.test/p/?x=1", Difference("url.path", "/p", "/p/")),
        ("https://a.test/p?x=2", Difference("url.query.x", "1", "2")),
        ("https://a.test/p?x=1&x=2", Difference("url.query.x", "1", ["1", "2"])),
        ("https://a.test/p?x=1&y=", Difference("url.query.y", ABSENT, "")),
    ],
)
def test_every_part_of_an_address_counts(uri, difference):
    """Scheme, host, port, path and query must be equal."""
    found = strict.differences(asked(uri="https://a.test/p?x=1"), asked(uri=uri))

    assert difference in found


def test_slash_inside_a_segment_is_no_separator():
    """Quoting hides nothing: `a%2Fb` is one segment and `a/b` are two."""
    assert not same(asked(uri="http://a.test/a%2Fb"), asked(uri="http://a.test/a/b"))


def test_method_counts():
    """A GET is not answered by a POST."""
    assert differing(asked(), asked(method="GET")) == ["method"]


def test_headers_take_no_part():
    """A recording whose key was masked answers a request with another key, or with none."""
    recorded = RecordedRequest("GET", URL, (("authorization", "REDACTED"),))

    assert same(recorded, RecordedRequest("GET", URL, (("authorization", "Bearer sk-1"),)))
    assert same(recorded, RecordedRequest("GET", URL))


def test_document_nested_beyond_reason_is_compared_by_its_bytes():
    """A body that would exhaust the stack neither fails nor matches another."""
    deep = b"[" * 100_000 + b"]" * 100_000

    assert same(asked(deep), asked(deep))
    assert differing(asked(deep), asked(b"[]")) == ["body"]


def test_message_names_what_differs():
    """A miss names the cassette, the nearest recording and each path with both values."""
    tape = cassette(
        interaction(body=b'{"model": "a", "prompt": "Hello"}'),
        interaction(body=b'{"model": "a", "prompt": "Goodbye"}'),
        path="tests/tape.yaml",
    )

    with pytest.raises(UnmatchedRequestError) as caught:
        tape.play(asked(b'{"model": "b", "prompt": "Goodbye"}', uri=f"{URL}?key=SECRET"))
    assert caught.value.nearest == 1
    assert caught.value.differences == (Difference("$.model", "a", "b"),)
    assert str(caught.value) == (
        f"No recording in tests/tape.yaml answers POST {URL}?key=***.\n"
        f"The nearest is interaction 1 (POST {URL}). It differs in:\n"
        "  $.model\n"
        '    recorded: "a"\n'
        '    asked:    "b"\n'
        "Undo the change if it was not meant; record the request anew if it was.\n"
        "To record it: REQLLM_MODE=fill (under pytest: --reqllm-mode=fill)."
    )


def test_message_shows_long_values_where_they_part():
    """Of a long prompt the message shows the place that changed."""
    prompt = "word " * 200
    tape = cassette(interaction(body=json.dumps({"p": prompt + "old" + prompt}).encode()))

    with pytest.raises(UnmatchedRequestError) as caught:
        tape.play(asked(json.dumps({"p": prompt + "new" + prompt}).encode()))
    lines = str(caught.value).splitlines()
    assert "word oldword" in lines[3]
    assert "word newword" in lines[4]
    assert max(map(len, lines)) < 160


@pytest.mark.parametrize(
    ("recorded", "new", "shown"),
    [
        (b'{"a": null}', b'{"a": true}', ("null", "true")),
        (b'{"a": "\xc3\xa9"}', b"{}", ('"é"', "(absent)")),
        (b"\xff", b"", ("b'\\xff'", "(absent)")),
    ],
)
def test_message_shows_values_as_json(recorded, new, shown):
    """Values are shown as they stood in the body."""
    with pytest.raises(UnmatchedRequestError) as caught:
        cassette(interaction(body=recorded)).play(asked(new))
    assert tuple(line.split(":", 1)[1].strip() for line in str(caught.value).splitlines()[3:5]) == (
        shown
    )


def test_same_body_elsewhere_is_not_nearest():
    """A recording at the same address is nearer than an equal body at another."""
    elsewhere = interaction(body=b'{"p": 1}')
    tape = cassette(
        type(elsewhere)(asked(b'{"p": 1}', uri=URL.replace("api", "other")), elsewhere.response),
        interaction(body=b'{"p": 2, "q": 3, "r": 4}'),
    )

    with pytest.raises(UnmatchedRequestError) as caught:
        tape.play(asked(b'{"p": 1}'))
    assert caught.value.nearest == 1
